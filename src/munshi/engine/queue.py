"""Which object to look at next: each at most once at a time, failures with growing pauses.

A trial is passed over beside all others; an Experiment, its Suggestion and the answers to it share a
lane, because they write the same two objects. What is asked for while its lane is busy comes after it.
As in client-go's workqueue, a key that is asked for thrice meanwhile comes once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from enum import IntEnum
from typing import NamedTuple

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 30.0
DOUBLINGS = 10
"""More make no difference, and a thousand are too many for a float."""


class Kind(IntEnum):
    """What a key names."""

    TRIAL = 0
    EXPERIMENT = 1
    SUGGESTION = 2
    ANSWER = 3
    """The algorithm's answer, which comes by itself; its pass asks again after a failure."""


class Key(NamedTuple):
    """One object to look at; `trial` is empty for the other kinds. A tuple, for it is looked up all day."""

    kind: Kind
    experiment_uid: str
    trial: str = ""

    @property
    def lane(self) -> tuple[str, str]:
        """Keys with the same lane are never passed over at the same time."""
        return self.experiment_uid, self.trial


class WorkQueue:
    """Keys that want a pass. Adding a key twice before its pass means one pass."""

    def __init__(self) -> None:
        self._ready: dict[Key, None] = {}
        self._busy: dict[tuple[str, str], asyncio.Event] = {}
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

    def __len__(self) -> int:
        """How many keys wait for their pass; timers do not count."""
        return len(self._ready)

    @property
    def is_empty(self) -> bool:
        """Nothing waits, not even for a timer, and no pass is under way."""
        return not (self._ready or self._timers or self._busy)

    async def take(self) -> list[Key]:
        """The keys whose lane is free, one a lane, once there is one; `done` frees the lanes again.

        Their timers have no more to say.
        """
        while not (free := self._free()):
            self._wake.clear()
            await self._wake.wait()
        for key in free:
            del self._ready[key]
            self._busy[key.lane] = asyncio.Event()
            timer = self._timers.pop(key, None)
            if timer is not None:
                timer.cancel()
        return free

    def done(self, key: Key) -> None:
        """The pass of a key that was taken is over."""
        self._busy.pop(key.lane).set()
        self._wake.set()

    async def no_pass_of(self, key: Key) -> None:
        """Wait until no pass in the key's lane is under way."""
        while key.lane in self._busy:
            await self._busy[key.lane].wait()

    def close(self) -> None:
        """Cancel the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _due(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _free(self) -> list[Key]:
        first: dict[tuple[str, str], Key] = {}
        for key in self._ready:
            if key.lane not in self._busy:
                first.setdefault(key.lane, key)
        return list(first.values())
