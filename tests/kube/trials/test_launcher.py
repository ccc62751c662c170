"""The launcher beside an API server that fails, refuses, and breaks logs off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kube.trials.rendered import a_trial, collecting
from munshi.api import conditions
from munshi.api.common import CollectorKind
from munshi.api.trial import Trial, TrialCondition, TrialStatus
from munshi.api.wire import Object
from munshi.engine.clock import WallClock
from munshi.errors import LaunchRefused, Retryable
from munshi.kube.trials.companion import Image
from munshi.kube.trials.launcher import KubeLauncher
from munshi.kube.wire.kinds import Kinds
from munshi.reconcile.views import Run
from munshi.testing.builders import FAILURE, NOW, SUCCESS
from munshi.testing.memory import MemoryLog
from support.fake_api import Call, FakeApi, answer, lost, said
from support.in_kube import story, until

JOBS, PODS = "/apis/batch/v1/jobs", "/api/v1/pods"
STAMP = "2026-11-30T10:00:00.{:09d}Z "


def lines(*values: float, since: int = 0) -> bytes:
    """A log that reports these, each line a nanosecond after the other."""
    return b"".join(
        STAMP.format(since + at).encode() + f"accuracy={value}\n".encode()
        for at, value in enumerate(values)
    )


def stands(kind: str) -> Object:
    """A job's status in which this condition holds."""
    return {"conditions": [{"type": kind, "status": "True", "reason": "R", "message": "m"}]}


def at_work(trial: Trial, job: Object | None = None) -> Trial:
    """The trial with the conditions of a Job."""
    more = {"success_condition": SUCCESS, "failure_condition": FAILURE}
    spec = trial.spec.model_copy(update=more | ({"run_spec": job} if job else {}))
    return trial.model_copy(update={"spec": spec})


TRIAL = at_work(a_trial())


def completed(trial: Trial, *, retain: bool = False) -> Trial:
    """The trial as it is once it has succeeded."""
    kind = TrialCondition.SUCCEEDED
    done = conditions.put((), kind, true=True, reason="r", message="m", now=NOW)
    spec = trial.spec.model_copy(update={"retain_run": retain})
    status = TrialStatus(attempts=1, conditions=done)
    return trial.model_copy(update={"spec": spec, "status": status})


class Desk:
    """A cluster whose controllers and nodes are played by the test."""

    def __init__(self, server: FakeApi, launcher: KubeLauncher, log: MemoryLog) -> None:
        self.server, self.launcher, self.log = server, launcher, log

    async def job(self, status: Object) -> None:
        """What the Job's controller writes."""
        await self.server.objects.patch(JOBS, "team", "e-1", {"status": status}, status=True)

    async def pod(self, name: str, status: Object | None = None, said: bytes = b"") -> None:
        """A new pod of the trial, running unless its status is given."""
        path = f"/api/v1/namespaces/team/pods/{name}/log"
        self.server.logs[path] = said
        metadata = {"name": name, "labels": {"katib.kubeflow.org/trial": "e-1"}}
        await self.server.objects.create(PODS, "team", {"metadata": metadata})
        await self.is_now(name, status or running())

    async def is_now(self, name: str, status: Object) -> None:
        """What the pod's node writes."""
        await self.server.objects.patch(PODS, "team", name, {"status": status}, status=True)

    async def gone(self, name: str = "") -> None:
        """The job is deleted; or the pod of that name."""
        where, what = (PODS, name) if name else (JOBS, "e-1")
        await self.server.objects.delete(where, "team", what, {})

    async def look(self, wanted: Callable[[Run | None], bool], trial: Trial = TRIAL) -> Run | None:
        """Look until it is as wanted."""
        while not wanted(run := await self.launcher.look(trial)):
            await asyncio.sleep(0.005)
        return run

    async def values(self) -> list[str]:
        """Which values are kept."""
        return [each.value for each in await self.log.read(TRIAL.uid)]


def running() -> Object:
    """A pod at work."""
    return {"phase": "Running", "containerStatuses": [{"name": "main", "state": {"running": {}}}]}


