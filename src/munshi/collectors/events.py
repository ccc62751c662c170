"""TensorFlowEvent: a folder of TensorBoard event files, read as they grow.

Programs write one file per run or per restart, in directories of their own making. The whole folder
is walked each time, without following links; a file whose size is unchanged is not opened. Files
that are no event files (checkpoints, completion markers) are recognised by their first record and
left alone; they are named with the reason where they may have been meant.

While the trial runs, metrics are exact tags (see `metrics.tags`). When it has ended and a metric
never met its exact tag, the nearest tag stands in and the files are read once more for it; so what
is reported never depends on which file came first, and a reading after a crash reports the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from munshi.collectors import files
from munshi.collectors.contract import BATCH_BYTES, BATCH_LOGS, Seen
from munshi.metrics import tags, tfevent
from munshi.metrics.log import MetricLog
from munshi.metrics.tags import Directory
from munshi.metrics.tfevent import EventScanner, Targets

MAX_RECORD = 64 << 20
"""Bytes of the largest record that is read; a larger one (a model's graph) is stepped over."""
MAX_ENTRIES = 20_000
"""Files and folders looked at; checkpoints of every step can be many."""
MAX_DEPTH = 32

_CHUNK = 1 << 20
_NAMES = 20
_PASSED_OVER = 3


def open_folder(
    path: Path,
    metrics: Sequence[str],
    *,
    filters: Sequence[str],
    file_format: str,
    root: Path,
    known_as: str,
) -> TFEventCollector:
    """The collector of kind TensorFlowEvent."""
    return TFEventCollector(path, metrics, root=root, known_as=known_as)


@dataclass(slots=True)
class _EventFile:
    """How far one file has been read."""

    inode: int
    size: int = -1
    position: int = 0
    epoch: int = 0
    is_events: bool = False
    refusal: str = ""
    trouble: str = ""

    @property
    def is_other(self) -> bool:
        """Whether it is certain that this is no event file."""
        return self.refusal not in ("", tfevent.SHORT)


class TFEventCollector:
    """Follows all event files of a folder; see `Collector`.

    Args:
        folder: The folder; it may come later.
        metrics: The requested names, the objective first.
        root: A trusted folder above it; below, no link is followed. Default: its parent.
        known_as: How the trial calls the folder; its components take part in finding
            `train/accuracy`.
    """

    def __init__(
        self,
        folder: Path,
        metrics: Sequence[str],
        *,
        root: Path | None = None,
        known_as: str = "",
    ) -> None:
        self._root = folder.parent if root is None else root
        self._parts = files.components(folder, self._root)
        self._known_as = known_as or str(folder)
        self._base = tuple(part for part in PurePosixPath(self._known_as).parts if part != "/")
        self._metrics = [name for name in dict.fromkeys(each.strip() for each in metrics) if name]
        self._files: dict[Directory, _EventFile] = {}
        self._scanners: dict[Directory, EventScanner] = {}
        self._stand_ins: dict[str, str] | None = None
        self._second: dict[Directory, EventScanner] = {}
        self._found: set[str] = set()
        self._pending: list[MetricLog] = []
        self._trouble = ""
        self._crowded = False
        self._budget = 0
        self.more = False

    def poll(self) -> list[MetricLog]:
        """What is new and complete since the last call."""
        return self._batch(last=False)

    def finish(self) -> list[MetricLog]:
        """What remains, then the stand-ins; to be called until `more` is false."""
        return self._batch(last=True)

    def seen(self) -> Seen:
        """The tags that carry numbers, with their directory below the folder, and what could not be used."""
        names = [
            _printable((*directory, tag))
            for directory, each in self._scanners.items()
            for tag in each.tags
        ]
        return Seen(tuple(names[:_NAMES]), tuple(self._notes()))

    @property
    def position(self) -> int:
        """A folder has no one place."""
        return 0

    @property
    def given_up(self) -> int:
        """Nothing is ever dropped here."""
        return 0

    def close(self) -> None:
        """Nothing is held between two calls."""

    def _notes(self) -> Iterator[str]:
        if self._trouble:
            yield f"{self._known_as} {self._trouble}"
        else:
            yield from self._passed_over()
        if self._crowded:
            yield (
                f"{self._known_as} holds more than {MAX_ENTRIES} entries or is nested too deeply; "
                "the rest was not read"
            )
        for parts, each in self._files.items():
            if each.trouble:
                yield f"{_printable(parts)} {each.trouble}"
            elif each.is_events and 0 <= each.position < each.size:
                yield f"{_printable(parts)} ends in the middle of a record"
        for scanner in self._scanners.values():
            yield from scanner.notes()
        for metric, tag in (self._stand_ins or {}).items():
            yield f'no tag is exactly "{metric}"; "{tag}" stood in for it'

    def _passed_over(self) -> Iterator[str]:
        """Files that were not read: those named like event files, or all when nothing was read."""
        nothing = not any(each.is_events for each in self._files.values())
        if nothing:
            yield f"{self._known_as} holds no event file ({len(self._files)} other file(s))"
        others = [
            f"{_printable(parts)} {each.refusal}"
            for parts, each in self._files.items()
            if each.refusal and (nothing or tfevent.NAMED in parts[-1])
        ]
        yield from others[:_PASSED_OVER]
        if len(others) > _PASSED_OVER:
            yield f"{len(others) - _PASSED_OVER} more files were passed over"

    def _batch(self, *, last: bool) -> list[MetricLog]:
        unread = False
        if len(self._pending) < BATCH_LOGS:
            unread = self._read_folder()
            if last and not unread and self._stand_ins is None:
                unread = self._call_stand_ins()
        batch = self._pending[:BATCH_LOGS]
        del self._pending[:BATCH_LOGS]
        self.more = unread or bool(self._pending)
        return batch

    def _call_stand_ins(self) -> bool:
        """Choose a tag for each metric that has none, and go back to the start; whether any was found."""
        seen = [
            (self._base + where, tag)
            for where, scanner in self._scanners.items()
            for tag in scanner.tags
        ]
        missing = [name for name in self._metrics if name not in self._found]
        chosen = {name: tags.nearest(name, seen) for name in missing}
        self._stand_ins = {name: tag for name, tag in chosen.items() if tag is not None}
        if self._stand_ins:
            for each in self._files.values():
                each.position, each.size = 0, -1
        return bool(self._stand_ins)

    def _scanner(self, directory: Directory) -> EventScanner:
        scanners = self._second if self._stand_ins else self._scanners
        if directory not in scanners:
            scanners[directory] = EventScanner(self._matcher(directory), len(self._metrics))
        return scanners[directory]

    def _matcher(self, directory: Directory) -> Callable[[str], Targets]:
        where = self._base + directory
        stand_ins = self._stand_ins

        def match(tag: str) -> Targets:
            if not stand_ins:
                return [
                    (i, m) for i, m in enumerate(self._metrics) if tags.is_metric(m, where, tag)
                ]
            return [
                (i, m)
                for i, m in enumerate(self._metrics)
                if stand_ins.get(m) == tag and tags.resembles(m, where, tag)
            ]

        return match

    def _read_folder(self) -> bool:
        """Read on within the bounds of a batch; whether there is more to read at once."""
        self._budget = BATCH_BYTES
        with files.opened(self._root, self._parts, folder=True) as answer:
            self._trouble = answer if isinstance(answer, str) else ""
            if isinstance(answer, int):
                with closing(self._walk(answer)) as found:
                    for parent, parts, entry in found:
                        self._read_file(parent, parts, entry)
                        if self._budget <= 0 or len(self._pending) >= BATCH_LOGS:
                            return True
        return False

    def _walk(self, folder: int) -> Generator[tuple[int, Directory, os.DirEntry[str]], None, None]:
        """Every regular file below, by name, with a descriptor of the folder it is in."""
        left = MAX_ENTRIES

        def below(parent: int, at: Directory) -> Iterator[tuple[int, Directory, os.DirEntry[str]]]:
            nonlocal left
            with os.scandir(parent) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
            for entry in listed:
                left -= 1
                if left < 0 or len(at) >= MAX_DEPTH:
                    self._crowded = True
                    return
                if entry.is_file(follow_symlinks=False):
                    yield parent, (*at, entry.name), entry
                elif entry.is_dir(follow_symlinks=False):
                    child = files.open_below(parent, entry.name, directory=True)
                    if isinstance(child, int):
                        try:
                            yield from below(child, (*at, entry.name))
                        finally:
                            os.close(child)

        yield from below(folder, ())

    def _read_file(self, parent: int, parts: Directory, entry: os.DirEntry[str]) -> None:
        known = self._files.setdefault(parts, _EventFile(entry.inode()))
        try:
            size = entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            return
        if entry.inode() != known.inode or size < known.size:
            self._files[parts] = known = _EventFile(entry.inode(), epoch=known.epoch + 1)
        if size == known.size or known.is_other:
            return
        opened = files.open_below(parent, parts[-1])
        if isinstance(opened, str):
            known.trouble = opened
            return
        try:
            if self._read_on(opened, known, parts):
                known.size = size
        finally:
            os.close(opened)

    def _read_on(self, descriptor: int, known: _EventFile, parts: Directory) -> bool:
        """Scan from the reading place; whether the file's end, as far as written, was reached."""
        scanner = self._scanner(parts[:-1])
        source = _printable(parts) + (f"@{known.epoch}" if known.epoch else "")
        want = _CHUNK
        while self._budget > 0 and len(self._pending) < BATCH_LOGS:
            block = os.pread(descriptor, want, known.position)
            self._budget -= len(block)
            if not known.is_events:
                known.refusal = tfevent.why_no_events(block, parts[-1], _CHUNK)
                known.is_events = not known.refusal
                if known.refusal:
                    return True
            logs = scanner.scan(block, known.position, source)
            self._pending += logs
            self._found.update({log.metric for log in logs})
            known.position += scanner.consumed
            want = _CHUNK
            if scanner.consumed == 0:
                size = os.fstat(descriptor).st_size
                if scanner.need <= len(block) or known.position + scanner.need > size:
                    return True
                if scanner.need > MAX_RECORD:
                    known.position += scanner.need
                else:
                    want = scanner.need
        return False


def _printable(parts: Directory) -> str:
    """A path whose names need not be UTF-8, as text that is."""
    return "/".join(parts).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
