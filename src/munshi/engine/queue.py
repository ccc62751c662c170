"""Which object to look at next: each key at most once at a time, failures with growing pauses."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 30.0
DOUBLINGS = 10
"""More make no difference, and a thousand are too many for a float."""


class Kind(Enum):
    """What a key names; in the order in which a round looks at them."""

    TRIAL = 0
    EXPERIMENT = 1
    SUGGESTION = 2
    ANSWER = 3
    """The algorithm's answer, which comes between rounds; its pass asks again after a failure."""


@dataclass(frozen=True, slots=True)
class Key:
    """One object to look at; `trial` is empty for the other kinds."""

    kind: Kind
    experiment_uid: str
    trial: str = ""


class WorkQueue:
    """Keys that want a pass. Adding a key twice before its pass means one pass."""

    def __init__(self) -> None:
        self._ready: dict[Key, None] = {}
        self._wake = asyncio.Event()
        self._failures: defaultdict[Key, int] = defaultdict(int)
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def add(self, key: Key) -> None:
        """Ask for a pass as soon as may be."""
        self._ready[key] = None
        self._wake.set()

    def add_later(self, key: Key, after: timedelta) -> None:
        """Ask for a pass after a while; an earlier timer of the same key stands."""
        if key in self._timers:
            return
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(after.total_seconds(), self._due, key)

    def retry(self, key: Key, after: timedelta | None = None) -> None:
        """Ask for another pass after a failed one: the pause doubles with every failure."""
        self._failures[key] += 1
        doublings = min(self._failures[key] - 1, DOUBLINGS)
        pause = min(FIRST_PAUSE_S * 2**doublings, LONGEST_PAUSE_S)
        self.add_later(key, after or timedelta(seconds=pause))

    def failures(self, key: Key) -> int:
        """How often in a row the key's pass failed."""
        return self._failures.get(key, 0)

    def succeeded(self, key: Key) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    @property
    def is_empty(self) -> bool:
        """Nothing waits, not even for a timer."""
        return not self._ready and not self._timers

    async def take(self) -> list[Key]:
        """All keys that are ready, once there is one; their timers have no more to say."""
        await self._wake.wait()
        self._wake.clear()
        keys, self._ready = list(self._ready), {}
        for key in keys:
            timer = self._timers.pop(key, None)
            if timer is not None:
                timer.cancel()
        return keys

    def close(self) -> None:
        """Cancel the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _due(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)