def over(code: int = 0, **more: Any) -> Object:
    """A pod whose program has ended."""
    state = {"terminated": {"exitCode": code, "finishedAt": "2026-11-30T10:01:00Z"}}
    phase = "Failed" if code else "Succeeded"
    return {"phase": phase, "containerStatuses": [{"name": "main", "state": state}], **more}


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is awaited because it may be late is not late here."""
    monkeypatch.setattr("munshi.kube.trials.collection.LATE_S", 0.2)


@asynccontextmanager
async def at_a_desk() -> AsyncIterator[Desk]:
    """A launcher on an empty cluster that serves Jobs."""
    async with FakeApi() as server, server.api() as api:
        job = {"name": "jobs", "kind": "Job", "namespaced": True}
        wide = {"name": "wides", "kind": "Wide", "namespaced": False}
        server.documents["/apis/batch/v1"] = {"resources": [job, wide]}
        log = MemoryLog()
        launcher = KubeLauncher(api, Kinds(api), log, WallClock(), Image("munshi:1"))
        try:
            yield Desk(server, launcher, log)
        finally:
            await launcher.close()


def play(tale: Callable[[Desk], Any]) -> None:
    """A tale at a desk."""

    async def told() -> None:
        async with at_a_desk() as desk:
            await tale(desk)

    story(told)


def is_collected(run: Run | None) -> bool:
    """Whether all is read."""
    return run is not None and run.collected


def test_a_trial_is_seen_from_its_start_to_its_end() -> None:
    """Created, live, its values kept as they come, collected once its pod and job say that it is over."""

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        run = await desk.launcher.look(TRIAL)
        assert run is not None
        assert (run.live, run.collected) == (True, False)
        await desk.pod("p", over(), lines(0.1, 0.2))
        await desk.job(stands("Complete"))
        run = await desk.look(is_collected)
        assert run is not None
        assert (run.live, run.lost, run.notes) == (False, "", ())
        assert await desk.values() == ["0.1", "0.2"]

    play(tale)


def test_an_answer_that_is_lost_does_no_harm() -> None:
    """The job was created, and nobody heard of it: launching again finds it to be ours."""

    async def tale(desk: Desk) -> None:
        desk.server.next("create", lost)
        with pytest.raises(Retryable):
            await desk.launcher.launch(TRIAL)
        await desk.launcher.launch(TRIAL)
        assert len(desk.server.objects.list(JOBS)) == 1
        assert (await desk.launcher.look(TRIAL)) is not None

    play(tale)


async def _job_of(desk: Desk, owner: Object | None, attempt: str) -> None:
    metadata: Object = {"name": "e-1", "annotations": {"munshi/attempt": attempt}}
    if owner is not None:
        metadata["ownerReferences"] = [{**owner, "controller": True}]
    await desk.server.objects.create(JOBS, "team", {"metadata": metadata})


OTHERS: dict[str, tuple[Object | None, str]] = {
    "another trial": ({"kind": "Trial", "name": "f-1", "uid": "other"}, "belongs to Trial f-1"),
    "somebody else": ({"kind": "CronJob", "name": "c", "uid": "c"}, "belongs to CronJob c"),
    "nobody": (None, "belongs to nobody"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_name_that_is_taken_is_refused(case: str) -> None:
    """Whose it is is said, and it is left alone."""
    owner, said = OTHERS[case]

    async def tale(desk: Desk) -> None:
        await _job_of(desk, owner, "1")
        with pytest.raises(LaunchRefused, match=said):
            await desk.launcher.launch(TRIAL)
        assert await desk.launcher.look(TRIAL) is None
        await desk.launcher.stop(TRIAL)
        assert len(desk.server.objects.list(JOBS)) == 1

    play(tale)


def test_a_job_of_a_former_attempt_makes_way() -> None:
    """It is deleted, and the launch is tried again."""

    async def tale(desk: Desk) -> None:
        await _job_of(desk, {"kind": "Trial", "uid": TRIAL.uid}, "1")
        second = TRIAL.model_copy(update={"status": TrialStatus(attempts=2)})
        with pytest.raises(Retryable):
            await desk.launcher.launch(second)
        await desk.launcher.launch(second)
        (job,) = desk.server.objects.list(JOBS)
        assert job["metadata"]["annotations"]["munshi/attempt"] == "2"

    play(tale)


def test_what_the_server_refuses_is_refused() -> None:
    """Rights that are missing and fields that are wrong fail the trial; they mend themselves by no retry."""

    async def tale(desk: Desk) -> None:
        for code, reason in ((403, "Forbidden"), (422, "Invalid")):
            desk.server.next("create", answer(code, reason, "because"))
            with pytest.raises(LaunchRefused, match="because"):
                await desk.launcher.launch(TRIAL)
        desk.server.next("create", answer(503, "ServiceUnavailable"))
        with pytest.raises(Retryable):
            await desk.launcher.launch(TRIAL)

    play(tale)


def test_a_kind_without_namespaces_is_refused() -> None:
    """A trial may not make things of the whole cluster."""
    wide: Object = {"apiVersion": "batch/v1", "kind": "Wide", "spec": {}}

    async def tale(desk: Desk) -> None:
        with pytest.raises(LaunchRefused, match="whole cluster"):
            await desk.launcher.launch(a_trial(wide))

    play(tale)


def test_an_old_cluster_takes_no_sidecar() -> None:
    """It would wait for it for ever; what needs none is started all the same."""

    async def tale(desk: Desk) -> None:
        desk.server.documents["/version"] = {"major": "1", "minor": "28+"}
        with pytest.raises(LaunchRefused, match=r"needs Kubernetes 1\.29"):
            await desk.launcher.launch(a_trial(collector=collecting(CollectorKind.FILE, "/a/b")))
        await desk.launcher.launch(TRIAL)

    play(tale)


def _politely(call: Call) -> None:
    """End a stream as if that were all: the API server does so when a node breaks off."""
    call.chunk(b"")


@pytest.mark.parametrize("end", [Call.abort, _politely], ids=["rudely", "politely"])
def test_a_log_that_breaks_off_is_read_on(end: Callable[[Call], None]) -> None:
    """From the second it had come to; half a line is read whole then, and no value is kept twice."""

    async def tale(desk: Desk) -> None:
        whole = lines(0.1, 0.2, 0.3, 0.4)
        desk.server.next(
            "log", said(whole[:50], then=end), answer(500, "x"), said(whole[:99], then=end)
        )
        await desk.launcher.launch(TRIAL)
        await desk.launcher.look(TRIAL)
        await desk.pod("p", running(), whole)
        await until(lambda: desk.server.counts["log"] >= 4)
        await desk.is_now("p", over())
        await desk.job(stands("Complete"))
        await desk.look(is_collected)
        assert await desk.values() == ["0.1", "0.2", "0.3", "0.4"]
        asked = [each.query for each in desk.server.asked if each.verb == "log"]
        assert "sinceTime" not in asked[0]
        assert asked[1]["sinceTime"] == "2026-11-30T10:00:00Z"

    play(tale)


def test_a_log_is_asked_for_when_its_container_runs() -> None:
    """Not before, and not again and again."""

    async def tale(desk: Desk) -> None:
        waits = {"name": "main", "state": {"waiting": {"reason": "ContainerCreating"}}}
        await desk.launcher.launch(TRIAL)
        await desk.launcher.look(TRIAL)
        await desk.pod("p", {"phase": "Pending", "containerStatuses": [waits]}, lines(0.1))
        await desk.look(lambda run: run is not None)
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert desk.server.counts["log"] == 0
        desk.server.next("log", _silent)
        await desk.is_now("p", running())
        await until(lambda: desk.server.counts["log"] == 1)
        await desk.is_now("p", over())
        await desk.job(stands("Complete"))
        await desk.look(is_collected)
        assert await desk.values() == ["0.1"]
        assert desk.server.counts["log"] <= 3

    play(tale)


async def _silent(call: Call) -> bool:
    """A followed log in which nothing happens for a while."""
    call.begin()
    await call.writer.drain()
    await asyncio.sleep(0.05)
    call.chunk(b"")
    await call.writer.drain()
    return True


def test_a_failure_is_shown_when_its_last_words_are_known() -> None:
    """Until then the job is shown as it was; for its pods tell whose fault it was."""

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        await desk.launcher.look(TRIAL)
        await desk.job(stands("Failed"))
        run = await desk.look(lambda run: run is not None)
        assert run is not None
        assert (run.live, run.job["status"]) == (True, {})
        await desk.pod("p", over(3), b"oh no\n")
        run = await desk.look(is_collected)
        assert run is not None
        assert run.cause == 'container "main" ended with exit code 3'
        assert run.last_words == ("oh no",)
        assert run.ended is not None

    play(tale)


def test_a_pod_that_was_taken_away_makes_the_trial_lost() -> None:
    """Also when it is gone by the time its job is said to have failed."""

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        await desk.launcher.look(TRIAL)
        await desk.pod("p", running(), lines(0.1))
        await desk.look(lambda run: run is not None and desk.server.counts["log"] > 0)
        await desk.gone("p")
        await desk.job(stands("Failed"))
        run = await desk.look(lambda run: run is not None and bool(run.lost))
        assert run is not None
        assert run.lost == "pod p was deleted while it ran"

    play(tale)


def test_a_pod_that_was_taken_away_unseen_makes_the_trial_lost() -> None:
    """Its Job failed before any operator looked, and of the pod nothing is left that could tell."""

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        await desk.job({**stands("Failed"), "failed": 1})
        run = await desk.look(lambda run: run is not None and bool(run.lost))
        assert run is not None
        assert run.lost == "its pods were deleted, and nobody saw how they ended"

    play(tale)


def test_what_is_deleted_after_its_end_is_not_lost() -> None:
    """A Job may be gone a second after it completed (ttlSecondsAfterFinished); it was good all the same."""

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        await desk.launcher.look(TRIAL)
        await desk.pod("p", over(), lines(0.1))
        await desk.job(stands("Complete"))
        await desk.look(lambda run: run is not None and not run.live)
        await desk.gone()
        run = await desk.look(is_collected)
        assert run is not None
        assert (run.lost, run.live) == ("", False)
        assert await desk.values() == ["0.1"]

    play(tale)


@pytest.mark.parametrize("retain", [False, True])
def test_a_finished_trials_job_goes_unless_it_is_retained(retain: bool) -> None:
    """What is live is what shall be stopped; and stop leaves a retained job alone."""

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        await desk.job(stands("Complete"))
        done = completed(TRIAL, retain=retain)
        await desk.look(lambda run: run is not None and run.live is not retain, done)
        await desk.launcher.stop(done)
        assert bool(desk.server.objects.list(JOBS)) is retain
        if not retain:
            await desk.look(lambda run: run is None, done)

    play(tale)


def test_a_retained_job_that_still_runs_is_stopped() -> None:
    """Retaining keeps what there is to look at, not what uses up the cluster."""

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        killed = completed(TRIAL, retain=True)
        run = await desk.launcher.look(killed)
        assert run is not None
        assert run.live
        await desk.launcher.stop(killed)
        assert desk.server.objects.list(JOBS) == []

    play(tale)


def test_a_trial_whose_pods_nobody_finds_says_so() -> None:
    """The labels that were looked for are in the note."""

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        await desk.launcher.look(TRIAL)
        await desk.job(stands("Complete"))
        run = await desk.look(is_collected)
        assert run is not None
        assert run.notes == (
            "no pod with the labels katib.kubeflow.org/trial=e-1 was there to read from",
        )

    play(tale)


def test_a_job_that_is_suspended_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a queue holds it back, the trial tells what it waits for."""
    monkeypatch.setattr("munshi.kube.trials.waiting.USUAL_S", 0.0)
    monkeypatch.setattr("munshi.kube.trials.waiting.LOOK_S", 0.01)

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        await desk.job(stands("Suspended"))
        run = await desk.look(lambda run: run is not None and bool(run.waits))
        assert run is not None
        assert run.waits.startswith("its job is suspended")
        await desk.job({"conditions": []})
        await desk.look(lambda run: run is not None and not run.waits)

    play(tale)


def test_what_an_engine_does_not_ask_for_again_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial that was deleted with its job leaves nothing behind in memory."""
    monkeypatch.setattr("munshi.kube.trials.waiting.JOBLESS_S", 0.0)
    monkeypatch.setattr("munshi.kube.trials.waiting.LOOK_S", 0.01)

    async def tale(desk: Desk) -> None:
        await desk.launcher.launch(TRIAL)
        await desk.launcher.look(TRIAL)
        await desk.gone()
        await until(lambda: not desk.launcher._tracked)
        assert not desk.launcher._uids

    play(tale)
