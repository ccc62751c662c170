"""MetricLog: one value a trial reported, and what every reader of output offers.

Born in `text`, `json_lines` and `tfevent`; handed on by `collectors`; kept by `store`; folded by
`observation` and `stopping`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from munshi.metrics import number

MAX_VALUE = 65_536
"""Characters in one value. A DARTS genotype has about a thousand; more is output, not a value."""

_NO_VALUE = frozenset({"none", "null"})


@dataclass(frozen=True, slots=True)
class MetricLog:
    """One reported value.

    Attributes:
        metric: The name, exactly as the Experiment requests it.
        value: The text that was reported; usually a number, `nan` and `inf` included, never empty.
        time_ns: Nanoseconds since 1970 in UTC, as the program dated it; None when it did not.
        step: The program's own step, where the format has one.
        origin: Where in the trial's output it stands, `source:byte offset:match index`. The same
            bytes give the same origin on every reading, so a store can insert or ignore.
    """

    metric: str
    value: str
    time_ns: int | None
    step: int | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A value, and which of its metric's values it is.

    Attributes:
        number: Counted from 1 in the order in which the values came; what early stopping calls a step.
        log: The value.
    """

    number: int
    log: MetricLog


class Scanner(Protocol):
    """Finds metrics in pieces of output. It remembers only what to tell a person about them."""

    def scan(self, block: bytes, offset: int, source: str) -> list[MetricLog]:
        """The metrics in `block`, in order.

        Args:
            block: Whole lines; the very last line of all may lack its end.
            offset: Where the block begins in the output, in bytes.
            source: The first part of each log's origin, e.g. `stdout`.
        """
        ...

    def notes(self) -> tuple[str, ...]:
        """Sentences about what was met and could not be used, for the person who misses a metric."""
        ...


def storable(text: str) -> str | None:
    """The text as a value to keep, or None when it holds nothing.

    Text is allowed: a DARTS search reports its genotype. Refused are blank text, `None`, `null` and
    `unavailable`, signs without a digit (`-`, `.`), and anything longer than MAX_VALUE. Characters
    that no database keeps (NUL, lone surrogates) are dropped or replaced.
    """
    cleaned = number.from_wire(text.replace("\0", ""))
    if cleaned is None or len(cleaned) > MAX_VALUE or cleaned.lower() in _NO_VALUE:
        return None
    if not any(map(str.isalnum, cleaned)):
        return None
    return cleaned.encode("utf-8", "replace").decode("utf-8")
