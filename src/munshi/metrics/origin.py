"""Where a value stands in a trial's output, taken apart: `source:byte offset:match index` (see `log`).

Whoever reads an output twice tells by its places what was taken before: `store` does, and the watch
of early stopping. An origin that names no place is a source of its own, with one value.
"""

from __future__ import annotations

Place = tuple[int, int]
"""Byte offset, and index among the matches there."""

NOWHERE: Place = (-1, -1)
"""Before the first value of a source."""

_NO_PLACE: Place = (0, 0)
_DIGITS = 18  # of what fits a column of 64 bits


def place_of(origin: str) -> tuple[str, Place]:
    """An origin taken apart: its source, and the place there."""
    head, _, match = origin.rpartition(":")
    source, _, offset = head.rpartition(":")
    if _is_count(offset) and _is_count(match) and source:
        return source, (int(offset), int(match))
    return origin, _NO_PLACE


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS
