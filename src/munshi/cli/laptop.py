"""This machine as a place of experiments: $MUNSHI_HOME, and what runs here."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar

from munshi.cli import finding, home
from munshi.cli.places import Document, News, Notes, Output, Story
from munshi.errors import Gone, StoreBusy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munshi.api.experiment import Experiment
    from munshi.api.meta import Resource
    from munshi.api.trial import Trial
    from munshi.cli.home import Stored
    from munshi.local.home import Home
    from munshi.metrics.log import MetricLog
    from munshi.store.sqlite import SqlStore

    R = TypeVar("R", bound=Resource)

LOOK_S = 0.2
"""How often one looks for changes; people and scripts notice no less."""


class Laptop:
    """Implements `places.Place`."""

    namespace = home.DEFAULT_NAMESPACE
    flags = ""

    @contextmanager
    def look(self) -> Iterator[Seen]:
        """See `Place.look`; quick, for nothing is loaded that the store is made of."""
        with home.look() as stored:
            yield Seen(stored)

    @asynccontextmanager
    async def open(self, *, reading: bool = False) -> AsyncIterator[Books]:
        """See `Place.open`."""
        opened = home.open_home()
        async with opened.store(reading=reading) as store:
            yield Books(opened, store)

    def log_of(self, trial: Trial) -> str:
        """See `Place.log_of`: the file."""
        from munshi.cli import outputs  # noqa: PLC0415 - tables and help read no logs

        return str(home.open_home().trial_folder(trial) / outputs.LOG)


class Seen:
    """Implements `places.Glance`.

    The database has no bell, so it is looked at a few times a second: one small question, answered in
    microseconds while nothing happens.
    """

    def __init__(self, stored: Stored, pause: Callable[[float], None] = time.sleep) -> None:
        self._stored, self._pause = stored, pause

    def list(self, kind: str, namespace: str | None = None, labels: str = "") -> list[Document]:
        """See `Glance.list`."""
        del labels
        return self._stored.list(kind, namespace)

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """See `Glance.get`."""
        return self._stored.get(kind, namespace, name)

    def names(self, kind: str, namespace: str, name: str) -> Iterable[tuple[str, str]]:
        """See `Glance.names`: all there are."""
        del namespace, name
        return [finding.placed(other) for other in self._stored.list(kind)]

    def follow(self, kind: str, namespace: str | None = None, labels: str = "") -> Iterator[News]:
        """See `Glance.follow`."""
        # The version first: what changes between the two questions is told twice, never missed.
        seen = self._stored.version()
        there = self.list(kind, namespace, labels)
        held = {finding.placed(one): one for one in there}
        yield [(one, False) for one in there]
        while True:
            self._pause(LOOK_S)
            try:
                changes = [each for each in self._stored.changes(seen) if each[1]["kind"] == kind]
            except StoreBusy:
                continue  # it will be less busy the next time
            except Gone:  # too much happened to be told one by one
                seen = self._stored.version()
                now = {finding.placed(one): one for one in self.list(kind, namespace, labels)}
                gone = [(one, True) for key, one in held.items() if key not in now]
                held = now
                yield [*gone, *((one, False) for one in now.values())]
                continue
            for version, one, is_gone in changes:
                seen = max(seen, version)
                held.pop(finding.placed(one), None)
                if not is_gone:
                    held[finding.placed(one)] = one
            if changes:
                yield [(one, gone) for _, one, gone in changes]

    def print_log(self, trial: Document, wanted: Output) -> None:
        """See `Glance.print_log`."""
        from munshi.cli import following  # noqa: PLC0415 - tables and help read no logs

        following.print_log(self, trial, wanted)


class Books:
    """Implements `places.Desk`: the store, and the programs of this machine."""

    def __init__(self, opened: Home, store: SqlStore) -> None:
        self._home, self._store = opened, store

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """See `Records.get`."""
        return await self._store.get(kind, namespace, name)

    async def list(
        self, kind: type[R], namespace: str | None = None, owner_uid: str | None = None
    ) -> Sequence[R]:
        """See `Records.list`."""
        return await self._store.list(kind, namespace, owner_uid)

    async def names(
        self, kind: type[Resource], namespace: str, name: str
    ) -> Iterable[tuple[str, str]]:
        """See `Records.names`: all there are."""
        del namespace, name
        return [(other.namespace, other.name) for other in await self._store.list(kind)]

    async def values(self, trial: Trial, metric: str | None = None) -> Sequence[MetricLog]:
        """See `Records.values`."""
        return await self._store.read(trial.uid, metric)

    async def story(self, one: Experiment | Trial) -> Story:
        """See `Records.story`: what the engine wrote down."""
        if one.kind == "Experiment":
            return Story(await self._store.events(one.uid))
        owner = one.metadata.controller()
        events = await self._store.events(owner.uid if owner else "", one.name)
        return Story([event for event in events if event.uid in ("", one.uid)])

    async def last_words(self, trial: Trial, lines: int) -> Sequence[str]:
        """See `Records.last_words`: of its log."""
        from munshi.cli import outputs  # noqa: PLC0415 - only describe reads logs

        return outputs.last_words(self._home.trial_folder(trial) / outputs.LOG, lines)

    async def annotate(self, one: Experiment | Trial, notes: Notes) -> None:
        """See `Desk.annotate`."""
        wanted = {**one.metadata.annotations, **notes}
        kept = {key: text for key, text in wanted.items() if text is not None}
        meta = one.metadata.model_copy(update={"annotations": kept})
        await self._store.replace(one.model_copy(update={"metadata": meta}))

    async def delete(self, one: Resource) -> None:
        """See `Desk.delete`."""
        await home.delete(self._home, one.kind, one.namespace, one.name)

    def is_driven(self, experiment: Experiment) -> bool:
        """See `Desk.is_driven`."""
        return self._home.is_driven(experiment.namespace, experiment.name)

    async def end(self, one: Experiment | Trial) -> None:
        """See `Desk.end`."""
        from munshi.api.experiment import Experiment  # noqa: PLC0415 - as below
        from munshi.local import stopping  # noqa: PLC0415 - what drives trials takes a while to load

        if isinstance(one, Experiment):
            if not self.is_driven(one):
                await stopping.finish_experiment(self._home, self._store, one)
        else:
            await stopping.finish_trial(self._home, self._store, one)
