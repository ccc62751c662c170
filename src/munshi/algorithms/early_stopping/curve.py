"""A trial's objective over its reports, in a few dozen points however many reports there were.

A method compares trials at the same step, the number of the report. Steps of interest are `marks`: the
first one and then ever further apart, each about a quarter beyond the last, so that a trial of a hundred
epochs has a mark nearly every epoch at the start, where curves differ most, and twenty in all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """How a trial stood after so many reports; NaN and infinite values are left out of all but `step`.

    Attributes:
        step: The number of reports.
        mean: The average of the values so far.
        least: The smallest of them.
        greatest: The largest.
        latest: The last.
    """

    step: int
    mean: float
    least: float
    greatest: float
    latest: float


Curve = tuple[Point, ...]
"""The points of one trial by step; only marks that it reached, and where it had a finite value by then."""


def marks(first: int) -> Iterator[int]:
    """The steps at which trials are compared, for ever: `first`, and then each a quarter beyond the last."""
    step = first
    while True:
        yield step
        step = max(step + 1, -(-step * 5 // 4))


def curve(values: Iterable[tuple[int, float]], first: int) -> Curve:
    """The curve of a trial at the marks from `first` on.

    Args:
        values: (number of the report from 1, value), in that order. Where numbers are missing (of a very
            long series not every value is kept) the mean is that of the values that are there.
        first: The first step of interest, at least 1.
    """
    points: list[Point] = []
    steps = marks(first)
    mark, standing = next(steps), _Standing()
    for number, value in values:
        while mark < number:  # between two kept reports it stood as after the earlier one
            points += standing.at(mark)
            mark = next(steps)
        standing.take(value)
        if mark == number:
            points += standing.at(mark)
            mark = next(steps)
    return tuple(points)


@dataclass(slots=True)
class _Standing:
    """The values so far, summed up."""

    count: int = 0
    total: float = 0.0
    least: float = math.inf
    greatest: float = -math.inf
    latest: float = 0.0

    def take(self, value: float) -> None:
        if math.isfinite(value):
            self.count, self.total, self.latest = self.count + 1, self.total + value, value
            self.least, self.greatest = min(self.least, value), max(self.greatest, value)

    def at(self, step: int) -> tuple[Point, ...]:
        """The point; none before the first finite value, nor when the sum is out of range."""
        if not self.count or not math.isfinite(self.total):
            return ()
        mean = self.total / self.count
        return (Point(step, mean, self.least, self.greatest, self.latest),)
