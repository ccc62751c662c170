"""What a pass answers: the object's new status, and actions with their reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeAlias, TypeVar

from munshi.algorithms import Request
from munshi.api.common import EarlyStoppingRule
from munshi.api.experiment import ExperimentStatus
from munshi.api.suggestion import Suggestion, SuggestionStatus
from munshi.api.trial import Trial, TrialStatus

S = TypeVar("S", ExperimentStatus, SuggestionStatus, TrialStatus)


@dataclass(frozen=True, slots=True)
class CreateSuggestion:
    """Open the dialogue with the algorithm."""

    suggestion: Suggestion
    because: str


@dataclass(frozen=True, slots=True)
class RequestSuggestions:
    """Raise (or lower) the number of assignments wanted so far."""

    requests: int
    because: str


@dataclass(frozen=True, slots=True)
class CreateTrial:
    """Turn an assignment into a Trial; one that exists already is fine."""

    trial: Trial
    because: str


@dataclass(frozen=True, slots=True)
class KillTrial:
    """Mark an active trial Killed; its own next pass ends what it runs."""

    trial: Trial
    because: str


@dataclass(frozen=True, slots=True)
class RetryTrial:
    """Forget how a trial ended, its job and its values: it begins anew with the same settings."""

    trial: Trial
    because: str


@dataclass(frozen=True, slots=True)
class RenewRules:
    """Judge a trial by these early-stopping rules from its next report on; see `stopping.renewed`."""

    trial: Trial
    rules: tuple[EarlyStoppingRule, ...]
    because: str


@dataclass(frozen=True, slots=True)
class WithdrawTrial:
    """Give the trial's assignment back to the Suggestion, then delete the trial."""

    trial: Trial
    because: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the algorithm; the answer is settled in the Suggestion's status.

    `under_way` are the names behind the request's active pending points, in alphabetical order.
    """

    algorithm: str
    request: Request
    new_results: tuple[str, ...]
    because: str
    under_way: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LaunchTrial:
    """Start the trial's job."""

    because: str


@dataclass(frozen=True, slots=True)
class StopTrial:
    """End everything the trial runs."""

    because: str


@dataclass(frozen=True, slots=True)
class ForgetRun:
    """Drop an attempt that the infrastructure lost, and what it reported."""

    because: str


Action: TypeAlias = (
    CreateSuggestion
    | RequestSuggestions
    | CreateTrial
    | KillTrial
    | RetryTrial
    | RenewRules
    | WithdrawTrial
    | Ask
    | LaunchTrial
    | StopTrial
    | ForgetRun
)


@dataclass(frozen=True, slots=True)
class Plan(Generic[S]):
    """The outcome of a pass.

    Attributes:
        status: What the object should now say of itself.
        actions: What the world should undergo, in order, after the status is written.
        look_again_in: When to look again though nothing changed; None: on the next change.
    """

    status: S
    actions: tuple[Action, ...] = ()
    look_again_in: timedelta | None = None
