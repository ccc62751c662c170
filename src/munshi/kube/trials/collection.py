"""Reading what one trial reports, while its job runs and to its end.

A task for each live trial. It waits for the pod that reports, follows its log (of the program itself, or of
the sidecar that reads for it) or asks its page, and hands every value to the observation log. When the job
is over it reads the rest within a bounded time, and fetches the last words of whoever failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from munshi.api.common import CollectorKind
from munshi.api.trial import Trial
from munshi.collectors import wishes
from munshi.engine.early_stopping import Judge
from munshi.engine.ports import Clock, ObservationLog
from munshi.errors import MunshiError, Retryable
from munshi.kube.sidecar.records import End
from munshi.kube.trials import fate, following, pages
from munshi.kube.trials.following import Follower
from munshi.kube.trials.logs import LogReader, Output, Records
from munshi.kube.trials.pods import LOG_KINDS, Reading
from munshi.kube.trials.sightings import PodSighting
from munshi.kube.wire.api import Api
from munshi.metrics.log import MetricLog

DRAIN_S = 60.0
"""How long reading may take after the job is over."""
LATE_S = 10.0
"""How long that is awaited which a job that is over should have: its pods, and a condition of the trial's."""
BUSY_S = 0.5
_NEWS_S = 60.0
log = logging.getLogger("munshi.kube")


