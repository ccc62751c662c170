"""What can be read off an Experiment and its Trials: states, counts, values, durations.

Every table and every line of progress is made of these; nothing here decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from munshi.api.common import ObjectiveSpec, Observation, ParameterAssignment
from munshi.api.conditions import Condition, find, holds
from munshi.api.experiment import Experiment
from munshi.api.trial import FINAL, Trial, TrialCondition
from munshi.cli import tables
from munshi.metrics import number

_ORDER = (
    TrialCondition.KILLED,
    TrialCondition.FAILED,
    TrialCondition.SUCCEEDED,
    TrialCondition.EARLY_STOPPED,
    TrialCondition.RUNNING,
    TrialCondition.METRICS_UNAVAILABLE,
)
"""In which a trial is asked what it is (Katib API contract §3)."""

PENDING = "Pending"
_WORDS = {
    TrialCondition.RUNNING.value: "running",
    PENDING: "pending",
    TrialCondition.SUCCEEDED.value: "succeeded",
    TrialCondition.EARLY_STOPPED.value: "stopped early",
    TrialCondition.FAILED.value: "failed",
    TrialCondition.METRICS_UNAVAILABLE.value: "without metrics",
    TrialCondition.KILLED.value: "killed",
}
"""States in the order in which counts are said, and the words for them."""

_BAD = (TrialCondition.FAILED, TrialCondition.METRICS_UNAVAILABLE)


def state(trial: Trial) -> str:
    """The one word for a trial: a final condition's type, `Running` or `Pending`."""
    return next((kind.value for kind in _ORDER if holds(trial.status.conditions, kind)), PENDING)


def is_bad(trial: Trial) -> bool:
    """Whether it failed, or ended without the objective: its log is worth a look."""
    return any(holds(trial.status.conditions, kind) for kind in _BAD)


def end(trial: Trial) -> Condition | None:
    """The condition that ended it, with its reason and message."""
    return next(
        (c for kind in FINAL if (c := find(trial.status.conditions, kind)) and c.is_true), None
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many trials are in which state; `states` only holds those that occur."""

    states: dict[str, int]
    completed: int

    def __str__(self) -> str:
        """`3 running, 4 succeeded, 1 failed`."""
        said = [f"{self.states[s]} {word}" for s, word in _WORDS.items() if s in self.states]
        return ", ".join(said) or "none yet"


def counts(trials: Iterable[Trial]) -> Counts:
    """Count the trials by state."""
    trials = list(trials)
    states = Counter(map(state, trials))
    return Counts(dict(states), sum(trial.is_completed for trial in trials))


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


def value(
    observation: Observation | None, metric: str, objective: ObjectiveSpec | None
) -> str | None:
    """The metric's reduced value as reported; None when it was never reported."""
    if observation is None or objective is None:
        return None
    found = next((m for m in observation.metrics if m.name == metric), None)
    if found is None:
        return None
    return number.from_wire(str(getattr(found, objective.strategy(metric).value)))


def objective_value(trial: Trial) -> str | None:
    """The trial's objective value as reported; None when there is none."""
    objective = trial.spec.objective
    name = objective.objective_metric_name if objective else ""
    return value(trial.status.observation, name, objective)


@dataclass(frozen=True, slots=True)
class Best:
    """The best trial so far: its name, what it reached, and with which settings."""

    trial: str
    metric: str
    value: str
    assignments: tuple[ParameterAssignment, ...]


def best(experiment: Experiment) -> Best | None:
    """What the Experiment's status says of its best trial; None before there is one."""
    optimal, objective = experiment.status.current_optimal_trial, experiment.spec.objective
    if optimal is None or not optimal.best_trial_name:
        return None
    metric = objective.objective_metric_name if objective else ""
    got = value(optimal.observation, metric, objective)
    return Best(optimal.best_trial_name, metric, got or "", optimal.parameter_assignments)


def took(trial: Trial, now: datetime | None = None) -> timedelta | None:
    """How long the trial ran, or has been running until `now`; None when that is not known."""
    since, until = trial.status.start_time, trial.status.completion_time
    if until is None:
        ended = end(trial)
        until = ended.last_transition_time if ended else now
    return until - since if since is not None and until is not None else None


def parameter_names(experiment: Experiment, trials: Sequence[Trial]) -> list[str]:
    """The search space's parameters in the author's order, then any others that trials were given."""
    names = [parameter.name for parameter in experiment.spec.parameters]
    names += [a.name for trial in trials for a in trial.spec.parameter_assignments]
    return list(dict.fromkeys(names))


def pairs(assignments: Iterable[ParameterAssignment], digits: int = 6) -> str:
    """`lr=0.02 momentum=0.9`, numbers shortened."""
    return " ".join(f"{a.name}={tables.short(a.value, digits)}" for a in assignments)
