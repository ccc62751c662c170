r"""The file a trial reports to by a call: one JSON object a line.

Two write it: `munshi.report_metrics` inside the trial's program, and munshi itself for whoever speaks
Katib's gRPC (`rpc`); the collector of kind Push reads it. It needs no server, so a report outlives
everybody at once, and any language can write it:

    {"timestamp": 1764000000.123456789, "step": 7, "accuracy": 0.93, "loss": "nan"}

A metric stands under its own name, as a number or as text; what JSON has no number for (`nan`, `inf`)
is text. `timestamp` is seconds since 1970, or RFC 3339 text, and `step` a whole number; both may be
left out. A call is one write at the file's end, so lines of several processes and threads do not
mix. What a writer that was killed left half written is ended first: it costs its own line only.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from munshi.metrics.lines import MAX_LINE
from munshi.metrics.log import MetricLog

VARIABLE = "MUNSHI_METRICS_FILE"
"""The environment variable by which a trial's program knows its file."""
TIMESTAMP, STEP = "timestamp", "step"

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ROW = 100  # metrics of one line, when there are many at one time
_SECOND = 1_000_000_000


def line(values: Mapping[str, str], time_ns: int | None, step: int | None) -> bytes:
    """One report as a line.

    Args:
        values: The text of each metric's value.
        time_ns: When, in nanoseconds since 1970; None leaves it to the reader.
        step: The program's own step, at least 0.

    Raises:
        ValueError: A metric's name belongs to the format, or the line is longer than what is read of one.
    """
    if TIMESTAMP in values:
        raise ValueError(f'"{TIMESTAMP}" is the time of a report; give the metric another name')
    if STEP in values and step is not None:
        raise ValueError(f'"{STEP}" is given twice, as the step and as a metric; leave one out')
    fields = [] if time_ns is None else [f'"{TIMESTAMP}": {_seconds(time_ns)}']
    fields += [] if step is None else [f'"{STEP}": {step}']
    fields += [f"{_text(name)}: {_value(value)}" for name, value in values.items()]
    written = f"{{{', '.join(fields)}}}\n".encode("utf-8", "backslashreplace")
    if len(written) > MAX_LINE:
        problem = f"{len(values)} metrics of one report make {len(written)} bytes"
        raise ValueError(f"{problem}, and {MAX_LINE} are read; report them in several calls")
    return written


def lines_of(logs: Sequence[MetricLog]) -> bytes:
    """Values that came some other way, as lines: those of one time together, in their order.

    Raises:
        ValueError: As `line`.
    """
    return b"".join(
        line({log.metric: log.value for log in row}, row[0].time_ns, row[0].step)
        for row in _rows(logs)
    )


def append(path: str | os.PathLike[str], written: bytes) -> None:
    """Add whole lines at the end of the file, which is made when it is not there.

    What is written survives the end of this process, however it comes.

    Raises:
        OSError: The file cannot be written; it carries the file's name.
    """
    if not written:
        return
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    try:
        if _ends_within_a_line(descriptor):
            written = b"\n" + written
        while written:
            written = written[os.write(descriptor, written) :]
    except OSError as fault:
        raise OSError(fault.errno or errno.EIO, fault.strerror, os.fspath(path)) from fault
    finally:
        os.close(descriptor)


def append_logs(path: str | os.PathLike[str], logs: Sequence[MetricLog]) -> None:
    """`lines_of` these values, at the end of the file, in one write."""
    append(path, lines_of(logs))


def _rows(logs: Sequence[MetricLog]) -> Iterator[Sequence[MetricLog]]:
    """Stretches of logs that may share a line: of one time and step, no metric twice, not too many."""
    cuts, names = [0], set[str]()
    for at, (before, log) in enumerate(pairwise(logs), start=1):
        names.add(before.metric)
        same = (log.time_ns, log.step) == (before.time_ns, before.step)
        if not same or log.metric in names or at - cuts[-1] >= _ROW:
            cuts.append(at)
            names.clear()
    yield from (logs[begin:end] for begin, end in pairwise([*cuts, len(logs)]) if end > begin)


def _ends_within_a_line(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _seconds(time_ns: int) -> str:
    """Nanoseconds as decimal seconds, every digit kept."""
    sign, size = ("-" if time_ns < 0 else ""), abs(time_ns)
    return f"{sign}{size // _SECOND}.{size % _SECOND:09d}"


def _value(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else _text(text)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
