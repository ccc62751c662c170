"""Event files, compared with what TensorFlow wrote and read; see data/make_event_files.py."""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.metrics import number, tfevent, tfrecord, timestamp
from munshi.metrics.log import MetricLog
from munshi.metrics.tfevent import EventScanner

DATA = Path(__file__).parent / "data"
EXPECTED: dict[str, list[list[Any]]] = json.loads((DATA / "expected.json").read_text())
TF1 = (DATA / "tf1/train/events.out.tfevents.1.host").read_bytes()


def everything() -> EventScanner:
    """A scanner for which every tag is a metric of its own name."""
    return EventScanner(lambda tag: [(0, tag)], 1)


def rows(logs: list[MetricLog]) -> list[list[Any]]:
    """Logs in the form of expected.json, dates in nanoseconds."""
    return [[log.metric, log.step, log.time_ns, repr(float(log.value))] for log in logs]


def record(content: bytes) -> bytes:
    """A TFRecord around some content."""
    length = struct.pack("<Q", len(content))
    crcs = [struct.pack("<I", tfrecord.masked_crc(each)) for each in (length, content)]
    return length + crcs[0] + content + crcs[1]


def scalar(tag: bytes, value: float, step: int = 0) -> bytes:
    """An event with a simple value, as TF1 writes it; steps below 128."""
    inner = b"\x0a" + bytes([len(tag)]) + tag + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(inner)]) + inner
    moment = b"\x09" + struct.pack("<d", 1700000000.0) + (b"\x10" + bytes([step]) if step else b"")
    return record(moment + b"\x2a" + bytes([len(summary)]) + summary)


@pytest.mark.parametrize("file", EXPECTED)
def test_reads_what_tensorflow_reads(file: str) -> None:
    """Tags, steps, times and values of TF1, TF2 and all number types are TensorFlow's own, in order."""
    scanner = everything()
    block = (DATA / file).read_bytes()
    expected = [
        [tag, step, timestamp.from_seconds(at), value] for tag, step, at, value in EXPECTED[file]
    ]
    assert rows(scanner.scan(block, 0, file)) == expected
    assert (scanner.consumed, scanner.damaged) == (len(block), 0)


def test_counts_values_that_are_no_single_number() -> None:
    """Of the TF2 file's histogram and text nothing is kept; when requested, they are told."""
    scanner = everything()
    scanner.scan((DATA / "tf2/train/events.out.tfevents.1.host").read_bytes(), 0, "f")
    assert scanner.notes() == ("2 value(s) of requested tags were not single numbers",)
    assert list(scanner.tags) == ["epoch_accuracy", "epoch_loss"]


def test_floats_are_written_as_katib_writes_them() -> None:
    """A float32 is widened to a double, so 0.1 shows its true value."""
    (log,) = everything().scan(scalar(b"acc", 0.1), 0, "f")
    assert log.value == "0.10000000149011612"


def test_only_wanted_tags_are_kept() -> None:
    """A tag without a metric gives no log; tags of several metrics give each, with its own origin."""
    wanted = {"accuracy_1": [(0, "accuracy_1"), (2, "train/accuracy_1")]}
    logs = EventScanner(lambda tag: wanted.get(tag, []), 3).scan(TF1, 0, "f")
    assert len(logs) == 2 * 8
    assert {log.metric for log in logs} == {"accuracy_1", "train/accuracy_1"}
    both = EventScanner(lambda tag: [(0, tag), (1, f"train/{tag}")], 2).scan(TF1, 0, "f")
    assert len({log.origin for log in both}) == len(both) == 2 * 13


def test_steps_may_be_negative() -> None:
    """A step is a signed number, in the first record of a shape and in those that follow."""
    minus_seven = b"\x10\xf9" + b"\xff" * 8 + b"\x01"
    summary = b"\x2a\x0c\x0a\x0a\x0a\x03acc" + b"\x15" + struct.pack("<f", 1.0)
    event = record(b"\x09" + struct.pack("<d", 1.5) + minus_seven + summary)
    assert [log.step for log in everything().scan(event * 3, 0, "f")] == [-7, -7, -7]


FLOAT_TYPE, INT_TYPE = b"\x08\x01", b"\x08\x03"
ONE_FLOAT = b"\x2a\x04" + struct.pack("<f", 0.5)
TENSORS = {
    "one number": (FLOAT_TYPE + b"\x12\x00" + ONE_FLOAT, ["0.5"]),
    "one number, the type last": (ONE_FLOAT + FLOAT_TYPE, ["0.5"]),
    "one number, not packed": (FLOAT_TYPE + b"\x2d" + struct.pack("<f", 0.5), ["0.5"]),
    "zero, left out": (FLOAT_TYPE + b"\x12\x00", ["0.0"]),
    "a whole zero, left out": (INT_TYPE + b"\x12\x00", ["0"]),
    "a pair whose equal numbers are written once": (
        FLOAT_TYPE + b"\x12\x04\x12\x02\x08\x02" + ONE_FLOAT,
        [],
    ),
    "a vector without elements": (FLOAT_TYPE + b"\x12\x02\x12\x00" + ONE_FLOAT, []),
    "a shape that is not known": (FLOAT_TYPE + b"\x12\x02\x18\x01" + ONE_FLOAT, []),
    "a pair": (FLOAT_TYPE + b"\x2a\x08" + struct.pack("<2f", 0.5, 0.5), []),
    "a pair of whole numbers": (INT_TYPE + b"\x3a\x02\x01\x02", []),
    "no type": (ONE_FLOAT, []),
    "text": (b"\x08\x07\x42\x01x", []),
}


