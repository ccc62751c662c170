"""StdOut and File: one file, read as it grows.

The place of the next unread line is all that is kept between two calls; an unfinished line is read
again when there is more of it. A file that is replaced by another, or cut short and begun anew, is
read from its start as a new epoch: its origins begin `file@1:` instead of `file:`. That it is
another is seen by its inode, or by the bytes before the reading place being different ones. What
had not been read of the former file is lost. Epochs are counted from when the collector was opened:
who opens one again for such a trial passes the count on, or new lines may look like old ones.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from munshi.collectors import files
from munshi.collectors.contract import BATCH_BYTES, BATCH_LOGS, Seen
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
    scanner = TextScanner(metrics, filters)
    return TailCollector(path, scanner, source="stdout", root=root, known_as=known_as or "output")


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
        epoch: How often the file had been begun anew before; carries origins on after a restart.
    """

    def __init__(
        self,
        path: Path,
        scanner: Scanner,
        *,
        source: str = "file",
        root: Path | None = None,
        known_as: str = "",
        epoch: int = 0,
    ) -> None:
        self._root = path.parent if root is None else root
        self._path = path
        self._parts = files.components(path, self._root)
        self._scanner = scanner
        self._source = source
        self._known_as = known_as or str(path)
        self._pending: list[MetricLog] = []
        self._unread = False
        self._long_lines = 0
        self._last_stat: tuple[int, int, int, int] | None = None
        self._identity: tuple[int, int] | None = None
        self._begin()
        self.epoch = epoch
        self.more = False

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
                names = text.names_seen(tail + b"\n" + os.pread(answer, _SAMPLE, 0))
                if not size:
                    notes.insert(0, f"{self._known_as} is empty")
            else:
                notes.insert(0, f"{self._known_as} {answer}")
        if self._long_lines:
            notes.append(
                f"{self._long_lines} line(s) were longer than 1 MiB; only their beginning was read"
            )
        if self.epoch:
            notes.append(f"{self._known_as} was begun anew {self.epoch} time(s) while it was read")
        return Seen(tuple(names), tuple(notes))

    def _begin(self) -> None:
        """Stand at the start of a file."""
        self._position = 0
        self._witness = b""
        self._passing_over = False

    def _batch(self, *, last: bool) -> list[MetricLog]:
        if len(self._pending) < BATCH_LOGS and (last or self._unread or self._has_changed()):
            self._unread = self._read(last=last)
        batch = self._pending[:BATCH_LOGS]
        del self._pending[:BATCH_LOGS]
        self.more = self._unread or bool(self._pending)
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
                budget -= len(chunk)
                if not self._take(chunk, last=last):
                    break
            start = max(0, self._position - _WITNESS)
            self._witness = os.pread(answer, self._position - start, start)
            return budget <= 0 or len(self._pending) >= BATCH_LOGS

    def _recognise(self, descriptor: int) -> None:
        """Begin anew when the file is not the one that was read before."""
        stat = os.fstat(descriptor)
        identity = (stat.st_dev, stat.st_ino)
        before = os.pread(descriptor, len(self._witness), self._position - len(self._witness))
        if self._identity is not None and (identity != self._identity or before != self._witness):
            self.epoch += 1
            self._begin()
        self._identity = identity

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
