"""The contract of `engine.ports.Clock` as tests: inherit `ClockContract`."""

# ruff: noqa: S101 - a suite of tests asserts
from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta

from munshi.engine.ports import Clock


class ClockContract:
    """What every clock keeps; say in `opened` how to get one."""

    def opened(self) -> Clock:
        """A clock; asked for and used inside a running loop."""
        raise NotImplementedError

    def play(self, story: Coroutine[None, None, None]) -> None:
        """Run a story to its end; override it for a clock of simulated time."""
        asyncio.run(story)

    def test_the_time_is_in_utc(self) -> None:
        """Every look has a time zone, and it is UTC: moments from two clocks can be compared."""

        async def story() -> None:
            clock = self.opened()
            for _ in range(3):
                assert clock.now().utcoffset() == timedelta(0)

        self.play(story())

    def test_time_passes_with_the_loop(self) -> None:
        """After a pause of the loop, at least that much time has passed by the clock."""

        async def story() -> None:
            clock = self.opened()
            before = clock.now()
            await asyncio.sleep(0.02)
            # The loop wakes up to its own resolution early; the wall may be corrected a little.
            assert clock.now() - before >= timedelta(milliseconds=10)

        self.play(story())
