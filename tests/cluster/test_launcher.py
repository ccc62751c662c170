"""The cluster's launcher keeps the port's contract, with real pods."""

from __future__ import annotations

import os
import shlex
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from munshi.api.meta import ObjectMeta
from munshi.api.trial import Trial, TrialSpec
from munshi.api.wire import Object
from munshi.engine.ports import Launcher
from munshi.kube.wire import connection
from munshi.kube.wire.api import Api
from munshi.testing import launchers
from munshi.testing.builders import FAILURE, SUCCESS
from munshi.testing.launchers import OBJECTIVE, Ground, LauncherContract, Program
from munshi.testing.memory import MemoryLog
from support.cluster import Cluster
from support.cluster_trials import BUSYBOX, PATIENCE_S, launching, with_trials, written

PROGRAM = """
echo begun >> {starts}
for value in {early}; do echo accuracy=$value; done
read word < {gate} || exit 9
for value in {late}; do echo accuracy=$value; done
exit {code}
"""


class ClusterGround:
    """A namespace; each program waits at a named pipe of its own, in a folder that its node shares."""

    def __init__(self, folder: Path, cluster: Cluster, api: Api) -> None:
        self.observations = MemoryLog()
        self._folder, self._cluster, self._api = folder, cluster, api
        self._gates: dict[str, int] = {}

    @asynccontextmanager
    async def launcher(self) -> AsyncIterator[Launcher]:
        """A new one in the namespace, with a connection of its own."""
        async with launching(self._cluster, self.observations) as (_, launcher):
            yield launcher

    async def trial(self, name: str, program: Program) -> Trial:
        """A trial that is a shell program in a pod."""
        gate = self._folder / f"{name}.gate"
        os.mkfifo(gate)
        self._gates[name] = os.open(gate, os.O_RDWR)  # so that neither side waits to open it
        text = PROGRAM.format(
            starts=shlex.quote(str(self._starts(name))),
            gate=shlex.quote(str(gate)),
            early=" ".join(program.early),
            late=" ".join(program.late),
            code=0 if program.succeeds else 3,
        )
        mount = {"name": "ground", "mountPath": str(self._folder)}
        container: Object = {
            "name": "main",
            "image": BUSYBOX,
            "command": ["sh", "-c", text],
            "volumeMounts": [mount],
        }
        pod: Object = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "containers": [container],
            "volumes": [{"name": "ground", "hostPath": {"path": str(self._folder)}}],
        }
        meta: Object = {"name": name, "namespace": self._cluster.namespace}
        return await self._written(
            name,
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": meta,
                "spec": {"backoffLimit": 0, "template": {"spec": pod}},
            },
        )

    async def impossible(self, name: str) -> Trial:
        """A trial of a kind that this cluster does not serve."""
        meta: Object = {"name": name, "namespace": self._cluster.namespace}
        return await self._written(
            name, {"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": meta}
        )

    def let_go(self, trial: Trial) -> None:
        """One word through the pipe, for one attempt."""
        os.write(self._gates[trial.name], b"go\n")

    def starts(self, trial: Trial) -> int:
        """How many lines its programs have written."""
        path = self._starts(trial.name)
        return len(path.read_text().splitlines()) if path.exists() else 0

    def clear(self) -> None:
        """Let go of the pipes."""
        for gate in self._gates.values():
            os.close(gate)

    async def _written(self, name: str, run_spec: Object) -> Trial:
        spec = TrialSpec(
            objective=OBJECTIVE,
            run_spec=run_spec,
            primary_container_name="main",
            success_condition=SUCCESS,
            failure_condition=FAILURE,
        )
        meta = ObjectMeta(namespace=self._cluster.namespace, name=name)
        return await written(self._api, Trial(metadata=meta, spec=spec))

    def _starts(self, name: str) -> Path:
        return self._folder / f"{name}.starts"


class TestKubeLauncher(LauncherContract):
    """KubeLauncher against the suite, with real pods."""

    @pytest.fixture(autouse=True)
    def _in_a_namespace(self, namespace: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        with_trials(namespace)
        monkeypatch.setattr(launchers, "PATIENCE_S", PATIENCE_S)
        self._cluster = namespace

    def opened(self, folder: Path) -> AbstractAsyncContextManager[Ground]:
        """An empty namespace."""
        return self._ground(folder)

    @asynccontextmanager
    async def _ground(self, folder: Path) -> AsyncIterator[Ground]:
        folder.chmod(0o777)
        async with connection.connect(kubeconfig=str(self._cluster.kubeconfig)) as api:
            ground = ClusterGround(folder, self._cluster, api)
            try:
                yield ground
            finally:
                ground.clear()
