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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from munshi.metrics import tfrecord, timestamp

if TYPE_CHECKING:
    from munshi.metrics.tfevent import Shape, Targets

Bytes = NDArray[np.uint8]

_SECOND = 1_000_000_000
_SURELY_64_BITS = 9.0e9  # seconds whose nanoseconds fit
_KEY_OF_TIME, _KEY_OF_STEP = 0x09, 0x10
_STEP_AT = 9  # a record begins with its time: a key and a double
_STEP_SIZES = (0, *range(2, 12))  # bytes: none, or a key and a varint of 64 bits at most

Row = tuple[int, float, int | None, int]
"""Which record, its number, its time in nanoseconds if it is dated, and its step."""


def read(
    block: bytes,
    starts: Sequence[int],
    lengths: Sequence[int],
    shapes: Mapping[int, Sequence[Shape]],
) -> Iterator[tuple[Targets, Iterable[Row]]]:
    """The records that are of a known shape, and sound where their number is wanted.

    Args:
        block: Holds all records whole, with their checksums.
        starts: Where each record begins.
        lengths: How long each is.
        shapes: The known shapes, by their bytes in all.

    Yields:
        For each length and each shape that has records, its targets and the records in their order;
        no record twice.
    """
    data = np.frombuffer(block, np.uint8)
    all_starts, all_lengths = np.array(starts, np.int64), np.array(lengths, np.int64)
    for length in np.unique(all_lengths).tolist():
        possible = [step for step in _STEP_SIZES if length - _STEP_AT - step in shapes]
        if not possible:
            continue
        places = np.flatnonzero(all_lengths == length)
        width = length + tfrecord.FOOTER
        rows = np.lib.stride_tricks.sliding_window_view(data, width)[all_starts[places]]
        for step in possible:
            for shape, alike in _sorted(rows, length, step, shapes[length - _STEP_AT - step]):
                found = np.array(alike, np.int64)
                if shape.targets:
                    found = found[_is_whole(rows[found], length)]
                yield shape.targets, _table(shape, rows[found], step, places[found])


def _sorted(
    rows: Bytes, length: int, step: int, shapes: Sequence[Shape]
) -> Iterator[tuple[Shape, list[int]]]:
    """The rows of each shape, given that `step` bytes are the step."""
    formed = np.flatnonzero(_has_step(rows, step))
    splits: dict[tuple[int, int], dict[bytes, Shape]] = {}
    for shape in shapes:
        split = len(shape.before), len(shape.after)
        splits.setdefault(split, {})[shape.before + shape.after] = shape
    for (before, after), known in splits.items():
        at = _STEP_AT + step
        kept = [rows[formed, at : at + before], rows[formed, length - after : length]]
        around, size = np.concatenate(kept, axis=1).tobytes(), before + after
        alike: dict[bytes, list[int]] = {}
        for index, row in enumerate(formed.tolist()):
            alike.setdefault(around[index * size : (index + 1) * size], []).append(row)
        yield from ((known[each], alike[each]) for each in alike if each in known)


def _has_step(rows: Bytes, step: int) -> NDArray[np.bool_]:
    """Which rows begin with a time, and then have a step of that many bytes, its key included."""
    found: NDArray[np.bool_] = rows[:, 0] == _KEY_OF_TIME
    found &= (rows[:, _STEP_AT] == _KEY_OF_STEP) == (step > 0)
    if step:
        last = _STEP_AT + step - 1
        found &= rows[:, last] < 0x80
        found &= (rows[:, _STEP_AT + 1 : last] >= 0x80).all(axis=1)
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
    whole: NDArray[np.bool_] = masked == stored
    return whole


@cache
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
    single, near, far = (np.array(table, np.uint32) for table in tfrecord.tables())
    return single, near, far


def _table(shape: Shape, rows: Bytes, step: int, places: NDArray[np.int64]) -> Iterable[Row]:
    at, size = _STEP_AT + step + len(shape.before), shape.layout.size
    numbers = np.ascontiguousarray(rows[:, at : at + size]).view(f"<f{size}")[:, 0]
    seconds = np.ascontiguousarray(rows[:, 1:_STEP_AT]).view("<f8")[:, 0]
    steps = _varints(rows[:, _STEP_AT + 1 : _STEP_AT + step])
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
