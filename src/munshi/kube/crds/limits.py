"""What a schema says beyond the models: which fields are required, how much is too much, the one default.

Where the models take a number for text (`min: 0.01`), so does the schema: such a field has no type, since
Kubernetes knows none that is text or a number, and CEL cannot see it. A number that the models refuse as well
(a parameter's name, a label) is refused here.

Kubernetes wants to know beforehand what a rule may cost, hence the bounds on what rules look at; they are far
above what anybody writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from munshi.api.common import ObjectiveType, ParameterType
from munshi.api.dialect import DEFAULT_TEMPLATE
from munshi.api.experiment import GoTemplate, TrialTemplate
from munshi.api.meta import V1ALPHA3
from munshi.api.wire import Object

_TEXT_OR_NUMBER: Object = {"type": None, "x-kubernetes-preserve-unknown-fields": True}
_WRITTEN_AS_EITHER = (
    ".feasibleSpace.min",
    ".feasibleSpace.max",
    ".feasibleSpace.step",
    ".feasibleSpace.list[]",
    "ettings[].value",
)
_PORT: Object = {"type": None, "x-kubernetes-int-or-string": True}

_ONE_THING: Object = {"x-kubernetes-map-type": "atomic"}
"""A job is written as a whole: it has one owner, and `managedFields` does not list its fields one by one."""
_NOT_EMPTY = (
    "spec.parameters[].name",
    "spec.objective.objectiveMetricName",
    "spec.objective.additionalMetricNames[]",
    "spec.algorithm.algorithmName",
    "spec.algorithm.algorithmSettings[].name",
    "spec.trialTemplate.trialParameters[].name",
    "spec.trialTemplate.trialParameters[].reference",
    *(
        f"spec.trialTemplate.{where}.{field}"
        for where in ("configMap", "goTemplate.templateSpec")
        for field in ("configMapName", "configMapNamespace", "templatePath")
    ),
)

MOST_PARAMETERS = 10_000
"""More than fit into an object of Kubernetes, of a megabyte and a half."""
MOST_METRICS = 1_000
MOST_SETTINGS = 100
MOST_CONDITIONS = 32
LONGEST_NAME = 256
LONGEST_METRIC = 1_024
LONGEST_REFERENCE = 384
"""A label's key has up to 317 characters."""


def _one_of(values: type[StrEnum], *left_out: str) -> Object:
    """The values of a field; those that only say "not said" are left out where the field is required."""
    return {"enum": [member.value for member in values if member.value not in left_out]}


def _named(*fields: str) -> Object:
    """An object with fields that must be there; that they say something, `_NOT_EMPTY` wants."""
    return {"required": list(fields)}


EXPERIMENT: Mapping[str, Object] = {
    "": _named("spec"),
    "metadata": {"properties": {"name": {"type": "string"}}},
    "spec": _named("algorithm", "objective", "trialTemplate"),
    "spec.parameters[]": _named("name", "parameterType", "feasibleSpace"),
    "spec.parameters[].parameterType": _one_of(ParameterType, "unknown", ""),
    "spec.objective": _named("type", "objectiveMetricName"),
    "spec.objective.type": _one_of(ObjectiveType, ""),
    "spec.objective.objectiveMetricName": {"maxLength": LONGEST_METRIC},
    "spec.objective.additionalMetricNames": {"maxItems": MOST_METRICS},
    "spec.objective.additionalMetricNames[]": {"maxLength": LONGEST_METRIC},
    "spec.algorithm": _named("algorithmName"),
    "spec.algorithm.algorithmSettings": {"maxItems": MOST_SETTINGS},
    "spec.algorithm.algorithmSettings[].name": {"maxLength": LONGEST_NAME},
    "spec.algorithm.algorithmSettings[]": _named("name"),
    "spec.trialTemplate.trialSpec": {
        **_ONE_THING,
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {
                "type": "string",
                "minLength": 1,
                "description": "The job's version, such as batch/v1 or kubeflow.org/v1.",
            },
            "kind": {
                "type": "string",
                "minLength": 1,
                "description": "The job's kind, such as Job or PyTorchJob.",
            },
            "metadata": {
                "type": "object",
                "description": "Labels and annotations of the job; neither name nor namespace.",
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {
                    "name": {"type": "string", "description": "Not to be written."},
                    "namespace": {"type": "string", "description": "Not to be written."},
                },
            },
        },
    },
    "spec.trialTemplate.trialParameters": {"maxItems": MOST_PARAMETERS},
    "spec.trialTemplate.trialParameters[]": _named("name", "reference"),
    "spec.trialTemplate.trialParameters[].name": {"maxLength": LONGEST_NAME},
    "spec.trialTemplate.trialParameters[].reference": {"maxLength": LONGEST_REFERENCE},
    "status.conditions": {"maxItems": MOST_CONDITIONS},
    **{
        f"spec.trialTemplate.{where}": _named("configMapName", "configMapNamespace", "templatePath")
        for where in ("configMap", "goTemplate.templateSpec")
    },
}
_OLD: Mapping[str, Object] = {
    "spec.trialTemplate": {
        "default": TrialTemplate(
            retain=True, go_template=GoTemplate(template_spec=DEFAULT_TEMPLATE)
        ).dump()
    },
}
"""What is otherwise in v1alpha3: its default template is written into the object, for nothing else tells that
it came in the older dialect. Other defaults are the operator's: the author's words stay as they are."""


def at(path: str, kind: str, version: str) -> Object:
    """What the schema of a kind says at a path, beyond the model.

    Args:
        path: As `spec.parameters[].name`.
        kind: Experiment, Suggestion or Trial.
        version: The apiVersion.
    """
    found: Object = {}
    if path.endswith(_WRITTEN_AS_EITHER):
        found |= _TEXT_OR_NUMBER
    if path.endswith(".httpGet.port"):
        found |= _PORT
    if path == "spec.runSpec":
        found |= _ONE_THING
    if kind == "Experiment" and path in _NOT_EMPTY:
        found |= {"minLength": 1}
    if kind == "Experiment":
        found |= EXPERIMENT.get(path, {})
        if version == V1ALPHA3:
            found |= _OLD.get(path, {})
    return found
