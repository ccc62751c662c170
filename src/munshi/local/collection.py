"""Reading what one trial reports, while it runs and to its end.

A task per live trial polls its collector, hands the values to the observation log, and after the end
drains the rest within a bounded time. What it could not find is kept for the message of a trial
whose objective is missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from munshi.api.trial import Trial
from munshi.collectors import Collector, Seen
from munshi.engine.ports import Clock, ObservationLog
from munshi.errors import Retryable
from munshi.metrics.log import MetricLog

POLL_S = 0.5
"""How often a running trial's output is looked at. Cheap: a stat when nothing is new."""
DRAIN_S = 60.0
"""How long the rest may take after the trial ended; a gigabyte takes a few seconds."""
BUSY_S = 0.5
log = logging.getLogger("munshi.local")


@dataclass(slots=True)
class Collection:
    """How far the reading of one trial has come."""

    done: bool = False
    objective_seen: bool = False
    seen: Seen = field(default_factory=Seen)


async def collect(
    trial: Trial,
    collector: Collector,
    progress: Collection,
    ended: Callable[[], Awaitable[None]],
    observations: ObservationLog,
    clock: Clock,
) -> None:
    """Read until the trial has ended and everything is kept, or the time for that is over."""
    objective = trial.spec.objective
    wanted = objective.objective_metric_name if objective else ""

    async def keep(logs: list[MetricLog]) -> None:
        progress.objective_seen |= any(one.metric == wanted for one in logs)
        while logs:
            try:
                await observations.append(trial, logs, clock.now())
            except Retryable as busy:
                log.warning("metrics of %s wait for the database: %s", trial.name, busy)
                await asyncio.sleep(BUSY_S)
            else:
                return

    end = asyncio.ensure_future(ended())
    try:
        while not end.done():
            await asyncio.wait([end], timeout=0 if collector.more else POLL_S)
            await keep(collector.poll())
        try:
            async with asyncio.timeout(DRAIN_S):
                await _drain(collector, keep)
            notes: tuple[str, ...] = ()
        except TimeoutError:
            notes = (f"reading its metrics took longer than {DRAIN_S:g} s and was given up",)
        if not progress.objective_seen:
            found = collector.seen()
            progress.seen = Seen(found.names, (*found.notes, *notes))
        progress.done = True
    finally:
        end.cancel()


async def _drain(collector: Collector, keep: Callable[[list[MetricLog]], Awaitable[None]]) -> None:
    while True:
        await keep(collector.finish())
        if not collector.more:
            return
        await asyncio.sleep(0)
