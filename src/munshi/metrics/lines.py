r"""Blocks of raw output into lines worth reading.

Called by `text` and `json_lines`. Output is bytes of any kind: CRLF, progress bars that redraw with
a carriage return, colours, half characters, a hundred megabytes without an end of line. Here is
what each means:

- a line ends at `\n` or `\r`, so every redraw of a progress bar is a line of its own;
- terminal control sequences (colours, titles, cursor moves) are removed before a line is read;
- of a line longer than MAX_LINE its head is read: the first MAX_LINE bytes, less the last word,
  which may be half a number. The rest is passed over. Head rather than tail, because the head is
  known as soon as it is written and stays the same however the line goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_LINE = 1 << 20
"""Bytes of a line that are read."""

_WORD = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.+-"
_CONTROL = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours and cursor moves
    rb"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: titles and links
    rb"|[@-Z\\^_])"
)


def holding(block: bytes, names: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines in which `names` is found, with their place in the block; others cost next to nothing."""
    block = block.replace(b"\r", b"\n")
    at = 0
    while found := names.search(block, at):
        start = max(at, block.rfind(b"\n", at, found.start()) + 1)
        end = block.find(b"\n", found.end())
        end = len(block) if end < 0 else end
        yield start, head(block[start:end])
        at = end + 1


def every(block: bytes) -> Iterator[tuple[int, bytes]]:
    """All lines of the block with their places, each with its end still on it."""
    at = 0
    for line in block.splitlines(keepends=True):
        yield at, line
        at += len(line)


def head(line: bytes) -> bytes:
    """The part of a line that is read: all of it, unless it is longer than MAX_LINE."""
    return line if len(line) <= MAX_LINE else line[:MAX_LINE].rstrip(_WORD)


def plain(line: bytes) -> bytes:
    """The line without terminal control sequences."""
    return _CONTROL.sub(b"", line) if b"\x1b" in line else line


def shown(piece: bytes, limit: int = 40) -> str:
    """A piece of output, short and safe to print inside a sentence."""
    text = piece[: 4 * limit].decode("utf-8", "replace")
    text = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
