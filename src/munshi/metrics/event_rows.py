"""Many event records at once: those of one shape are rows of a table of bytes.

For `tfevent` alone, which knows what a shape is and takes each record apart that is of none. A million
records of a shape differ only in their time, step, number and checksum, and these stand in the same
columns; so they are compared, checked and read column by column, some tens of times as fast as one by
one. Whatever does not fit in every byte, or whose checksum is wrong, is left to `tfevent`.

| symbol | meaning | form |
|---|---|---|
| n | records of one length | – |
| L | their length in bytes | – |
| rows | the records with their checksums | n × (L + 4) of uint8 |
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from munshi.metrics import tfrecord, timestamp

Bytes = NDArray[np.uint8]
Targets = Sequence[tuple[int, str]]

_SECOND = 1_000_000_000
_SURELY_64_BITS = 9.0e9  # seconds whose nanoseconds fit
_KEY_OF_TIME, _KEY_OF_STEP = 0x09, 0x10
_STEP_AT = 9  # a record begins with its time: a key and a double


class Shape(Protocol):
    """The bytes around the number of a record, counted from behind its step; see `tfevent`.

    Attributes:
        before: Between the step and the number.
        after: Behind the number.
        layout: A float or a double.
        targets: Which metrics the number is; none when nobody wants it.
    """

    before: bytes
    after: bytes
    layout: struct.Struct
    targets: Targets


Row = tuple[int, float, int | None, int]
"""Which record, its number, its time in nanoseconds if it is dated, and its step."""


def read(
    block: bytes, starts: Sequence[int], lengths: Sequence[int], shapes: Sequence[Shape]
) -> Iterator[tuple[Targets, Iterable[Row]]]:
    """The records that are of a known shape, and sound where their number is wanted.

    Args:
        block: Holds all records whole, with their checksums.
        starts: Where each record begins.
        lengths: How long each is.
        shapes: The known shapes; of several that fit a record the first counts, as all say the same.

    Yields:
        For each length and each shape that has records, its targets and the records in their order.
    """
    data = np.frombuffer(block, np.uint8)
    all_starts, all_lengths = np.array(starts, np.int64), np.array(lengths, np.int64)
    for length in np.unique(all_lengths).tolist():
        fitting = [shape for shape in shapes if _step_bytes(shape, length) is not None]
        if not fitting:
            continue
        places = np.flatnonzero(all_lengths == length)
        width = length + tfrecord.FOOTER
        rows = np.lib.stride_tricks.sliding_window_view(data, width)[all_starts[places]]
        for shape in fitting:
            like = np.flatnonzero(_is_of(shape, rows, length))
            if shape.targets:
                like = like[_is_whole(rows[like], length)]
            if like.size:
                yield shape.targets, _table(shape, rows[like], length, places[like])
                left = np.ones(len(rows), bool)
                left[like] = False
                rows, places = rows[left], places[left]


def _step_bytes(shape: Shape, length: int) -> int | None:
    """How many bytes the step takes, its key included, in a record of that length; None: it does not fit."""
    rest = length - _STEP_AT - len(shape.before) - shape.layout.size - len(shape.after)
    return rest if rest == 0 or 2 <= rest <= 11 else None


def _is_of(shape: Shape, rows: Bytes, length: int) -> NDArray[np.bool_]:
    """Which rows are of this shape."""
    taken = _step_bytes(shape, length) or 0
    found: NDArray[np.bool_] = rows[:, 0] == _KEY_OF_TIME
    found &= (rows[:, _STEP_AT] == _KEY_OF_STEP) == (taken > 0)
    if taken:
        last = _STEP_AT + taken - 1
        found &= rows[:, last] < 0x80
        found &= (rows[:, _STEP_AT + 1 : last] >= 0x80).all(axis=1)
    at = _STEP_AT + taken
    for piece, begin in ((shape.before, at), (shape.after, length - len(shape.after))):
        want = np.frombuffer(piece, np.uint8)
        found &= (rows[:, begin : begin + len(piece)] == want).all(axis=1)
    return found


def _is_whole(rows: Bytes, length: int) -> NDArray[np.bool_]:
    """Which rows agree with their checksum: CRC-32C of all of them at once, four columns a step."""
    single, near, far = _tables()
    words = length >> 2
    crc = np.full(len(rows), 0xFFFFFFFF, np.uint32)
    for word in np.ascontiguousarray(rows[:, : words << 2]).view("<u4").T:
        crc ^= word
        crc = far[crc & 0xFFFF] ^ near[crc >> 16]
    for byte in rows[:, words << 2 : length].T:
        crc = single[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= np.uint32(0xFFFFFFFF)
    masked = ((crc >> 15) | (crc << 17)) + np.uint32(0xA282EAD8)
    stored = np.ascontiguousarray(rows[:, length:]).view("<u4")[:, 0]
    return masked == stored


@cache
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
    single, near, far = (np.array(table, np.uint32) for table in tfrecord.tables())
    return single, near, far


def _table(shape: Shape, rows: Bytes, length: int, places: NDArray[np.int64]) -> Iterable[Row]:
    size = shape.layout.size
    begin = length - len(shape.after) - size
    numbers = np.ascontiguousarray(rows[:, begin : begin + size]).view(f"<f{size}")[:, 0]
    seconds = np.ascontiguousarray(rows[:, 1:_STEP_AT]).view("<f8")[:, 0]
    taken = _step_bytes(shape, length) or 1
    steps = _varints(rows[:, _STEP_AT + 1 : _STEP_AT + taken])
    with np.errstate(invalid="ignore"):  # a float32 that signals is as good as one that is quiet
        values = numbers.astype(np.float64).tolist()
    return zip(places.tolist(), values, _times(seconds), steps.tolist(), strict=True)


def _varints(digits: Bytes) -> NDArray[np.int64]:
    """Each row's varint as 64 bits of two's complement; no digits are zero."""
    numbers = np.zeros(len(digits), np.uint64)
    for place, column in enumerate(digits.T):
        numbers |= (column & np.uint8(0x7F)).astype(np.uint64) << np.uint64(7 * place)
    return numbers.view(np.int64)


def _times(seconds: NDArray[np.float64]) -> list[int | None]:
    """As `timestamp.from_seconds` of each."""
    usual = (np.abs(seconds) < _SURELY_64_BITS) & (seconds != 0)
    safe = np.where(usual, seconds, 0.0)
    whole = np.floor(safe)
    exact = whole.astype(np.int64) * _SECOND + np.rint((safe - whole) * _SECOND).astype(np.int64)
    times: list[int | None] = exact.tolist()
    for index in np.flatnonzero(~usual).tolist():
        times[index] = timestamp.from_seconds(float(seconds[index]))
    return times
