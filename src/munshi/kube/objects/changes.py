"""What several collections hold together, with one count of their changes.

The API server numbers changes too, but its watches are independent of each other: of two collections
either may tell of its later change first. A reader that asks "what came after 105?" would miss what
happened at 103. So changes are counted here in the order in which they arrive. A number is the object's
resourceVersion wherever that is higher than the last, which is almost always.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import takewhile

from munshi.api.meta import Resource
from munshi.engine.ports import Change
from munshi.errors import Gone
from munshi.store import semantics
from munshi.store.semantics import Key


class Changes:
    """Objects as they are now, and the deletions not long ago; for one event loop.

    Args:
        keep: How many deletions are remembered.
    """

    def __init__(self, keep: int) -> None:
        self.version = 0
        """The number of the last change."""
        self._keep = keep
        self._latest: dict[Key, Change] = {}  # in the order of their numbers
        self._gone: deque[Change] = deque()
        self._forgotten = 0
        self._waiting: set[asyncio.Event] = set()

    def get(self, key: Key) -> Resource | None:
        """The object of that name as it is now."""
        found = self._latest.get(key)
        return found.resource if found else None

    def of(self, kind: str) -> list[tuple[Key, Resource]]:
        """All objects of a kind, in the order of lists."""
        return sorted(
            ((key, found.resource) for key, found in self._latest.items() if key.kind == kind),
            key=lambda each: each[0],
        )

    def reach(self, version: int) -> None:
        """Go on counting from there, unless we are further."""
        self.version = max(self.version, version)

    def put(self, key: Key, resource: Resource) -> None:
        """An object is there, or is another than before."""
        self._latest.pop(key, None)
        self._latest[key] = Change(resource, gone=False, version=self._next(resource))
        self._wake()

    def drop(self, key: Key, last: Resource | None) -> None:
        """An object is gone; `last` is its last form, where one is known that is later than ours."""
        held = self._latest.pop(key, None)
        if held is None:
            return
        last = last if last is not None and last.uid == held.resource.uid else held.resource
        self._gone.append(Change(last, gone=True, version=self._next(last)))
        while len(self._gone) > self._keep:
            self._forgotten = self._gone.popleft().version
        self._wake()

    async def watch(self, since: int) -> AsyncIterator[Change]:
        """See `engine.ports.Reader.watch`."""
        known = semantics.watch_floor(since, self.version)
        woken = asyncio.Event()
        self._waiting.add(woken)
        try:
            while True:
                woken.clear()
                for change in self._after(since, max(known, since)):
                    yield change
                    since = change.version
                await woken.wait()
        finally:
            self._waiting.discard(woken)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; it is asked after every change."""
        woken = asyncio.Event()
        self._waiting.add(woken)
        try:
            while not holds():
                woken.clear()
                await woken.wait()
        finally:
            self._waiting.discard(woken)

    def _after(self, since: int, known: int) -> list[Change]:
        if self._forgotten > known:
            raise Gone(f"deletions up to change {self._forgotten} are no longer kept; list again")
        living = takewhile(lambda change: change.version > since, reversed(self._latest.values()))
        dead = takewhile(lambda change: change.version > known, reversed(self._gone))
        return sorted((*living, *dead), key=lambda change: change.version)

    def _next(self, resource: Resource) -> int:
        number = resource.metadata.resource_version
        self.version = max(self.version + 1, int(number) if number.isdecimal() else 0)
        return self.version

    def _wake(self) -> None:
        for woken in self._waiting:
            woken.set()
