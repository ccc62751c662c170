"""The in-memory adapters keep the ports' contracts."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path

from munshi.engine.ports import EventLog, ObservationLog, Store
from munshi.testing.events import EventLogContract
from munshi.testing.logs import NOON, ObservationLogContract
from munshi.testing.memory import MemoryEvents, MemoryLog, MemoryStore
from munshi.testing.stores import StoreContract


class TestMemoryStore(StoreContract):
    """MemoryStore against the suite."""

    def opened(self, folder: Path, keep: int = 1_000) -> AbstractAsyncContextManager[Store]:
        """A new store."""
        return _store(keep)


class TestMemoryLog(ObservationLogContract):
    """MemoryLog against the suite."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[ObservationLog]:
        """A new log."""
        return _log()


class TestMemoryEvents(EventLogContract):
    """MemoryEvents against the suite."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[tuple[Store, EventLog]]:
        """A new store with its events."""
        return _store_with_events()


@asynccontextmanager
async def _store_with_events() -> AsyncIterator[tuple[Store, EventLog]]:
    numbers, events = count(1), MemoryEvents()
    yield MemoryStore(lambda: NOON, lambda: f"uid-{next(numbers)}", events=events), events


@asynccontextmanager
async def _store(keep: int) -> AsyncIterator[Store]:
    numbers = count(1)
    yield MemoryStore(lambda: NOON, lambda: f"uid-{next(numbers)}", keep=keep)


@asynccontextmanager
async def _log() -> AsyncIterator[ObservationLog]:
    yield MemoryLog()
