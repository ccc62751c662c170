"""Assignments and a trialTemplate become the run spec of one trial.

The stop of the journey where `0.0234` becomes `--lr=0.0234`. Three kinds of template come in: an
object with placeholders (`trialSpec`), the same as text in a ConfigMap, and v1alpha3's goTemplate.
The first two are filled structurally (`placeholders`), the third by `go_template`, whose text is
then parsed; values that YAML might read otherwise are put in after that (`go_values_apart`). What
comes out is one object with the trial's name and namespace.

Called by `trial` for every trial, by `admission` for a trial that never runs, and by `munshi
render`. It reads no ConfigMap itself: the caller resolves texts. What a job means is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from munshi.api import decode, source
from munshi.api.common import ParameterAssignment, ParameterType
from munshi.api.experiment import ConfigMapSource, Experiment, TrialTemplate
from munshi.api.wire import Json, Object
from munshi.errors import Invalid, TemplateBroken
from munshi.template import go_template, go_values_apart
from munshi.template.placeholders import Parsed, Value, hide, reveal, revealed, substitute

_META = re.compile(
    r"\$\{trialSpec\.(?:(Name|Namespace|Kind|APIVersion)|(Labels|Annotations)\[([^\]]+)\])\}"
)
META_REFERENCES = (
    "${trialSpec.Name}",
    "${trialSpec.Namespace}",
    "${trialSpec.Kind}",
    "${trialSpec.APIVersion}",
    "${trialSpec.Labels[key]}",
    "${trialSpec.Annotations[key]}",
)
"""What a trialParameter may refer to besides parameters."""


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """Who a trial is: its Experiment's name, its own, and the namespace of both."""

    experiment: str
    trial: str
    namespace: str


def text_source(template: TrialTemplate) -> ConfigMapSource | None:
    """The ConfigMap whose text the caller of `render` must bring; None when the Experiment says all."""
    go = template.go_template
    if go is not None:
        return None if go.raw_template else go.template_spec
    return template.config_map


def render(
    template: TrialTemplate,
    text: str | None,
    facts: TrialFacts,
    assignments: Mapping[str, str],
    types: Mapping[str, ParameterType],
) -> Object:
    """Write the run spec of one trial.

    Args:
        template: In either dialect.
        text: What the ConfigMap of `text_source(template)` holds; None when there is none.
        facts: Who the trial is.
        assignments: Parameter name to value; their order is that of `.HyperParameters`.
        types: Of the parameters, by name: only numeric ones may become numbers.

    Returns:
        A new object with metadata.name and metadata.namespace of the trial.

    Raises:
        TemplateBroken: The template, or what it refers to, is broken or missing.
    """
    if template.go_template is not None:
        return _render_go(template, text, facts, assignments)
    parsed = parse(template, text)
    tree = _as_object(parsed.tree, "the trial template")
    values = _values(template, tree, facts, assignments, types)
    filled = _as_object(substitute(tree, values, parsed.bare), "the trial template")
    metadata = filled.get("metadata")
    named = {**metadata} if isinstance(metadata, dict) else {}
    named.update(name=facts.trial, namespace=facts.namespace)
    return {**filled, "metadata": named}


def parse(template: TrialTemplate, text: str | None) -> Parsed:
    """The object of a v1beta1 template, placeholders and all.

    Raises:
        TemplateBroken: There is no text where one is needed, or it is not one YAML or JSON object.
    """
    if template.trial_spec is not None:
        return Parsed(template.trial_spec)
    return reveal(_one_object(hide(_wanted(template, text)), "the template"))


def meta(reference: str, tree: Object, facts: TrialFacts) -> str | None:
    """What a metadata reference stands for (Katib api contract §2).

    Args:
        reference: `${trialSpec.Name}` and its kin.
        tree: The template object: kind, labels and annotations are those written in it.
        facts: Who the trial is.

    Returns:
        The text, or None when `reference` is not a metadata reference.

    Raises:
        TemplateBroken: It asks for a label or annotation, or another field, that is not written.
    """
    found = _META.fullmatch(reference)
    if found is None:
        return None
    match found[1]:
        case "Name":
            return facts.trial
        case "Namespace":
            return facts.namespace
        case "Kind" | "APIVersion" as which:
            field = "kind" if which == "Kind" else "apiVersion"
            return _written(tree.get(field), f"the template has no {field}", "write one")
    where = found[2].lower()
    metadata = tree.get("metadata")
    held = metadata.get(where) if isinstance(metadata, dict) else None
    value = held.get(found[3]) if isinstance(held, dict) else None
    problem = f'{reference}: the template\'s metadata.{where} has no "{found[3]}"'
    mend = (
        decode.suggest(found[3], held)
        if isinstance(held, dict) and held
        else f"write metadata.{where}"
    )
    return _written(value, problem, mend)


