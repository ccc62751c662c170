"""How writes are spared: a database takes thousands a second, an API server is everybody's.

What changes in a status beside its conditions (how many trials run, whose assignments wait) may be written
a little later, together with what changes meanwhile. The engine asks here before each write how long.

The Suggestion's rest is short, for something hangs on it: until the assignment of a Trial that was made has
left `status.suggestions`, an engine that knows nothing else takes a Trial that is not there for one still
to be made. A Trial that somebody deletes within that time, while the engine is dead, comes back.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

TICK_S = 0.001
"""What is due within this time is due now: no timer is finer."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How long a status of which only numbers and names changed may wait for its write.

    Attributes:
        gather_s: Seconds from the first such change to its write, so that others can join.
        apart_s: Seconds at least between two writes, the first of which may have been a condition's.
    """

    gather_s: float
    apart_s: float


@dataclass(frozen=True, slots=True)
class Thrift:
    """How an engine spares writes.

    Attributes:
        experiment: The rest of an Experiment's status: for onlookers only.
        suggestion: The rest of a Suggestion's status; see above.
        jobs_stay: The job of an ended trial is still there, for another pass to clear away.
    """

    experiment: Rest
    suggestion: Rest
    jobs_stay: bool


LOCAL = Thrift(Rest(0.0, 0.1), Rest(0.0, 0.1), jobs_stay=False)
CLUSTER = Thrift(Rest(0.5, 3.0), Rest(0.5, 0.0), jobs_stay=True)


@dataclass(slots=True)
class _Times:
    """When the last write was, and when the next one is due; by the clock of the caller."""

    written: float = float("-inf")
    due: float | None = None


class Rests(Generic[K]):
    """Remembers what rests, and until when."""

    def __init__(self) -> None:
        self._of: dict[K, _Times] = {}

    def left_s(self, key: K, rest: Rest, now: float) -> float:
        """How many seconds a change that need not be written at once may still wait.

        Args:
            key: What changed; the first question since its last write begins the rest.
            rest: How long it may rest.
            now: Seconds on a clock that nobody sets.

        Returns:
            Zero when it is to be written now.
        """
        times = self._of.setdefault(key, _Times())
        if times.due is None:
            times.due = max(now + rest.gather_s, times.written + rest.apart_s)
        left = times.due - now
        return left if left > TICK_S else 0.0

    def wrote(self, key: K, now: float) -> None:
        """The status of `key` is written, with all that rested."""
        self._of[key] = _Times(now)

    def forget(self, key: K) -> None:
        """It is gone."""
        self._of.pop(key, None)