@pytest.mark.parametrize(("tensor", "expected"), TENSORS.values(), ids=TENSORS)
def test_a_tensor_counts_when_it_holds_one_number(tensor: bytes, expected: list[str]) -> None:
    """Type, shape and values together say whether a tensor is one number."""
    inner = b"\x0a\x03acc\x42" + bytes([len(tensor)]) + tensor
    summary = b"\x2a" + bytes([len(inner) + 2]) + b"\x0a" + bytes([len(inner)]) + inner
    event = record(b"\x09" + struct.pack("<d", 1.5) + summary)
    assert [log.value for log in everything().scan(event * 2, 0, "f")] == expected * 2


@given(st.lists(st.integers(0, len(TF1))))
def test_may_be_cut_anywhere(cuts: list[int]) -> None:
    """Reading in pieces, a record unfinished at each end, gives the same logs as reading at once."""
    scanner, at, logs = everything(), 0, []
    for cut in [*sorted(cuts), len(TF1)]:
        logs += scanner.scan(TF1[at:cut], at, "f")
        at += scanner.consumed
    assert logs == everything().scan(TF1, 0, "f")


def test_says_how_much_an_unfinished_record_needs() -> None:
    """After a cut record, `need` is the record's whole size; without its header it is unknown."""
    whole = scalar(b"acc", 1.0)
    scanner = everything()
    scanner.scan(whole[:-1], 0, "f")
    assert (scanner.consumed, scanner.need) == (0, len(whole))
    scanner.scan(whole[:11], 0, "f")
    assert (scanner.consumed, scanner.need) == (0, 0)


@given(st.integers(0, 36), st.integers(1, 255))
def test_damage_costs_one_record(place: int, flip: int) -> None:
    """Any changed byte of the second record loses that record alone, and is counted."""
    first, second, third = (
        scalar(b"acc", value, step) for step, value in ((1, 1.0), (2, 2.0), (3, 3.0))
    )
    hurt = bytearray(second)
    hurt[place % len(hurt)] ^= flip
    scanner = everything()
    logs = scanner.scan(first + bytes(hurt) + third * 20, 0, "f")
    assert [log.value for log in logs] == ["1.0"] + ["3.0"] * 20
    assert scanner.damaged == 1
    assert scanner.notes() == ("1 damaged record(s) were skipped",)


def test_a_lost_stretch_is_passed_over() -> None:
    """A file with a hole of zeros is read on after it, and the hole counts once."""
    scanner = everything()
    logs = scanner.scan(scalar(b"acc", 1.0) + bytes(100_000) + scalar(b"acc", 2.0), 0, "f")
    assert [log.value for log in logs] == ["1.0", "2.0"]
    assert scanner.damaged == 1


@given(st.binary(max_size=200))
def test_any_record_is_read(content: bytes) -> None:
    """A record with a good checksum and any content never fails, and the next one is read."""
    logs = everything().scan(record(content) + scalar(b"acc", 1.0), 0, "f")
    assert logs[-1].value == "1.0"


@given(st.binary(max_size=400))
def test_any_bytes_are_read(noise: bytes) -> None:
    """No bytes make the scanner fail or claim more than it was given."""
    scanner = everything()
    scanner.scan(noise, 0, "f")
    assert 0 <= scanner.consumed <= len(noise)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"acc", b"los", b"f1"]), st.floats(width=32), st.integers(0, 127)
        )
    )
)
def test_records_of_a_known_shape_are_read_as_new_ones(
    values: list[tuple[bytes, float, int]],
) -> None:
    """Reading many records with one scanner gives what fresh scanners give for each."""
    records = [scalar(*each) for each in values]
    together = everything().scan(b"".join(records), 0, "f")
    apart = [log for each in records for log in everything().scan(each, 0, "f")]
    assert rows(together) == rows(apart)
    for log, (tag, value, step) in zip(together, values, strict=True):
        got = number.read(log.value)
        assert got is not None
        assert got == value or math.isnan(got) == math.isnan(value) is True
        assert (log.metric, log.step) == (tag.decode(), step)


def test_checksums_are_crc32c() -> None:
    """The published check values of CRC-32C (RFC 3720 appendix B.4) come out."""
    assert tfrecord.crc32c(b"123456789") == 0xE3069283
    assert tfrecord.crc32c(bytes(32)) == 0x8A9136AA
    assert tfrecord.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert tfrecord.crc32c(bytes(range(32))) == 0x46DD794E


