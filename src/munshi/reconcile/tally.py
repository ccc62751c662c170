"""The trials of an experiment in numbers, and the best of them (Katib runtime behaviour §2.1).

NaN and infinity never win (trap T2); of equal values the earlier suggestion wins; the order in which
the trials are given does not matter. Counts are exact, the lists of names hold the newest
`LIST_CAP` of each state, so that a hundred thousand trials leave a small object.

A pass must not cost more the more trials there are, so a `Tally` is kept rather than made: the engine's
mirror puts every new form of a trial into it, and whatever a form says (state, value, place) is read
once. Passes only read it. Counted one by one or all at once, in any order, a Tally is the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from munshi.api.common import Metric, MetricStrategyType, ObjectiveSpec, ObjectiveType
from munshi.api.conditions import holds
from munshi.api.experiment import ExperimentStatus, OptimalTrial
from munshi.api.meta import INDEX_ANNOTATION, RETRY_ANNOTATION
from munshi.api.trial import Trial, TrialCondition
from munshi.metrics import number
from munshi.reconcile.history import History, Place
from munshi.reconcile.ordered import Ordered
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
    text = said(metric, objective.strategy(objective.objective_metric_name)) if metric else None
    value = None if text is None else number.read(text)
    return value if value is not None and math.isfinite(value) else None


def reaches_goal(value: float | None, objective: ObjectiveSpec) -> bool:
    """Whether a value is as good as the goal or better."""
    if value is None or objective.goal is None:
        return False
    if objective.type is ObjectiveType.MAXIMIZE:
        return value >= objective.goal
    return value <= objective.goal


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one form of a trial says, read once."""

    place: Place
    state: TrialState
    value: float | None


class Tally(Sequence[Trial]):
    """The trials of an experiment in suggestion order, and what follows from all of them together.

    `put` and `drop` are for whoever keeps it; they cost the same however many trials there are, but for
    the shift of a list. The rest only reads.

    Attributes:
        objective: What the trials are judged by.
        by_name: The same trials, in the order in which they came; for reading only.
        history: The same trials as an algorithm sees them.

    Args:
        objective: What the trials are judged by.
        trials: The first of them.
    """

    def __init__(self, objective: ObjectiveSpec, trials: Iterable[Trial] = ()) -> None:
        self.objective = objective
        self.by_name: dict[str, Trial] = {}
        self.history = History()
        self._all: Ordered[Place, Trial] = Ordered()
        self._facts: dict[str, _Facts] = {}
        self._in: dict[TrialState, Ordered[Place, Trial]] = {s: Ordered() for s in TrialState}
        self._ranked: Ordered[tuple[float, int, str], Trial] = Ordered()
        self._texts: Ordered[Place, Trial] = Ordered()
        self._marked: Ordered[Place, Trial] = Ordered()
        self._sign = -1.0 if objective.type is ObjectiveType.MAXIMIZE else 1.0
        for trial in trials:
            self.put(trial)

    # -- keeping --------------------------------------------------------------------------------

    def put(self, trial: Trial) -> None:
        """Take a trial in, or its next form."""
        self._leave(trial.name)
        place, state = (index_of(trial), trial.name), state_of(trial)
        value = objective_value(trial, self.objective)
        self.by_name[trial.name] = trial
        self._facts[trial.name] = _Facts(place, state, value)
        self._all.put(place, trial)
        self._in[state].put(place, trial)
        if value is not None:
            self._ranked.put((self._sign * value, *place), trial)
        elif _is_text(trial, self.objective):
            self._texts.put(place, trial)
        if RETRY_ANNOTATION in trial.metadata.annotations:
            self._marked.put(place, trial)
        self.history.put(place, trial, state, value)

    def drop(self, name: str) -> None:
        """Leave a trial out; one that is not there is fine."""
        self._leave(name)
        self.by_name.pop(name, None)

    def _leave(self, name: str) -> None:
        facts = self._facts.pop(name, None)
        if facts is None:
            return
        self._all.drop(facts.place)
        self._in[facts.state].drop(facts.place)
        if facts.value is not None:
            self._ranked.drop((self._sign * facts.value, *facts.place))
        self._texts.drop(facts.place)
        self._marked.drop(facts.place)
        self.history.drop(facts.place, self.by_name[name])

    # -- reading --------------------------------------------------------------------------------

    @overload
    def __getitem__(self, at: int) -> Trial: ...

    @overload
    def __getitem__(self, at: slice) -> list[Trial]: ...

    def __getitem__(self, at: int | slice) -> Trial | list[Trial]:
        """The trial, or trials, at that place in suggestion order."""
        return self._all.values[at]

    def __iter__(self) -> Iterator[Trial]:
        """The trials, in suggestion order."""
        return iter(self._all.values)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self._all)

    def count(self, *states: TrialState) -> int:
        """How many are in any of the states."""
        return sum(len(self._in[state]) for state in states)

    def in_state(self, state: TrialState) -> Sequence[Trial]:
        """The trials in a state, in suggestion order."""
        return self._in[state].values

    def names(self, state: TrialState) -> tuple[str, ...]:
        """The newest names, in suggestion order, at most LIST_CAP."""
        return tuple([name for _, name in self._in[state].keys[-LIST_CAP:]])

    @property
    def active(self) -> list[Trial]:
        """Pending and running, in suggestion order."""
        found = [self._in[TrialState.PENDING], self._in[TrialState.RUNNING]]
        return by_index([trial for one in found for trial in one.values])

    @property
    def marked(self) -> Sequence[Trial]:
        """Those that the user has run once more, or wants to, in suggestion order."""
        return self._marked.values

    @property
    def completed(self) -> int:
        """Everything that ended, metrics unavailable included (trap T5)."""
        return self.total - self.count(TrialState.PENDING, TrialState.RUNNING)

    @property
    def failed(self) -> int:
        """Failed, and those without metrics."""
        return self.count(TrialState.FAILED, TrialState.METRICS_UNAVAILABLE)

    @property
    def best(self) -> Trial | None:
        """The best trial that has an observation; failed trials have none.

        Where no trial has a number at all, the last one with a text objective (a DARTS genotype).
        """
        if self._ranked.values:
            return self._ranked.values[0]
        return self._texts.values[-1] if self._texts.values else None

    @property
    def best_value(self) -> float | None:
        """The number the best trial is judged by; None when it has none."""
        return self._sign * self._ranked.keys[0][0] if self._ranked.keys else None

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


def tally(trials: Sequence[Trial], objective: ObjectiveSpec) -> Tally:
    """Count the trials, O(n log n); those that are counted already, for this objective, as they are."""
    if isinstance(trials, Tally) and trials.objective == objective:
        return trials
    return Tally(objective, trials)


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


def said(metric: Metric, strategy: MetricStrategyType) -> str | None:
    """The text that speaks for the metric: by its strategy, else the latest; None when there is none."""
    chosen = {
        MetricStrategyType.MIN: metric.min,
        MetricStrategyType.MAX: metric.max,
    }.get(strategy, metric.latest)
    return number.from_wire(chosen) or number.from_wire(metric.latest)


def _is_text(trial: Trial, objective: ObjectiveSpec) -> bool:
    metric = _metric(trial, objective)
    text = number.from_wire(metric.latest) if metric else None
    return text is not None and number.read(text) is None
