"""The wall clock and the simulated clock keep the port's contract."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta

from munshi.engine.clock import WallClock
from munshi.engine.ports import Clock
from munshi.testing.clock import SimulatedClock, simulated
from munshi.testing.clocks import ClockContract


class TestWallClock(ClockContract):
    """WallClock against the suite."""

    def opened(self) -> Clock:
        """The one there is."""
        return WallClock()


class TestSimulatedClock(ClockContract):
    """SimulatedClock against the suite, and what it promises beyond."""

    def opened(self) -> Clock:
        """A new one."""
        return SimulatedClock()

    def play(self, story: Coroutine[None, None, None]) -> None:
        """In simulated time."""
        simulated(story)

    def test_no_two_looks_are_the_same(self) -> None:
        """Every look is later than the last, though no time passes between them."""

        async def story() -> None:
            clock = SimulatedClock()
            looks = [clock.now() for _ in range(100)]
            assert looks == sorted(set(looks))

        simulated(story())

    def test_a_day_is_over_in_no_time(self) -> None:
        """The clock follows the loop's leaps."""

        async def story() -> None:
            clock = SimulatedClock()
            before = clock.now()
            await asyncio.sleep(86_400)
            assert timedelta(days=1) <= clock.now() - before < timedelta(days=1, seconds=1)

        simulated(story())
