"""MemoryStore, MemoryLog and MemoryEvents: three ports of the engine in plain dicts.

For tests and simulations; they pass the same suites as SQLite (`stores`, `logs`, `events`). Everything
lives in one event loop and is gone with the object.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar, cast

from munshi.api.decode import KINDS
from munshi.api.meta import Resource
from munshi.api.trial import Trial
from munshi.engine.ports import Change, Event
from munshi.errors import Gone
from munshi.metrics.log import MetricLog, Report
from munshi.metrics.observation import Observation, observe
from munshi.store import semantics
from munshi.store.logs import nanoseconds
from munshi.store.semantics import KEPT_TOMBSTONES, Key

R = TypeVar("R", bound=Resource)


class MemoryLog:
    """The engine's ObservationLog in a dict of lists."""

    def __init__(self) -> None:
        self._logs: dict[str, list[MetricLog]] = {}
        self._origins: set[tuple[str, str]] = set()

    async def append(self, trial: Trial, logs: Sequence[MetricLog], arrived: datetime) -> int:
        """Keep values a trial reported; returns how many were new."""
        kept = self._logs.setdefault(trial.uid, [])
        before = len(kept)
        for log in logs:
            origin = (trial.uid, log.origin)
            if log.origin and origin in self._origins:
                continue
            self._origins.add(origin)
            kept.append(replace(log, time_ns=nanoseconds(arrived)) if log.time_ns is None else log)
        return len(kept) - before

    async def read(
        self, trial_uid: str, metric: str | None = None, limit: int | None = None
    ) -> Sequence[MetricLog]:
        """The values of a trial, ordered by time, then by arrival."""
        kept = [log for log in self._logs.get(trial_uid, []) if metric in (None, log.metric)]
        ordered = sorted(kept, key=lambda log: log.time_ns or 0)
        return ordered if limit is None else ordered[: max(limit, 0)]

    async def summarise(self, trial_uid: str, metrics: Sequence[str]) -> Observation:
        """The smallest, largest and latest of each metric."""
        return observe(self._logs.get(trial_uid, []), metrics)

    async def reports(self, trial_uid: str, metric: str) -> Sequence[Report]:
        """The values of one metric with their numbers, in the order they came."""
        said = [log for log in self._logs.get(trial_uid, []) if log.metric == metric]
        return [Report(number, log) for number, log in enumerate(said, 1)]

    async def forget(self, trial_uid: str) -> None:
        """Drop a trial's values."""
        for log in self._logs.pop(trial_uid, []):
            self._origins.discard((trial_uid, log.origin))


class MemoryEvents:
    """The engine's EventLog in a dict of lists."""

    def __init__(self) -> None:
        self._events: dict[str, list[Event]] = {}
        self._gone: set[str] = set()

    async def record(self, events: Sequence[Event]) -> None:
        """Keep the events in this order; those of a deleted experiment come too late."""
        for event in events:
            if event.experiment_uid not in self._gone:
                self._events.setdefault(event.experiment_uid, []).append(event)

    async def events(self, experiment_uid: str, name: str | None = None) -> Sequence[Event]:
        """An experiment's events in the order they were recorded."""
        recorded = self._events.get(experiment_uid, [])
        return [event for event in recorded if name in (None, event.name)]

    def forget(self, experiment_uid: str) -> None:
        """Drop the events of a deleted Experiment."""
        self._events.pop(experiment_uid, None)
        self._gone.add(experiment_uid)


