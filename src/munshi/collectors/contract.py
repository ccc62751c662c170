"""What every collector offers. The contract's test is the suite in tests/collectors/contract.py."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from munshi.metrics.log import MetricLog

BATCH_LOGS = 5_000
"""Logs handed out by one call, at most."""
BATCH_BYTES = 4 << 20
"""Bytes read by one call, at most, give or take one record."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found instead, for the message of a trial whose objective is missing.

    Attributes:
        names: Names that the output does give numbers to.
        notes: Sentences: files that are missing or refused, values that were no numbers, damaged
            records.
    """

    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A page that the trial's program serves while it runs, on this machine or in its pod.

    Attributes:
        url: `http://HOST:PORT/PATH`, or https; the host a loopback address, `localhost`, or `host`.
        headers: Sent along, as (name, value).
        processes: The ids of the trial's processes at present, where that can be told. A page that
            none of them serves is another trial's, or another program's, and is not read. Asked
            before each scrape, from the collector's own thread.
        host: The one address that may be asked beside those of this machine: that of the trial's own pod,
            as its node says it. Never what an author wrote.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    processes: Callable[[], Collection[int]] | None = None
    host: str = ""


class Collector(Protocol):
    """Reads what one trial reports, from the first byte, in order, each byte once.

    One thread at a time. No call blocks on the trial, and none raises for what the trial does to
    its files; that is told by `seen`. A call hands out at most BATCH_LOGS logs and reads about
    BATCH_BYTES; one that finds nothing new costs a few system calls. Another collector opened on
    the same files gives the same origins, so after a crash one begins again at the start and lets
    the store ignore what it has. What was never a file has no origin, and is new each time it is seen.

    Attributes:
        more: After a call: there is more to hand out at once.
        position: Of what it reads as one file, the bytes up to which all has been handed out; else 0.
    """

    more: bool

    @property
    def position(self) -> int:
        """Bytes of the file that nobody needs to read again."""
        ...

    @property
    def given_up(self) -> int:
        """Bytes that this collector found dropped when it came to them (see `tail`)."""
        ...

    def poll(self) -> list[MetricLog]:
        """What is new and complete since the last call."""
        ...

    def finish(self) -> list[MetricLog]:
        """What remains now that nothing will be written any more, the last unended line included.

        To be called until `more` is false (see `drain`).
        """
        ...

    def seen(self) -> Seen:
        """What was found, usable or not."""
        ...

    def close(self) -> None:
        """End what the collector has begun of its own (a thread); may be repeated. Nothing is read after."""
        ...
