"""What a sidecar prints and the operator reads: JSON objects, one a line.

    {"metric":"loss","value":"0.31","time_ns":1764000000000000000,"step":7,"origin":"file:1024:0"}
    {"summary":{"metric":"loss","count":2000000,"printed":90000,"values":[…]}}
    {"end":{"seen":["los"],"notes":["/train/metrics.log is empty"]}}

A value is a MetricLog; what it lacks is left out. A summary, one for each metric that was found, tells at
the end what all values came to, printed or not: its `values` are the smallest, the largest and the latest.
`end` is the last line. Anything else in the log (a traceback, say) is no record.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from munshi.metrics.log import MetricLog, storable

_DIGITS = 2**63


@dataclass(frozen=True, slots=True)
class Summary:
    """What all values of a metric came to.

    Attributes:
        metric: Its name.
        count: How many there were.
        printed: How many of them have a line of their own.
        values: The smallest and the largest finite one, where there is one, then the latest.
    """

    metric: str
    count: int
    printed: int
    values: tuple[MetricLog, ...]


@dataclass(frozen=True, slots=True)
class End:
    """Nothing comes after.

    Attributes:
        seen: Names that the output gives numbers to, asked for or not.
        notes: Sentences about what could not be read.
    """

    seen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Record = MetricLog | Summary | End


def write(record: Record) -> bytes:
    """One line, its end included."""
    match record:
        case MetricLog():
            said = _value(record)
        case Summary(metric, count, printed, values):
            rows = [_value(each) for each in values]
            said = {
                "summary": {"metric": metric, "count": count, "printed": printed, "values": rows}
            }
        case End(seen, notes):
            said = {"end": {"seen": list(seen), "notes": list(notes)}}
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def read(line: bytes) -> Record | None:
    """What a line says; None when it is no record. Nothing in it is trusted."""
    if not line.startswith(b"{"):
        return None
    try:
        said = json.loads(line)
        if "summary" in said:
            return _read_summary(said["summary"])
        if "end" in said:
            seen, notes = said["end"]["seen"], said["end"]["notes"]
            return End(tuple(map(str, seen)), tuple(map(str, notes)))
        return _read_value(said)
    except (ValueError, TypeError, LookupError, RecursionError):
        return None


def _value(log: MetricLog) -> dict[str, Any]:
    fields = {
        "metric": log.metric,
        "value": log.value,
        "time_ns": log.time_ns,
        "step": log.step,
        "origin": log.origin or None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _read_value(said: dict[str, Any]) -> MetricLog:
    metric, text, origin = said["metric"], said["value"], said.get("origin", "")
    if not all(isinstance(each, str) for each in (metric, text, origin)):
        raise ValueError("not text")
    value = storable(text)
    if value is None:
        raise ValueError("not a value")
    return MetricLog(metric, value, _whole(said.get("time_ns")), _whole(said.get("step")), origin)


def _read_summary(said: dict[str, Any]) -> Summary:
    values = tuple(_read_value(each) for each in said["values"])
    return Summary(str(said["metric"]), int(said["count"]), int(said["printed"]), values)


def _whole(given: object) -> int | None:
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or not -_DIGITS <= given < _DIGITS:
        raise ValueError("not a whole number")
    return given
