"""What a user asks of objects that are there already, by annotations: stop, suspend, run once more.

An annotation says what is wanted, never what was done, so it may be written by anyone, any number of
times, while an engine runs or not. The verbs of `cli` write them; `experiment` and `trial` obey.
"""

from __future__ import annotations

from dataclasses import dataclass

from munshi.api.experiment import Experiment
from munshi.api.meta import (
    RETRY_ANNOTATION,
    STOP_ANNOTATION,
    SUSPEND_ANNOTATION,
    Resource,
)
from munshi.api.trial import Trial
from munshi.reconcile.tally import Tally, state_of
from munshi.reconcile.views import TrialState

RETRYABLE = (TrialState.FAILED, TrialState.KILLED, TrialState.METRICS_UNAVAILABLE)
"""Ends without a result. A trial that has one keeps it."""


def stop_asked(resource: Resource) -> bool:
    """Whether the user wants the Experiment or Trial ended now."""
    return STOP_ANNOTATION in resource.metadata.annotations


def stop_reason(resource: Resource) -> str:
    """Why, in the user's words on one line; empty when nothing was said."""
    return " ".join(resource.metadata.annotations.get(STOP_ANNOTATION, "").split())


def stop_words(resource: Resource) -> str:
    """The user's stop as a sentence for what it ends."""
    why = stop_reason(resource)
    return f"stopped by the user: {why}" if why else "stopped by the user"


def is_suspended(experiment: Experiment) -> bool:
    """Whether nothing new is to begin for now."""
    return SUSPEND_ANNOTATION in experiment.metadata.annotations


def retried_after(trial: Trial) -> int | None:
    """The number of starts after which the user wants, or wanted, the trial begun anew."""
    text = trial.metadata.annotations.get(RETRY_ANNOTATION, "")
    return int(text) if text.isascii() and text.isdecimal() else None


def wants_retry(trial: Trial) -> bool:
    """Whether the trial ended without a result and the user's wish to run it again is not yet met."""
    return state_of(trial) in RETRYABLE and retried_after(trial) == trial.status.attempts


def starts_that_count(trial: Trial) -> int:
    """How often the job was started since the user last asked for it: only these can use up the limit."""
    before, attempts = retried_after(trial), trial.status.attempts
    return attempts - before if before is not None and before <= attempts else attempts


@dataclass(frozen=True, slots=True)
class Retries:
    """The trials the user runs once more, in suggestion order.

    Attributes:
        wanted: Ended, and waiting for a free place.
        begun: Active again.
    """

    wanted: tuple[Trial, ...] = ()
    begun: tuple[Trial, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any: they hold back the end of their Experiment."""
        return bool(self.wanted or self.begun)


def retries(experiment: Experiment, counted: Tally) -> Retries:
    """What is to be run once more; nothing while the Experiment itself is to stop."""
    if stop_asked(experiment):
        return Retries()
    wanted = tuple(trial for trial in counted.marked if wants_retry(trial))
    again = (trial for trial in counted.marked if retried_after(trial) is not None)
    begun = tuple(trial for trial in again if state_of(trial).is_active)
    return Retries(wanted, begun)
