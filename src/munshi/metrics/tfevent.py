"""TensorBoard event files, read without TensorFlow.

`collectors` hand in bytes from any record boundary on; MetricLogs come out. A file is a row of
TFRecords (`tfrecord`),

    length: 8 bytes LE | masked CRC-32C of length: 4 | record | masked CRC-32C of record: 4

and a record is a protobuf `Event`: wall_time (1, double), step (2, int64), summary (5), in it
values (1) with a tag (1) and either simple_value (2, float: TF1, torch, tensorboardX) or tensor (8:
TF2, Keras). A tensor counts when it holds one number (`tensor`); images, histograms and texts are
no metrics. Values are written as Katib writes them, a float32 widened to a double: 0.1 becomes
0.10000000149011612.

A record that is not there to its end is left for the next reading. A record whose checksum is wrong
is skipped and counted. When a length cannot be trusted, reading goes on at the next place where
length and checksum agree.

Programs write the same few shapes of record a million times over. So the first record of a shape is
taken apart field by field, and the bytes around its number are remembered; a record with the same
bytes around needs only the number taken out. Nothing is guessed by that: equal bytes mean equal
fields. Where a block holds many records, those of known shapes are read all at once (`event_rows`),
and only the others one by one; what comes out is the same, in the same order.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from munshi.metrics import number, tfrecord, timestamp
from munshi.metrics.log import MetricLog
from munshi.metrics.tensor import DOUBLE, FLOAT, Single, single
from munshi.metrics.tfrecord import (
    BYTES,
    FIXED32,
    FIXED64,
    FOOTER,
    HEADER,
    VARINT,
    Malformed,
    fields,
    varint,
)

Targets = Sequence[tuple[int, str]]
"""A tag's metrics, each with its place among the requested ones; empty when the tag is not wanted."""

MAX_TAGS = 1_000
"""Tags and shapes remembered; a program with more is read as well, only more slowly."""


_BULK = 500  # records of a block, from which on loading arrays and reading by columns pays
_FIRST = 64
_SMALL = 64 << 10  # bytes; what is larger and holds no number (a graph, an image) is not summed up


class Shape(NamedTuple):
    """The bytes around the number of a record that holds one number, counted from behind its step."""

    before: bytes
    after: bytes
    layout: struct.Struct
    targets: Targets


class _Value(NamedTuple):
    """One value of a summary; `single` is None when it is no single number."""

    tag: str
    single: Single | None