@dataclass(slots=True)
class Progress:
    """How far the reading of one trial has come.

    Attributes:
        done: Nothing more will be read.
        objective_seen: The objective has been reported.
        seen: Names that were found instead.
        notes: What could not be read.
        remarks: What may be missing though the objective is there.
        words: The last words of whoever failed, or of the program if the objective is missing.
    """

    done: bool = False
    objective_seen: bool = False
    seen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """What a collection may look at: one trial's pods and its job, as they are at the moment.

    Attributes:
        pods: Those that are there.
        former: Those that are gone.
        over: Whether the job is over.
        clear: Whether it is also known how, by the trial's own conditions.
        failed: Whether it failed.
        news: Waits until something of this may have changed, so many seconds at most.
    """

    pods: Callable[[], Sequence[PodSighting]]
    former: Callable[[], Sequence[PodSighting]]
    over: Callable[[], bool]
    clear: Callable[[], bool]
    failed: Callable[[], bool]
    news: Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class Collector:
    """The reading of one trial.

    Args:
        api: Where logs are.
        trial: Whose values they are.
        reading: What is read.
        world: Its pods and job.
        observations: Where values go.
        clock: The time of the undated.
        judge: Says whether the trial is to be stopped early, by what was kept.
        progress: What is told of it.
    """

    api: Api
    trial: Trial
    reading: Reading
    world: World
    observations: ObservationLog
    clock: Clock
    judge: Judge
    progress: Progress
    _read: dict[str, End] = field(default_factory=dict)

    async def run(self) -> None:
        """Read until the job is over and all is kept, or the time for that is up."""
        await self._patiently(lambda: self.judge.take(()))  # what an operator before us has kept
        reading = asyncio.ensure_future(self._all())
        over = asyncio.ensure_future(self._over())
        late = ""
        try:
            await asyncio.wait([reading, over], return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                await asyncio.wait([reading], timeout=DRAIN_S)
            if not reading.done():
                late = f"reading its metrics took longer than {DRAIN_S:g} s and was given up"
        finally:
            for task in (reading, over):
                task.cancel()
            await asyncio.gather(reading, over, return_exceptions=True)
        await self._clear()
        await self._conclude(late)

    async def _over(self) -> None:
        while not self.world.over():
            await self.world.news(_NEWS_S)

    async def _clear(self) -> None:
        """A job may be over by its kind's conditions a moment before it is by the trial's own."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LATE_S
        while not self.world.clear() and (left := until - loop.time()) > 0:
            await self.world.news(left)

    async def _all(self) -> None:
        """Read every pod that reports, one after the other, until none is to come."""
        waited = 0.0
        loop = asyncio.get_running_loop()
        while True:
            pods = fate.reporters(self.world.pods(), self.reading.pod_labels, self.reading.primary)
            unread = [pod for pod in pods if pod.uid not in self._read]
            ready = next((pod for pod in unread if self._has_begun(pod)), None)
            if ready is not None:
                await self._pod(ready)
                continue
            if self.world.over():
                if not unread and (pods or self._read):
                    return
                # The job's status may be here before its pods'.
                began = loop.time()
                await self.world.news(1.0)
                waited += loop.time() - began
                if waited >= LATE_S:
                    return
            else:
                await self.world.news(_NEWS_S)

    def _has_begun(self, pod: PodSighting) -> bool:
        container = pod.container(self.reading.container or self.reading.primary)
        return container is not None and (container.started or container.restarts > 0)

    async def _pod(self, pod: PodSighting) -> None:
        try:
            if self.reading.kind is CollectorKind.PROMETHEUS:
                self._read[pod.uid] = await pages.scrape(
                    self.trial,
                    pod,
                    self.reading.primary,
                    self._look(pod),
                    self.world.news,
                    self._keep,
                )
            else:
                self._read[pod.uid] = await self._log(pod)
        except (MunshiError, ValueError) as broken:
            self._read[pod.uid] = End((), (f"its metrics could not be read: {broken}",))

    async def _log(self, pod: PodSighting) -> End:
        objective = self.trial.spec.objective
        metrics = objective.metric_names if objective else ()
        lines: Output | Records
        if self.reading.kind in LOG_KINDS:
            filters = wishes.filters_of(self.trial.spec.metrics_collector)
            lines = Output(f"stdout/{pod.uid}", metrics, filters)
        else:
            lines = Records(pod.uid, metrics)
        reader = LogReader(lines)
        follower = Follower(self.api, reader, self._look(pod), self.world.news, self.world.over)
        async with aclosing(follower.follow(pod, self.reading.container)) as batches:
            async for batch in batches:
                await self._keep(batch)
        end = lines.end()
        if isinstance(lines, Records) and not lines.is_whole:
            self.progress.remarks = (await self._cut_short(pod),)
        if reader.unstamped and not reader.last_ns:
            said = reader.unstamped[:200].decode("utf-8", "replace")
            end = End(end.seen, (*end.notes, f"the log of pod {pod.name} cannot be had: {said}"))
        return end

    async def _cut_short(self, pod: PodSighting) -> str:
        """Why a collector could not say that it has read everything."""
        now = self._look(pod)() or pod
        said, before = fate.cut_short(now.container(self.reading.container))
        broke = said != fate.CUT_SHORT
        words = (
            await following.tail(self.api, now, self.reading.container, before=before)
            if broke
            else ()
        )
        return f"{said}: {words[-1].strip()}" if words else said

    def _look(self, pod: PodSighting) -> Callable[[], PodSighting | None]:
        def look() -> PodSighting | None:
            return next((each for each in self.world.pods() if each.uid == pod.uid), None)

        return look

    async def _keep(self, logs: list[MetricLog]) -> None:
        objective = self.trial.spec.objective
        wanted = objective.objective_metric_name if objective else ""
        self.progress.objective_seen |= any(one.metric == wanted for one in logs)
        if logs:
            await self._patiently(
                lambda: self.observations.append(self.trial, logs, self.clock.now())
            )
            await self._patiently(lambda: self.judge.take(logs))

    async def _patiently(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do it, however long the database is busy."""
        while True:
            try:
                await work()
            except Retryable as busy:
                log.warning("metrics of %s wait for the database: %s", self.trial.name, busy)
                await asyncio.sleep(BUSY_S)
            else:
                return

    async def _conclude(self, late: str) -> None:
        progress = self.progress
        if not progress.objective_seen:
            ends = self._read.values()
            notes = [note for end in ends for note in end.notes]
            if not self._read:
                notes.append(self._unread())
            progress.notes = tuple(filter(None, dict.fromkeys((*notes, late))))
            progress.seen = tuple(dict.fromkeys(name for end in ends for name in end.seen))
        if self.world.failed() or not progress.objective_seen:
            progress.words = await self._words()
        progress.done = True

    def _unread(self) -> str:
        """Why there was nothing to read."""
        who = f"{self.reading.label}={self.trial.name}"
        if self.reading.pod_labels:
            pairs = [f"{key}={value}" for key, value in self.reading.pod_labels.items()]
            who = ",".join((who, *pairs))
        if self.world.pods():
            return (
                f'of its pods none with container "{self.reading.container}" and labels {who} has run; '
                "see trialTemplate.primaryPodLabels and primaryContainerName"
            )
        if self.world.former():
            return "its pods were deleted before their output could be read"
        return f"no pod with the labels {who} was there to read from"

    async def _words(self) -> tuple[str, ...]:
        pods = self.world.pods()
        _, pod, container = fate.failure(pods, self.reading.primary)
        if pod is None:
            reporting = fate.reporters(pods, self.reading.pod_labels, self.reading.primary)
            if not reporting:
                return ()
            pod = reporting[-1]
        name = container or self.reading.primary
        sighting = pod.container(name)
        before = sighting is not None and sighting.ended is None and sighting.before is not None
        return await following.tail(self.api, pod, name, before=before)
