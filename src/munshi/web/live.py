"""News as they come, by server-sent events: one look at the database for all who watch, however many.

Nobody is sent more than two changes a second of one experiment, and no queue grows: who is slow finds the
last change of each experiment and nothing else. While nobody watches, nothing is looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from munshi.errors import MunshiError, Retryable
from munshi.web.shapes import Change

LOOK_S = 0.25
APART_S = 0.5
"""Between two changes of one experiment."""
BEAT_S = 15.0
"""A comment at least so often keeps proxies from closing the line, and tells us of those who left."""
MOST = 500
"""Watchers at once; each costs a few kilobytes."""

log = logging.getLogger(__name__)
Key = tuple[str, str]


class _Watcher:
    def __init__(self) -> None:
        self.waiting: dict[Key, Change] = {}
        self.woken = asyncio.Event()


class Live:
    """Tells all who watch.

    Args:
        news: What changed since it was asked last.
    """

    def __init__(self, news: Callable[[], Awaitable[Sequence[Change]]]) -> None:
        self._ask = news
        self._watchers: set[_Watcher] = set()
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def close(self) -> None:
        """End every stream, and the looking."""
        self._closed = True
        if self._work is not None:
            self._work.cancel()
        for each in self._watchers:
            each.woken.set()

    def join(self) -> AsyncIterator[bytes]:
        """Watch; the text of an event stream.

        Raises:
            Retryable: Too many watch already.
        """
        if len(self._watchers) >= MOST:
            raise Retryable(f"{MOST} pages are watching already; close some")
        watcher = _Watcher()
        self._watchers.add(watcher)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._look())
        return self._stream(watcher)

    async def _stream(self, watcher: _Watcher) -> AsyncIterator[bytes]:
        try:
            yield b": munshi tells what changes\n\n"
            while not self._closed:
                try:
                    async with asyncio.timeout(BEAT_S):
                        await watcher.woken.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                watcher.woken.clear()
                told, watcher.waiting = watcher.waiting, {}
                if told:
                    yield b"".join(_event(each) for each in told.values())
        finally:
            self._watchers.discard(watcher)

    async def _look(self) -> None:
        """Look, and tell, until nobody watches any more."""
        loop = asyncio.get_running_loop()
        held: dict[Key, Change] = {}
        told_at: dict[Key, float] = {}
        while self._watchers:
            with contextlib.suppress(Retryable):
                try:
                    held.update({(one["namespace"], one["name"]): one for one in await self._ask()})
                except MunshiError as trouble:
                    if isinstance(trouble, Retryable):
                        raise
                    log.warning("the database cannot be looked at: %s", trouble)
            now = loop.time()
            told_at = {key: at for key, at in told_at.items() if now - at < APART_S}
            due = {key: change for key, change in held.items() if key not in told_at}
            for key in due:
                del held[key]
                told_at[key] = now
            if due:
                for watcher in self._watchers:
                    watcher.waiting.update(due)
                    watcher.woken.set()
            await asyncio.sleep(LOOK_S)


def _event(change: Change) -> bytes:
    return f"event: change\ndata: {json.dumps(change)}\n\n".encode()
