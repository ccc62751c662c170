"""What happened to whom, and why: the story of an experiment, told by its own plans.

Each deed of the engine and each condition that came to hold is one `Event`. The engine records them;
`munshi explain` reads them. Nothing is decided by them, so a lost one costs a line of the story only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from munshi.api.conditions import Condition, find
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial, TrialCondition
from munshi.reconcile.plan import (
    Action,
    CreateSuggestion,
    CreateTrial,
    KillTrial,
    RenewRules,
    RequestSuggestions,
    RetryTrial,
    WithdrawTrial,
)
from munshi.reconcile.trial import INTERRUPTED, LOST, RETRIED

Told: TypeAlias = Experiment | Suggestion | Trial
"""The kinds that have a story."""

_TOLD_THOUGH_FALSE = (LOST, INTERRUPTED, RETRIED, "ExperimentResumed")
"""Reasons of conditions whose end is the news."""
_TOLD_ANEW = ("SuggestionRunning",)
"""Reasons of conditions of which another message is news: what an algorithm says of its points."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an object, and why; the story of an experiment is made of these.

    Attributes:
        time: When it was decided, UTC.
        kind: `Experiment`, `Suggestion` or `Trial`.
        namespace: Of the object.
        name: Of the object.
        uid: Of the object.
        experiment_uid: Of the experiment it belongs to (the object itself, for an Experiment).
        reason: One CamelCase word: the action (`LaunchTrial`), or a condition's reason.
        message: The `because` of the action, or the condition's message; a sentence for people.
        warning: It is something to worry about.
    """

    time: datetime
    kind: str
    namespace: str
    name: str
    uid: str
    experiment_uid: str
    reason: str
    message: str
    warning: bool = False


def of_change(before: Told, after: Told, now: datetime) -> tuple[Event, ...]:
    """What a new status says that the old one did not, in the order of the conditions.

    Args:
        before: The object as it was.
        after: The same object with its new status.
        now: When that was decided.
    """
    told = before.status.conditions
    events = [
        _event(after, condition.reason, condition.message, now, warning=_is_bad(condition))
        for condition in after.status.conditions
        if _is_news(condition, find(told, condition.type))
    ]
    return tuple(dict.fromkeys(events))  # what two conditions say alike is told once


def of_action(actor: Told, action: Action, now: datetime, uid: str = "") -> Event:
    """A deed, told of the object that it befell.

    Args:
        actor: Whose plan it was.
        action: What was done.
        now: When.
        uid: Of an object that the action made.
    """
    reason, because = type(action).__name__, action.because
    match action:
        case CreateTrial(trial):
            return _event(trial, reason, because, now, uid=uid)
        case KillTrial(trial) | RetryTrial(trial) | RenewRules(trial) | WithdrawTrial(trial):
            return _event(trial, reason, because, now)
        case CreateSuggestion(suggestion):
            return _event(suggestion, reason, because, now, uid=uid)
        case RequestSuggestions():
            return replace(_event(actor, reason, because, now), kind="Suggestion", uid="")
        case _:
            return _event(actor, reason, because, now)


def _event(
    of: Resource, reason: str, message: str, now: datetime, *, uid: str = "", warning: bool = False
) -> Event:
    owner = of.metadata.controller()
    return Event(
        time=now,
        kind=type(of).__name__,
        namespace=of.namespace,
        name=of.name,
        uid=of.uid or uid,
        experiment_uid=owner.uid if owner else of.uid,
        reason=reason,
        message=message,
        warning=warning,
    )


def _is_news(condition: Condition, told: Condition | None) -> bool:
    same = told is not None and (told.status, told.reason, told.last_transition_time) == (
        condition.status,
        condition.reason,
        condition.last_transition_time,
    )
    if told is not None and condition.reason in _TOLD_ANEW:
        same = same and told.message == condition.message
    return not same and (condition.is_true or condition.reason in _TOLD_THOUGH_FALSE)


def _is_bad(condition: Condition) -> bool:
    bad = (TrialCondition.FAILED, TrialCondition.METRICS_UNAVAILABLE)
    return (condition.is_true and condition.type in bad) or condition.reason == LOST
