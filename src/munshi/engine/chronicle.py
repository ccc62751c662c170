"""Writing the story down beside the work, so that no pass waits for it or fails by it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable

from munshi.engine.ports import Event, EventLog

log = logging.getLogger("munshi.engine")

PAUSE_S = 0.1
"""Before events are recorded: those of a dozen passes then share a write. The story can wait, work not."""


class Chronicle:
    """Takes events from passes and records them in order, as many at once as have come together.

    Args:
        events: Where to.
    """

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._waiting: list[Event] = []
        self._writing: asyncio.Task[None] | None = None
        self._finishing = asyncio.Event()

    def tell(self, events: Iterable[Event]) -> None:
        """Have events recorded soon."""
        self._waiting += events
        if self._waiting and self._writing is None:
            self._writing = asyncio.ensure_future(self._write())

    async def finish(self) -> None:
        """Wait until everything told is recorded; there is no pause any more."""
        self._finishing.set()
        while self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._pause()
                batch, self._waiting = self._waiting, []
                try:
                    await self._events.record(batch)
                except Exception:
                    # A line of the story less; the work it tells of is done and kept.
                    log.warning("events were not recorded", exc_info=True)
        finally:
            self._writing = None

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PAUSE_S):
                await self._finishing.wait()
