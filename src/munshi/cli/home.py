"""Where verbs find stored objects and the time of day.

The local runtime owns $MUNSHI_HOME; this module says what the verbs need of it and opens it late, so that
no help page loads a database. There are two ways in: `ask`, to the store with its typed objects, and
`look`, to the same objects as plain dicts in wire form, for verbs that must answer at once. Objects that
are not there are answered here, with the nearest name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, cast

from munshi.errors import NotFound, StoreBusy

if TYPE_CHECKING:
    from munshi.api.meta import Resource
    from munshi.api.trial import Trial
    from munshi.engine.ports import ObservationLog, Store

    class Records(Store, ObservationLog, Protocol):
        """Objects and reported values, from one store."""

    R = TypeVar("R", bound=Resource)
T = TypeVar("T")

DEFAULT_NAMESPACE = "default"
Document: TypeAlias = dict[str, Any]
"""An object in wire form, as `-o json` prints it."""


class Home(Protocol):
    """What a verb may ask of $MUNSHI_HOME."""

    @property
    def path(self) -> Path:
        """The folder itself."""
        ...

    def store(self, *, reading: bool = False) -> AbstractAsyncContextManager[Records]:
        """The store, open as long as the context is; for `reading` one that cannot be written will do."""
        ...

    def trial_folder(self, trial: Trial) -> Path:
        """The trial's folder; `log` in it is the program's output."""
        ...


class Deleting(Protocol):
    """Stops what runs, then deletes."""

    async def __call__(self, home: Home, namespace: str, name: str) -> None:
        """Raises NotFound when there is none of that name."""
        ...


class Glance(Protocol):
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
    return cast("Home", import_module("munshi.local.home").open_home())


def deleting(kind: str) -> Deleting:
    """What deletes an object of this kind (`Experiment` or `Trial`)."""
    module = import_module("munshi.local.home")
    return cast("Deleting", getattr(module, f"delete_{kind.lower()}"))


def ask(work: Callable[[Home, Records], Awaitable[T]]) -> T:
    """Open the store, do some reading, close it."""
    import asyncio  # noqa: PLC0415 - help pages need none of it

    async def opened() -> T:
        home = open_home()
        async with home.store(reading=True) as store:
            return await work(home, store)

    return asyncio.run(opened())


@contextmanager
def look() -> Iterator[Glance]:
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
        ask(_nothing)
        found = open_glance(path)
    if found is None:
        raise StoreBusy(f"the database {path} is being brought forward; try again in a moment")
    with found as glance:
        yield glance


def trials() -> Path:
    """Where trials' folders are."""
    from munshi.local import place  # noqa: PLC0415 - as above

    return place.home() / place.TRIALS


async def _nothing(_: Home, store: Records) -> None:
    """Opening the store is all there is to do."""
    del store


def named(glance: Glance, kind: str, namespace: str, name: str) -> Document:
    """One object.

    Raises:
        NotFound: With the namespace it is really in, or the nearest name.
    """
    document = glance.get(kind, namespace, name)
    if document is None:
        others = [placed(other) for other in glance.list(kind)]
        raise NotFound(absent(kind, namespace, name, others))
    return document


def placed(document: Mapping[str, Any]) -> tuple[str, str]:
    """The object's namespace and name."""
    meta = document.get("metadata") or {}
    return meta.get("namespace", ""), meta.get("name", "")


async def find(store: Store, kind: type[R], namespace: str, name: str) -> R:
    """One object.

    Raises:
        NotFound: With the namespace it is really in, or the nearest name.
    """
    try:
        return await store.get(kind, namespace, name)
    except NotFound as missing:
        others = [(other.namespace, other.name) for other in await store.list(kind)]
        raise NotFound(absent(kind.__name__, namespace, name, others)) from missing


def absent(kind: str, namespace: str, name: str, others: Iterable[tuple[str, str]]) -> str:
    """The sentence for an object that is not there, with what may have been meant.

    Args:
        kind: `Experiment`, say.
        namespace: Where it was looked for.
        name: What it was called.
        others: Namespace and name of every object of the kind.
    """
    said = f'{kind.lower()} "{name}" is not in namespace {namespace}'
    others = list(others)
    elsewhere = sorted(place for place, other in others if other == name)
    if elsewhere:
        return f"{said}; it is in namespace {elsewhere[0]}: add -n {elsewhere[0]}"
    names = sorted({other for place, other in others if place == namespace})
    if not names:
        return f"{said}, which has no {kind.lower()}s; look everywhere with -A: munshi get {kind.lower()}s -A"
    from munshi.space import nearest  # noqa: PLC0415 - only a miss needs it

    many = 8  # more names than this in a sentence help nobody
    advice = nearest.advice(name, names)
    if advice.startswith("known") and len(names) > many:
        advice = (
            f"{len(names)} others are: list them with munshi get {kind.lower()}s -n {namespace}"
        )
    return f"{said}; {advice}"


def now() -> datetime:
    """The time, in UTC: ages are counted from it."""
    return datetime.now(UTC)  # noqa: TID251 - the Clock adapter loads the algorithms with it


def crash_folder() -> Path:
    """Where the report of a bug goes, even when opening the home is what broke."""
    from munshi.local import place  # noqa: PLC0415 - a good day needs none of it

    return place.home()
