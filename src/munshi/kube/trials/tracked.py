"""What the launcher keeps of a trial while it lives, and what it says of it.

`run_of` is pure: a job, its pods and how far reading has come give the `Run` that the engine judges. A job
that failed is shown as failed only when its pods' last words are known, for these tell whose fault it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from munshi.api.trial import Trial
from munshi.api.wire import Json, Object
from munshi.engine.early_stopping import Judge
from munshi.kube.trials import fate
from munshi.kube.trials.collection import Progress
from munshi.kube.trials.jobs import JobWatch, PodWatch
from munshi.kube.trials.sightings import JobSighting, PodSighting
from munshi.kube.wire.reflector import Name
from munshi.reconcile.views import Run
from munshi.template import condition, kinds
from munshi.template.condition import Verdict


class Stage(Enum):
    """Where a job stands, by the trial's conditions."""

    UNDECIDED = "undecided"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    OTHERWISE = "over"
    """Over by its kind's own conditions, and neither of the trial's is met."""


class Bell:
    """Wakes everybody who waits."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Now."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Until it rings, so many seconds at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return


@dataclass(slots=True)
class Tracked:
    """A trial's attempt.

    Attributes:
        trial: As it was last looked at.
        jobs: Where its job is seen.
        pods: Where its pods are.
        judge: Whether it is to be stopped early.
        bell: Rings when something of it changes.
        seen: Its job has been seen.
        last: The job as it was seen last.
        status: The job's status as it was before the job was over.
        progress: How far reading has come.
        reading: The task that reads.
        waits: Why nothing runs: a key, and a sentence.
        asked: When the cluster's events were last asked for the reason.
        final: What is said from the end on.
        staged: The job that was last asked where it stands, and the answer.
    """

    trial: Trial
    jobs: JobWatch
    pods: PodWatch
    judge: Judge
    bell: Bell = field(default_factory=Bell)
    seen: bool = False
    last: JobSighting | None = None
    status: Object = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    reading: asyncio.Task[None] | None = None
    waits: tuple[str, str] = ("", "")
    asked: float = 0.0
    final: Run | None = None
    staged: tuple[JobSighting, Stage] | None = None

    @property
    def name(self) -> Name:
        """Of the trial, the job, and the label of its pods."""
        return self.trial.namespace, self.trial.name

    def job(self) -> JobSighting | None:
        """The attempt's job, if it is there."""
        found = self.jobs.get(self.name)
        if found is None or not is_of(found, self.trial):
            return None
        self.seen, self.last = True, found
        if self._stage(found) is Stage.UNDECIDED:
            self.status = found.status
        return found

    def present(self) -> Sequence[PodSighting]:
        """The attempt's pods that are there."""
        return self.pods.of(self.name, self.last.created if self.last else None)

    def gone(self) -> Sequence[PodSighting]:
        """The attempt's pods that are not there any more."""
        return self.pods.former(self.name, self.last.created if self.last else None)

    def stage(self) -> Stage:
        """Where its job stands; a job that is gone stands where it stood."""
        job = self.job() or self.last
        return Stage.UNDECIDED if job is None else self._stage(job)

    def _stage(self, job: JobSighting) -> Stage:
        if self.staged is None or self.staged[0] is not job:
            self.staged = (job, stage_of(self.trial, job))
        return self.staged[1]


def is_of(job: JobSighting, trial: Trial) -> bool:
    """Whether this is the job of the trial's present attempt."""
    return job.owner == trial.uid and job.attempt in (0, trial.status.attempts)


def shown(trial: Trial, job: JobSighting, status: Object | None = None) -> dict[str, Json]:
    """The whole job: as rendered, with what the cluster says of it."""
    spec = trial.spec.run_spec or {}
    said = job.status if status is None else status
    return {**spec, "metadata": job.metadata, "status": said}


def stage_of(trial: Trial, job: JobSighting) -> Stage:
    """Where a job stands: the failure condition is asked first, as Katib does."""
    spec, whole = trial.spec, shown(trial, job)
    implied = kinds.defaults((spec.run_spec or {}).get("kind"))
    if condition.evaluate(spec.failure_condition, whole).met:
        return Stage.FAILED
    if condition.evaluate(spec.success_condition, whole).met:
        return Stage.SUCCEEDED
    for expression in (implied.failure, implied.success):
        if expression and condition.evaluate(expression, whole).met:
            return Stage.OTHERWISE
    return Stage.UNDECIDED


def run_of(tracked: Tracked, job: JobSighting) -> Run:
    """What there is to say of a job that is there."""
    trial, progress, stage = tracked.trial, tracked.progress, tracked.stage()
    if stage is Stage.UNDECIDED or (stage is Stage.FAILED and not progress.done):
        status = None if stage is Stage.UNDECIDED else tracked.status
        waits = "" if stage is Stage.FAILED else tracked.waits[1]
        tripped = tracked.judge.tripped if stage is Stage.UNDECIDED else ""
        said = shown(trial, job, status)
        return Run(said, live=True, collected=False, waits=waits, tripped=tripped)
    pods = (*tracked.present(), *tracked.gone())
    lost, cause = "", ""
    if stage is Stage.FAILED:
        verdict = _failure(trial, job)
        why = verdict.reason, verdict.message
        lost = fate.taken(pods, *why) if pods else fate.unwitnessed(shown(trial, job), *why)
        cause = fate.failure(pods, trial.spec.primary_container_name)[0]
    return Run(
        shown(trial, job),
        live=False,
        collected=progress.done,
        lost=lost,
        seen=progress.seen,
        notes=progress.notes,
        last_words=progress.words,
        remarks=progress.remarks,
        ended=fate.ended_at(job.status, pods),
        cause=cause,
    )


def vanished(tracked: Tracked) -> Run:
    """What there is to say of a job that was seen, and is gone before its trial has ended."""
    why = "its job was deleted"
    last = tracked.last
    job = shown(tracked.trial, last) if last else dict(tracked.trial.spec.run_spec or {})
    return Run({**job, "status": tracked.status}, live=False, collected=False, lost=why)


def _failure(trial: Trial, job: JobSighting) -> Verdict:
    return condition.evaluate(trial.spec.failure_condition, shown(trial, job))
