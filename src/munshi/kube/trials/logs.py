"""A container's log, as the API server hands it out, into values.

Each line comes with the time at which the container runtime read it in front. That time is the line's place:
the log has no other that lasts, for bytes are counted from a start that moves when the node rotates its
files. So a line has the same place however often, from wherever and by whomever it is read again, and the
observation log passes over what it has (`metrics.log.MetricLog.origin`). Lines of the same or of a lesser
time (two streams meet in one log) are put a nanosecond behind the line before. Undated values get the
time of their line.

Pure: bytes in, values out. Whose log it is, and when to read it, is known to `collection`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from munshi.kube.sidecar import records
from munshi.kube.sidecar.records import End, Summary
from munshi.metrics import text, timestamp
from munshi.metrics.lines import MAX_LINE
from munshi.metrics.log import MetricLog
from munshi.metrics.text import TextScanner

YEAR_2020_NS = 1_577_836_800 * 10**9
"""Places are counted from here, so that they have 18 digits at most (`store.marks`) until 2051."""
SAMPLE_BYTES = 16 << 10
"""Bytes of the log's either end that are searched for other names, while the objective is missing."""

_SECOND = 10**9
_STAMP = 40  # bytes of a time and the blank behind it, at most


class Reading(Protocol):
    """What is made of lines; one for each sort of log."""

    @property
    def is_whole(self) -> bool:
        """Whether the log has said itself that nothing comes after."""
        ...

    def wants(self, block: bytes) -> bool:
        """Whether a line, or any line of several, may hold something."""
        ...

    def read(self, line: bytes, time_ns: int, place: int) -> list[MetricLog]:
        """The values in one line without its time, with their origins."""
        ...


class LogReader:
    """Reads one log, piece by piece, and again from any place.

    Args:
        reading: What is made of its lines.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._rest = bytearray()
        self._skips = False
        self._chain = self._done = -1
        self.last_ns = 0
        self.unstamped = b""
        """The last line without a time: not the program's, but the node's word on why there is no log."""

    @property
    def is_whole(self) -> bool:
        """Whether the log has said itself that nothing comes after."""
        return self._reading.is_whole

    def feed(self, chunk: bytes) -> list[MetricLog]:
        """What is new in the next bytes; an unfinished line waits for its end."""
        self._rest += chunk
        end = self._rest.rfind(b"\n") + 1
        if not end:
            if len(self._rest) > MAX_LINE + _STAMP:
                return self._cut_off()
            return []
        block = bytes(self._rest[:end])
        del self._rest[:end]
        if self._skips:  # the rest of a line whose beginning was read
            self._skips = False
            block = block[block.find(b"\n") + 1 :]
        return self._block(block)

    def end(self) -> list[MetricLog]:
        """What remains, now that the log is over: an unended last line."""
        block = b"" if self._skips else bytes(self._rest)
        self._rest.clear()
        return self._block(block)

    def again(self) -> str | None:
        """The stream broke off: forget half a line.

        Returns:
            The time to read from, as `sinceTime`; None: from the start.
        """
        self._rest.clear()
        self._skips = False
        self._chain = -1  # the places of a second are counted from its beginning, as before
        if not self.last_ns:
            return None
        moment = datetime.fromtimestamp(self.last_ns // _SECOND, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}Z"

    def _cut_off(self) -> list[MetricLog]:
        """Of an endless line the beginning is read, once; the rest is passed over."""
        block = b"" if self._skips else bytes(self._rest) + b"\n"
        self._skips = True
        self._rest.clear()
        return self._block(block)

    def _block(self, block: bytes) -> list[MetricLog]:
        if not block:
            return []
        self._note_time(block)
        if not self._reading.wants(block):
            return []
        found: list[MetricLog] = []
        for line in block.split(b"\n"):
            if line and self._reading.wants(line):
                found += self._line(line)
        return found

    def _line(self, line: bytes) -> list[MetricLog]:
        stamp, _, said = line.partition(b" ")
        time_ns = _time(stamp)
        if time_ns is None:
            self.unstamped = line
            return []
        place = self._chain = max(self._chain + 1, time_ns - YEAR_2020_NS)
        if place <= self._done:
            return []
        self._done = place
        return self._reading.read(said, time_ns, place)

    def _note_time(self, block: bytes) -> None:
        """How far the log has come: the time of the last line of a block."""
        start = block.rfind(b"\n", 0, len(block) - 1) + 1
        time_ns = _time(block[start : start + _STAMP].partition(b" ")[0])
        if time_ns is None:
            self.unstamped = block[start:].rstrip(b"\n")
        else:
            self.last_ns = max(self.last_ns, time_ns)


class Output:
    """The program's own output: lines of text (StdOut).

    Args:
        source: The first part of each origin.
        metrics: The requested names, the objective first.
        filters: RE2 patterns instead of the default grammar.
    """

    def __init__(self, source: str, metrics: Sequence[str], filters: Sequence[str] = ()) -> None:
        self._source = source
        self._scanner = TextScanner(metrics, filters)
        self._names = [name.strip().encode("utf-8", "replace") for name in metrics if name.strip()]
        self._objective = self._names[0] if self._names else b""
        self._head, self._tail = bytearray(), bytearray()
        self._found = False

    @property
    def is_whole(self) -> bool:
        """A program's output has no last word."""
        return False

    def wants(self, block: bytes) -> bool:
        """See `Reading`; keeps a sample while the objective is missing."""
        if not self._found and b"\n" in block:
            self._sample(block)
        return any(name in block for name in self._names)

    def read(self, line: bytes, time_ns: int, place: int) -> list[MetricLog]:
        """See `Reading`."""
        logs = [
            MetricLog(
                log.metric,
                log.value,
                time_ns if log.time_ns is None else log.time_ns,
                log.step,
                f"{self._source}:{place}:{index}",
            )
            for index, log in enumerate(self._scanner.scan(line, 0, ""))
        ]
        if not self._found and any(log.metric.encode() == self._objective for log in logs):
            self._found = True
            self._head, self._tail = bytearray(), bytearray()
        return logs

    def end(self) -> End:
        """What was found instead, and what could not be used."""
        sample = _unstamped(bytes(self._tail)) + b"\n" + _unstamped(bytes(self._head))
        return End(tuple(text.names_seen(sample)), self._scanner.notes())

    def _sample(self, block: bytes) -> None:
        room = SAMPLE_BYTES - len(self._head)
        self._head += block[: max(0, room)]
        self._tail += block[max(0, room) :][-SAMPLE_BYTES:]
        del self._tail[:-SAMPLE_BYTES]


