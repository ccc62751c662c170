"""What can be judged of an Experiment when it is written: admission's rules in CEL, with its words.

A table by path. A rule sees its own field (`self`), what is below it, and for a change what was there before
(`oldSelf`); so a rule that joins two fields stands at the field above both and names the one to mend. The
numbers in the comments are those of Katib's API contract (§8): R rules judge what is written, U rules what
changes.

CEL sees neither a field without type (bounds, steps, lists) nor the inside of a job. That, and whatever needs
an algorithm, a template or a ConfigMap to judge, is left to the operator.

Whoever writes a status has every rule judged, so they are few and cheap: what cannot change later is judged
when the object is created. That also lets an object be labelled and deleted that came to be before a rule
did, or by way of the older dialect. It needs Kubernetes 1.30.
"""

from __future__ import annotations

from collections.abc import Mapping

from munshi.admission.names import LONGEST_NAME
from munshi.api.meta import V1ALPHA3
from munshi.api.wire import Object
from munshi.kube.crds import changes
from munshi.kube.crds.rule import Rule
from munshi.template import kinds

_INT32_MAX = 2**31 - 1


def _count(least: int) -> Rule:
    """R1 to R3."""
    mend = f"write a number from {least} to {_INT32_MAX}, or leave it out"
    return Rule(
        f"self >= {least} && self <= {_INT32_MAX}",
        f"is out of its limits; {mend}",
        told=f"'%d is out of its limits; {mend}'.format([self])",
        again=True,
    )


_KINDS = ", ".join(f"'{kind}'" for kind in kinds.known())
_FACTS = ", ".join(
    f"'${{trialSpec.{fact}}}'" for fact in ("Name", "Namespace", "Kind", "APIVersion")
)
_COLLECTOR = "has(self.collector) && has(self.collector.kind)"
_PLACE = "has(self.source) && has(self.source.fileSystemPath)"
_SITE = "self.source.fileSystemPath"
_PORT = "self.source.httpGet.port"


def _is(*collectors: str) -> str:
    names = ", ".join(f"'{each}'" for each in collectors)
    return f"({_COLLECTOR} && self.collector.kind in [{names}])"


def _condition(field: str, word: str) -> Rule:
    """R16b."""
    return Rule(
        f"!has(self.trialSpec) || self.trialSpec.kind in [{_KINDS}]"
        f" || (has(self.{field}) && self.{field} != '')",
        f"is missing, and this kind has no default; write one, such as"
        f' status.conditions.#(type=="{word}")#|#(status=="True")#',
        at=f".{field}",
        missing=True,
    )


def _placeholders(holds: str, message: str) -> Rule:
    return Rule(
        f"!has(self.trialParameters) || self.trialParameters.all(t, {holds})",
        message,
        at=".trialParameters",
    )


def _kind_of_place(collectors: tuple[str, ...], wanted: str) -> Rule:
    """R40, R43, R45."""
    site = f"has({_SITE}.kind) && {_SITE}.kind != ''"
    return Rule(
        f"!{_is(*collectors)} || !({_PLACE}) || !({site}) || {_SITE}.kind == '{wanted}'",
        f"{wanted} is wanted; write {wanted}",
        at=".source.fileSystemPath.kind",
    )


_PATHS = _is("File", "TensorFlowEvent", "Custom")
_PATH_SAID = f"{_PLACE} && has({_SITE}.path) && {_SITE}.path != ''"


def _path(holds: str, message: str) -> Rule:
    """R40, R43, R45."""
    return Rule(
        f"!{_PATHS} || !({_PATH_SAID}) || {holds}", message, at=".source.fileSystemPath.path"
    )


