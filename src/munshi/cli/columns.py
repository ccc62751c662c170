"""Which columns `munshi get` prints for a kind: Katib's, by kind and version (Katib API contract §1).

`-o wide` adds munshi's own. A list that mixes versions prints the columns of v1beta1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from munshi.api.conditions import Condition
from munshi.api.experiment import Experiment
from munshi.api.meta import V1ALPHA3
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.cli import facts, tables

Shown: TypeAlias = Experiment | Trial | Suggestion
"""The kinds that have columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """A head, and what stands under it for one object at one moment."""

    head: str
    cell: Callable[[Shown, datetime], str]


def table(
    shown: Sequence[Shown], now: datetime, *, wide: bool = False, namespaces: bool = False
) -> str:
    """The table of some objects of one kind.

    Args:
        shown: At least one.
        now: Ages are counted to here.
        wide: Add munshi's own columns.
        namespaces: Begin with the namespace.
    """
    columns = list(of(shown))
    if wide:
        columns += _WIDE[type(shown[0])]
    if namespaces:
        columns.insert(0, Column("namespace", lambda one, _: one.namespace))
    rows = [[column.cell(one, now) for column in columns] for one in shown]
    return tables.table([column.head for column in columns], rows)


def of(shown: Sequence[Shown]) -> tuple[Column, ...]:
    """The columns that Katib's own definition of the kind prints."""
    if isinstance(shown[0], Suggestion):
        return _SUGGESTION
    old = all(one.api_version == V1ALPHA3 for one in shown)
    return _OLD_EXPERIMENT if isinstance(shown[0], Experiment) and old else _TYPED


def _last(one: Shown) -> Condition:
    return one.status.conditions[-1] if one.status.conditions else Condition()


_NAME = Column("name", lambda one, _: one.name)
_TYPE = Column("type", lambda one, _: _last(one).type)
_STATUS = Column("status", lambda one, _: _last(one).status)
_AGE = Column("age", lambda one, now: tables.age(one.metadata.creation_timestamp, now))
_REASON = Column("reason", lambda one, _: _last(one).reason)

_TYPED = (_NAME, _TYPE, _STATUS, _AGE)
_OLD_EXPERIMENT = (_NAME, Column("status", _TYPE.cell), _AGE)


def _of_suggestion(count: Callable[[Suggestion], int]) -> Callable[[Shown, datetime], str]:
    return lambda one, _: str(count(one)) if isinstance(one, Suggestion) else ""


_SUGGESTION = (
    _NAME,
    _TYPE,
    _STATUS,
    Column("requested", _of_suggestion(lambda one: one.spec.requests)),
    Column("assigned", _of_suggestion(lambda one: one.status.suggestion_count)),
    _AGE,
)


def _of_experiment(cell: Callable[[Experiment], str]) -> Callable[[Shown, datetime], str]:
    return lambda one, _: cell(one) if isinstance(one, Experiment) else ""


def _of_trial(cell: Callable[[Trial, datetime], str]) -> Callable[[Shown, datetime], str]:
    return lambda one, now: cell(one, now) if isinstance(one, Trial) else ""


def progress(experiment: Experiment) -> str:
    """`7/12`: completed trials of maxTrialCount, or `7` when there is no bound."""
    status = experiment.status
    completed = (
        status.trials_succeeded
        + status.trials_failed
        + status.trials_killed
        + status.trials_early_stopped
        + status.trial_metrics_unavailable
    )
    bound = experiment.spec.max_trial_count
    return f"{completed}/{bound}" if bound else str(completed)


def _failed(experiment: Experiment) -> str:
    return str(experiment.status.trials_failed + experiment.status.trial_metrics_unavailable)


def _best(experiment: Experiment) -> str:
    best = facts.best(experiment)
    return facts.short(best.value) if best else ""


def _goal(experiment: Experiment) -> str:
    objective = experiment.spec.objective
    if objective is None or objective.goal is None:
        return ""
    sign = "<=" if objective.type.value == "minimize" else ">="
    return f"{sign}{objective.goal:g}"


def _algorithm(experiment: Experiment) -> str:
    return experiment.spec.algorithm.algorithm_name if experiment.spec.algorithm else ""


def _duration(trial: Trial, now: datetime) -> str:
    took = facts.took(trial, now)
    return tables.duration(took) if took is not None else ""


_WIDE: dict[type[Shown], tuple[Column, ...]] = {
    Experiment: (
        Column("progress", _of_experiment(progress)),
        Column("failed", _of_experiment(_failed)),
        Column("best", _of_experiment(_best)),
        Column("goal", _of_experiment(_goal)),
        Column("algorithm", _of_experiment(_algorithm)),
        _REASON,
    ),
    Trial: (
        Column("objective", _of_trial(lambda one, _: facts.objective_value(one) or "")),
        Column("parameters", _of_trial(lambda one, _: facts.pairs(one.spec.parameter_assignments))),
        Column("duration", _of_trial(_duration)),
        _REASON,
    ),
    Suggestion: (_REASON,),
}
