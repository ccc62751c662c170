"""What the web asks of the place where experiments live; on a laptop `cli.ui_place` answers.

Two threads matter. A `Glance` is made in one worker thread and used there only, so it may block. All else
is asked from the event loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from munshi.errors import FieldFault
from munshi.metrics.log import Report
from munshi.reconcile.story import Event

Document: TypeAlias = dict[str, Any]
"""An object in wire form."""


class Glance(Protocol):
    """Objects as documents, as they are at the moment of asking; `store.glance.Glance` is one."""

    def list(
        self, kind: str, namespace: str | None = None, owner_uid: str | None = None
    ) -> list[Document]:
        """All of a kind in (namespace, name) order; None means every namespace, every owner."""
        ...

    def each(
        self, kind: str, namespace: str | None = None, owner_uid: str | None = None
    ) -> Iterable[Document]:
        """The same, one by one."""
        ...

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """The object; None when there is none."""
        ...

    def version(self) -> int:
        """The version of the last write."""
        ...

    def changes(self, since: int) -> Iterable[tuple[int, Document, bool]]:
        """What changed after a version, oldest first: version, last form, whether it is gone.

        Raises:
            Gone: It is too long ago; list again.
        """
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class Values(Protocol):
    """What trials reported, and what happened to them; `store.sqlite.SqlStore` is one."""

    async def reports(self, trial_uid: str, metric: str) -> Sequence[Report]:
        """The values of one metric in the order they came; a long series is thinned evenly."""
        ...

    async def events(self, experiment_uid: str, name: str | None = None) -> Sequence[Event]:
        """An experiment's events in their order; only the object's of that name."""
        ...


class Verb(StrEnum):
    """What one may want of an object that exists."""

    STOP = "stop"
    SUSPEND = "suspend"
    RESUME = "resume"
    RESTART = "restart"
    RETRY = "retry"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted, and of what.

    Attributes:
        verb: What is wanted.
        namespace: Of the experiment.
        name: Of the experiment.
        trial: One of its trials, whom it is wanted of; empty means the experiment itself.
        reason: Why, in the user's words; may be empty.
        max_trial_count: With `RESTART` the larger budget.
    """

    verb: Verb
    namespace: str
    name: str
    trial: str = ""
    reason: str = ""
    max_trial_count: int = 0


@dataclass(frozen=True, slots=True)
class LogPart:
    """Some of a trial's output.

    Attributes:
        start: The position of its first byte.
        end: The position behind its last byte, where the next part begins.
        size: How long the output is now, in bytes.
        text: The output; what is no UTF-8 is replaced, and a sentence stands where something was left out.
    """

    start: int
    end: int
    size: int
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of an Experiment's text.

    Attributes:
        faults: What its author must mend, each with its place.
        notes: What he may want to know, a line each.
        experiment: What was understood, with defaults; None when there are faults.
    """

    faults: tuple[FieldFault, ...]
    notes: tuple[str, ...] = ()
    experiment: Document | None = None


class Place(Protocol):
    """Where experiments live. All errors are MunshiErrors, and their sentences are shown as they are."""

    @property
    def name(self) -> str:
        """`this machine`, or `cluster NAME`."""
        ...

    @property
    def may_create(self) -> bool:
        """Whether Experiments can be submitted here."""
        ...

    @property
    def may_act(self) -> bool:
        """Whether wishes can be carried out here."""
        ...

    def now(self) -> datetime:
        """The time, in UTC."""
        ...

    def glance(self) -> Glance:
        """A new way to the documents; called in the thread that will use it."""
        ...

    def values(self) -> AbstractAsyncContextManager[Values]:
        """The reported values and the events, open as long as the context is."""
        ...

    def log(self, trial: Document, start: int, most: int) -> LogPart:
        """Read a trial's output; blocks, and is called in a thread.

        Args:
            trial: Whose.
            start: The position to begin at; a negative one counts from the end.
            most: So many bytes at most.

        Raises:
            NotFound: There is none yet, or any more.
        """
        ...

    def arguments(self, experiment: Document) -> str:
        """The best settings as the program's own arguments; empty while there are none."""
        ...

    def rerun(self, trial: Document) -> str:
        """What to type to run a trial once more; empty for one that cannot be."""
        ...

    async def judge(self, text: str) -> Verdict:
        """Judge the YAML of one Experiment, and ConfigMaps that may stand beside it."""
        ...

    async def render(self, text: str, number: int) -> Document:
        """The job of one trial of an Experiment's YAML, its values drawn with a seed of this number.

        Raises:
            Invalid: There are faults.
        """
        ...

    async def submit(self, text: str) -> tuple[str, str]:
        """Begin an Experiment, and go on with it when the web is gone; its namespace and name.

        Raises:
            Invalid: There are faults.
            AlreadyExists: Its name is taken.
        """
        ...

    async def act(self, wish: Wish) -> str:
        """Carry out a wish; a sentence that says what came of it."""
        ...
