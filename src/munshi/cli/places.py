"""Where experiments live: on this machine, or on a cluster. Verbs ask, and never know which it is.

A `Place` is chosen by the command line (`--context`, `--kubeconfig`; without them it is this machine) and
found here by whoever needs it. There are two ways in: `look`, to objects as plain dicts in wire form, for
verbs that must answer at once, and `ask` or `open`, to typed ones. The two adapters are `laptop` and
`clusters`, each loaded when it is meant.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, cast

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munshi.api.experiment import Experiment
    from munshi.api.meta import Resource
    from munshi.api.trial import Trial
    from munshi.metrics.log import MetricLog
    from munshi.reconcile.story import Event

    R = TypeVar("R", bound=Resource)
T = TypeVar("T")

Document: TypeAlias = dict[str, Any]
"""An object in wire form, as `-o json` prints it."""
News: TypeAlias = list[tuple[Document, bool]]
"""Objects as they are now; or, with True, the last forms of those that are gone."""
Notes: TypeAlias = Mapping[str, str | None]
"""Annotations to write, by key; None takes one away."""
CURRENT = "."
"""The kubeconfig's current context, where a context is asked for."""
_TAB_S = 2.0
"""Who presses Tab does not wait longer for a cluster."""
_SAID, _PLACE = "munshi.cli.said", "munshi.cli.place"
"""In click's `meta`: what was said of the place, and the place itself."""


@dataclass(frozen=True, slots=True)
class Output:
    """Which part of a trial's output is wanted.

    Attributes:
        container: Another program than the primary one; empty for that.
        tail: Only so many of the last lines.
        follow: Go on until the trial has ended.
        previous: Of the attempt before the present one.
    """

    container: str = ""
    tail: int | None = None
    follow: bool = False
    previous: bool = False


class Glance(Protocol):
    """Objects as documents, as they are at the moment of asking."""

    def list(self, kind: str, namespace: str | None = None, labels: str = "") -> list[Document]:
        """All of a kind in (namespace, name) order.

        Args:
            kind: `Experiment`, say.
            namespace: None means every namespace.
            labels: A selector. Objects that do not fit may be left out, or not: they are sorted out later.
        """
        ...

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """The object; None when there is none."""
        ...

    def names(self, kind: str, namespace: str, name: str) -> Iterable[tuple[str, str]]:
        """Namespaces and names of what may have been meant by a name that is not there."""
        ...

    def follow(self, kind: str, namespace: str | None = None, labels: str = "") -> Iterator[News]:
        """What is there, even if that is nothing; then what changed, whenever something did, for ever.

        A change may be told twice, and never is one missed. Arguments are those of `list`; changes of other
        objects than those may be told, too.
        """
        ...

    def print_log(self, trial: Document, wanted: Output) -> None:
        """Copy a trial's output to stdout, and what is to be said of it to stderr.

        Raises:
            NotFound: There is none (yet, or any more); the sentence says what to do.
        """
        ...


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to an object, and to what belongs to it.

    Attributes:
        events: In the order of time.
        remark: What a reader should know of their completeness; may be empty.
    """

    events: Sequence[Event]
    remark: str = ""


class Records(Protocol):
    """Typed objects and what came of them, to read."""

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """The object. Raises NotFound when there is none."""
        ...

    async def list(
        self, kind: type[R], namespace: str | None = None, owner_uid: str | None = None
    ) -> Sequence[R]:
        """All of a kind in (namespace, name) order; None means every namespace, every owner."""
        ...

    async def names(
        self, kind: type[Resource], namespace: str, name: str
    ) -> Iterable[tuple[str, str]]:
        """Namespaces and names of what may have been meant by a name that is not there."""
        ...

    async def values(self, trial: Trial, metric: str | None = None) -> Sequence[MetricLog]:
        """Every value the trial reported, ordered by time. Raises Terminal where they cannot be had."""
        ...

    async def story(self, one: Experiment | Trial) -> Story:
        """What happened to an experiment and its trials, or to one trial."""
        ...

    async def last_words(self, trial: Trial, lines: int) -> Sequence[str]:
        """The last lines that a trial's program printed, fit to be shown; none where nobody knows."""
        ...


