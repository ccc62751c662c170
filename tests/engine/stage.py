"""Everything an engine needs, in memory and in simulated time; with a store that may misbehave."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from random import Random
from typing import TypeVar

from munshi import algorithms
from munshi.algorithms import Reply, Request
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.engine.engine import Engine
from munshi.engine.ports import Change, Event, Services, Store
from munshi.engine.thrift import LOCAL, Thrift
from munshi.errors import Conflict, StoreBusy
from munshi.testing.clock import SimulatedClock
from munshi.testing.launcher import Play, Script, ScriptedLauncher
from munshi.testing.memory import MemoryEvents, MemoryLog, MemoryStore

R = TypeVar("R", bound=Resource)
T = TypeVar("T")
HOURS_S = 4 * 3600.0


class DirectSuggester:
    """Asks the algorithm at once, in this thread; or breaks, as a test says."""

    def __init__(self, breaks: Callable[[Request], None] = lambda _: None) -> None:
        self._breaks = breaks
        self.asked = 0

    async def suggest(self, algorithm: str, request: Request) -> Reply:
        """See `ports.Suggester`."""
        self.asked += 1
        await asyncio.sleep(0.01)
        self._breaks(request)
        return algorithms.find(algorithm).suggest(request)


class FlakyStore:
    """A Store in front of another: slow, late with its news; at times it fails, even after a write."""

    def __init__(self, store: Store, chance: Random, failing: float) -> None:
        self._store, self._chance, self.failing = store, chance, failing

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """See `ports.Reader`."""
        return await self._risky(self._store.get(kind, namespace, name))

    async def list(
        self, kind: type[R], namespace: str | None = None, owner_uid: str | None = None
    ) -> Sequence[R]:
        """See `ports.Reader`."""
        return await self._risky(self._store.list(kind, namespace, owner_uid))

    async def watch(self, since: int = 0) -> AsyncIterator[Change]:
        """See `ports.Reader`; news arrive late."""
        async for change in self._store.watch(since):
            await asyncio.sleep(self._chance.random() * 0.3)
            yield change
            if self._chance.random() < self.failing / 4:
                raise StoreBusy("the watch broke")

    async def version(self) -> int:
        """See `ports.Reader`."""
        return await self._store.version()

    async def create(self, resource: R) -> R:
        """See `ports.Writer`."""
        return await self._risky(self._store.create(resource))

    async def replace(self, resource: R) -> R:
        """See `ports.Writer`."""
        return await self._risky(self._store.replace(resource))

    async def replace_status(self, resource: R) -> R:
        """See `ports.Writer`."""
        return await self._risky(self._store.replace_status(resource))

    async def delete(self, kind: type[Resource], namespace: str, name: str, uid: str = "") -> None:
        """See `ports.Writer`."""
        await self._risky(self._store.delete(kind, namespace, name, uid))

    async def _risky(self, work: Awaitable[T]) -> T:
        task = asyncio.ensure_future(work)
        luck = self._chance.random()
        if luck < self.failing / 2:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise self._chance.choice([StoreBusy("locked"), Conflict("somebody was faster")])
        done = await task
        await asyncio.sleep(self._chance.random() * 0.02)
        if luck < self.failing:
            raise StoreBusy("written, but the answer was lost")
        return done


class Story(MemoryEvents):
    """An event log that is slow, and may break."""

    breaks = False

    async def record(self, events: Sequence[Event]) -> None:
        """See `ports.EventLog`."""
        await asyncio.sleep(0.01)
        if self.breaks:
            raise StoreBusy("no room for stories")
        await super().record(events)


class Stage:
    """A store, a log and a launcher that outlive the engines that play on it."""

    def __init__(
        self,
        play: Play = lambda _: Script(),
        *,
        failing: float = 0.0,
        seed: int = 0,
        suggester: DirectSuggester | None = None,
        services: Services | None = None,
        thrift: Thrift = LOCAL,
    ) -> None:
        self.thrift, self.services = thrift, services
        self.clock = SimulatedClock()
        uids = count()
        self.log = MemoryLog()
        self.story = Story()
        self.store = MemoryStore(self.clock.now, lambda: f"uid-{next(uids)}", self.log)
        self.seen: Store = self.store
        if failing:
            self.seen = FlakyStore(self.store, Random(seed), failing)  # noqa: S311 - accidents, not secrets
        self.launcher = ScriptedLauncher(play, self.log, self.clock)
        self.suggester = suggester or DirectSuggester()
        self.created: builtins.list[str] = []

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """An engine at work, cancelled in the end."""
        engine = Engine(
            self.seen,
            self.log,
            self.launcher,
            self.suggester,
            self.clock,
            events=self.story,
            services=self.services,
            thrift=self.thrift,
        )
        task = asyncio.ensure_future(engine.run())
        try:
            yield engine
        finally:
            task.cancel()
            outcome = (await asyncio.gather(task, return_exceptions=True))[0]
            if not isinstance(outcome, asyncio.CancelledError):
                raise AssertionError("the engine broke") from outcome

    async def play(self, experiment: Experiment) -> Experiment:
        """Run an experiment to its end with one engine."""
        await self.store.create(experiment)
        return await self.go_on()

    async def go_on(self) -> Experiment:
        """Let an engine work until it is at rest."""
        async with self.engine() as engine:
            await self.until(lambda: bool(engine.mirror.experiments) and engine.is_at_rest())
        return await self.experiment()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait, in simulated time, for hours if need be."""
        loop = asyncio.get_running_loop()
        end = loop.time() + HOURS_S
        while not true():
            if loop.time() > end:
                raise AssertionError("it never happened")
            await asyncio.sleep(0.05)

    async def experiment(self) -> Experiment:
        """The experiment as it is stored."""
        (found,) = await self.store.list(Experiment)
        return found

    async def suggestion(self) -> Suggestion:
        """Its Suggestion as it is stored."""
        (found,) = await self.store.list(Suggestion)
        return found

    async def trials(self) -> builtins.list[Trial]:
        """Its trials as they are stored, in suggestion order."""
        found = await self.store.list(Trial)
        return sorted(found, key=lambda t: int(t.metadata.annotations["munshi/suggestion-index"]))