class EventScanner:
    """Reads the event files of one directory, one after the other.

    Args:
        match: Which metrics a tag is.
        stride: How many metrics are requested in all; keeps the origins within one record apart.

    Attributes:
        consumed: After a scan: how many bytes of the block are done with; the next block begins
            there.
        need: After a scan: how long a block must be to hold the record at `consumed`; 0 when
            unknown.
        damaged: How many records were lost to wrong checksums or malformed content.
        unreadable: How many values of wanted tags were not single numbers.
        tags: The tags that had a number, in order of appearance, MAX_TAGS at most.
    """

    def __init__(self, match: Callable[[str], Targets], stride: int) -> None:
        self._match = match
        self._stride = stride
        self._shapes: dict[int, list[Shape]] = {}
        self._shape_count = 0
        self.consumed = 0
        self.need = 0
        self.damaged = 0
        self.unreadable = 0
        self.tags: dict[str, None] = {}

    def scan(self, block: bytes, offset: int, source: str) -> list[MetricLog]:
        """The metrics of the whole records in a block that begins at a record; see `Scanner`."""
        starts, lengths = self._frame(block)
        shift = offset - HEADER
        logs: list[MetricLog] = []
        # The first of many are read alone all the same, to learn their shapes.
        alone = len(starts) if len(starts) < _BULK else _FIRST
        for start, length in zip(starts[:alone], lengths[:alone], strict=True):
            self._read_one(block, start, length, f"{source}:{start + shift}:", logs)
        if alone == len(starts):
            return logs
        starts, lengths = starts[alone:], lengths[alone:]
        together = self._read_rows(block, starts, lengths, shift, source)
        for start, length, found in zip(starts, lengths, together, strict=True):
            if found is None:
                self._read_one(block, start, length, f"{source}:{start + shift}:", logs)
            else:
                logs += found
        return logs

    def _frame(self, block: bytes) -> tuple[list[int], list[int]]:
        """Where the whole records of the block begin, and their lengths; sets `consumed` and `need`."""
        starts, lengths, known = list[int](), list[int](), dict[bytes, int]()
        at, size = 0, len(block)
        self.need = 0
        while at + HEADER <= size:
            header = block[at : at + HEADER]
            length = known.get(header)
            if length is None:
                length = tfrecord.length_of(header)
                if length is None:
                    self.damaged += 1
                    at = tfrecord.next_header(block, at + 1)
                    continue
                known[header] = length
            end = at + HEADER + length
            if end + FOOTER > size:
                self.need = HEADER + length + FOOTER
                break
            starts.append(at + HEADER)
            lengths.append(length)
            at = end + FOOTER
        self.consumed = at
        return starts, lengths

    def notes(self) -> tuple[str, ...]:
        """What was met and could not be used."""
        said = []
        if self.damaged:
            said.append(f"{self.damaged} damaged record(s) were skipped")
        if self.unreadable:
            said.append(f"{self.unreadable} value(s) of requested tags were not single numbers")
        return tuple(said)

    def _read_one(
        self, block: bytes, start: int, length: int, place: str, logs: list[MetricLog]
    ) -> None:
        try:
            self._read(block, start, start + length, place, logs)
        except Malformed:
            self.damaged += 1

    def _read(self, block: bytes, start: int, end: int, place: str, logs: list[MetricLog]) -> None:
        """One record: by its shape when that is known, else field by field."""
        step, rest = 0, start + 9
        usual = rest < end and block[start] == 0x09  # wall_time comes first, as every writer has it
        if usual and block[rest] == 0x10:
            step, rest = varint(block, rest + 1, end)
        if usual:
            for shape in self._shapes.get(end - rest, ()):
                if block.startswith(shape.before, rest) and block.endswith(shape.after, rest, end):
                    if shape.targets and self._is_whole(block, start, end):
                        (value,) = shape.layout.unpack_from(block, rest + len(shape.before))
                        (seconds,) = DOUBLE.unpack_from(block, start + 1)
                        text, time_ns = number.write(value), timestamp.from_seconds(seconds)
                        step = tfrecord.signed(step)
                        for index, metric in shape.targets:
                            logs.append(MetricLog(metric, text, time_ns, step, f"{place}{index}"))
                    return
        self._take_apart(block, start, end, rest if usual else end, place, logs)

    def _read_rows(
        self, block: bytes, starts: list[int], lengths: list[int], shift: int, source: str
    ) -> list[Sequence[MetricLog] | None]:
        """The logs of each record that is sound and of a known shape; None for the others."""
        from munshi.metrics import event_rows  # noqa: PLC0415  loads numpy, for long files only

        found: list[Sequence[MetricLog] | None] = [None] * len(starts)
        for targets, table in event_rows.read(block, starts, lengths, self._shapes):
            for record, value, time_ns, step in table:
                logs: tuple[MetricLog, ...] = ()
                for index, metric in targets:
                    origin = f"{source}:{starts[record] + shift}:{index}"
                    logs += (MetricLog(metric, number.write(value), time_ns, step, origin),)
                found[record] = logs
        return found

    def _take_apart(
        self, block: bytes, start: int, end: int, rest: int, place: str, logs: list[MetricLog]
    ) -> None:
        seconds, step, values = _event(block, start, end)
        worth_checking = end - start <= _SMALL or any(each.single for each in values)
        if worth_checking and not self._is_whole(block, start, end):
            return
        time_ns = timestamp.from_seconds(seconds)
        for position, (tag, found) in enumerate(values):
            targets = self._match(tag)
            if found is None:
                self.unreadable += len(targets)
                continue
            if len(self.tags) < MAX_TAGS:
                self.tags[tag] = None
            for index, metric in targets:
                origin = f"{place}{position * self._stride + index}"
                logs.append(MetricLog(metric, number.write(found.value), time_ns, step, origin))
        if len(values) == 1:
            tag, only = values[0]
            if only and only.layout and rest <= only.begin:
                self._learn(block, rest, end, only.begin, only.layout, self._match(tag))

    def _learn(
        self, block: bytes, rest: int, end: int, begin: int, layout: struct.Struct, targets: Targets
    ) -> None:
        if self._shape_count < MAX_TAGS:
            self._shape_count += 1
            shape = Shape(block[rest:begin], block[begin + layout.size : end], layout, targets)
            self._shapes.setdefault(end - rest, []).append(shape)

    def _is_whole(self, block: bytes, start: int, end: int) -> bool:
        whole = tfrecord.is_whole(block, start, end)
        self.damaged += not whole
        return whole


