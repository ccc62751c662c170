"""What a trial's programs wrote: their logs, their last lines, and the middle that a cap took away.

A capped log keeps its head and its tail; where the middle was, the file has a hole, and `<log>.gap` says
where. Nobody is ever shown a hole: readers here jump over it and say how much it was.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from munshi.cli import tables
from munshi.local import place

BLOCK = 1 << 16
LOG = place.LOG
"""The primary program's log in a trial's folder."""
_MOST_WORDS = 1 << 20
"""Bytes that are looked through for last lines: a program may write a gigabyte without a line break."""
_NO_LOG = re.compile(r".*\.gap(?:\.[0-9]+)?")
"""The record of a gap, and how it is called while it is written."""


class Piece(NamedTuple):
    """Some bytes of a log, or how many are left out at this place; `at` is the position behind them."""

    text: bytes
    left_out: int
    at: int


def pieces(file: BinaryIO, path: Path, at: int) -> Iterator[Piece]:
    """The log from a position to its present end.

    Args:
        file: The log, open; it may have been renamed since.
        path: Where it is: the record of its gap is beside it.
        at: Where to begin.
    """
    while True:
        file.seek(at)
        text = file.read(BLOCK)
        # Asked for after the reading: the record is written before the hole is made.
        start, end = gap(file, path)
        if start <= at < end:
            yield Piece(b"", end - at, end)
            at = end
            continue
        if at < start < at + len(text):
            text = text[: start - at]
        if not text:
            return
        at += len(text)
        yield Piece(text, 0, at)


def gap(file: BinaryIO, path: Path) -> tuple[int, int]:
    """The first byte of a log that is given up, and the first one behind it; equal in a whole log."""
    from munshi.local.process import read_gap  # noqa: PLC0415 - tables and help need no processes

    # Put aside by an interruption, a log that is still being read has its record in another folder.
    with contextlib.suppress(OSError):
        path = Path(f"/proc/self/fd/{file.fileno()}").readlink()
    found = read_gap(path)
    return (found.start, found.end) if found else (0, 0)


def start_of_tail(file: BinaryIO, path: Path, lines: int) -> int:
    """Where the last lines begin, searched from the end: a log of gigabytes costs what is shown."""
    position = file.seek(0, os.SEEK_END)
    if lines <= 0 or position == 0:
        return position
    start, end = gap(file, path)
    if start < position <= end:  # nothing was written behind the gap yet
        position = start
    file.seek(max(0, position - 1))
    # The break at the very end closes the last line and begins none.
    wanted = lines + (file.read(1) == b"\n")
    while position > 0:
        if start < position <= end:
            position = start
            continue
        size = min(BLOCK, position - (end if position > end else 0))
        position -= size
        file.seek(position)
        text = file.read(size)
        found = len(text)
        while (found := text.rfind(b"\n", 0, found)) >= 0:
            wanted -= 1
            if wanted == 0:
                return position + found + 1
    return 0


def last_words(path: Path, lines: int) -> list[str]:
    """The last lines for a person, what cannot be shown escaped; none without a log."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            at = max(start_of_tail(file, path, lines), size - _MOST_WORDS)
            text = b"".join(piece.text for piece in pieces(file, path, at))
    except OSError:
        return []
    decoded = text.decode("utf-8", "backslashreplace").split("\n")[-lines - 1 :]
    shown = [tables.visible(line.rstrip("\r").expandtabs(4)) for line in decoded]
    shown = shown[:-1] if shown[-1] == "" else shown
    return [tables.clip(line, 200) for line in shown[-lines:]]


def containers(folder: Path) -> list[str]:
    """The programs of an attempt that have a log; "" is the primary one."""
    names = [file.name for file in folder.glob(f"{LOG}*") if not _NO_LOG.fullmatch(file.name)]
    others = [name.removeprefix(f"{LOG}.") for name in names if name.startswith(f"{LOG}.")]
    return sorted(others) + [""] * (LOG in names)
