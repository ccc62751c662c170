"""What can be read off an object in wire form; fields that were never said are absent there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from munshi.api.common import ObjectiveSpec
from munshi.api.meta import EXPERIMENT_LABEL, INDEX_ANNOTATION
from munshi.metrics import number
from munshi.web import shapes

Document: TypeAlias = Mapping[str, Any]
_NOTHING: Document = {}
_STATES = ("Killed", "Failed", "Succeeded", "EarlyStopped", "Running", "MetricsUnavailable")
"""In which a trial is asked what it is (Katib API contract §3)."""
ENDS = ("Succeeded", "Failed", "Killed", "EarlyStopped", "MetricsUnavailable")
LONGEST = 500
"""Characters of a text in a table; whoever wants more opens the object."""


def part(document: Document, *path: str) -> Document:
    """The object at a path of fields; empty when it was never said."""
    for step in path:
        document = document.get(step) or _NOTHING
    return document


def conditions(document: Document) -> list[Document]:
    """What the object says of itself, the last change last."""
    return list(part(document, "status").get("conditions") or ())


def told(document: Document) -> list[shapes.Condition]:
    """The conditions as they are answered."""
    return [
        {
            "type": one.get("type", ""),
            "status": one.get("status", ""),
            "reason": one.get("reason", ""),
            "message": one.get("message", ""),
            "time": one.get("lastTransitionTime"),
        }
        for one in conditions(document)
    ]


def decisive(trial: Document) -> tuple[str, Document]:
    """The one word for a trial, and the condition that says it; `Pending` is said by none."""
    true = {one.get("type"): one for one in conditions(trial) if one.get("status") == "True"}
    for state in _STATES:
        if state in true:
            return state, true[state]
    return "Pending", true.get("Created", _NOTHING)


def owner(document: Document) -> str:
    """The uid of the object that it belongs to; empty for none."""
    for one in part(document, "metadata").get("ownerReferences") or ():
        if one.get("controller"):
            return str(one.get("uid", ""))
    return ""


def placed(document: Document) -> tuple[str, str]:
    """The namespace and name of an object."""
    meta = part(document, "metadata")
    return str(meta.get("namespace", "")), str(meta.get("name", ""))


def experiment_of(document: Document) -> str:
    """The name of the Experiment that a Trial belongs to, or that a Suggestion has."""
    if document.get("kind") == "Trial":
        return str(part(document, "metadata", "labels").get(EXPERIMENT_LABEL, ""))
    return placed(document)[1]


def index(trial: Document) -> int | None:
    """Which suggestion the trial is; None for one of unknown origin."""
    text = str(part(trial, "metadata", "annotations").get(INDEX_ANNOTATION, ""))
    return int(text) if text.isdecimal() else None


def assignments(given: Document) -> dict[str, str]:
    """Parameter name -> value, of a trial's spec or an optimal trial."""
    return {
        one.get("name", ""): one.get("value", "") for one in given.get("parameterAssignments") or ()
    }


def objective(experiment: Document) -> ObjectiveSpec:
    """What is sought, with its strategies; an empty one where none was written."""
    return ObjectiveSpec.model_validate(dict(part(experiment, "spec", "objective")))


def numeral(text: object) -> float | None:
    """A metric's text as a finite number; None for anything else."""
    said = number.from_wire(str(text)) if text is not None else None
    got = number.read(said) if said is not None else None
    return got if got is not None and math.isfinite(got) else None


def observed(observation: Document) -> dict[str, shapes.Observed]:
    """Metric -> what its log came down to."""
    return {
        str(one.get("name", "")): {
            "latest": numeral(one.get("latest")),
            "min": numeral(one.get("min")),
            "max": numeral(one.get("max")),
        }
        for one in observation.get("metrics") or ()
    }


def reduced(observation: Document, sought: ObjectiveSpec) -> float | None:
    """The objective value by the metric's strategy."""
    metric = sought.objective_metric_name
    for one in observation.get("metrics") or ():
        if one.get("name") == metric:
            return numeral(one.get(sought.strategy(metric).value))
    return None


def cut(text: object) -> str:
    """The text as a cell of a table."""
    said = str(text)
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
