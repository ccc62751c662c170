"""Metrics in JSON lines: one object a line, a metric under its own name.

By Katib's contract (metrics collection contract §3) with three mends: numbers count as well as
strings, a line that is not an object is counted instead of failing the trial, and a timestamp in
decimal seconds is read exactly. Nested objects, arrays, booleans and null are no values. `step`,
when it is a whole number, is the step of the line's metrics.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from munshi.metrics import lines, timestamp
from munshi.metrics.log import MetricLog, storable


class _Number(str):
    """A JSON number in its own spelling: no digit is lost on the way to the ledger."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_Number)


class JsonScanner:
    """Reads JSON lines.

    Args:
        metrics: The requested names, the objective first.

    Attributes:
        bad_lines: How many lines were no JSON object; blank lines are not counted.
        first_bad_line: The number of the first of them, from 1; None when there is none.
        unreadable: How many requested metrics stood there without a usable value.
    """

    def __init__(self, metrics: Sequence[str]) -> None:
        self._metrics = [name for name in dict.fromkeys(each.strip() for each in metrics) if name]
        self._line = 1
        self.bad_lines = 0
        self.first_bad_line: int | None = None
        self.unreadable = 0
        self._first_unreadable = ""

    def scan(self, block: bytes, offset: int, source: str) -> list[MetricLog]:
        """The metrics in a block of whole lines; see `Scanner`."""
        logs: list[MetricLog] = []
        for start, line in lines.every(block):
            if line.strip():
                self._read(line, f"{source}:{offset + start}:", logs)
            self._line += line.endswith(b"\n")
        return logs

    def notes(self) -> tuple[str, ...]:
        """What was met and could not be used."""
        said = []
        if self.bad_lines:
            said.append(
                f"{self.bad_lines} line(s) were not JSON objects, the first is line {self.first_bad_line}"
            )
        if self.unreadable:
            said.append(
                f"{self.unreadable} value(s) were unusable, the first: {self._first_unreadable}"
            )
        return tuple(said)

    def _read(self, line: bytes, place: str, logs: list[MetricLog]) -> None:
        record = _object(line)
        if record is None:
            self.bad_lines += 1
            self.first_bad_line = self.first_bad_line or self._line
            return
        time_ns = _time(record.get("timestamp"))
        step = _step(record.get("step"))
        index = 0
        for metric in self._metrics:
            if metric not in record:
                continue
            given = record[metric]
            value = storable(given) if isinstance(given, str) else None
            if value is None:
                self.unreadable += 1
                self._first_unreadable = (
                    self._first_unreadable or f'"{metric}" in line {self._line}'
                )
                continue
            logs.append(MetricLog(metric, value, time_ns, step, f"{place}{index}"))
            index += 1


def _object(line: bytes) -> dict[str, object] | None:
    if len(line) > lines.MAX_LINE:
        return None
    try:
        record = _DECODER.decode(line.decode("utf-8", "replace").lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _time(given: object) -> int | None:
    if isinstance(given, _Number):
        return timestamp.read_epoch_s(given)
    return timestamp.read_rfc3339(given.strip()) if isinstance(given, str) else None


def _step(given: object) -> int | None:
    if isinstance(given, _Number) and given.isdecimal() and len(given) <= 18:
        return int(given)
    return None
