"""Metrics in JSON lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.metrics import lines, number
from munshi.metrics.json_lines import JsonScanner

VALUES = {
    "a string, as Katib wants it": ('{"loss": "0.5"}', ["0.5"]),
    "a number": ('{"loss": 0.5}', ["0.5"]),
    "a whole number": ('{"loss": 3}', ["3"]),
    "the spelling is kept": ('{"loss": 1.50E-007}', ["1.50E-007"]),
    "more digits than a double": (
        '{"loss": 0.1000000000000000055511151231257827}',
        ["0.1000000000000000055511151231257827"],
    ),
    "more digits than Python converts": ('{"loss": ' + "9" * 5000 + "}", ["9" * 5000]),
    "NaN and infinity, as Python writes them": (
        '{"loss": NaN, "acc": -Infinity}',
        ["NaN", "-Infinity"],
    ),
    "text": ('{"loss": "Genotype(1)"}', ["Genotype(1)"]),
    "a string with blanks": ('{"loss": " 0.5 "}', ["0.5"]),
    "other keys": ('{"epoch": 1, "checkpoint_path": "", "loss": "1"}', ["1"]),
    "the later of two": ('{"loss": 1, "loss": 2}', ["2"]),
    "several metrics in the requested order": ('{"acc": 1, "loss": 2}', ["2", "1"]),
    "a byte order mark": ('\ufeff{"loss": 1}', ["1"]),
    "a surrogate": ('{"loss": "a\\ud800"}', ["a?"]),
    "NUL": ('{"loss": "1\\u0000"}', ["1"]),
    "an empty string": ('{"loss": ""}', []),
    "null": ('{"loss": null}', []),
    "null as text": ('{"loss": "null"}', []),
    "a boolean": ('{"loss": true}', []),
    "nested": ('{"loss": {"loss": 1}, "m": {"acc": 1}}', []),
    "an array": ('{"loss": [1]}', []),
}


@pytest.mark.parametrize(("line", "expected"), VALUES.values(), ids=VALUES)
def test_reads_values(line: str, expected: list[str]) -> None:
    """Strings and numbers under the metric's own name are values, in their own spelling."""
    scanner = JsonScanner(["loss", "acc"])
    assert [log.value for log in scanner.scan(line.encode(), 0, "file")] == expected
    assert scanner.bad_lines == 0


BAD = {
    "words": b"Epoch 1 of 3",
    "an object cut short": b'{"loss": 0.',
    "single quotes": b"{'loss': 1}",
    "a number": b"5",
    "an array": b'["loss"]',
    "two objects": b'{"loss": 1} {"loss": 2}',
    "nested too deeply": b'{"loss":' * 100_000,
    "a line without end": b'{"loss": "' + b"x" * lines.MAX_LINE + b'"}',
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_bad_lines_are_counted_and_passed_over(line: bytes) -> None:
    """A line that is no object costs its own values only, and the first is named by its number."""
    scanner = JsonScanner(["loss"])
    block = b'{"loss": 1}\n\n  \r\n' + line + b'\n{"loss": 2}\nstray\n'
    assert [log.value for log in scanner.scan(block, 0, "file")] == ["1", "2"]
    assert (scanner.bad_lines, scanner.first_bad_line) == (2, 4)
    assert scanner.notes() == ("2 line(s) were not JSON objects, the first is line 4",)


TIMES = {
    "RFC 3339": ('"2021-12-02T05:27:27.5Z"', 1638422847_500000000),
    "decimal seconds": ("1638422847.28721", 1638422847_287210000),
    "one digit after the point": ("1638422847.3", 1638422847_300000000),
    "whole seconds": ("1638422847", 1638422847_000000000),
    "an empty string": ('""', None),
    "words": ('"now"', None),
    "nothing": ("null", None),
    "nonsense": ("1e99999", None),
}


@pytest.mark.parametrize(("given_time", "time_ns"), TIMES.values(), ids=TIMES)
def test_reads_timestamps_exactly(given_time: str, time_ns: int | None) -> None:
    """A timestamp is RFC 3339 text or decimal seconds; anything else leaves the value undated."""
    line = f'{{"loss": 1, "timestamp": {given_time}}}'
    (log,) = JsonScanner(["loss"]).scan(line.encode(), 0, "file")
    assert log.time_ns == time_ns


STEPS = {
    "a whole number": ("7", 7),
    "a fraction": ("7.5", None),
    "text": ('"7"', None),
    "huge": ("9" * 30, None),
}


@pytest.mark.parametrize(("given_step", "step"), STEPS.values(), ids=STEPS)
def test_reads_steps(given_step: str, step: int | None) -> None:
    """A whole number under `step` is the step."""
    (log,) = JsonScanner(["loss"]).scan(f'{{"loss": 1, "step": {given_step}}}'.encode(), 0, "file")
    assert log.step == step


def test_says_which_value_was_unusable() -> None:
    """A requested metric without a usable value is told with its line."""
    scanner = JsonScanner(["loss"])
    scanner.scan(b'{"loss": 1}\n', 0, "file")
    scanner.scan(b'{"loss": null}\n{"loss": false}\n', 12, "file")
    assert scanner.notes() == ('2 value(s) were unusable, the first: "loss" in line 2',)


@given(
    st.lists(st.dictionaries(st.sampled_from(["loss", "정확도", "x"]), st.floats(allow_nan=False))),
    st.integers(0, 10**6),
)
def test_reads_what_python_writes(records: list[dict[str, float]], offset: int) -> None:
    """Numbers written by Python's json are read back exactly, each with a place of its own."""
    block = "".join(json.dumps(record) + "\n" for record in records).encode()
    logs = JsonScanner(["loss", "정확도"]).scan(block, offset, "file")
    written = [record[name] for record in records for name in ("loss", "정확도") if name in record]
    assert [number.read(log.value) for log in logs] == written
    assert len({log.origin for log in logs}) == len(logs)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(block: bytes) -> None:
    """No bytes make the scanner fail."""
    scanner = JsonScanner(["loss"])
    assert scanner.scan(block + b'\n{"loss": 1}\n', 0, "file")[-1].value == "1"