def run_spec(
    experiment: Experiment,
    text: str | None,
    trial_name: str,
    assignments: Iterable[ParameterAssignment],
) -> Object:
    """The run spec of a trial of an Experiment in the home dialect.

    Raises:
        TemplateBroken: As `render`; also when the Experiment has no template.
    """
    spec = experiment.spec
    if spec.trial_template is None:
        raise TemplateBroken("the Experiment has no trialTemplate", "write spec.trialTemplate")
    facts = TrialFacts(experiment.name, trial_name, experiment.namespace)
    types = {parameter.name: parameter.parameter_type for parameter in spec.parameters}
    values = {assignment.name: assignment.value for assignment in assignments}
    return render(spec.trial_template, text, facts, values, types)


def _render_go(
    template: TrialTemplate, text: str | None, facts: TrialFacts, assignments: Mapping[str, str]
) -> Object:
    raw = (template.go_template.raw_template if template.go_template else "") or _wanted(
        template, text
    )
    data = go_template.TrialData(
        facts.experiment, facts.trial, facts.namespace, tuple(assignments.items())
    )
    job = go_values_apart.job(raw, data)
    if job is None:
        job = _one_object(go_template.render(raw, data), "the rendered template")
    metadata = job.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    for field, wanted, action in (
        ("name", facts.trial, "{{.Trial}}"),
        ("namespace", facts.namespace, "{{.NameSpace}}"),
    ):
        if named.get(field) != wanted:
            got = f'is "{named[field]}"' if field in named else "is missing"
            problem = f"metadata.{field} of the rendered template {got} instead of the trial's"
            raise TemplateBroken(problem, f"write {field}: {action}")
    for field in ("apiVersion", "kind"):
        _written(job.get(field), f"the rendered template has no {field}", "write one")
    return job


def _wanted(template: TrialTemplate, text: str | None) -> str:
    if text is not None:
        return text
    place = text_source(template)
    if place is None:
        mend = "write trialSpec, configMap or goTemplate"
        raise TemplateBroken("the trialTemplate holds no template", mend)
    name = f"{place.config_map_namespace}/{place.config_map_name}"
    raise TemplateBroken(f'ConfigMap {name} has no "{place.template_path}"', "create it")


def _one_object(text: str, what: str) -> Object:
    try:
        documents = source.read(text, what)
    except Invalid as invalid:
        first = invalid.faults[0]
        place = f" (line {first.mark.line}, column {first.mark.column})" if first.mark else ""
        problem = revealed(f"{what} is not YAML{place}: {first.problem}")
        raise TemplateBroken(problem, revealed(first.mend)) from invalid
    if len(documents) != 1:
        problem = f"{what} holds {len(documents)} documents; one object is wanted"
        raise TemplateBroken(problem, "keep one, without further --- lines")
    return _as_object(documents[0].value, what)


def _as_object(value: Json, what: str) -> Object:
    if not isinstance(value, dict):
        raise TemplateBroken(f"{what} is not an object", "write apiVersion, kind and spec")
    return value


def _values(
    template: TrialTemplate,
    tree: Object,
    facts: TrialFacts,
    assignments: Mapping[str, str],
    types: Mapping[str, ParameterType],
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for parameter in template.trial_parameters:
        reference = parameter.reference
        if reference in assignments:
            kind = types.get(reference, ParameterType.UNSET)
            values[parameter.name] = Value(assignments[reference], kind)
            continue
        said = meta(reference, tree, facts)
        if said is None:
            problem = f'trialParameter "{parameter.name}": nothing is assigned to "{reference}"'
            raise TemplateBroken(problem, decode.suggest(reference, assignments))
        values[parameter.name] = Value(said)
    return values


def _written(value: Json, problem: str, mend: str) -> str:
    if not isinstance(value, str) or not value:
        raise TemplateBroken(problem, mend)
    return value
