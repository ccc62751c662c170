"""Every error munshi raises, named by what the caller does next.

    MunshiError
    ├── Invalid            the author must edit: carries FieldFaults (path, got, problem, mend, place)
    ├── Retryable          try again, optionally not before `after`
    │   ├── StoreBusy      the database is locked or away
    │   ├── ClusterUnreachable  the API server is away, busy or broken for now
    │   └── Conflict       somebody else wrote the object first: read it again
    ├── Terminal           never retry unchanged
    │   ├── AlgorithmRefused   the algorithm cannot work with this space or these settings
    │   ├── TemplateBroken     the trial template cannot be rendered
    │   ├── LaunchRefused      the rendered job cannot run here; says what to do instead
    │   ├── Forbidden          the cluster does not let us; names what would have to be allowed
    │   └── MissingExtra       an optional dependency is not installed; carries the install line
    ├── ServiceBroke       a service that is not munshi's failed; a few more times it is asked
    ├── NotFound           an answer, not an accident
    ├── AlreadyExists      an answer, not an accident
    └── Gone               a watch asks for a version that is no longer kept: list again

At the edges (command line, web) a MunshiError becomes a clean sentence and an exit code; a traceback
means that munshi has a bug. This room imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

Path = tuple[str | int, ...]
"""Where a value sits in a document: field names and list indexes, from the root."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text; both numbers start at 1, as editors count."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One thing the author must mend.

    Attributes:
        path: The field, e.g. `("spec", "parameters", 1, "name")`; empty for the whole document.
        problem: What is wrong, with the value that was got.
        mend: How to put it right; empty only when the problem says it already.
        mark: Line and column in the author's file, when the field came from one.
        of_key: The field's name is at fault, not its value: its place is that of the name.
    """

    path: Path
    problem: str
    mend: str = ""
    mark: Mark | None = None
    of_key: bool = False

    @property
    def field(self) -> str:
        """The path as people write it: `spec.parameters[1].feasibleSpace.min`."""
        return dotted(self.path)

    def at(self, mark: Mark | None) -> FieldFault:
        """The same fault, with its place in a file."""
        return replace(self, mark=mark)

    def __str__(self) -> str:
        """One line, `path: problem; mend`; a mend may go on below with lines to paste."""
        problem = printable(self.problem)
        said = f"{problem}; {printable(self.mend, but=chr(10))}" if self.mend else problem
        return f"{printable(self.field)}: {said}" if self.path else said


def printable(text: str, but: str = "") -> str:
    """The text with escapes for what would colour a screen, move its cursor or turn its reading direction.

    Args:
        text: May quote whatever somebody wrote.
        but: Characters to leave alone, such as line breaks.
    """
    if text.isprintable():
        return text
    kept = f"{but}\u200c\u200d"  # joiners, which many scripts and emoji are written with
    return "".join(
        char if char.isprintable() or char in kept else char.encode("unicode_escape").decode()
        for char in text
    )


def dotted(path: Path) -> str:
    """Write a path as `spec.parameters[1].name`; keys with dots are quoted in brackets."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step or "/" in step:
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text


class MunshiError(Exception):
    """The root: anything munshi raises on purpose."""


class Invalid(MunshiError):
    """What the author wrote cannot be accepted; `faults` lists everything wrong at once.

    Args:
        faults: At least one.
        source: The file the text came from, for `file:line:column` prefixes.
    """

    def __init__(self, faults: Iterable[FieldFault], source: str = "") -> None:
        self.faults = tuple(faults)
        self.source = source
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line a fault, each opening with the place when it is known."""
        return [f"{self._place(fault)}{fault}" for fault in self.faults]

    def _place(self, fault: FieldFault) -> str:
        if fault.mark is None:
            return f"{self.source}: " if self.source else ""
        return f"{self.source or 'line'}:{fault.mark.line}:{fault.mark.column}: "


class Retryable(MunshiError):
    """Trying again unchanged may work; not before `after`, when it is given."""

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class StoreBusy(Retryable):
    """The database is locked, full or away."""


class ClusterUnreachable(Retryable):
    """The Kubernetes API server did not answer, or asked to come back later.

    What was written may have arrived all the same: only the answer is known to be missing.
    """


class Conflict(Retryable):
    """The object changed since it was read; read it again and decide anew."""


class Terminal(MunshiError):
    """Retrying unchanged cannot help."""


class AlgorithmRefused(Terminal):
    """The algorithm cannot work with this space, these settings or this history (the message names which)."""


class ServiceBroke(MunshiError):
    """A service outside of munshi failed, or its answer cannot be used; it may do better the next time."""


class TemplateBroken(Terminal):
    """The trial template cannot be rendered; `mark` is the place inside the template's own text, if known."""

    def __init__(self, message: str, mend: str = "", mark: Mark | None = None) -> None:
        super().__init__(f"{message}; {mend}" if mend else message)
        self.problem = message
        self.mend = mend
        self.mark = mark


class LaunchRefused(Terminal):
    """The rendered job cannot run in this runtime; the message says what to do instead."""


class Forbidden(Terminal):
    """The cluster does not know us, or does not allow this; the message names the right that is missing."""


class MissingExtra(Terminal):
    """An optional dependency is not installed; the message is the exact install line."""

    def __init__(self, what: str, install: str) -> None:
        super().__init__(f"{what} needs a package that is not installed: {install}")
        self.install = install


class NotFound(MunshiError):
    """No such object."""


class AlreadyExists(MunshiError):
    """An object of that kind, namespace and name is there already."""


class Gone(MunshiError):
    """Changes since that version are no longer kept; list again."""
