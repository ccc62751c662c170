"""Reading what one trial reports, while it runs and to its end.

A task per live trial polls its collector, hands the values to the observation log, and after the end
drains the rest within a bounded time. What it could not find is kept for the message of a trial
whose objective is missing. How far the trial's log has been read is written down beside it, for the
supervisor that may drop the middle of a long log once it was read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from munshi.api.common import CollectorKind
from munshi.api.trial import Trial
from munshi.collectors import Collector, Endpoint, Seen, open_collector
from munshi.engine.early_stopping import Judge
from munshi.engine.ports import Clock, ObservationLog
from munshi.errors import Retryable
from munshi.local import process
from munshi.local.place import LOG
from munshi.local.sources import Source, log_of
from munshi.metrics.log import MetricLog

POLL_S = 0.5
"""How often a running trial's output is looked at. Cheap: a stat when nothing is new."""
JUDGED_POLL_S = 0.1
"""How often that of a trial is which may be stopped early: until then it uses the machine for nothing."""
DRAIN_S = 60.0
"""How long the rest may take after the trial ended; a gigabyte takes a few seconds."""
BUSY_S = 0.5
READ = "read"
"""In a trial's folder: the position in its log up to which everything is safe in the database."""
BOOKMARK_BYTES = 1 << 20
"""How much more must have been read before that is written down again."""
WORTH_TRIMMING = 64 << 10
"""Bytes of a log below which nobody looks whether it is too long."""
_NOBODY_READS = 2**62
log = logging.getLogger("munshi.local")


@dataclass(slots=True)
class Collection:
    """How far the reading of one trial has come.

    Attributes:
        judge: Who says whether it is to be stopped early.
        done: Everything is read and kept.
        objective_seen: The objective was among it.
        seen: What was found besides, where it was not.
        remarks: Sentences for the end of a trial that went well.
    """

    judge: Judge
    done: bool = False
    objective_seen: bool = False
    seen: Seen = field(default_factory=Seen)
    remarks: tuple[str, ...] = ()


def begin(source: Source, folder: Path) -> None:
    """Before the trial starts: a log that no collector reads may be cut freely."""
    if source.kind is not CollectorKind.STDOUT:
        (folder / READ).write_text(str(_NOBODY_READS))


def open_for(trial: Trial, source: Source, folder: Path) -> Collector:
    """The collector of one trial, reading from its beginning.

    Raises:
        MunshiError: It cannot be opened; the sentence says why.
    """
    spec, objective = trial.spec.metrics_collector, trial.spec.objective
    metrics = objective.metric_names if objective else ()
    said = spec.source if spec else None
    if source.kind is CollectorKind.PROMETHEUS:
        headers = said.http_get.http_headers if said and said.http_get else ()
        pairs = tuple((header.name, header.value) for header in headers)
        endpoint = Endpoint(
            source.inside, pairs, None if source.image else lambda: process.pids(folder)
        )
        return open_collector(source.kind.value, endpoint, metrics)
    file = said.file_system_path if said else None
    return open_collector(
        source.kind.value,
        source.outside,
        metrics,
        filters=said.filter.metrics_format if said and said.filter else (),
        file_format=file.format.value if file and file.format else "TEXT",
        root=source.root,
        known_as=source.inside,
    )


async def collect(
    trial: Trial,
    collector: Collector,
    folder: Path,
    progress: Collection,
    ended: Callable[[], Awaitable[None]],
    observations: ObservationLog,
    clock: Clock,
) -> None:
    """Read until the trial has ended and everything is kept, or the time for that is over."""
    objective = trial.spec.objective
    wanted = objective.objective_metric_name if objective else ""

    judge = progress.judge

    async def keep(logs: list[MetricLog]) -> None:
        progress.objective_seen |= any(one.metric == wanted for one in logs)
        if logs:
            await _patiently(trial, lambda: observations.append(trial, logs, clock.now()))
        await _patiently(trial, lambda: judge.take(logs))  # only what is kept is judged

    def pause() -> float:
        return 0 if collector.more else JUDGED_POLL_S if judge.is_needed else POLL_S

    safe = _Bookmark(folder, collector)
    end = asyncio.ensure_future(ended())
    try:
        while not (await asyncio.wait([end], timeout=pause()))[0]:
            await keep(collector.poll())
            safe.move()
        try:
            async with asyncio.timeout(DRAIN_S):
                await _drain(collector, keep)
            notes: tuple[str, ...] = ()
        except TimeoutError:
            notes = (f"reading its metrics took longer than {DRAIN_S:g} s and was given up",)
        if not progress.objective_seen:
            if not log_of(folder).exists():
                notes = (*notes, "its log was deleted while it ran")
            found = collector.seen()
            progress.seen = Seen(found.names, (*found.notes, *notes))
        progress.remarks = safe.lost()
        await safe.finish()
        progress.done = True
    finally:
        end.cancel()
        collector.close()


async def _patiently(trial: Trial, work: Callable[[], Awaitable[object]]) -> None:
    """Do it, however long the database is busy."""
    while True:
        try:
            await work()
        except Retryable as busy:
            log.warning("metrics of %s wait for the database: %s", trial.name, busy)
            await asyncio.sleep(BUSY_S)
        else:
            return


class _Bookmark:
    """Tells the supervisor how far the log has been read and kept, now and then."""

    def __init__(self, folder: Path, collector: Collector) -> None:
        self._path, self._collector = folder / READ, collector
        self._written = 0

    @cached_property
    def _before(self) -> int:
        """What an engine before us wrote down; read before we write, and most logs are too short for that."""
        return _number(self._path)

    def move(self) -> None:
        """Write the place down when it is well ahead of what was written; never a reason to stop."""
        position = self._collector.position
        if position < BOOKMARK_BYTES:
            return
        if position - max(self._written, self._before) < BOOKMARK_BYTES:
            return
        aside = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            aside.write_text(str(position))
            aside.replace(self._path)  # the supervisor may be reading it
            self._written = position

    def lost(self) -> tuple[str, ...]:
        """A sentence, if output was dropped that nobody had read: neither we nor an engine before us."""
        if not self._collector.given_up:
            return ()
        hole = process.read_gap(log_of(self._path.parent))
        earlier = max(0, min(hole.end, self._before) - hole.start) if hole else 0
        unread = self._collector.given_up - earlier
        if unread <= 0:
            return ()
        return (
            f"{unread:,} bytes of its output were dropped before they were read: raise --log-limit",
        )

    async def finish(self) -> None:
        """All is read: what is still too long of the trial's logs may go."""
        folder = self._path.parent
        with contextlib.suppress(OSError), os.scandir(folder) as there:
            logs = (one for one in there if one.name.startswith(LOG))
            if any(one.stat().st_size > WORTH_TRIMMING for one in logs):
                await asyncio.to_thread(process.trim, folder)


def _number(path: Path) -> int:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return 0


async def _drain(collector: Collector, keep: Callable[[list[MetricLog]], Awaitable[None]]) -> None:
    while True:
        await keep(collector.finish())
        if not collector.more:
            return
        await asyncio.sleep(0)
