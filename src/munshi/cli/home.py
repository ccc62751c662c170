"""Where verbs find stored objects and the time of day.

The local runtime owns $MUNSHI_HOME; this module says what the verbs need of it and opens it late, so that
no help page loads a database. Objects that are not there are answered here, with the nearest name.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from munshi.errors import NotFound

if TYPE_CHECKING:
    from munshi.api.meta import Resource
    from munshi.api.trial import Trial
    from munshi.engine.ports import ObservationLog, Store

    class Records(Store, ObservationLog, Protocol):
        """Objects and reported values, from one store."""

    R = TypeVar("R", bound=Resource)
T = TypeVar("T")

DEFAULT_NAMESPACE = "default"


class Home(Protocol):
    """What a verb may ask of $MUNSHI_HOME."""

    @property
    def path(self) -> Path:
        """The folder itself."""
        ...

    def store(self) -> AbstractAsyncContextManager[Records]:
        """The store, open as long as the context is."""
        ...

    def trial_folder(self, trial: Trial) -> Path:
        """The trial's folder; `log` in it is the program's output."""
        ...


class Deleting(Protocol):
    """Stops what runs, then deletes."""

    async def __call__(self, home: Home, namespace: str, name: str) -> None:
        """Raises NotFound when there is none of that name."""
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
        async with home.store() as store:
            return await work(home, store)

    return asyncio.run(opened())


async def find(store: Store, kind: type[R], namespace: str, name: str) -> R:
    """One object.

    Raises:
        NotFound: With the namespace it is really in, or the nearest name.
    """
    try:
        return await store.get(kind, namespace, name)
    except NotFound as missing:
        others = await store.list(kind)
        raise NotFound(absent(kind.__name__, namespace, name, others)) from missing


def absent(kind: str, namespace: str, name: str, others: Iterable[Resource]) -> str:
    """The sentence for an object that is not there, with what may have been meant."""
    said = f'{kind.lower()} "{name}" is not in namespace {namespace}'
    others = list(others)
    elsewhere = sorted(other.namespace for other in others if other.name == name)
    if elsewhere:
        return f"{said}; it is in namespace {elsewhere[0]}: add -n {elsewhere[0]}"
    names = sorted({other.name for other in others if other.namespace == namespace})
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
    from munshi.engine.clock import WallClock  # noqa: PLC0415 - help pages need none of it

    return WallClock().now()


def crash_folder() -> Path:
    """Where the report of a bug goes, even when opening the home is what broke."""
    try:
        return open_home().path
    except Exception:
        said = os.environ.get("MUNSHI_HOME", "")
        return Path(said) if said else Path(tempfile.gettempdir())
