"""$MUNSHI_HOME, where the laptop's verbs find stored objects; and the time of day.

The local runtime owns it; this module says what the verbs need of it and opens it late, so that no help
page loads a database. There are two ways in: `open_home`, to the store with its typed objects, and
`look`, to the same objects as plain dicts in wire form. `laptop` makes a place of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from munshi.errors import StoreBusy

if TYPE_CHECKING:
    from munshi.cli.places import Document
    from munshi.local.home import Home

DEFAULT_NAMESPACE = "default"


class Stored(Protocol):
    """Stored objects as documents, as they are at the moment of asking."""

    def list(self, kind: str, namespace: str | None = None) -> list[Document]:
        """All of a kind in (namespace, name) order; None means every namespace."""
        ...

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """The object; None when there is none."""
        ...

    def version(self) -> int:
        """The version of the last write."""
        ...

    def changes(self, since: int) -> Iterable[tuple[int, Document, bool]]:
        """What changed after a version: version, last form, whether it is gone; of all kinds.

        Raises:
            Gone: It is too long ago; list again.
        """
        ...


def open_home() -> Home:
    """$MUNSHI_HOME, or else the platform's folder for such things."""
    from munshi.local.home import open_home  # noqa: PLC0415 - loads a database

    return open_home()


async def delete(opened: Home, kind: str, namespace: str, name: str) -> None:
    """End what an `Experiment` or a `Trial` runs, and delete it. Raises NotFound when there is none."""
    from munshi.local import home  # noqa: PLC0415 - as above

    work = home.delete_experiment if kind == "Experiment" else home.delete_trial
    await work(opened, namespace, name)


@contextmanager
def look() -> Iterator[Stored]:
    """The stored objects as plain documents, without loading what the store is made of.

    A database of an older schema is brought forward first, by opening the store once.
    """
    from munshi.local import place  # noqa: PLC0415 - help pages need none of it
    from munshi.store.glance import open_glance  # noqa: PLC0415

    path = place.home() / place.DATABASE
    if trouble := place.obstacle(path.parent):
        from munshi.errors import FieldFault, Invalid  # noqa: PLC0415 - for bad days only

        raise Invalid([FieldFault((place.VARIABLE,), trouble, "set it to a folder")])
    found = open_glance(path)
    if found is None:
        _bring_forward()
        found = open_glance(path)
    if found is None:
        raise StoreBusy(f"the database {path} is being brought forward; try again in a moment")
    with found as glance:
        yield glance


def trials() -> Path:
    """Where trials' folders are."""
    from munshi.local import place  # noqa: PLC0415 - as above

    return place.home() / place.TRIALS


def _bring_forward() -> None:
    """Opening the store is all there is to do."""
    import asyncio  # noqa: PLC0415 - for this only

    async def opened() -> None:
        async with open_home().store(reading=True):
            pass

    asyncio.run(opened())


def now() -> datetime:
    """The time, in UTC: ages are counted from it."""
    return datetime.now(UTC)  # noqa: TID251 - the Clock adapter loads the algorithms with it


def crash_folder() -> Path:
    """Where the report of a bug goes, even when opening the home is what broke."""
    from munshi.local import place  # noqa: PLC0415 - a good day needs none of it

    return place.home()
