"""A real home with a real database, filled with objects as an engine leaves them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.engine.ports import Event
from munshi.local.home import Home
from munshi.store.sqlite import SqlStore

R = TypeVar("R", Experiment, Trial)
T = TypeVar("T")


class RealHome:
    """$MUNSHI_HOME at a path.

    Attributes:
        home: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.home = Home(path)

    def ask(self, work: Callable[[SqlStore], Awaitable[T]]) -> T:
        """Open the store, do some work, close it."""

        async def opened() -> T:
            async with self.home.store() as store:
                return await work(store)

        return asyncio.run(opened())

    def holds(self, one: R) -> R:
        """Store an object with its status; it keeps no uid of its own."""

        async def write(store: SqlStore) -> R:
            meta = one.metadata.model_copy(update={"uid": "", "resource_version": ""})
            made = await store.create(one.model_copy(update={"metadata": meta}))
            return await store.replace_status(made.model_copy(update={"status": one.status}))

        return self.ask(write)

    def owned(self, trial: Trial, owner: Experiment) -> Trial:
        """Store a trial of a stored experiment."""
        meta = trial.metadata.model_copy(update={"owner_references": (owner.owned_by(),)})
        return self.holds(trial.model_copy(update={"metadata": meta}))

    def get(self, one: R) -> R:
        """The object as it is stored now."""
        return self.ask(lambda store: store.get(type(one), one.namespace, one.name))

    def notes(self, one: R) -> dict[str, str]:
        """The annotations `munshi/…` of a stored object, without the prefix."""
        found = self.get(one).metadata.annotations
        return {key.removeprefix("munshi/"): text for key, text in found.items()}

    def happened(self, events: Sequence[Event]) -> None:
        """Record events."""
        self.ask(lambda store: store.record(events))
