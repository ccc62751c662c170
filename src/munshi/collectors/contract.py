"""What every collector offers. The contract's test is the suite in tests/collectors/contract.py."""

from __future__ import annotations

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


class Collector(Protocol):
    """Reads what one trial reports, from the first byte, in order, each byte once.

    One thread at a time. No call blocks on the trial, and none raises for what the trial does to
    its files; that is told by `seen`. A call hands out at most BATCH_LOGS logs and reads about
    BATCH_BYTES; one that finds nothing new costs a few system calls. Another collector opened on
    the same files gives the same origins, so after a crash one begins again at the start and lets
    the store ignore what it has.

    Attributes:
        more: After a call: there is more to hand out at once.
    """

    more: bool

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
