"""The Launcher port on a cluster: a trial's job becomes an object of its kind, whatever kind that is.

The API server is the truth. `launch` creates, `look` reads what reflectors hold, so an operator that starts
after a crash adopts what runs and reads what ended meanwhile. A job belongs to one attempt (an annotation
says which) and to one Trial, its owner; nobody else's object is touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from munshi.api import conditions
from munshi.api.trial import Trial, TrialCondition
from munshi.engine.early_stopping import Judge
from munshi.engine.ports import Clock, ObservationLog
from munshi.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    LaunchRefused,
    NotFound,
    Retryable,
)
from munshi.kube.trials import pods, tracked
from munshi.kube.trials.collection import Collector, World
from munshi.kube.trials.companion import Image
from munshi.kube.trials.jobs import Jobs, JobWatch
from munshi.kube.trials.sightings import JobSighting, job_of
from munshi.kube.trials.tracked import Stage, Tracked
from munshi.kube.trials.waiting import Minder
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import Kinds
from munshi.kube.wire.reflector import Name
from munshi.reconcile.views import Run

FORGET_S = 30.0
"""How long a job that was deleted may take to be gone."""
NATIVE_SIDECARS = (1, 29)
"""The first version of Kubernetes that starts a sidecar among the init containers."""
_SOON = timedelta(seconds=1)
log = logging.getLogger("munshi.kube")


class KubeLauncher:
    """Implements `engine.ports.Launcher`.

    Args:
        api: The cluster.
        kinds: Knows where kinds are served.
        observations: Where reported values go.
        clock: The time.
        image: munshi's own, for collectors in pods.
        namespaces: Only in these; empty: everywhere.
    """

    def __init__(
        self,
        api: Api,
        kinds: Kinds,
        observations: ObservationLog,
        clock: Clock,
        image: Image,
        namespaces: Sequence[str] = (),
    ) -> None:
        self._api, self._observations, self._clock, self._image = api, observations, clock, image
        self._jobs = Jobs(api, kinds, self._heard, clock.now, namespaces)
        self._tracked: dict[str, Tracked] = {}
        self._uids: dict[Name, str] = {}
        self._forgotten: dict[str, int] = {}
        self._sidecars: bool | None = None
        self._changes: asyncio.Queue[str] = asyncio.Queue()
        self._minder = Minder(api, self._tracked.values, self._changes.put_nowait, self._drop)

    async def close(self) -> None:
        """Stop watching; jobs go on."""
        await asyncio.gather(*(_ended(each.reading) for each in self._tracked.values()))
        await self._minder.close()
        await self._jobs.close()

    # -- the port -------------------------------------------------------------------------------

    async def launch(self, trial: Trial) -> None:
        """See `ports.Launcher.launch`."""
        trial = begun(trial)
        job = pods.render(trial, self._image)
        if pods.reading(trial).kind not in pods.LOG_KINDS:
            await self._need_sidecars()
        watch = await self._jobs.of(job["apiVersion"], job["kind"])
        await self._jobs.pods(pods.reading(trial).label)
        held = watch.get((trial.namespace, trial.name))
        if held is None or not tracked.is_of(held, trial):
            try:
                made = await self._api.create(watch.resource.path(trial.namespace), job)
            except AlreadyExists:
                made = await self._other(trial, watch)
            except Invalid as invalid:
                raise LaunchRefused("; ".join(invalid.lines())) from invalid
            except Forbidden as forbidden:
                raise LaunchRefused(str(forbidden)) from forbidden
            watch.put(made)
        self._forgotten.pop(trial.uid, None)
        self._changes.put_nowait(trial.uid)

    async def look(self, trial: Trial) -> Run | None:
        """See `ports.Launcher.look`."""
        trial = begun(trial)
        found = await self._track(trial)
        if found is None:
            return None
        job = found.job()
        if trial.is_completed:
            return self._completed(found, job)
        if self._forgotten.get(trial.uid, 0) >= trial.status.attempts:
            return None
        if found.final is not None:
            return found.final
        if job is None:
            return self._missing(found)
        if found.reading is None:
            self._read(found)
            self._minder.begin()
        run = tracked.run_of(found, job)
        if run.collected or run.lost:
            found.final = run
        return run

    async def stop(self, trial: Trial) -> None:
        """See `ports.Launcher.stop`."""
        found = await self._track(begun(trial))
        job = found.job() if found is not None else None
        if found is None or job is None or job.deleting:
            return
        if trial.spec.retain_run and found.stage() is not Stage.UNDECIDED:
            return
        await self._delete(found.jobs, job)

    async def forget(self, trial: Trial) -> None:
        """See `ports.Launcher.forget`."""
        trial = begun(trial)
        self._forgotten[trial.uid] = trial.status.attempts
        found = await self._track(trial)
        if found is None:
            return
        await _ended(found.reading)  # first: what is read from now on is the next attempt's
        job = found.job()
        if job is not None:
            await self._delete(found.jobs, job)
            await self._gone(found, job)
        self._drop(found)
        self._changes.put_nowait(trial.uid)

    async def changes(self) -> AsyncIterator[str]:
        """See `ports.Launcher.changes`."""
        while True:
            yield await self._changes.get()

    # -- its parts ------------------------------------------------------------------------------

    async def _track(self, trial: Trial) -> Tracked | None:
        """What is known of the trial's attempt; None where its kind is not served, or it is a former one."""
        found = self._tracked.get(trial.uid)
        if found is not None:
            attempts = found.trial.status.attempts
            if attempts == trial.status.attempts:
                found.trial = trial
                found.judge.follow(trial)
                return found
            if attempts > trial.status.attempts:
                return None  # what somebody remembers of a former attempt, which is over
        spec = trial.spec.run_spec or {}
        try:
            jobs = await self._jobs.of(str(spec.get("apiVersion")), str(spec.get("kind")))
            label = pods.reading(trial).label
            pod_watch = await self._jobs.pods(label)
        except LaunchRefused:
            return None
        await self._leave(trial.uid)
        tell = functools.partial(self._changes.put_nowait, trial.uid)
        found = Tracked(trial, jobs, pod_watch, Judge(trial, self._observations, tell))
        pod_watch.track(found.name)
        self._tracked[trial.uid], self._uids[found.name] = found, trial.uid
        return found

    def _read(self, found: Tracked) -> None:
        """Read what the attempt reports, to its end."""
        clear = (Stage.SUCCEEDED, Stage.FAILED)
        world = World(
            pods=found.present,
            former=found.gone,
            over=lambda: found.stage() is not Stage.UNDECIDED or found.job() is None,
            clear=lambda: found.stage() in clear or found.job() is None,
            failed=lambda: found.stage() is Stage.FAILED,
            news=found.bell.wait,
        )
        collector = Collector(
            self._api,
            found.trial,
            pods.reading(found.trial),
            world,
            self._observations,
            self._clock,
            found.judge,
            found.progress,
        )

        async def follow() -> None:
            try:
                await collector.run()
            except (
                Exception
            ) as broken:  # a trial always ends: it is judged without what was not read
                log.exception("reading the metrics of %s broke", found.trial.name)
                found.progress.notes = (f"its metrics could not be read: {broken}",)
                found.progress.done = True
            finally:
                self._changes.put_nowait(found.trial.uid)

        found.reading = asyncio.ensure_future(follow())

    def _completed(self, found: Tracked, job: JobSighting | None) -> Run | None:
        """Of a trial that has ended only one thing is asked: whether there is something to delete."""
        stays = bool(found.trial.spec.retain_run) and found.stage() is not Stage.UNDECIDED
        if job is None or stays:
            self._drop(found)
        if job is None:
            return None
        shown = tracked.shown(found.trial, job)
        return Run(shown, live=not job.deleting and not stays, collected=True)

    def _missing(self, found: Tracked) -> Run | None:
        """Of a job that is not there: it was never made, or somebody deleted it, perhaps after its end."""
        if found.last is not None and found.stage() is not Stage.UNDECIDED:
            return tracked.run_of(found, found.last)  # it was over before it was deleted
        said = conditions.holds(found.trial.status.conditions, TrialCondition.RUNNING)
        return tracked.vanished(found) if found.seen or said else None

    async def _other(self, trial: Trial, watch: JobWatch) -> dict[str, object]:
        """The name is taken: by this very attempt, or by somebody else.

        Raises:
            LaunchRefused: By somebody else.
            Retryable: By a former attempt, which is about to be gone.
        """
        path = watch.resource.path(trial.namespace, trial.name)
        try:
            there = await self._api.get(path)
        except NotFound as gone:
            raise Retryable(str(gone), after=_SOON) from gone
        held = job_of(there)
        if tracked.is_of(held, trial) and not held.deleting:
            return there
        what = f"{watch.resource.kind} {trial.namespace}/{trial.name}"
        if held.owner == trial.uid:
            await self._delete(watch, held)
            raise Retryable(f"{what} of a former attempt is still being deleted", after=_SOON)
        owners = [f"{each.get('kind')} {each.get('name')}" for each in _owners(there)]
        whose = f"belongs to {', '.join(owners)}" if owners else "belongs to nobody munshi knows"
        raise LaunchRefused(f"{what} is there already and {whose}; delete or rename it")

    async def _delete(self, watch: JobWatch, job: JobSighting) -> None:
        path = watch.resource.path(job.namespace, job.name)
        with contextlib.suppress(NotFound, Conflict):  # gone, or another object by now
            await self._api.delete(path, uid=job.uid)

    async def _gone(self, found: Tracked, job: JobSighting) -> None:
        """Wait until a job that was deleted is there no more.

        Raises:
            Retryable: It takes long; a finalizer may hold it.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + FORGET_S
        while (held := found.jobs.get(found.name)) is not None and held.uid == job.uid:
            left = until - loop.time()
            if left <= 0:
                held_by = job.metadata.get("finalizers")
                why = f"; its finalizers are {held_by}" if held_by else ""
                raise Retryable(f"job {job.namespace}/{job.name} is slow to be deleted{why}")
            await found.bell.wait(left)

    async def _need_sidecars(self) -> None:
        """Raises LaunchRefused where the cluster is too old for a collector beside the program."""
        if self._sidecars is None:
            said = await self._api.get("/version")
            numbers = (
                "".join(filter(str.isdigit, str(said.get(key)))) for key in ("major", "minor")
            )
            version = tuple(int(number or 0) for number in numbers)
            self._sidecars = version >= NATIVE_SIDECARS
        if not self._sidecars:
            raise LaunchRefused(
                "metrics that are not on standard output are read by a sidecar, which needs Kubernetes 1.29; "
                "print the metrics and use the collector StdOut"
            )

    def _heard(self, name: Name) -> None:
        uid = self._uids.get(name)
        if uid is None:
            return
        found = self._tracked.get(uid)
        if found is not None:
            found.job()  # each form of the job is taken in, also those that nobody looks at
            found.bell.ring()
        self._changes.put_nowait(uid)

    async def _leave(self, uid: str) -> None:
        """Read no more of a trial, and start anew with it."""
        found = self._tracked.pop(uid, None)
        if found is None:
            return
        self._drop(found)
        await _ended(found.reading)

    def _drop(self, found: Tracked) -> None:
        found.pods.drop(found.name)
        if self._tracked.get(found.trial.uid) is found:
            del self._tracked[found.trial.uid]
        self._uids.pop(found.name, None)


def begun(trial: Trial) -> Trial:
    """The trial with its first start counted, which need not have been written down (ADR 21)."""
    if trial.status.attempts:
        return trial
    status = trial.status.model_copy(update={"attempts": 1})
    return trial.model_copy(update={"status": status})


async def _ended(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _owners(item: dict[str, object]) -> list[dict[str, object]]:
    metadata = item.get("metadata")
    said = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
