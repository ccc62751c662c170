"""Trials on the real cluster: what the tests of launching and of collecting share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

from munshi.api import decode
from munshi.api.trial import Trial, TrialStatus
from munshi.engine.clock import WallClock
from munshi.engine.ports import ObservationLog
from munshi.kube.trials.companion import Image
from munshi.kube.trials.launcher import KubeLauncher
from munshi.kube.wire import connection, kinds
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import Kinds
from munshi.reconcile.views import Run
from support.cluster import ROOT, Cluster

PATIENCE_S = 180
"""For what involves a pod, on a machine that is busy with everything else too."""
MUNSHI = os.environ.get("MUNSHI_TEST_IMAGE", "munshi/munshi:test")
TRIAL = os.environ.get("MUNSHI_TEST_TRIAL_IMAGE", "munshi/trial:test")
BUSYBOX = "munshi/busybox:test"


def play(story: Callable[[], Coroutine[None, None, None]], seconds: float = 240) -> None:
    """Run a story to its end; one that hangs is a failure."""

    async def bounded() -> None:
        async with asyncio.timeout(seconds):
            await story()

    asyncio.run(bounded())


def with_trials(cluster: Cluster) -> None:
    """See that the cluster knows what a Trial is."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", f"{ROOT}/deploy/crds/")
    cluster.wait("crd/trials.kubeflow.org", "condition=Established")


@asynccontextmanager
async def launching(
    cluster: Cluster, observations: ObservationLog
) -> AsyncIterator[tuple[Api, KubeLauncher]]:
    """A launcher in the namespace, closed in the end; jobs go on."""
    async with connection.connect(kubeconfig=str(cluster.kubeconfig)) as api:
        launcher = KubeLauncher(
            api, Kinds(api), observations, WallClock(), Image(MUNSHI), [cluster.namespace]
        )
        try:
            yield api, launcher
        finally:
            await launcher.close()


async def written(api: Api, trial: Trial) -> Trial:
    """The trial as the server has it, at its first attempt."""
    path = kinds.TRIALS.path(trial.namespace)
    made = decode.read(await api.create(path, trial.dump()), Trial)
    return made.model_copy(update={"status": TrialStatus(attempts=1)})


async def until(
    launcher: KubeLauncher, trial: Trial, wanted: Callable[[Run | None], bool]
) -> Run | None:
    """Look whenever there is news, until a look is as wanted."""
    async with asyncio.timeout(PATIENCE_S):
        while not wanted(run := await launcher.look(trial)):
            await asyncio.sleep(0.05)
        return run


async def collected(launcher: KubeLauncher, trial: Trial) -> Run:
    """Look until all is read."""
    run = await until(launcher, trial, lambda run: run is not None and run.collected)
    assert run is not None
    return run