EXPERIMENT: Mapping[str, tuple[Rule, ...]] = {
    "": (
        # R0
        Rule(
            f"self.metadata.name.size() <= {LONGEST_NAME}",
            f"is too long; use at most {LONGEST_NAME} characters",
            told="'%d characters are too many; use at most "
            f"{LONGEST_NAME}'.format([self.metadata.name.size()])",
            at=".metadata.name",
        ),
        Rule(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
            "is not a name that Kubernetes takes for pods; use a-z, 0-9 and - only,"
            " begin with a letter, end with a letter or digit",
            at=".metadata.name",
        ),
        *changes.RULES,
    ),
    "spec": (
        # R20, R21
        Rule(
            "has(self.nasConfig) || (has(self.parameters) && self.parameters.size() > 0)",
            "is missing or empty; list at least one parameter: name, parameterType, feasibleSpace",
            at=".parameters",
            missing=True,
        ),
        Rule(
            "!has(self.nasConfig) || !has(self.parameters) || self.parameters.size() == 0",
            "stands beside nasConfig; an experiment has one of the two; remove nasConfig",
            at=".parameters",
        ),
        # R47: the rest is an enum's
        Rule(
            "!(has(self.metricsCollectorSpec) && has(self.metricsCollectorSpec.collector)"
            " && has(self.metricsCollectorSpec.collector.kind)"
            " && self.metricsCollectorSpec.collector.kind == 'None')"
            " || (has(self.trialTemplate) && has(self.trialTemplate.goTemplate))",
            '"None" is the word of v1alpha3; write Push',
            at=".metricsCollectorSpec.collector.kind",
            home_only=True,
        ),
    ),
    "spec.maxTrialCount": (_count(1),),
    "spec.parallelTrialCount": (_count(1),),
    "spec.maxFailedTrialCount": (_count(0),),
    # R8 to R10
    "spec.objective": (
        Rule(
            "!has(self.additionalMetricNames)"
            " || !(self.objectiveMetricName in self.additionalMetricNames)",
            "holds the objective already; remove the item",
            at=".additionalMetricNames",
        ),
    ),
    # R12
    "spec.algorithm": (
        Rule(
            "!has(self.algorithmSettings) || self.algorithmSettings.all(s,"
            " self.algorithmSettings.exists_one(t, t.name == s.name))",
            "one setting is set twice; remove one of them",
            at=".algorithmSettings",
        ),
    ),
    "spec.trialTemplate": (
        # R18, R19
        Rule(
            "!(has(self.trialSpec) && has(self.configMap)) && !(has(self.trialSpec)"
            " && has(self.goTemplate)) && !(has(self.configMap) && has(self.goTemplate))",
            "holds several templates; keep one of trialSpec, configMap and goTemplate",
        ),
        Rule(
            "has(self.trialSpec) || has(self.configMap) || has(self.goTemplate)",
            "holds no template; write trialSpec, configMap or goTemplate",
            home_only=True,
        ),
        # R16
        Rule(
            "!(has(self.trialSpec) || has(self.configMap))"
            " || (has(self.primaryContainerName) && self.primaryContainerName != '')",
            "is missing; name the container that trains",
            at=".primaryContainerName",
            missing=True,
        ),
        _condition("successCondition", "Succeeded"),
        _condition("failureCondition", "Failed"),
        # R30, R33
        _placeholders(
            "!t.name.contains('{') && !t.name.contains('}')",
            "the name of a placeholder holds a brace; rename it",
        ),
        _placeholders(
            f"!t.reference.startsWith('${{trialSpec.') || t.reference in [{_FACTS}]"
            " || (t.reference.endsWith(']}') && (t.reference.startsWith('${trialSpec.Labels[')"
            " || t.reference.startsWith('${trialSpec.Annotations[')))",
            "a reference is not something a trial knows of itself; write ${trialSpec.Name}, .Namespace,"
            " .Kind, .APIVersion, .Labels[key] or .Annotations[key]",
        ),
    ),
    # R36
    "spec.trialTemplate.trialSpec": (
        *(
            Rule(
                f"!has(self.metadata) || !has(self.metadata.{field})",
                "is written, but every trial has its own; remove it",
                at=f".metadata.{field}",
            )
            for field in ("name", "namespace")
        ),
    ),
    "spec.trialTemplate.goTemplate": (
        Rule(
            "(has(self.rawTemplate) && self.rawTemplate != '') || has(self.templateSpec)",
            "holds no template; write rawTemplate or templateSpec",
        ),
    ),
    # R40 to R45
    "spec.metricsCollectorSpec": (
        _kind_of_place(("File",), "File"),
        _kind_of_place(("TensorFlowEvent",), "Directory"),
        _path(
            f"{_SITE}.path.startsWith('/')",
            "is not absolute; begin it with /, as the container sees it",
        ),
        _path(f"!('..' in {_SITE}.path.split('/'))", "goes upwards; write the path without .."),
        _path(
            f"{_SITE}.path.matches('[^/]')",
            "is the whole file system; name a directory of its own, such as /train",
        ),
        Rule(
            f"!{_is('File')} || !({_PATH_SAID}) || !{_SITE}.path.endsWith('/')",
            "is a directory; name the file in it",
            at=".source.fileSystemPath.path",
        ),
        Rule(
            f"!{_is('TensorFlowEvent')} || !({_PLACE}) || !has({_SITE}.format) || {_SITE}.format == ''",
            "does not apply to TensorFlow event files; remove it",
            at=".source.fileSystemPath.format",
        ),
        Rule(
            f"!{_is('File')} || !({_PLACE}) || !has({_SITE}.format) || {_SITE}.format != 'JSON'"
            " || !has(self.source.filter)",
            "a filter does not apply to JSON lines; remove it, or use format: TEXT",
            at=".source.filter",
        ),
        Rule(
            f"!{_is('Custom')} || has(self.collector.customCollector)",
            "is missing; write the container that collects, with name and image",
            at=".collector.customCollector",
            missing=True,
        ),
        Rule(
            f"!{_is('PrometheusMetric')} || !has(self.source) || !has(self.source.httpGet)"
            f" || !has({_PORT}) || (type({_PORT}) == int ? ({_PORT} > 0 && {_PORT} <= 65535)"
            f" : ({_PORT} == '' || {_PORT}.matches('^0*[1-9][0-9]{{0,4}}$') && int({_PORT}) <= 65535))",
            "is not a port; write a number from 1 to 65535",
            at=".source.httpGet.port",
        ),
        Rule(
            f"!{_is('PrometheusMetric')} || !has(self.source) || !has(self.source.httpGet)"
            " || !has(self.source.httpGet.path) || self.source.httpGet.path == ''"
            " || self.source.httpGet.path.startsWith('/')",
            "does not begin with /; begin it with /",
            at=".source.httpGet.path",
        ),
    ),
}


def at(path: str, kind: str, version: str) -> Object:
    """The rules of a kind at a path, as the schema says them; an empty object where there are none."""
    if kind != "Experiment":
        return {}
    found = [
        rule.write()
        for rule in EXPERIMENT.get(path, ())
        if not (rule.home_only if version == V1ALPHA3 else rule.old_only)
    ]
    return {"x-kubernetes-validations": found} if found else {}
