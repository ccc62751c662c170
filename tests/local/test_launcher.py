"""The local launcher keeps the port's contract with real processes, and leaves none behind."""

from __future__ import annotations

import asyncio
import os
import shlex
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from munshi.api.common import CollectorKind, CollectorSpec, MetricsCollectorSpec
from munshi.api.meta import ObjectMeta
from munshi.api.trial import Trial, TrialSpec
from munshi.api.wire import Object
from munshi.engine.clock import WallClock
from munshi.engine.ports import Launcher
from munshi.local import launcher as launching
from munshi.local import process
from munshi.local.launcher import COLLECTOR, LocalLauncher, attempt_folder
from munshi.local.planning import Settings
from munshi.testing.builders import FAILURE, SUCCESS
from munshi.testing.launchers import (
    OBJECTIVE,
    PATIENCE_S,
    Ground,
    LauncherContract,
    Program,
    next_attempt,
)
from munshi.testing.memory import MemoryLog, MemoryStore

PROGRAM = """
echo begun >> {starts}
for value in {early}; do echo accuracy=$value; done
read word < {gate} || exit 9
for value in {late}; do echo accuracy=$value; done
exit {code}
"""


class LocalGround:
    """A folder of trials; each program waits at a named pipe of its own until it is let go."""

    def __init__(self, folder: Path) -> None:
        self.observations = MemoryLog()
        self._folder = folder
        uids = count()
        self._mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self._store = MemoryStore(
            WallClock().now, lambda: f"{next(uids):08}-{self._mark}", self.observations
        )
        self._gates: dict[str, int] = {}
        self._trials: list[Trial] = []

    @asynccontextmanager
    async def launcher(self) -> AsyncIterator[Launcher]:
        """A new one on the same folder, closed in the end."""
        settings = Settings(cwd=str(self._folder), env={"PATH": os.environ["PATH"]})
        launcher = LocalLauncher(
            self._folder / "trials", self._store, self.observations, WallClock(), settings
        )
        try:
            yield launcher
        finally:
            await launcher.close()

    async def trial(self, name: str, program: Program) -> Trial:
        """A trial that is a shell program."""
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
        container: Object = {"name": "main", "image": "any", "command": ["sh", "-c", text]}
        pod: Object = {"spec": {"restartPolicy": "Never", "containers": [container]}}
        run_spec: Object = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"backoffLimit": 0, "template": pod},
        }
        return await self._written(name, run_spec)

    async def impossible(self, name: str) -> Trial:
        """A trial whose kind needs a cluster."""
        meta: Object = {"name": name, "namespace": "default"}
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

    def folder(self, trial: Trial) -> Path:
        """Where the trial's attempt lives."""
        return attempt_folder(self._folder / "trials", trial)

    def clear(self) -> None:
        """End whatever still runs, as a test that leaves its jobs waiting means it; wait for that."""
        for trial in self._trials:
            for attempt in (next_attempt(trial), next_attempt(next_attempt(trial))):
                state = process.inspect(self.folder(attempt))
                if isinstance(state, process.Running):
                    process.stop(state.identity)
                    _wait_for(state.identity)
        left = sum(process.sweep(trial.uid) for trial in self._trials)
        for gate in self._gates.values():
            os.close(gate)
        assert not left, f"{left} processes outlived their supervisors"

    async def _written(self, name: str, run_spec: Object) -> Trial:
        spec = TrialSpec(
            objective=OBJECTIVE,
            run_spec=run_spec,
            primary_container_name="main",
            success_condition=SUCCESS,
            failure_condition=FAILURE,
        )
        meta = ObjectMeta(namespace="default", name=name)
        trial = await self._store.create(Trial(metadata=meta, spec=spec))
        self._trials.append(trial)
        return next_attempt(trial)

    def _starts(self, name: str) -> Path:
        return self._folder / f"{name}.starts"


