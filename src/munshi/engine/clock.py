"""The two smallest adapters: the wall clock, and a suggester in a thread of this process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from munshi import algorithms
from munshi.algorithms import Reply, Request


class WallClock:
    """The only place that looks at the wall."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the Clock adapter


class ThreadSuggester:
    """Asks algorithms in a worker thread, so that they never block the loop."""

    async def suggest(self, algorithm: str, request: Request) -> Reply:
        """See `ports.Suggester`."""
        return await asyncio.to_thread(_suggest, algorithm, request)


def _suggest(algorithm: str, request: Request) -> Reply:
    return algorithms.find(algorithm).suggest(request)