NAMED = "tfevents"
"""Stands in the names that TensorBoard looks for."""
SHORT = "holds no whole record yet"


def why_no_events(block: bytes, name: str, limit: int) -> str:
    """Why a file that begins so is no event file, or cannot be told to be one yet; "" when it is one.

    It is one when its first record gives the version, `brain.Event:…`. Writers made by hand leave that
    out: a name that TensorBoard looks for and a first record that agrees with its checksum do as well.

    Args:
        block: The file's first bytes.
        name: Of the file, without its folders.
        limit: Bytes from which on a block is as long as it ever gets; a first record that is longer
            (a model's graph) is known by the checksum of its length alone.
    """
    if len(block) < HEADER:
        return SHORT
    length = tfrecord.length_of(block[:HEADER])
    if length is None:
        return "does not begin with a record: the checksum of its first 8 bytes is wrong"
    end = HEADER + length
    if len(block) < min(end, HEADER + 64):
        return SHORT
    if b"brain.Event:" in block[HEADER : min(end, HEADER + 64)]:
        return ""
    if NAMED not in name:
        return f'has no version record, and "{NAMED}" is not in its name'
    if len(block) < end + FOOTER:
        return "" if len(block) >= limit else SHORT
    return "" if tfrecord.is_whole(block, HEADER, end) else "has a damaged first record"


def _event(data: bytes, at: int, end: int) -> tuple[float, int, list[_Value]]:
    """Wall time in seconds, step, and the values of an Event."""
    seconds, step, values = 0.0, 0, list[_Value]()
    for field, wire, begin, stop in fields(data, at, end):
        if field == 1 and wire == FIXED64:
            (seconds,) = DOUBLE.unpack_from(data, begin)
        elif field == 2 and wire == VARINT:
            step = tfrecord.signed(varint(data, begin, stop)[0])
        elif field == 5 and wire == BYTES:
            values += _summary(data, begin, stop)
    return seconds, step, values


def _summary(data: bytes, at: int, end: int) -> Iterator[_Value]:
    for field, wire, begin, stop in fields(data, at, end):
        if field == 1 and wire == BYTES:
            yield _value(data, begin, stop)


def _value(data: bytes, at: int, end: int) -> _Value:
    tag, found = "", None
    for field, wire, begin, stop in fields(data, at, end):
        if field == 1 and wire == BYTES:
            tag = data[begin:stop].decode("utf-8", "replace")
        elif field == 2 and wire == FIXED32:
            found = Single(FLOAT.unpack_from(data, begin)[0], begin, FLOAT)
        elif field == 8 and wire == BYTES:
            found = single(data, begin, stop)
    return _Value(tag, found)
