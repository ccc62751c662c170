"""One metric of one trial as it is kept: an exact summary of all values, and an even selection of them.

A program may report ten million values; a chart shows a thousand, and a trial is judged by three. So
the summary is carried on with every value (the rules are those of `metrics.observation.Fold`), and of
the values every `stride`-th is kept, counted as they came; when those are more than `most`, every
second of them goes and the stride doubles. Beside these the earliest, the latest, the smallest and
the largest are always kept. So what is kept depends on the values alone: not on the calls they came
in, nor on crashes between them.

Pure; `logs` keeps the rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from munshi.metrics import number
from munshi.metrics.observation import MetricSummary

KEPT_VALUES = 10_000
"""Values of one metric of one trial that are kept at most, beside the four: enough for any chart."""

Value = tuple[int, int, int | None, str, str]
"""A new value: its arrival within the trial, time in ns, step, text, origin."""

Row = tuple[int, int, int, int, int | None, str, str]
"""A value to keep: its series, its place there, and the rest as in Value."""


@dataclass(slots=True)
class Selection:
    """What becomes of the rows after new values.

    Attributes:
        rows: New values to keep.
        dropped: Places of rows that no longer are among the four.
        thinned: The stride grew: old rows off it go, all but the four.
    """

    rows: list[Row]
    dropped: list[int]
    thinned: bool


@dataclass(slots=True)
class Series:
    """The state of a series; places count its values from 0, -1 says that there is none.

    Attributes:
        id: Its row.
        arrivals: How many values came, those included that say that there is none.
        stride: Every how many-th is kept.
        count: How many said something.
        non_finite: How many of them were NaN or infinite.
        first_ns: The earliest time, with its place.
        low: The smallest finite value as reported, with its place; `high` likewise.
        latest: The last value by time, then by arrival, with its time and place.
    """

    id: int
    arrivals: int = 0
    stride: int = 1
    count: int = 0
    non_finite: int = 0
    first_ns: int = 0
    first_place: int = -1
    low: str | None = None
    low_place: int = -1
    high: str | None = None
    high_place: int = -1
    latest: str | None = None
    latest_ns: int = 0
    latest_place: int = -1

    def take(self, values: Sequence[Value], most: int) -> Selection:
        """Take new values, in the order they came, and choose what is kept of them.

        Args:
            values: What is new.
            most: How many are kept, beside the four.
        """
        began, stride, four = self.arrivals, self.stride, {*self.four()}
        self._fold(values)
        self.arrivals += len(values)
        while (self.arrivals - 1) // self.stride >= most:
            self.stride *= 2
        new = set(range(-(-began // self.stride) * self.stride, self.arrivals, self.stride))
        new |= {place for place in self.four() if place >= began}
        rows = [(self.id, place, *values[place - began]) for place in sorted(new)]
        dropped = [place for place in four.difference(self.four()) if place % self.stride]
        return Selection(rows, dropped, self.stride > stride)

    def four(self) -> tuple[int, int, int, int]:
        """The places of the earliest, the latest, the smallest and the largest value."""
        return self.first_place, self.latest_place, self.low_place, self.high_place

    def summary(self, name: str) -> MetricSummary:
        """What the metric came to."""
        return MetricSummary(name, self.low, self.high, self.latest, self.count, self.non_finite)

    def _fold(self, values: Sequence[Value]) -> None:
        """Carry the summary on; see `metrics.observation`."""
        low = math.inf if self.low is None else number.read(self.low) or 0.0
        high = -math.inf if self.high is None else number.read(self.high) or 0.0
        first_ns = self.first_ns if self.count else math.inf
        latest_ns = self.latest_ns if self.count else -math.inf
        for place, (_, time_ns, _, said, _) in enumerate(values, self.arrivals):
            text = number.from_wire(said)
            if text is None:
                continue
            self.count += 1
            if time_ns >= latest_ns:
                latest_ns = self.latest_ns = time_ns
                self.latest, self.latest_place = text, place
            if time_ns < first_ns:
                first_ns = self.first_ns = time_ns
                self.first_place = place
            value = number.read(text)
            if value is None:
                continue
            if not math.isfinite(value):
                self.non_finite += 1
                continue
            if value < low:
                low, self.low, self.low_place = value, text, place
            if value > high:
                high, self.high, self.high_place = value, text, place
