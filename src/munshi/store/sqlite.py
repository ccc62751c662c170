"""SqlStore: the engine's Store, ObservationLog and EventLog over one SQLite file.

Opened by `local` for a run and by `cli` for a look; any number of programs may have the same file open
at once. Writes go through one thread that commits them in groups (`writer`), reads through another, so
the event loop never waits for a disk. A watch is woken at once by this store's own commits and looks
every 100 ms for those of other programs.

What this file refuses to know: what a write makes of an object (`semantics`) and how rows are kept
(`objects`, `logs`, `events`).
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine

from munshi.api.meta import Resource
from munshi.api.trial import Trial
from munshi.engine.ports import Change, Event
from munshi.errors import StoreBusy
from munshi.metrics.log import MetricLog, Report
from munshi.metrics.observation import Observation
from munshi.store import events, failures, logs, objects, schema, semantics
from munshi.store.semantics import KEPT_TOMBSTONES, Key
from munshi.store.writer import Writer

R = TypeVar("R", bound=Resource)
T = TypeVar("T")

_LOOK_S = 0.1
_PAGE = 500
BUSY_TIMEOUT = timedelta(seconds=5)


class SqlStore:
    """The engine's Store, ObservationLog and EventLog in one SQLite file; see `engine.ports`.

    Deleting an object deletes what it owns, the values that deleted trials reported and the events of
    deleted experiments: gone is gone.
    Made by `open`; its methods may be called from any event loop of the process until it is closed.
    """

    def __init__(
        self,
        engine: Engine,
        path: Path,
        clock_now: Callable[[], datetime],
        new_uid: Callable[[], str],
        keep: int = KEPT_TOMBSTONES,
        *,
        elsewhere: bool = False,
    ) -> None:
        self._path = path
        self._elsewhere = elsewhere
        self._engine = engine
        self._shelf = objects.Shelf()
        self._lent = (clock_now, new_uid, keep)
        self._watchers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._closed = False
        self._reading: Connection | None = None  # the reader thread's own
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="munshi-store-reader")
        self._writer = Writer(
            engine, path, self._begin, objects.Ledger.close, committed=self._wake_watchers
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        clock_now: Callable[[], datetime],
        new_uid: Callable[[], str],
        *,
        busy_timeout: timedelta = BUSY_TIMEOUT,
        keep: int = KEPT_TOMBSTONES,
        reading: bool = False,
        elsewhere: bool = False,
    ) -> AsyncIterator[SqlStore]:
        """Open the file, making or upgrading it if need be, for the length of a block.

        Leaving the block finishes the writes that were asked for, ends the watches and joins both
        threads.

        Args:
            path: The database file.
            clock_now: The time, for creationTimestamps; called in the writer's thread.
            new_uid: A fresh uid at each call; called in the writer's thread.
            busy_timeout: How long a write waits for other programs' locks before StoreBusy.
            keep: How many deletions are remembered for watches.
            reading: Nothing is to be written: a file that cannot be will do, if its schema is the newest.
            elsewhere: Objects are kept by somebody else (a cluster); here are values and events only,
                until `keep_only` says what they still belong to.

        Raises:
            Terminal: The file cannot be used (not writable, damaged, newer, somebody else's).
            StoreBusy: It is locked, or the disk is full.
        """
        engine = await asyncio.to_thread(schema.open_engine, path, busy_timeout, reading=reading)
        store = cls(engine, path, clock_now, new_uid, keep, elsewhere=elsewhere)
        try:
            yield store
        finally:
            store.close()

    def close(self) -> None:
        """Finish what was asked for and let go of the file; blocks for that long. Twice is fine."""
        self._closed = True
        self._writer.close()
        self._reader.shutdown()
        self._hang_up()
        self._wake_watchers()
        self._engine.dispose()

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """The object as last written."""
        key = Key(kind.__name__, namespace, name)
        return await self._read(lambda rows: objects.get(rows, self._shelf, kind, key))

    async def list(
        self, kind: type[R], namespace: str | None = None, owner_uid: str | None = None
    ) -> Sequence[R]:
        """All of a kind in (namespace, name) order."""
        return await self._read(
            lambda rows: objects.find(rows, self._shelf, kind, namespace, owner_uid)
        )

    async def version(self) -> int:
        """The version of the last write."""
        return (await self._read(objects.counter))[0]

    async def watch(self, since: int = 0) -> AsyncIterator[Change]:
        """What changed after `since`, then whatever changes; ends only when the store is closed.

        A watch from 0 knows nothing, so it is told what is there and not what was deleted before.
        """
        woken = asyncio.Event()
        self._watchers[woken] = asyncio.get_running_loop()
        try:
            last = await self.version()
            known = semantics.watch_floor(since, last)
            while not self._closed:
                woken.clear()
                changes = await self._changes(since, known)
                for version, resource, gone in changes:
                    yield Change(resource, gone, version)
                    since = version
                if len(changes) < _PAGE:
                    await _either(woken, _LOOK_S)
        finally:
            del self._watchers[woken]

    async def create(self, resource: R) -> R:
        """Write a new object."""
        new = await self._writer.do(lambda ledger: objects.create(ledger, resource))
        return self._shelf.keep(new)

    async def replace(self, resource: R) -> R:
        """Write spec and metadata; status stays as stored."""
        return await self._replace(resource, semantics.replaced)

    async def replace_status(self, resource: R) -> R:
        """Write status only."""
        return await self._replace(resource, semantics.status_replaced)

    async def delete(self, kind: type[Resource], namespace: str, name: str, uid: str = "") -> None:
        """Delete the object, all it owns, the values of deleted trials and the events of experiments."""
        key = Key(kind.__name__, namespace, name)
        await self._writer.do(lambda ledger: objects.remove(ledger, key, uid))

    async def append(self, trial: Trial, logs_: Sequence[MetricLog], arrived: datetime) -> int:
        """Keep values a trial reported; returns how many were new."""
        if not logs_:
            return 0
        return await self._writer.do(
            lambda ledger: logs.append(ledger.connection, trial, logs_, arrived)
        )

    async def read(
        self, trial_uid: str, metric: str | None = None, limit: int | None = None
    ) -> Sequence[MetricLog]:
        """The values of a trial, ordered by time, then by arrival."""
        return await self._read(lambda rows: logs.read(rows, trial_uid, metric, limit))

    async def summarise(self, trial_uid: str, metrics: Sequence[str]) -> Observation:
        """The exact smallest, largest and latest of all that was appended."""
        return await self._read(lambda rows: logs.summarise(rows, trial_uid, metrics))

    async def reports(self, trial_uid: str, metric: str) -> Sequence[Report]:
        """The values of one metric with their numbers, in the order they came."""
        return await self._read(lambda rows: logs.reports(rows, trial_uid, metric))

    async def forget(self, trial_uid: str) -> None:
        """Drop a trial's values."""
        await self._writer.do(lambda ledger: logs.forget(ledger.connection, trial_uid))

    async def record(self, events_: Sequence[Event]) -> None:
        """Keep events in this order."""
        elsewhere = self._elsewhere
        await self._writer.do(
            lambda ledger: events.record(ledger.connection, events_, elsewhere=elsewhere)
        )

    async def events(self, experiment_uid: str, name: str | None = None) -> Sequence[Event]:
        """An experiment's events in the order they were recorded; only the object's of that name."""
        return await self._read(lambda rows: events.read(rows, experiment_uid, name))

    async def forget_events(self, experiment_uid: str) -> None:
        """Drop the events of an Experiment; for a store whose objects are elsewhere."""
        await self._writer.do(lambda ledger: events.forget(ledger.connection, experiment_uid))

    async def keep_only(self, trials: Container[str], experiments: Container[str]) -> int:
        """Drop the values of all other trials and the events of all other experiments, by their uids.

        For a store whose objects are elsewhere.

        Returns:
            Of how many trials and experiments something was dropped.
        """
        return await self._writer.do(lambda ledger: _keep_only(ledger, trials, experiments))

    async def _replace(self, resource: R, change: Callable[[R, R, int], R]) -> R:
        new = await self._writer.do(lambda ledger: objects.replace(ledger, resource, change))
        return self._shelf.keep(new, resource.metadata.resource_version)

    async def _changes(self, since: int, known: int) -> builtins.list[tuple[int, Resource, bool]]:
        if self._closed:
            return []
        return await self._read(
            lambda rows: objects.changes(rows, self._shelf, since, known, _PAGE)
        )

    async def _read(self, work: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StoreBusy(f"the database {self._path} is closed")

        def in_thread() -> T:
            with failures.in_plain_words(self._path):
                if self._reading is None:
                    self._reading = self._engine.connect()
                try:
                    return work(self._reading)
                except BaseException:
                    self._hang_up()
                    raise

        return await asyncio.get_running_loop().run_in_executor(self._reader, in_thread)

    def _hang_up(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _begin(self, connection: Connection) -> objects.Ledger:
        now, new_uid, keep = self._lent
        version, forgotten = objects.counter(connection)
        return objects.Ledger(connection, version, forgotten, self._shelf, now, new_uid, keep)

    def _wake_watchers(self) -> None:
        for woken, loop in tuple(self._watchers.items()):
            try:
                loop.call_soon_threadsafe(woken.set)
            except RuntimeError:
                continue  # that loop was closed with its watch half way


def _keep_only(ledger: objects.Ledger, trials: Container[str], experiments: Container[str]) -> int:
    strange = [uid for uid in logs.trials(ledger.connection) if uid not in trials]
    for uid in strange:
        logs.forget(ledger.connection, uid)
    others = [uid for uid in events.experiments(ledger.connection) if uid not in experiments]
    for uid in others:
        events.forget(ledger.connection, uid)
    return len(strange) + len(others)


async def _either(event: asyncio.Event, most_s: float) -> None:
    """Return when the event is set, or after `most_s` seconds."""
    try:
        async with asyncio.timeout(most_s):
            await event.wait()
    except TimeoutError:
        return
