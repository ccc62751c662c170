"""The history in the order in which it was handed out, whatever order it came in."""

from __future__ import annotations

import math

from munshi.algorithms.protocol import Pending, Request, Result

Seen = Result | Pending


def in_order(request: Request) -> list[Seen]:
    """Everything handed out, by index; the order of results and pending points makes no difference."""
    seen: list[Seen] = [*request.results, *request.pending]
    if len({one.index for one in seen}) == len(seen):
        seen.sort(key=lambda one: one.index)
    else:  # indexes that collide are nobody's intention, but the order must not decide even then
        seen.sort(key=lambda one: (one.index, sorted(one.assignments.items()), repr(one)))
    return seen


def loss(one: Seen, maximize: bool) -> float:
    """What is to be made small: infinite for a failed or pending point, and for NaN and infinity."""
    value = one.value if isinstance(one, Result) else None
    if value is None or not math.isfinite(value):
        return math.inf
    return -value if maximize else value
