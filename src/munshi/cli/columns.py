"""Which columns `munshi get` prints for a kind: Katib's, by kind and version (Katib API contract §1).

`-o wide` adds munshi's own. A list that mixes versions prints the columns of v1beta1. Objects come in
wire form, from a database or a cluster alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from munshi.cli import glimpse, tables
from munshi.cli.glimpse import Document

V1ALPHA3 = "kubeflow.org/v1alpha3"


@dataclass(frozen=True, slots=True)
class Column:
    """A head, and what stands under it for one object at one moment."""

    head: str
    cell: Callable[[Document, datetime], str]


def table(
    shown: Sequence[Document], now: datetime, *, wide: bool = False, namespaces: bool = False
) -> str:
    """The table of some objects of one kind.

    Args:
        shown: At least one.
        now: Ages are counted to here.
        wide: Add munshi's own columns.
        namespaces: Begin with the namespace.
    """
    columns = of(shown, wide=wide, namespaces=namespaces)
    return tables.table([column.head for column in columns], rows(columns, shown, now))


def of(shown: Sequence[Document], *, wide: bool = False, namespaces: bool = False) -> list[Column]:
    """The columns for some objects of one kind, of which there is at least one."""
    kind = shown[0]["kind"]
    old = all(one["apiVersion"] == V1ALPHA3 for one in shown)
    if kind == "Suggestion":
        columns = [*_SUGGESTION]
    else:
        columns = [*(_OLD_EXPERIMENT if kind == "Experiment" and old else _TYPED)]
    if wide:
        columns += _WIDE[kind]
    return [_NAMESPACE, *columns] if namespaces else columns


def rows(columns: Sequence[Column], shown: Iterable[Document], now: datetime) -> list[list[str]]:
    """What stands in the columns, a row an object."""
    return [[column.cell(one, now) for column in columns] for one in shown]


def _of_meta(field: str) -> Callable[[Document, datetime], str]:
    return lambda one, _: str(glimpse.part(one, "metadata").get(field, ""))


def _of_condition(field: str) -> Callable[[Document, datetime], str]:
    return lambda one, _: str(glimpse.last_condition(one).get(field, ""))


def _of_spec(*path: str) -> Callable[[Document, datetime], str]:
    *parts, last = ("spec", *path)
    return lambda one, _: str(glimpse.part(one, *parts).get(last, ""))


def _age(one: Document, now: datetime) -> str:
    return tables.age(glimpse.time(glimpse.part(one, "metadata").get("creationTimestamp")), now)


_NAMESPACE = Column("namespace", _of_meta("namespace"))
_NAME = Column("name", _of_meta("name"))
_TYPE = Column("type", _of_condition("type"))
_STATUS = Column("status", _of_condition("status"))
_AGE = Column("age", _age)
_REASON = Column("reason", _of_condition("reason"))

_TYPED = (_NAME, _TYPE, _STATUS, _AGE)
_OLD_EXPERIMENT = (_NAME, Column("status", _TYPE.cell), _AGE)
_SUGGESTION = (
    _NAME,
    _TYPE,
    _STATUS,
    Column("requested", lambda one, _: str(glimpse.part(one, "spec").get("requests", 0))),
    Column("assigned", lambda one, _: str(glimpse.part(one, "status").get("suggestionCount", 0))),
    _AGE,
)

_COMPLETED = (
    "trialsSucceeded",
    "trialsFailed",
    "trialsKilled",
    "trialsEarlyStopped",
    "trialMetricsUnavailable",
)


def _progress(experiment: Document, _: datetime) -> str:
    """`7/12`: completed trials of maxTrialCount, or `7` when there is no bound."""
    status = glimpse.part(experiment, "status")
    completed = sum(status.get(count, 0) for count in _COMPLETED)
    bound = glimpse.part(experiment, "spec").get("maxTrialCount")
    return f"{completed}/{bound}" if bound else str(completed)


def _failed(experiment: Document, _: datetime) -> str:
    status = glimpse.part(experiment, "status")
    return str(status.get("trialsFailed", 0) + status.get("trialMetricsUnavailable", 0))


def _best(experiment: Document, _: datetime) -> str:
    best = glimpse.best_value(experiment)
    return "" if best is None else tables.short(best)


def _goal(experiment: Document, _: datetime) -> str:
    objective = glimpse.part(experiment, "spec", "objective")
    goal = objective.get("goal")
    if goal is None:
        return ""
    return f"{'<=' if objective.get('type') == 'minimize' else '>='}{goal:g}"


def _parameters(trial: Document, _: datetime) -> str:
    return glimpse.pairs(glimpse.part(trial, "spec").get("parameterAssignments") or ())


def _duration(trial: Document, now: datetime) -> str:
    took = glimpse.took(trial, now)
    return "" if took is None else tables.duration(took)


_WIDE: Mapping[str, tuple[Column, ...]] = {
    "Experiment": (
        Column("progress", _progress),
        Column("failed", _failed),
        Column("best", _best),
        Column("goal", _goal),
        Column("algorithm", _of_spec("algorithm", "algorithmName")),
        _REASON,
    ),
    "Trial": (
        Column("objective", lambda one, _: glimpse.objective_value(one) or ""),
        Column("parameters", _parameters),
        Column("duration", _duration),
        _REASON,
    ),
    "Suggestion": (_REASON,),
}
