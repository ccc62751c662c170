"""Conditions: what an object says of itself, in an order that `kubectl get` reads (contract §1, §3–§5).

The printer columns show the last condition of the list, so the order is part of the contract: a
condition that changes is taken out and put at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from munshi.api.wire import Time, Wire


class Condition(Wire):
    """One statement: `type` is `status` since `lastTransitionTime`, because of `reason`.

    Attributes:
        type: What the statement is about, such as Running or Succeeded.
        status: True or False.
        reason: Why, in one word that programs may rely on.
        message: Why, in a sentence for people: what was seen, where, and how to mend it.
        last_update_time: When the statement was last made. RFC 3339, UTC.
        last_transition_time: Since when status is what it is. RFC 3339, UTC.
    """

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_update_time: Time | None = None
    last_transition_time: Time | None = None

    @property
    def is_true(self) -> bool:
        """Whether the statement holds."""
        return self.status == "True"


Conditions = tuple[Condition, ...]


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type, true or false."""
    for condition in conditions:  # a generator costs thrice as much, and this is asked all the time
        if condition.type == kind:
            return condition
    return None


def holds(conditions: Iterable[Condition], kind: str) -> bool:
    """Whether the condition of that type is there and True."""
    found = find(conditions, kind)
    return found is not None and found.is_true


def put(
    conditions: Conditions, kind: str, *, true: bool, reason: str, message: str, now: datetime
) -> Conditions:
    """Say `kind` anew, at the end of the list; saying the same status and reason again changes nothing.

    `lastTransitionTime` moves only when the status does.
    """
    status = "True" if true else "False"
    old = find(conditions, kind)
    if old is not None and old.status == status and old.reason == reason:
        return conditions
    since = old.last_transition_time if old is not None and old.status == status else now
    fresh = Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_update_time=now,
        last_transition_time=since,
    )
    return (*without(conditions, kind), fresh)


def restate(
    conditions: Conditions, kind: str, *, true: bool, reason: str, message: str, now: datetime
) -> Conditions:
    """As `put`, but saying the same with another message is news of its own; its place stays the same."""
    old = find(conditions, kind)
    said = put(conditions, kind, true=true, reason=reason, message=message, now=now)
    if said is not conditions or old is None or old.message == message:
        return said
    fresh = old.model_copy(update={"message": message, "last_update_time": now})
    return tuple(fresh if condition.type == kind else condition for condition in said)


def without(conditions: Conditions, *kinds: str) -> Conditions:
    """The list without the conditions of those types."""
    return tuple(condition for condition in conditions if condition.type not in kinds)
