"""A Launcher whose jobs exist in a dict and end as a script says.

It keeps the promises of `engine.ports.Launcher` and outlives any engine that uses it, as real
processes do; so an engine may be cancelled and another one adopt its trials.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.engine.early_stopping import Judge
from munshi.engine.ports import Clock, ObservationLog
from munshi.errors import LaunchRefused, Retryable
from munshi.metrics.log import MetricLog
from munshi.reconcile.views import Run


class Ending(Enum):
    """How a job ends."""

    SUCCEEDS = "Complete"
    FAILS = "Failed"
    LOST = "lost"
    """The infrastructure takes it away."""
    REFUSED = "refused"
    """It cannot be launched at all."""
    BUSY = "busy"
    """It cannot be launched at this attempt's first try."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a job does: runs for so long, reports these values of the objective, ends.

    Attributes:
        values: What it reports at its end, unless it is stopped before.
        ending: How it ends.
        runs_s: For how long it runs, unless it is stopped or finished before.
        seen: Names of metrics that nobody asked for.
        early: What it reports when it begins.
        curve: What it then reports one by one, unless it is stopped; `runs_s` begins after the last.
        every_s: How long each of these takes.
    """

    values: tuple[str, ...] = ("0.5",)
    ending: Ending = Ending.SUCCEEDS
    runs_s: float = 1.0
    seen: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    curve: tuple[str, ...] = ()
    every_s: float = 1.0


Play: TypeAlias = Callable[[Trial], Script]
"""Which script a trial's attempt follows; `trial.status.attempts` says which attempt."""


@dataclass(slots=True)
class _Job:
    trial: Trial
    script: Script
    judge: Judge
    state: str = "running"
    collected: bool = False
    stopped: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class ScriptedLauncher:
    """Implements `engine.ports.Launcher`.

    Attributes:
        play: The scripts.
        observations: Where reported values go.
        clock: The time.
        launches: Every job that was started, in order: (trial name, uid, attempt).
        most_at_once: How many jobs ever ran at the same time.
    """

    play: Play
    observations: ObservationLog
    clock: Clock
    launches: list[tuple[str, str, int]] = field(default_factory=list)
    most_at_once: int = 0
    _jobs: dict[tuple[str, int], _Job] = field(default_factory=dict)
    _listeners: list[asyncio.Queue[str]] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _tried: set[tuple[str, int]] = field(default_factory=set)

    async def launch(self, trial: Trial) -> None:
        """Start the trial's job, once."""
        key, script = _key(trial), self.play(trial)
        if key in self._jobs:
            return
        if script.ending is Ending.REFUSED:
            raise LaunchRefused("jobs of this kind do not run here; use another kind")
        if script.ending is Ending.BUSY and key not in self._tried:
            self._tried.add(key)
            raise Retryable("no place for a job just now")
        self._jobs[key] = job = _Job(trial, script, self._judge(trial))
        self.launches.append((trial.name, *key))
        self.most_at_once = max(self.most_at_once, len(self.running()))
        task = asyncio.ensure_future(self._live(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._tell(trial)

    async def look(self, trial: Trial) -> Run | None:
        """The job as it is now."""
        job = self._jobs.get(_key(trial))
        if job is None:
            return None
        if job.state == "lost":
            return Run({}, live=False, collected=False, lost="the machine was switched off")
        job.judge.follow(trial)
        said: list[Json] = []
        if job.state in ("Complete", "Failed"):
            said.append({"type": job.state, "status": "True"})
        return Run(
            {**(trial.spec.run_spec or {}), "status": {"conditions": said}},
            live=job.state == "running",
            collected=job.collected,
            seen=job.script.seen,
            tripped=job.judge.tripped,
        )

    async def stop(self, trial: Trial) -> None:
        """End what the trial runs, a moment later."""
        job = self._jobs.get(_key(trial))
        if job is not None and job.state == "running":
            asyncio.get_running_loop().call_soon(self._stop, job)

    async def forget(self, trial: Trial) -> None:
        """Drop an ended attempt."""
        self._jobs.pop(_key(trial), None)
        self._tell(trial)

    async def changes(self) -> AsyncIterator[str]:
        """Uids of trials whose job changed."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)

    def finish(self, trial: Trial) -> None:
        """Let the trial's job end now, as its script says."""
        job = self._jobs.get(_key(trial))
        if job is not None and job.state == "running":
            self._finish(job)

    def running(self) -> list[str]:
        """The names of the trials whose jobs run."""
        return [job.trial.name for job in self._jobs.values() if job.state == "running"]

    async def begin_anew(self) -> None:
        """As a process that was killed: jobs go on, and what only its memory held is gone."""
        for job in self._jobs.values():
            job.judge = self._judge(job.trial)
            await job.judge.take(())

    async def close(self) -> None:
        """Forget the jobs' futures, so that nothing outlives its test."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _live(self, job: _Job) -> None:
        await self._report(job, "early", job.script.early)
        for at, value in enumerate(job.script.curve):
            if not await self._is_over(job, job.script.every_s):
                await self._report(job, f"curve{at}", (value,))
        await self._is_over(job, job.script.runs_s)
        if job.state == "running":
            self._finish(job)
        late = () if job.stopped else job.script.values
        await asyncio.sleep(0.01)  # what was reported is collected a moment after the end
        if self._jobs.get(_key(job.trial)) is not job:
            return  # forgotten meanwhile: its values would be taken for the next attempt's
        await self._report(job, "script", late)
        job.collected = True
        self._tell(job.trial)

    async def _is_over(self, job: _Job, within_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await job.over.wait()
        return job.over.is_set()

    def _judge(self, trial: Trial) -> Judge:
        return Judge(trial, self.observations, told=lambda: self._tell(trial))

    async def _report(self, job: _Job, source: str, values: tuple[str, ...]) -> None:
        metric = job.trial.spec.objective.objective_metric_name if job.trial.spec.objective else ""
        logs = [
            MetricLog(metric, value, None, origin=f"{source}:{at}")
            for at, value in enumerate(values)
        ]
        await self.observations.append(job.trial, logs, self.clock.now())
        await job.judge.take(logs)

    def _finish(self, job: _Job) -> None:
        ending = job.script.ending
        self._end(job, "Complete" if ending is Ending.BUSY else ending.value)

    def _stop(self, job: _Job) -> None:
        job.stopped = job.state == "running"
        self._end(job, "Failed")

    def _end(self, job: _Job, state: str) -> None:
        if job.state == "running":
            job.state = state
            job.over.set()
            self._tell(job.trial)

    def _tell(self, trial: Trial) -> None:
        for queue in self._listeners:
            queue.put_nowait(trial.uid)


def _key(trial: Trial) -> tuple[str, int]:
    return trial.uid, max(trial.status.attempts, 1)
