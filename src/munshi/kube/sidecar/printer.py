"""How much of a flood is printed, and what it comes to exactly.

A container's log is kept in files of 10 MiB by default, and of these the API shows the newest only. A
sidecar that printed more than that would lose its first values, for an operator that comes back after a
while. So the first FULL bytes are printed as they come; then every tenth value of each metric, every
hundredth, and so on, a STEP of bytes for each; after the last step nothing but the summaries. Those are
exact (the rules are those of `metrics.observation`), however little was printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from munshi.kube.sidecar import records
from munshi.kube.sidecar.records import End, Record, Summary
from munshi.metrics import number
from munshi.metrics.log import MetricLog

FULL = 6 << 20
"""Bytes that are printed before values are left out."""
STEP = 512 << 10
STEPS = 4
FACTOR = 10
OVERHEAD = 45
"""Bytes that the container runtime adds to a line: its time, its stream."""
_UNDATED = -(2**63) - 1


class Printer:
    """Prints what a sidecar finds; see above.

    Args:
        write: Takes whole lines.
        full: As FULL, for tests.
        step: As STEP.
    """

    def __init__(
        self, write: Callable[[bytes], None], *, full: int = FULL, step: int = STEP
    ) -> None:
        self._write, self._full, self._step = write, full, step
        self._spent = 0
        self._metrics: dict[str, _Exact] = {}

    def take(self, logs: Iterable[MetricLog]) -> None:
        """Print values, or some of them, in their order."""
        lines: list[bytes] = []
        for log in logs:
            exact = self._metrics.setdefault(log.metric, _Exact(log.metric))
            exact.add(log)
            stride = self._stride()
            if stride and exact.count % stride == 0:
                exact.printed += 1
                lines.append(self._line(log))
        if lines:
            self._write(b"".join(lines))

    def end(self, end: End) -> None:
        """Print what it all came to, and that this is all."""
        summaries = [self._line(exact.summary()) for exact in self._metrics.values()]
        self._write(b"".join([*summaries, self._line(end)]))

    def _stride(self) -> int:
        """Every how many-th value is printed at present; 0: none."""
        beyond = self._spent - self._full
        if beyond < 0:
            return 1
        steps = beyond // self._step + 1
        return FACTOR**steps if steps <= STEPS else 0

    def _line(self, record: Record) -> bytes:
        line = records.write(record)
        self._spent += len(line) + OVERHEAD
        return line


class _Exact:
    """One metric's smallest, largest and latest value."""

    def __init__(self, metric: str) -> None:
        self.count = self.printed = 0
        self._metric = metric
        self._low, self._high, self._last_ns = math.inf, -math.inf, _UNDATED
        self._smallest: MetricLog | None = None
        self._largest: MetricLog | None = None
        self._latest: MetricLog | None = None

    def add(self, log: MetricLog) -> None:
        self.count += 1
        time_ns = _UNDATED if log.time_ns is None else log.time_ns
        if time_ns >= self._last_ns:
            self._last_ns, self._latest = time_ns, log
        value = number.read(log.value)
        if value is None or not math.isfinite(value):
            return
        if value < self._low:
            self._low, self._smallest = value, log
        if value > self._high:
            self._high, self._largest = value, log

    def summary(self) -> Summary:
        three = (self._smallest, self._largest, self._latest)
        values = tuple(log for log in three if log is not None)
        return Summary(self._metric, self.count, self.printed, values)
