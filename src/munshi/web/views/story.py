"""What happened, as `munshi explain` tells it."""

from __future__ import annotations

from collections.abc import Iterable

from munshi.api.wire import write_time
from munshi.reconcile.story import Event
from munshi.web import shapes

MOST = 5_000
"""Events of one answer: the last ones."""


def happening(event: Event) -> shapes.Happening:
    """One event."""
    return {
        "time": write_time(event.time),
        "object": event.name,
        "kind": event.kind,
        "reason": event.reason,
        "message": event.message,
        "warning": event.warning,
    }


def story(events: Iterable[Event], uid: str = "") -> list[shapes.Happening]:
    """The last events in their order.

    Args:
        events: Of one experiment.
        uid: Only this object's, and those that are told of no object in particular.
    """
    told = [happening(one) for one in events if not uid or one.uid in ("", uid)]
    return told[-MOST:]
