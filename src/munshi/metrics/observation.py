"""A log of values into an Observation: per metric the smallest, the largest and the latest.

`reconcile` judges a trial by this, and `web` shows it. The rules (Katib runtime behaviour §10.1,
with its traps T2, T31 and T32 mended):

- values are ordered by time, then by arrival; undated ones stand before all dated ones, as Katib's
  zero time does;
- smallest and largest are over finite numbers only, in the spelling that was reported, first come
  first kept;
- the latest is shown whatever it says: `nan`, or a genotype. It is an objective only when it is
  finite;
- the order of metrics is the order they were asked for, always.

A Fold takes logs one by one and keeps nothing but its result, so a million of them need no list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from munshi.metrics import number
from munshi.metrics.log import MetricLog

Strategy = Literal["min", "max", "latest"]
"""Which of a metric's three values speaks for the trial."""

_UNDATED = -(2**63) - 1


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """What one metric came to.

    Attributes:
        name: The metric.
        min: The smallest finite value as it was reported; None when there was none.
        max: The largest, likewise.
        latest: The last value, any text; None when the metric was never reported.
        count: How many values there were.
        non_finite: How many of them were NaN or infinite.
    """

    name: str
    min: str | None = None
    max: str | None = None
    latest: str | None = None
    count: int = 0
    non_finite: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """What a trial came to: one summary per requested metric, the objective first."""

    metrics: tuple[MetricSummary, ...] = ()

    def get(self, name: str) -> MetricSummary | None:
        """The summary of a metric; None when it was not asked for."""
        return next((each for each in self.metrics if each.name == name), None)

    def reported(self, name: str) -> bool:
        """Whether the metric has any value at all, finite or not."""
        summary = self.get(name)
        return summary is not None and summary.count > 0


class Fold:
    """Takes logs as they come and holds the Observation so far.

    Args:
        metrics: The requested names, the objective first; logs of other metrics are passed over.
    """

    def __init__(self, metrics: Sequence[str]) -> None:
        self._metrics = {name: _Running(name) for name in metrics}

    def add(self, logs: Iterable[MetricLog]) -> None:
        """Take more logs; their order is the order of arrival. O(1) memory."""
        for log in logs:
            running = self._metrics.get(log.metric)
            if running is not None:
                running.add(log)

    def result(self) -> Observation:
        """The Observation of everything added so far."""
        return Observation(tuple(running.summary() for running in self._metrics.values()))


class _Running:
    """One metric's summary while it grows."""

    __slots__ = (
        "count",
        "high",
        "high_text",
        "last_ns",
        "latest",
        "low",
        "low_text",
        "name",
        "odd",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.low, self.high = math.inf, -math.inf
        self.low_text: str | None = None
        self.high_text: str | None = None
        self.latest: str | None = None
        self.last_ns = _UNDATED
        self.count = self.odd = 0

    def add(self, log: MetricLog) -> None:
        text = number.from_wire(log.value)
        if text is None:  # "unavailable" says that nothing was reported
            return
        self.count += 1
        time_ns = _UNDATED if log.time_ns is None else log.time_ns
        if time_ns >= self.last_ns:
            self.last_ns, self.latest = time_ns, text
        value = number.read(text)
        if value is None:
            return
        if not math.isfinite(value):
            self.odd += 1
            return
        if value < self.low:
            self.low, self.low_text = value, text
        if value > self.high:
            self.high, self.high_text = value, text

    def summary(self) -> MetricSummary:
        return MetricSummary(
            self.name, self.low_text, self.high_text, self.latest, self.count, self.odd
        )


def observe(logs: Iterable[MetricLog], metrics: Sequence[str]) -> Observation:
    """Fold a whole log at once."""
    fold = Fold(metrics)
    fold.add(logs)
    return fold.result()


def objective_value(observation: Observation, metric: str, strategy: Strategy) -> float | None:
    """The number a trial is judged by.

    Args:
        observation: The trial's.
        metric: The objective, or an additional metric.
        strategy: Which of its values counts.

    Returns:
        A finite number; None when there is none: never reported, only NaN or infinite values, text,
        or a latest value that is not finite.
    """
    text = objective_text(observation, metric, strategy)
    value = None if text is None else number.read(text)
    return value if value is not None and math.isfinite(value) else None


def objective_text(observation: Observation, metric: str, strategy: Strategy) -> str | None:
    """The value a trial is judged by, as reported; min and max fall back to the latest (a text objective)."""
    summary = observation.get(metric)
    if summary is None:
        return None
    chosen = {"min": summary.min, "max": summary.max}.get(strategy)
    return summary.latest if chosen is None else chosen