class Records:
    """What a sidecar prints (`sidecar.records`).

    Args:
        pod: The pod's uid: each pod has files of its own, with places of their own.
        metrics: The requested names; others are passed over.
    """

    def __init__(self, pod: str, metrics: Sequence[str]) -> None:
        self._pod = pod
        self._metrics = frozenset(metrics)
        self._end: End | None = None

    def wants(self, block: bytes) -> bool:
        """See `Reading`."""
        return True

    def read(self, line: bytes, time_ns: int, place: int) -> list[MetricLog]:
        """See `Reading`; the sidecar's own places are the better ones, as they outlive its restart."""
        match records.read(line):
            case MetricLog() as log if log.metric in self._metrics:
                return [self._own(log, time_ns, place)]
            case Summary() as summary if summary.metric in self._metrics:
                return list(self._unprinted(summary, time_ns))
            case End() as end:
                self._end = end
        return []

    def end(self) -> End:
        """The sidecar's last word."""
        return self._end or End()

    @property
    def is_whole(self) -> bool:
        """Whether it came to its end; one that had no time for that may have left something unread."""
        return self._end is not None

    def _own(self, log: MetricLog, time_ns: int, place: int) -> MetricLog:
        """As of this pod; what has no place in a file of its own has that of its line."""
        has_place = log.origin.count(":") >= 2
        source, at, match = log.origin.rsplit(":", 2) if has_place else ("", str(place), "0")
        dated = time_ns if log.time_ns is None else log.time_ns
        return replace(log, time_ns=dated, origin=f"{source}/{self._pod}:{at}:{match}")

    def _unprinted(self, summary: Summary, time_ns: int) -> Iterator[MetricLog]:
        """The values that matter, where some were not printed; on an account of their own."""
        if summary.printed >= summary.count:
            return
        for index, log in enumerate(summary.values):
            dated = time_ns if log.time_ns is None else log.time_ns
            yield replace(log, time_ns=dated, origin=f"summary/{self._pod}:{index}:0")


def _time(stamp: bytes) -> int | None:
    return timestamp.read_rfc3339(stamp.decode("ascii", "replace"))


def _unstamped(block: bytes) -> bytes:
    """Lines without the times in front."""
    return b"\n".join(line.partition(b" ")[2] for line in block.split(b"\n"))
