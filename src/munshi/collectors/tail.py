"""StdOut and File: one file, read as it grows.

The place of the next unread line is all that is kept between two calls; an unfinished line is read
again when there is more of it. A file that is replaced by another, or cut short and begun anew, is
read from its start as a new epoch: its origins begin `file@1:` instead of `file:`. That it is
another is seen by its inode, or by the bytes before the reading place being different ones. What
had not been read of the former file is lost. Epochs are counted from when the collector was opened:
who opens one again for such a trial sets `epoch`, or new lines may look like old ones.

A log may have a gap (`gap`): whoever bounds its size gives up a part in the middle, as a rule one that
was read before (`position` tells how far that is). The line that the gap begins in and the one that it
ends in are not read, and what is left of the file keeps its places, so its origins stay the same.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from munshi.collectors import files, gap
from munshi.collectors.contract import BATCH_BYTES, BATCH_LOGS, Seen
from munshi.collectors.gap import Gap
from munshi.metrics import lines, text
from munshi.metrics.json_lines import JsonScanner
from munshi.metrics.log import MetricLog, Scanner
from munshi.metrics.text import TextScanner

_PIECE = 256 << 10  # bytes read at a time: at worst some 65,000 logs at once
_WHOLE_LINE = lines.MAX_LINE + 1  # enough to see that a line is longer than what is read of one
_WITNESS = 64  # bytes before the reading place that prove the file is still the same
_SAMPLE = 256 << 10  # bytes of a file's either end that are searched for other names


def open_stdout(
    path: Path,
    metrics: Sequence[str],
    *,
    filters: Sequence[str],
    file_format: str,
    root: Path,
    known_as: str,
) -> TailCollector:
    """The collector of kind StdOut: the file that standard output and standard error are written to."""
    return TailCollector(
        path,
        TextScanner(metrics, filters),
        source="stdout",
        root=root,
        known_as=known_as or "output",
        capped=True,
    )


def open_file(
    path: Path,
    metrics: Sequence[str],
    *,
    filters: Sequence[str],
    file_format: str,
    root: Path,
    known_as: str,
) -> TailCollector:
    """The collector of kind File, format TEXT or JSON."""
    scanner = JsonScanner(metrics) if file_format == "JSON" else TextScanner(metrics, filters)
    return TailCollector(path, scanner, source="file", root=root, known_as=known_as)


class TailCollector:
    """Follows one file; see `Collector`.

    Args:
        path: The file; it may come later.
        scanner: Finds the metrics in its lines.
        source: The first part of each origin.
        root: A trusted folder above it; below, no link is followed. Default: its parent.
        known_as: How the trial calls the file, for messages.
        capped: The file may have a gap. Never for a file of the trial's own making: the trial could
            write the gap as well.

    Attributes:
        epoch: How often the file was begun anew; who reads such a file again sets it to carry on.
    """

    def __init__(
        self,
        path: Path,
        scanner: Scanner,
        *,
        source: str = "file",
        root: Path | None = None,
        known_as: str = "",
        capped: bool = False,
    ) -> None:
        self._root = path.parent if root is None else root
        self._path = path
        self._parts = files.components(path, self._root)
        self._scanner = scanner
        self._source = source
        self._known_as = known_as or str(path)
        self._capped = capped
        self._pending: list[MetricLog] = []
        self._unread = False
        self._long_lines = 0
        self._given_up = 0
        self._last_stat: tuple[int, int, int, int] | None = None
        self._identity: tuple[int, int] | None = None
        self._begin()
        self.epoch = 0
        self.more = False

    @property
    def position(self) -> int:
        """Bytes up to which everything was handed out; what lies before may be given up."""
        return self._handed_out

    @property
    def given_up(self) -> int:
        """Bytes of the gap that had not been read here when it was made."""
        return self._given_up

    def poll(self) -> list[MetricLog]:
        """What is new and complete since the last call."""
        return self._batch(last=False)

    def finish(self) -> list[MetricLog]:
        """What remains, the last unended line included; to be called until `more` is false."""
        return self._batch(last=True)

    def seen(self) -> Seen:
        """Names with numbers at either end of the file, and what could not be used."""
        notes = list(self._scanner.notes())
        names: list[str] = []
        with files.opened(self._root, self._parts) as answer:
            if isinstance(answer, int):
                size = os.fstat(answer).st_size
                tail = os.pread(answer, _SAMPLE, max(0, size - _SAMPLE))
                names = self._names_in(tail + b"\n" + os.pread(answer, _SAMPLE, 0))
                if not size:
                    notes.insert(0, f"{self._known_as} is empty")
            else:
                notes.insert(0, f"{self._known_as} {answer}")
        if self._long_lines:
            notes.append(
                f"{self._long_lines} line(s) were longer than 1 MiB; only their beginning was read"
            )
        if self._given_up:
            notes.append(
                f"{self._given_up} bytes in the middle of {self._known_as} were dropped unread, "
                "to keep it small"
            )
        if self.epoch:
            notes.append(f"{self._known_as} was begun anew {self.epoch} time(s) while it was read")
        return Seen(tuple(names), tuple(notes))

    def close(self) -> None:
        """Nothing is held between two calls."""

    def _names_in(self, block: bytes) -> list[str]:
        """Names that a piece of the file, cut anywhere, gives numbers to."""
        return text.names_seen(block)

    def _begin(self) -> None:
        """Stand at the start of a file."""
        self._position = self._handed_out = 0
        self._witness = b""
        self._passing_over = False

    def _batch(self, *, last: bool) -> list[MetricLog]:
        if len(self._pending) < BATCH_LOGS and (last or self._unread or self._has_changed()):
            self._unread = self._read(last=last)
        batch = self._pending[:BATCH_LOGS]
        del self._pending[:BATCH_LOGS]
        self.more = self._unread or bool(self._pending)
        if not self._pending:
            self._handed_out = self._position
        return batch

    def _has_changed(self) -> bool:
        try:
            now = self._path.lstat()
            stat = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
        except OSError:
            stat = None
        changed = stat != self._last_stat
        self._last_stat = stat
        return changed

    def _read(self, *, last: bool) -> bool:
        """Read on within the bounds of a batch; whether there is more to read at once."""
        with files.opened(self._root, self._parts) as answer:
            if isinstance(answer, str):
                return False
            self._recognise(answer)
            budget = BATCH_BYTES
            while budget > 0 and len(self._pending) < BATCH_LOGS:
                chunk = os.pread(answer, _PIECE, self._position)
                if len(chunk) == _PIECE and not (self._passing_over or _ends_a_line(chunk)):
                    chunk = os.pread(answer, _WHOLE_LINE, self._position)
                if not chunk:
                    break
                budget -= len(chunk)
                # Asked after reading: what was read may have been given up in the meantime.
                hole = self._gap()
                if hole and self._position < hole.end and hole.start < self._position + len(chunk):
                    if not self._take(chunk[: max(0, hole.start - self._position)], last=False):
                        self._step_over(hole)
                elif not self._take(chunk, last=last):
                    break
            start = max(0, self._position - _WITNESS)
            self._witness = os.pread(answer, self._position - start, start)
            return budget <= 0 or len(self._pending) >= BATCH_LOGS

    def _recognise(self, descriptor: int) -> None:
        """Begin anew when the file is not the one that was read before."""
        stat = os.fstat(descriptor)
        identity = (stat.st_dev, stat.st_ino)
        if self._identity is not None and (
            identity != self._identity or not self._bears_witness(descriptor)
        ):
            self.epoch += 1
            self._begin()
        self._identity = identity

    def _bears_witness(self, descriptor: int) -> bool:
        """Whether the bytes before the reading place are those that were read; a gap has none to show."""
        start = self._position - len(self._witness)
        before = os.pread(descriptor, len(self._witness), start)
        if before == self._witness:
            return True
        hole = self._gap()
        if hole is None or not hole.start < self._position or len(before) < len(self._witness):
            return False
        kept = max(0, hole.end - start)
        return kept > 0 and before[kept:] == self._witness[kept:]

    def _gap(self) -> Gap | None:
        return gap.read(self._root, self._parts) if self._capped else None

    def _step_over(self, hole: Gap) -> None:
        """Go on behind the gap, at the next line: the one that it ends in is not whole."""
        self._given_up += hole.end - self._position
        self._position = hole.end
        self._passing_over = True

    def _take(self, chunk: bytes, *, last: bool) -> bool:
        """Scan what is whole in the bytes at the reading place; whether the place moved."""
        if self._passing_over:
            ends = [end for end in (chunk.find(b"\n"), chunk.find(b"\r")) if end >= 0]
            self._passing_over = not ends
            done = min(ends) + 1 if ends else len(chunk)
            self._position += done
            return done > 0
        whole = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        if not whole and len(chunk) > lines.MAX_LINE:
            self._scan(chunk + b"\n")
            self._passing_over = True
            self._long_lines += 1
            whole = len(chunk)
        elif whole:
            self._scan(chunk[:whole])
        elif last and chunk:
            self._scan(chunk)
            whole = len(chunk)
        self._position += whole
        return whole > 0

    def _scan(self, block: bytes) -> None:
        source = f"{self._source}@{self.epoch}" if self.epoch else self._source
        self._pending += self._scanner.scan(block, self._position, source)


def _ends_a_line(chunk: bytes) -> bool:
    return b"\n" in chunk or b"\r" in chunk