class MemoryStore:
    """The engine's Store in a dict.

    Args:
        clock_now: The time, for creationTimestamps.
        new_uid: A fresh uid at each call.
        log: Loses the values of deleted trials, when given.
        keep: How many deletions are remembered for watches.
        events: Loses the events of deleted experiments, when given.
    """

    def __init__(
        self,
        clock_now: Callable[[], datetime],
        new_uid: Callable[[], str],
        log: MemoryLog | None = None,
        keep: int = KEPT_TOMBSTONES,
        events: MemoryEvents | None = None,
    ) -> None:
        self._now = clock_now
        self._new_uid = new_uid
        self._log = log
        self._events = events
        self._keep = keep
        self._objects: dict[Key, Resource] = {}
        self._tombstones: list[Change] = []
        self._version = 0
        self._forgotten = 0
        self._watchers: set[asyncio.Event] = set()

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """The object as last written."""
        return self._stored(kind, Key(kind.__name__, namespace, name))

    async def list(
        self, kind: type[R], namespace: str | None = None, owner_uid: str | None = None
    ) -> Sequence[R]:
        """All of a kind in (namespace, name) order."""
        return [
            found
            for key, found in sorted(self._objects.items())
            if isinstance(found, kind)
            and namespace in (None, key.namespace)
            and owner_uid in (None, semantics.owner_uid_of(found))
        ]

    async def version(self) -> int:
        """The version of the last write."""
        return self._version

    async def watch(self, since: int = 0) -> AsyncIterator[Change]:
        """What changed after `since`, oldest first, then whatever changes, for ever."""
        known = semantics.watch_floor(since, self._version)
        woken = asyncio.Event()
        self._watchers.add(woken)
        try:
            while True:
                woken.clear()
                for change in self._changes(since, max(known, since)):
                    yield change
                    since = change.version
                await woken.wait()
        finally:
            self._watchers.discard(woken)

    async def create(self, resource: R) -> R:
        """Write a new object."""
        key = semantics.key_of(resource)
        if key in self._objects:
            raise semantics.already_exists(key)
        new = semantics.created(
            resource, uid=self._new_uid(), version=self._version + 1, now=self._now()
        )
        return self._keep_object(key, new)

    async def replace(self, resource: R) -> R:
        """Write spec and metadata; status stays as stored."""
        return self._replace(resource, semantics.replaced)

    async def replace_status(self, resource: R) -> R:
        """Write status only."""
        return self._replace(resource, semantics.status_replaced)

    async def delete(self, kind: type[Resource], namespace: str, name: str, uid: str = "") -> None:
        """Delete the object and everything it owns."""
        key = Key(kind.__name__, namespace, name)
        semantics.check_uid(key, self._stored(kind, key), uid)
        doomed = [key]
        while doomed:
            gone = self._objects.pop(doomed.pop(0), None)
            if gone is None:
                continue  # two owners in a ring, and it went with the other
            self._version += 1
            form = semantics.last_form(gone, self._version)
            self._tombstones.append(Change(form, gone=True, version=self._version))
            if self._log is not None:
                await self._log.forget(gone.uid)
            if self._events is not None:
                self._events.forget(gone.uid)
            doomed += [
                owned
                for owned, found in sorted(self._objects.items())
                if semantics.owner_uid_of(found) == gone.uid
            ]
        while len(self._tombstones) > self._keep:
            self._forgotten = self._tombstones.pop(0).version
        self._wake()

    def _changes(self, since: int, known: int) -> builtins.list[Change]:
        if self._forgotten > known:
            raise Gone(f"deletions up to version {self._forgotten} are no longer kept; list again")
        living = [
            Change(found, gone=False, version=int(found.metadata.resource_version))
            for found in self._objects.values()
        ]
        dead = [change for change in self._tombstones if change.version > known]
        fresh = [change for change in living if change.version > since]
        return sorted(fresh + dead, key=lambda change: change.version)

    def _stored(self, kind: type[R], key: Key) -> R:
        found = self._objects.get(key)
        if found is None:
            raise semantics.not_found(key)
        return cast("R", found)

    def _replace(self, resource: R, change: Callable[[R, R, int], R]) -> R:
        key = semantics.key_of(resource)
        stored = self._stored(type(resource), key)
        new = change(stored, resource, self._version + 1)
        return stored if new is stored else self._keep_object(key, new)

    def _keep_object(self, key: Key, new: R) -> R:
        """Through JSON and back, so that what a real database would refuse or change shows here too."""
        kept = cast("R", KINDS[key.kind].model_validate_json(semantics.body_of(new)))
        self._version += 1
        self._objects[key] = kept
        self._wake()
        return kept

    def _wake(self) -> None:
        for woken in self._watchers:
            woken.set()
