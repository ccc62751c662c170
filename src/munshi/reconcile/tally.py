"""The trials of an experiment in numbers, and the best of them (Katib runtime behaviour §2.1).

NaN and infinity never win (trap T2); of equal values the earlier suggestion wins; the order in which
the trials are given does not matter. Counts are exact, the lists of names hold the newest
`LIST_CAP` of each state, so that a hundred thousand trials leave a small object.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from munshi.api.common import Metric, MetricStrategyType, ObjectiveSpec, ObjectiveType
from munshi.api.conditions import holds
from munshi.api.experiment import ExperimentStatus, OptimalTrial
from munshi.api.meta import INDEX_ANNOTATION
from munshi.api.trial import Trial, TrialCondition
from munshi.metrics import number
from munshi.reconcile.views import TrialState

LIST_CAP = 100

_BY_CONDITION = (
    (TrialCondition.KILLED, TrialState.KILLED),
    (TrialCondition.FAILED, TrialState.FAILED),
    (TrialCondition.SUCCEEDED, TrialState.SUCCEEDED),
    (TrialCondition.EARLY_STOPPED, TrialState.EARLY_STOPPED),
    (TrialCondition.RUNNING, TrialState.RUNNING),
    (TrialCondition.METRICS_UNAVAILABLE, TrialState.METRICS_UNAVAILABLE),
)


def state_of(trial: Trial) -> TrialState:
    """What a trial is, once."""
    conditions = trial.status.conditions
    for kind, state in _BY_CONDITION:
        if holds(conditions, kind):
            return state
    return TrialState.PENDING


def index_of(trial: Trial) -> int:
    """Which suggestion of the experiment the trial is; one of unknown origin sorts last."""
    text = trial.metadata.annotations.get(INDEX_ANNOTATION, "")
    return int(text) if text.isdecimal() else 2**62


def by_index(trials: Sequence[Trial]) -> list[Trial]:
    """In the order they were suggested."""
    return sorted(trials, key=lambda trial: (index_of(trial), trial.name))


def objective_value(trial: Trial, objective: ObjectiveSpec) -> float | None:
    """The finite number the trial is judged by; None when it has none."""
    metric = _metric(trial, objective)
    text = _said(metric, objective.strategy(objective.objective_metric_name)) if metric else None
    value = None if text is None else number.read(text)
    return value if value is not None and math.isfinite(value) else None


def optimal(trials: Sequence[Trial], objective: ObjectiveSpec) -> Trial | None:
    """The best trial that has an observation; failed trials have none.

    Where no trial has a number at all, the last one with a text objective (a DARTS genotype).
    """
    sign = -1.0 if objective.type is ObjectiveType.MAXIMIZE else 1.0
    ranked = [
        (sign * value, index_of(trial), trial.name, trial)
        for trial in trials
        if (value := objective_value(trial, objective)) is not None
    ]
    if ranked:
        return min(ranked, key=lambda item: item[:3])[3]
    texts = [trial for trial in by_index(trials) if _is_text(trial, objective)]
    return texts[-1] if texts else None


def reaches_goal(value: float | None, objective: ObjectiveSpec) -> bool:
    """Whether a value is as good as the goal or better."""
    if value is None or objective.goal is None:
        return False
    if objective.type is ObjectiveType.MAXIMIZE:
        return value >= objective.goal
    return value <= objective.goal


@dataclass(frozen=True, slots=True)
class Tally:
    """The trials by state, each list in suggestion order."""

    by_state: dict[TrialState, list[Trial]]
    total: int

    def count(self, *states: TrialState) -> int:
        """How many are in any of the states."""
        return sum(len(self.by_state[state]) for state in states)

    def names(self, state: TrialState) -> tuple[str, ...]:
        """The newest names, in suggestion order, at most LIST_CAP."""
        return tuple(trial.name for trial in self.by_state[state][-LIST_CAP:])

    @property
    def active(self) -> list[Trial]:
        """Pending and running, in suggestion order."""
        return by_index(self.by_state[TrialState.PENDING] + self.by_state[TrialState.RUNNING])

    @property
    def completed(self) -> int:
        """Everything that ended, metrics unavailable included (trap T5)."""
        return self.total - self.count(TrialState.PENDING, TrialState.RUNNING)

    @property
    def failed(self) -> int:
        """Failed, and those without metrics."""
        return self.count(TrialState.FAILED, TrialState.METRICS_UNAVAILABLE)

    def written_into(self, status: ExperimentStatus) -> ExperimentStatus:
        """The status with these counts and lists."""
        return status.model_copy(
            update={
                "trials": self.total,
                "trials_succeeded": self.count(TrialState.SUCCEEDED),
                "trials_failed": self.count(TrialState.FAILED),
                "trials_killed": self.count(TrialState.KILLED),
                "trials_pending": self.count(TrialState.PENDING),
                "trials_running": self.count(TrialState.RUNNING),
                "trials_early_stopped": self.count(TrialState.EARLY_STOPPED),
                "trial_metrics_unavailable": self.count(TrialState.METRICS_UNAVAILABLE),
                "succeeded_trial_list": self.names(TrialState.SUCCEEDED),
                "failed_trial_list": self.names(TrialState.FAILED),
                "killed_trial_list": self.names(TrialState.KILLED),
                "pending_trial_list": self.names(TrialState.PENDING),
                "running_trial_list": self.names(TrialState.RUNNING),
                "early_stopped_trial_list": self.names(TrialState.EARLY_STOPPED),
                "metrics_unavailable_trial_list": self.names(TrialState.METRICS_UNAVAILABLE),
            }
        )


def tally(trials: Sequence[Trial]) -> Tally:
    """Count the trials. O(n log n)."""
    sorted_in: dict[TrialState, list[Trial]] = {state: [] for state in TrialState}
    for trial in by_index(trials):
        sorted_in[state_of(trial)].append(trial)
    return Tally(sorted_in, len(trials))


def described(trial: Trial) -> OptimalTrial:
    """The trial as `status.currentOptimalTrial`."""
    return OptimalTrial(
        best_trial_name=trial.name,
        parameter_assignments=trial.spec.parameter_assignments,
        observation=trial.status.observation,
    )


def _metric(trial: Trial, objective: ObjectiveSpec) -> Metric | None:
    observation = trial.status.observation
    if observation is None:
        return None
    wanted = objective.objective_metric_name
    return next((metric for metric in observation.metrics if metric.name == wanted), None)


def _said(metric: Metric, strategy: MetricStrategyType) -> str | None:
    chosen = {
        MetricStrategyType.MIN: metric.min,
        MetricStrategyType.MAX: metric.max,
    }.get(strategy, metric.latest)
    return number.from_wire(chosen) or number.from_wire(metric.latest)


def _is_text(trial: Trial, objective: ObjectiveSpec) -> bool:
    metric = _metric(trial, objective)
    text = number.from_wire(metric.latest) if metric else None
    return text is not None and number.read(text) is None
