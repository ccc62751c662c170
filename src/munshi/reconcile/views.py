"""What a reconcile pass may look at: frozen, complete, and read before the pass begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from munshi.api.common import EarlyStoppingRule
from munshi.api.experiment import Experiment
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.metrics.observation import Observation


@dataclass(frozen=True, slots=True)
class Run:
    """A trial's job as its launcher sees it.

    Attributes:
        job: The whole object with the status its own controller would write.
        live: Something of it still runs.
        collected: All it reported is in the observation log, or collection gave up (see `notes`).
        lost: Why it vanished without an outcome, when the infrastructure took it; else empty.
        seen: Names of metrics that were found though nobody asked for them.
        notes: Sentences about what could not be read.
        last_words: The last lines of its output.
        remarks: Sentences about an end that is good in itself: what it left behind, say.
        began: When the job was started, where that is known.
        ended: When the job was over, where that is known; it may be long before anybody looks.
        waits: Why nothing of it runs yet, where that takes unusually long.
        cause: What ended it badly, where its own status does not say: which program, and how.
        tripped: Why its early-stopping rules say that it leads nowhere (`metrics.stopping`); else empty.
    """

    job: Mapping[str, Json]
    live: bool
    collected: bool
    lost: str = ""
    seen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    last_words: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    began: datetime | None = None
    ended: datetime | None = None
    waits: str = ""
    cause: str = ""
    tripped: str = ""


class TrialState(Enum):
    """What a trial is, once; tested in this order (Katib API contract §3)."""

    KILLED = "Killed"
    FAILED = "Failed"
    SUCCEEDED = "Succeeded"
    EARLY_STOPPED = "EarlyStopped"
    RUNNING = "Running"
    METRICS_UNAVAILABLE = "MetricsUnavailable"
    PENDING = "Pending"

    @property
    def is_active(self) -> bool:
        """Whether it holds one of the parallel places."""
        return self in (TrialState.RUNNING, TrialState.PENDING)


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """An Experiment (defaulted, in the home spelling) and everything it owns.

    `trials` is every one, in any order; the engine hands in its `Tally`, which need not be counted again.
    `template_text` is the text of a template that a ConfigMap holds. `deleted` has the name and uid of
    every trial that was seen to be deleted: its assignment is not to become a trial again (trap T7).
    `rules` are the early-stopping rules that a trial is given today.
    """

    experiment: Experiment
    suggestion: Suggestion | None = None
    trials: Sequence[Trial] = ()
    template_text: str | None = None
    deleted: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[EarlyStoppingRule, ...] = ()


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """A Suggestion, its Experiment and the trials that make its history; fields as above."""

    experiment: Experiment
    suggestion: Suggestion
    trials: Sequence[Trial] = ()
    deleted: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[EarlyStoppingRule, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialView:
    """A Trial, its job if it was launched, and what it has reported so far."""

    trial: Trial
    run: Run | None = None
    observation: Observation = field(default_factory=Observation)
