"""Time that only passes when nothing else can happen.

    def test_it() -> None:
        simulated(story())          # hours of pauses and back-offs, in milliseconds

A `LeapingLoop` never waits: when no task can go on, it leaps to its next timer. So `asyncio.sleep`,
back-offs and timeouts keep their order and cost nothing. It cannot wait for other threads.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
START = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


class _LeapingSelector(selectors.SelectSelector):
    """Never blocks; time that would have been waited for has passed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("every task waits, and no timer will ever wake one")
        if not ready and timeout:
            self.now_s += timeout
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop with its own time."""

    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Seconds since this loop was made."""
        return self._leaping.now_s


class SimulatedClock:
    """The engine's Clock, by the running LeapingLoop; every look is a little later than the last."""

    def __init__(self) -> None:
        self._looks = 0

    def now(self) -> datetime:
        """The time, in UTC."""
        self._looks += 1
        passed = asyncio.get_running_loop().time()
        return START + timedelta(seconds=passed, microseconds=self._looks)


def simulated(story: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in simulated time."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(story)
