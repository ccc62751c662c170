"""Whole Experiments through the operator, beside a fake API server: only the jobs are played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from munshi.api.experiment import Experiment
from munshi.engine.clock import WallClock
from munshi.kube.operator.operator import Operator
from munshi.kube.operator.settings import Settings
from munshi.kube.operator.term import Shared
from munshi.kube.wire import kinds
from munshi.rpc import messages
from munshi.rpc.services import katib
from munshi.rpc.services.katib import KatibServices
from munshi.rpc.services.target import Target, Targets
from munshi.store.sqlite import SqlStore
from munshi.testing.builders import a_template, an_experiment
from munshi.testing.launcher import Play, Script, ScriptedLauncher
from rpc.services.scripted import Scripted, points, serving
from support.fake_api import FakeApi
from support.in_kube import story, until

EXPERIMENTS = kinds.EXPERIMENTS.path("default")
TRIALS = kinds.TRIALS.path("default")
LEASE = "/apis/coordination.k8s.io/v1/leases"
QUICK = Script(runs_s=0.05)


def a_document(experiment: Experiment | None = None) -> dict[str, Any]:
    """An Experiment as a user applies it."""
    document = (experiment or an_experiment(max_trials=4)).dump()
    document["metadata"] = {"name": (experiment or an_experiment()).name}
    return document


@asynccontextmanager
async def replica(
    server: FakeApi,
    folder: Path,
    play: Play = lambda _: QUICK,
    *,
    identity: str = "one",
    services: KatibServices | None = None,
) -> AsyncIterator[Operator]:
    """An operator at work."""
    settings = Settings(folder, identity=identity, lease_namespace="kubeflow")

    def launcher(shared: Shared) -> ScriptedLauncher:
        return ScriptedLauncher(play, shared.values, WallClock())

    folder.mkdir(exist_ok=True)
    opened = SqlStore.open(folder / "db", WallClock().now, lambda: str(uuid4()), elsewhere=True)
    async with server.api() as api, opened as ledger:
        operator = Operator(api, ledger, settings, launcher, services)
        work = asyncio.create_task(operator.run())
        try:
            yield operator
        finally:
            work.cancel()
            outcome = (await asyncio.gather(work, return_exceptions=True))[0]
            assert isinstance(outcome, asyncio.CancelledError), outcome


def conditions(server: FakeApi, name: str = "e") -> list[dict[str, Any]]:
    """What an Experiment says of itself."""
    document = server.objects.get(kinds.EXPERIMENTS.path(), "default", name)
    found: list[dict[str, Any]] = (document.get("status") or {}).get("conditions") or []
    return found


def says(operator: Operator, path: str, text: str) -> bool:
    """Whether a page is well and holds a text."""
    page = operator.pages[path]()
    return page.good and text in page.body


def shown(server: FakeApi) -> dict[str, str]:
    """Which Events there are: reason, and the uid of the object."""
    events = server.objects.list("/api/v1/events")
    return {each["reason"]: each["involvedObject"]["uid"] for each in events}


def ended(server: FakeApi, name: str = "e") -> bool:
    """Whether it is over."""
    said = conditions(server, name)
    return bool(said) and said[-1]["type"] in ("Succeeded", "Failed")


def test_an_experiment_of_a_service_comes_to_its_end(tmp_path: Path) -> None:
    """Its settings are judged by the service, which then proposes all four trials."""
    check = "ValidateAlgorithmSettings"
    script = Scripted(
        {
            "GetSuggestions": points,
            check: lambda _: messages.classes(messages.KATIB)[f"{check}Reply"](),
        }
    )

    async def tell() -> None:
        async with AsyncExitStack() as stack:
            address = await stack.enter_async_context(serving(script))
            targets = Targets({"mine": Target("mine", address)})
            services = await stack.enter_async_context(katib.opened(targets, tmp_path / "logs"))
            server = await stack.enter_async_context(FakeApi())
            await stack.enter_async_context(replica(server, tmp_path, services=services))
            api = await stack.enter_async_context(server.api())
            await api.create(EXPERIMENTS, a_document(an_experiment(algorithm="mine", max_trials=4)))
            await until(lambda: ended(server))
            assert conditions(server)[-1]["type"] == "Succeeded"
            trials = server.objects.list(kinds.TRIALS.path())
            given = {each["spec"]["parameterAssignments"][0]["value"] for each in trials}
            assert given <= {"0.01", "0.02", "0.03"}
            assert len(trials) == 4
        assert len(script.requests(check)) == 1

    story(tell)


def test_an_experiment_comes_to_its_end(tmp_path: Path) -> None:
    """Applied with nothing but a spec, it succeeds with its four trials, and the story is in the ledger."""

    async def tell() -> None:
        async with FakeApi() as server, replica(server, tmp_path) as operator, server.api() as api:
            made = await api.create(EXPERIMENTS, a_document())
            await until(lambda: ended(server))
            [last] = conditions(server)[-1:]
            assert (last["type"], last["reason"]) == ("Succeeded", "ExperimentMaxTrialsReached")
            trials = server.objects.list(kinds.TRIALS.path())
            assert len(trials) == 4
            assert all(each["status"]["conditions"][-1]["type"] == "Succeeded" for each in trials)
            for line in (  # the story follows a little later
                'katib_trials_current{namespace="default",status="Succeeded"} 4.0',
                'katib_trial_succeeded_total{namespace="default"} 4.0',
                'katib_experiment_succeeded_total{namespace="default"} 1.0',
                "munshi_leader 1.0",
            ):
                await until(partial(says, operator, "/metrics", line))
            await until(lambda: "ExperimentMaxTrialsReached" in shown(server))
            assert shown(server)["ExperimentMaxTrialsReached"] == made["metadata"]["uid"]

    story(tell)


def test_the_probes_tell_of_leading_and_standing_by(tmp_path: Path) -> None:
    """Both replicas are ready; one leads, the other has warm caches and takes over on a clean stop."""

    async def tell() -> None:
        async with FakeApi() as server:
            async with replica(server, tmp_path / "two", identity="two") as two:
                await until(partial(says, two, "/readyz", "leading"))
                async with replica(server, tmp_path / "one", identity="one") as one:
                    await until(partial(says, one, "/readyz", "standing by"))
                    assert says(one, "/metrics", "munshi_leader 0.0")
            [lease] = server.objects.list(LEASE)
            assert lease["spec"]["holderIdentity"] == ""

    story(tell)


def test_an_invalid_experiment_is_given_back(tmp_path: Path) -> None:
    """Two faults of meaning and one of shape: each Experiment says all of its own, and no trial is made."""

    async def tell() -> None:
        async with FakeApi() as server, replica(server, tmp_path), server.api() as api:
            wrong = a_document(an_experiment("meaning", algorithm="tpee"))
            await api.create(EXPERIMENTS, wrong)
            shape = a_document(an_experiment("shape", max_trials=2))
            shape["spec"]["parallelTrialCount"] = "many"
            await api.create(EXPERIMENTS, shape)
            await until(lambda: ended(server, "meaning") and ended(server, "shape"))
            for name, said in {"meaning": "tpee", "shape": "spec.parallelTrialCount"}.items():
                [last] = conditions(server, name)
                assert (last["type"], last["reason"]) == ("Failed", "ExperimentInvalid")
                assert said in last["message"]
            assert server.objects.list(kinds.TRIALS.path()) == []
            await api.patch(f"{EXPERIMENTS}/shape", {"spec": {"parallelTrialCount": 2}})
            await until(lambda: "Succeeded" in [c["type"] for c in conditions(server, "shape")])

    story(tell)


def test_another_kind_of_job_is_refused_with_the_option(tmp_path: Path) -> None:
    """A Workflow is not among the kinds this operator runs; the status says how it could be."""

    async def tell() -> None:
        async with FakeApi() as server, replica(server, tmp_path), server.api() as api:
            job = {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Workflow",
                "spec": {"a": "${trialParameters.rate}"},
            }
            template = a_template().model_copy(update={"trial_spec": job})
            await api.create(EXPERIMENTS, a_document(an_experiment(template=template)))
            await until(lambda: ended(server))
            assert "--trial-kind Workflow.v1alpha1.argoproj.io" in conditions(server)[0]["message"]

    story(tell)


def test_a_new_leader_goes_on_where_the_old_one_stopped(tmp_path: Path) -> None:
    """With an empty ledger of its own it finishes the Experiment, with no trial more."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            async with replica(server, tmp_path / "one"):
                await api.create(EXPERIMENTS, a_document(an_experiment(max_trials=8, parallel=1)))
                await until(lambda: len(server.objects.list(kinds.TRIALS.path())) >= 3)
            async with replica(server, tmp_path / "two", identity="two"):
                await until(lambda: ended(server))
            assert conditions(server)[-1]["type"] == "Succeeded"
            assert len(server.objects.list(kinds.TRIALS.path())) == 8

    story(tell)
