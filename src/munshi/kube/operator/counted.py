"""The engine's ObservationLog, with a count of what came in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from munshi.api.trial import Trial
from munshi.engine.ports import ObservationLog
from munshi.metrics.log import MetricLog, Report
from munshi.metrics.observation import Observation


class CountedLog:
    """See `engine.ports.ObservationLog`.

    Args:
        inner: Who keeps the values.

    Attributes:
        values: How many were new since the process began.
    """

    def __init__(self, inner: ObservationLog) -> None:
        self._inner = inner
        self.values = 0

    async def append(self, trial: Trial, logs: Sequence[MetricLog], arrived: datetime) -> int:
        """Keep values, and count the new ones."""
        count = await self._inner.append(trial, logs, arrived)
        self.values += count
        return count

    async def read(
        self, trial_uid: str, metric: str | None = None, limit: int | None = None
    ) -> Sequence[MetricLog]:
        """The values of a trial."""
        return await self._inner.read(trial_uid, metric, limit)

    async def summarise(self, trial_uid: str, metrics: Sequence[str]) -> Observation:
        """The smallest, largest and latest of each metric."""
        return await self._inner.summarise(trial_uid, metrics)

    async def reports(self, trial_uid: str, metric: str) -> Sequence[Report]:
        """The values of one metric with their numbers."""
        return await self._inner.reports(trial_uid, metric)

    async def forget(self, trial_uid: str) -> None:
        """Drop a trial's values."""
        await self._inner.forget(trial_uid)