PLAIN = record(b"\x09" + bytes(8) + b"\x10\x01")
HURT = PLAIN[:-1] + bytes([PLAIN[-1] ^ 1])
KINDS = {
    "an event file": (TF1, "events.1", ""),
    "its first bytes": (TF1[:11], "events.1", tfevent.SHORT),
    "its first record cut": (TF1[:20], "events.1", tfevent.SHORT),
    "a completion marker": (b"completed\n and then", "1.tfevents", "does not begin with a record"),
    "another TFRecord": (record(b"an example of a data set"), "data", "has no version record"),
    "nothing": (b"", "1.tfevents", tfevent.SHORT),
    "no version record, but the name": (PLAIN, "out.tfevents.1", ""),
    "no version record, and cut": (PLAIN[:-1], "out.tfevents.1", tfevent.SHORT),
    "no version record, and damaged": (HURT, "out.tfevents.1", "has a damaged first record"),
    "a first record beyond the block": (record(bytes(200))[:100], "out.tfevents.1", ""),
}


@pytest.mark.parametrize(("block", "name", "why"), KINDS.values(), ids=KINDS)
def test_recognises_event_files(block: bytes, name: str, why: str) -> None:
    """The first record and the name tell; before the record is there, only that is said."""
    refusal = tfevent.why_no_events(block, name, 100)
    assert refusal.startswith(why) if why else refusal == ""


FEW = 1 << 40
"""More records than any block holds: all are read one by one."""


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Records of a few shapes in any order, some damaged, some of no shape at all."""

    def moment() -> bytes:
        seconds = draw(
            st.sampled_from([0.0, 1.7e9, 1700000000.123456, -5.25, 1e10, 1e12, math.nan])
        )
        step = draw(
            st.sampled_from([b"", b"\x10\x07", b"\x10\x80\x01", b"\x10" + b"\xff" * 9 + b"\x01"])
        )
        return b"\x09" + struct.pack("<d", seconds) + step

    def number_of(tag: bytes) -> bytes:
        bits = draw(st.sampled_from([0, 1, 0x3DCCCCCD, 0x7F800000, 0x7FC00000, 0xFF800001]))
        parts = [b"\x0a" + bytes([len(tag)]) + tag, b"\x15" + struct.pack("<I", bits)]
        inner = b"".join(draw(st.permutations(parts)))
        return b"\x0a" + bytes([len(inner)]) + inner

    def one() -> bytes:
        tags = draw(st.lists(st.sampled_from([b"a", b"b", b"cc", b"no"]), min_size=1, max_size=2))
        summary = b"".join(map(number_of, tags))
        double = b"\x0a\x12\x0a\x01d\x42\x0d\x08\x02\x12\x00\x31" + struct.pack("<d", 0.1)
        summary = draw(st.sampled_from([summary, summary, summary, double]))
        whole = record(moment() + b"\x2a" + bytes([len(summary)]) + summary)
        if draw(st.integers(0, 9)) == 0:
            place = draw(st.integers(12, len(whole) - 1))
            whole = whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :]
        return whole

    return b"".join(one() for _ in range(draw(st.integers(0, 30))))


@given(files(), st.integers(0, 5))
def test_many_records_are_read_as_each_alone(block: bytes, first: int) -> None:
    """Columns give what one record after the other gives: values, order, origins, damage, tags."""

    def match(tag: str) -> list[tuple[int, str]]:
        return [] if tag == "no" else [(0, tag)] if tag != "cc" else [(0, "c"), (1, "cc")]

    def scanned(bulk: int) -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tfevent, "_BULK", bulk)
            patch.setattr(tfevent, "_FIRST", first)
            scanner = EventScanner(match, 2)
            logs = [scanner.scan(block, 40, "f") for _ in range(2)]
            return logs, scanner.notes(), scanner.consumed, set(scanner.tags)

    assert scanned(0) == scanned(FEW)


def test_a_long_file_is_read_quickly() -> None:
    """From some hundred records of a shape on, a record costs a third of what it costs alone, or less."""
    block = b"".join(scalar(b"loss", at / 7, at % 100 + 1) for at in range(4_000))

    def pace(bulk: int) -> float:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tfevent, "_BULK", bulk)
            scanner = everything()
            began = time.process_time()
            assert len(scanner.scan(block, 0, "f")) == 4_000
            return time.process_time() - began

    assert min(pace(500) / pace(FEW) for _ in range(8)) < 0.6


def test_arrays_are_loaded_for_long_files_only() -> None:
    """A trial with a few scalars costs no library."""
    code = (
        "import sys; from munshi.metrics.tfevent import EventScanner;"
        f"EventScanner(lambda tag: [(0, tag)], 1).scan({scalar(b'loss', 1) * 99!r}, 0, 'f');"
        "sys.exit('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert done.returncode == 0