class Desk(Records, Protocol):
    """The same, and what one may want of objects."""

    async def annotate(self, one: Experiment | Trial, notes: Notes) -> None:
        """Write annotations on an object that is still as it was read.

        Raises:
            Conflict: It is not.
            NotFound: It is gone.
        """
        ...

    async def delete(self, one: Resource) -> None:
        """End what it runs, and delete it with all that belongs to it. Raises NotFound when it is gone."""
        ...

    def is_driven(self, experiment: Experiment) -> bool:
        """Whether somebody drives the experiment, and so sees at once what is wanted."""
        ...

    async def end(self, one: Experiment | Trial) -> None:
        """Carry out the stop that was written on it, if nobody else will."""
        ...


class Place(Protocol):
    """Where experiments live."""

    @property
    def namespace(self) -> str:
        """Where objects are looked for when nothing else is said."""
        ...

    @property
    def flags(self) -> str:
        """What a command needs so that it means this place too, such as ` --context dev`."""
        ...

    def look(self) -> AbstractContextManager[Glance]:
        """The objects as documents."""
        ...

    def open(self, *, reading: bool = False) -> AbstractAsyncContextManager[Desk]:
        """Typed objects; for `reading` a place that cannot be written will do."""
        ...

    def log_of(self, trial: Trial) -> str:
        """Where its output is: a path, or what to type."""
        ...


def mean(ctx: click.Context, option: str, said: str | None, *, typed: bool) -> None:
    """Remember what is said of the place.

    Args:
        ctx: Of the command.
        option: `context` or `kubeconfig`.
        said: Its value; None says nothing.
        typed: It stands on the command line, so another command must say it too.
    """
    if said is not None:
        ctx.meta.setdefault(_SAID, {})[option] = (said, typed)


def said(ctx: click.Context, option: str) -> str:
    """What was said of the place by `context` or `kubeconfig`; empty when nothing was."""
    options: Mapping[str, tuple[str, bool]] = ctx.meta.get(_SAID) or {}
    return options.get(option, ("", False))[0]


def chosen(ctx: click.Context | None = None) -> Place:
    """The place that the command line means.

    Raises:
        MunshiError: There is no such cluster, or what speaks to it is not installed.
    """
    ctx = ctx or click.get_current_context(silent=True)
    meta = ctx.meta if ctx is not None else {}
    if _PLACE not in meta:
        in_a_hurry = ctx is not None and ctx.resilient_parsing
        meta[_PLACE] = _of(meta.get(_SAID) or {}, _TAB_S if in_a_hurry else None)
    return cast("Place", meta[_PLACE])


def _of(options: Mapping[str, tuple[str, bool]], patience_s: float | None) -> Place:
    """A cluster where any is named; an empty context takes back what a variable says."""
    context, kubeconfig = (options.get(each, ("", False))[0] for each in ("context", "kubeconfig"))
    if context or (kubeconfig and "context" not in options):
        from munshi.cli.clusters import Cluster  # noqa: PLC0415 - an extra, and slow to load

        typed = {option: said for option, (said, is_typed) in options.items() if is_typed}
        flags = "".join(f" --{option} {shlex.quote(said)}" for option, said in typed.items())
        return Cluster("" if context == CURRENT else context, kubeconfig, flags, patience_s)
    from munshi.cli.laptop import Laptop  # noqa: PLC0415 - only one of them is needed

    return Laptop()


def look() -> AbstractContextManager[Glance]:
    """The objects of the chosen place, as documents."""
    return chosen().look()


def ask(work: Callable[[Records], Awaitable[T]]) -> T:
    """Open the chosen place, do some reading, close it."""
    import asyncio  # noqa: PLC0415 - help pages need none of it

    async def opened() -> T:
        async with chosen().open(reading=True) as records:
            return await work(records)

    return asyncio.run(opened())


def again(namespace: str) -> str:
    """What a command needs to mean this namespace of the chosen place: ` -n team-a`, or nothing."""
    place = chosen()
    where = "" if namespace in ("", place.namespace) else f" -n {namespace}"
    return f"{where}{place.flags}"
