"""What can be read off objects in wire form: the facts that `munshi get` prints.

The twin of `facts`, for plain documents: listing objects must not load their models, and a cluster's
API answers in documents too. Fields that were never said are absent. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from munshi.cli import tables
from munshi.metrics import number

Document: TypeAlias = Mapping[str, Any]
_NOTHING: Document = {}
_EXPERIMENT_LABEL = "katib.kubeflow.org/experiment"
_FINAL = ("Succeeded", "Failed", "Killed", "EarlyStopped", "MetricsUnavailable")


def part(document: Document, *path: str) -> Document:
    """The object at a path of fields; empty when it was never said."""
    for step in path:
        document = document.get(step) or _NOTHING
    return document


def experiment_of(document: Document) -> str:
    """The experiment that a trial or a suggestion belongs to."""
    if document.get("kind") == "Suggestion":
        return str(part(document, "metadata").get("name", ""))
    return str(part(document, "metadata", "labels").get(_EXPERIMENT_LABEL, ""))


def time(text: str | None) -> datetime | None:
    """A time as the wire writes it."""
    if not text:
        return None
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def last_condition(document: Document) -> Document:
    """The condition that says what the object is now; empty before the first."""
    conditions = part(document, "status").get("conditions")
    return conditions[-1] if conditions else _NOTHING


def has_ended(trial: Document) -> bool:
    """Whether the trial reached an end."""
    return _end(trial) is not None


def _end(trial: Document) -> Document | None:
    """The condition that ended the trial."""
    conditions = part(trial, "status").get("conditions") or ()
    true = {one.get("type"): one for one in conditions if one.get("status") == "True"}
    return next((true[kind] for kind in _FINAL if kind in true), None)


def primary_container(trial: Document) -> str:
    """The name of the program whose metrics count; may be empty."""
    return str(part(trial, "spec").get("primaryContainerName", ""))


def objective_value(trial: Document) -> str | None:
    """The trial's objective value as reported; None when there is none."""
    objective = part(trial, "spec", "objective")
    return _reduced(part(trial, "status", "observation"), objective)


def best_value(experiment: Document) -> str | None:
    """The objective value of the best trial so far; None before there is one."""
    optimal = part(experiment, "status", "currentOptimalTrial")
    if not optimal.get("bestTrialName"):
        return None
    return _reduced(part(optimal, "observation"), part(experiment, "spec", "objective")) or ""


def _reduced(observation: Document, objective: Document) -> str | None:
    metric = objective.get("objectiveMetricName", "")
    for one in observation.get("metrics") or ():
        if one.get("name", "") == metric:
            return number.from_wire(str(one.get(_strategy(objective, metric), "")))
    return None


def _strategy(objective: Document, metric: str) -> str:
    for one in objective.get("metricStrategies") or ():
        if one.get("name", "") == metric and one.get("value"):
            return str(one["value"])
    return {"minimize": "min", "maximize": "max"}.get(objective.get("type", ""), "latest")


def took(trial: Document, now: datetime) -> timedelta | None:
    """How long the trial ran, or has been running until `now`; None when that is not known."""
    status = part(trial, "status")
    since, until = time(status.get("startTime")), time(status.get("completionTime"))
    if until is None:
        ended = _end(trial)
        until = now if ended is None else time(ended.get("lastTransitionTime"))
    return until - since if since is not None and until is not None else None


def pairs(assignments: Iterable[Document]) -> str:
    """`lr=0.02 momentum=0.9`, numbers shortened."""
    return " ".join(
        f"{one.get('name', '')}={tables.short(one.get('value', ''))}" for one in assignments
    )