class TestLocalLauncher(LauncherContract):
    """LocalLauncher against the suite, with real processes."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[Ground]:
        """An empty folder."""
        return _ground(folder)

    def test_metrics_that_cannot_be_read_are_not_waited_for(self, tmp_path: Path) -> None:
        """When nobody knows any more where to read, a trial ends all the same, and a note says why."""

        async def story() -> None:
            async with _ground(tmp_path) as ground, ground.launcher() as earlier:
                trial = _pushing(await ground.trial("t", Program()))
                await earlier.launch(trial)
                (ground.folder(trial) / COLLECTOR).write_text("{")
                ground.let_go(trial)
                async with ground.launcher() as launcher, asyncio.timeout(PATIENCE_S):
                    while not (run := await launcher.look(trial)) or not run.collected:
                        await asyncio.sleep(0.01)
                (note,) = run.notes
                assert note.startswith("its metrics could not be read: ")

        asyncio.run(story())

    def test_what_is_no_longer_remembered_is_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of thousands of ended trials few are kept in memory; whoever asks for another still gets it."""
        monkeypatch.setattr(launching, "REMEMBERED", 1)

        async def story() -> None:
            async with _ground(tmp_path) as ground, ground.launcher() as launcher:
                trials = [await ground.trial(f"t{number}", Program()) for number in range(3)]
                for trial in (*trials, trials[0]):
                    await launcher.launch(trial)
                    ground.let_go(trial)
                    async with asyncio.timeout(PATIENCE_S):
                        while not (run := await launcher.look(trial)) or not run.collected:
                            await asyncio.sleep(0.01)
                assert len(launcher._watched) <= 2  # type: ignore[attr-defined]
                assert [ground.starts(trial) for trial in trials] == [1, 1, 1]

        asyncio.run(story())

    def test_a_start_made_by_an_earlier_munshi_is_told_of(self, tmp_path: Path) -> None:
        """A launch that finds the folder in use starts nothing, and has the trial looked at."""

        async def story() -> None:
            async with _ground(tmp_path) as ground, ground.launcher() as earlier:
                trial = await ground.trial("t", Program())
                await earlier.launch(trial)
                ground.let_go(trial)
                async with ground.launcher() as launcher, asyncio.timeout(PATIENCE_S):
                    await launcher.launch(trial)
                    assert await anext(aiter(launcher.changes())) == trial.uid
                assert ground.starts(trial) <= 1

        asyncio.run(story())

    @pytest.mark.parametrize(("unsaid_s", "live"), [(3600.0, False), (0.0, True)])
    def test_a_start_is_told_of_after_a_moment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unsaid_s: float, *, live: bool
    ) -> None:
        """What ends within that moment is told of once, when all is read; what does not, as running."""
        monkeypatch.setattr(launching, "UNSAID_S", unsaid_s)

        async def story() -> None:
            async with _ground(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program())
                await launcher.launch(trial)
                if not live:
                    ground.let_go(trial)
                async with asyncio.timeout(PATIENCE_S):
                    assert await anext(aiter(launcher.changes())) == trial.uid
                run = await launcher.look(trial)
                assert run is not None
                assert (run.live, run.collected) == (live, not live)

        asyncio.run(story())


def _pushing(trial: Trial) -> Trial:
    """The trial with a collector that reads elsewhere than its log: that has to be written down."""
    collector = MetricsCollectorSpec(collector=CollectorSpec(kind=CollectorKind.PUSH))
    spec = trial.spec.model_copy(update={"metrics_collector": collector})
    return trial.model_copy(update={"spec": spec})


@asynccontextmanager
async def _ground(folder: Path) -> AsyncIterator[LocalGround]:
    ground = LocalGround(folder)
    try:
        yield ground
    finally:
        ground.clear()


def _wait_for(supervisor: process.Identity) -> None:
    until = time.monotonic() + PATIENCE_S
    while process.is_alive(supervisor):
        assert time.monotonic() < until, "a stopped trial goes on"
        time.sleep(0.01)
