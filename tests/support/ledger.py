"""A real home with a real database, written from outside while a command looks at it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from munshi.api.meta import Resource
from munshi.api.trial import Trial
from munshi.errors import AlreadyExists
from munshi.local import place
from munshi.local.home import Home
from munshi.store.sqlite import SqlStore

R = TypeVar("R", bound=Resource)


class Ledger:
    """$MUNSHI_HOME at a path."""

    def __init__(self, path: Path) -> None:
        self.home = Home(path)

    def put(self, *objects: Resource) -> None:
        """Have these objects there, with their status; new ones are created."""

        async def write(store: SqlStore) -> None:
            for one in objects:
                with contextlib.suppress(AlreadyExists):
                    await store.create(one)
                kept = await store.get(type(one), one.namespace, one.name)
                spec = {"spec": getattr(one, "spec")}  # noqa: B009 - not every Resource has one
                labels = kept.metadata.model_copy(update={"labels": one.metadata.labels})
                kept = await store.replace(kept.model_copy(update={**spec, "metadata": labels}))
                status = {"status": getattr(one, "status")}  # noqa: B009
                await store.replace_status(kept.model_copy(update=status))

        self._write(write)

    def delete(self, kind: type[Resource], name: str, namespace: str = "default") -> None:
        """Have an object there no more."""

        async def write(store: SqlStore) -> None:
            await store.delete(kind, namespace, name)

        self._write(write)

    def get(self, kind: type[R], name: str, namespace: str = "default") -> R:
        """An object as it is kept."""
        found: list[R] = []

        async def read(store: SqlStore) -> None:
            found.append(await store.get(kind, namespace, name))

        self._write(read)
        return found[0]

    def writes(self, trial: Trial, text: bytes, log: str = place.LOG) -> Path:
        """Let the present attempt of a trial write into one of its logs."""
        kept = self.get(Trial, trial.name, trial.namespace)
        folder = self.home.trial_folder(kept)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / log).open("ab") as file:
            file.write(text)
        return folder / log

    def _write(self, work: Callable[[SqlStore], Awaitable[None]]) -> None:
        async def opened() -> None:
            async with self.home.store() as store:
                await work(store)

        asyncio.run(opened())
