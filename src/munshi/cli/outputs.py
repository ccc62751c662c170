"""What a trial's program wrote: its bytes, its last lines."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

from munshi.cli import tables

BLOCK = 1 << 16
LOG = "log"
"""The combined output's name in a trial's folder."""


def tail(path: Path, lines: int) -> bytes:
    """The last lines of a file, read from its end: a log of gigabytes costs no more than what is shown."""
    if lines <= 0:
        return b""
    blocks: deque[bytes] = deque()
    breaks = 0
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        # One break more than lines: the one that ends the line before the first wanted.
        while position > 0 and breaks <= lines:
            size = min(BLOCK, position)
            position -= size
            file.seek(position)
            blocks.appendleft(file.read(size))
            breaks += blocks[0].count(b"\n")
    return b"".join(_lines(b"".join(blocks))[-lines:])


def _lines(text: bytes) -> list[bytes]:
    pieces = text.split(b"\n")
    whole = [piece + b"\n" for piece in pieces[:-1]]
    return [*whole, pieces[-1]] if pieces[-1] else whole


def last_words(path: Path, lines: int) -> list[str]:
    """The last lines for a person, what cannot be shown escaped; none without a log."""
    try:
        text = tail(path, lines)
    except OSError:
        return []
    decoded = text.decode("utf-8", "backslashreplace").split("\n")
    shown = [tables.visible(line.rstrip("\r").expandtabs(4)) for line in decoded]
    return [tables.clip(line, 200) for line in (shown[:-1] if shown[-1] == "" else shown)]
