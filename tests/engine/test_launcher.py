"""The scripted launcher keeps the port's contract, so that what the engine's tests show is true."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from munshi.api.meta import ObjectMeta
from munshi.api.trial import Trial, TrialSpec, TrialStatus
from munshi.engine.ports import Launcher
from munshi.testing.builders import FAILURE, SUCCESS
from munshi.testing.clock import SimulatedClock, simulated
from munshi.testing.launcher import Ending, Script, ScriptedLauncher
from munshi.testing.launchers import OBJECTIVE, Ground, LauncherContract, Program
from munshi.testing.memory import MemoryLog

AGES_S = 1e6
"""Longer than any test is patient, in simulated time."""


class ScriptedGround:
    """The one ScriptedLauncher, which outlives engines by itself."""

    def __init__(self) -> None:
        self.observations = MemoryLog()
        self._scripts: dict[str, Script] = {}
        self.scripted = ScriptedLauncher(
            lambda trial: self._scripts[trial.name], self.observations, SimulatedClock()
        )

    @asynccontextmanager
    async def launcher(self) -> AsyncIterator[Launcher]:
        """The same for everybody."""
        yield self.scripted

    async def trial(self, name: str, program: Program) -> Trial:
        """A trial with a script that only `let_go` brings to its end."""
        ending = Ending.SUCCEEDS if program.succeeds else Ending.FAILS
        return self._written(name, Script(program.late, ending, AGES_S, early=program.early))

    async def impossible(self, name: str) -> Trial:
        """A trial whose script says so."""
        return self._written(name, Script(ending=Ending.REFUSED))

    def let_go(self, trial: Trial) -> None:
        """Bring it to its end."""
        self.scripted.finish(trial)

    def starts(self, trial: Trial) -> int:
        """As the launcher counts."""
        return sum(uid == trial.uid for _, uid, _ in self.scripted.launches)

    def _written(self, name: str, script: Script) -> Trial:
        self._scripts[name] = script
        spec = TrialSpec(
            objective=OBJECTIVE,
            run_spec={"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}},
            success_condition=SUCCESS,
            failure_condition=FAILURE,
        )
        meta = ObjectMeta(namespace="default", name=name, uid=f"uid-{name}")
        return Trial(metadata=meta, spec=spec, status=TrialStatus(attempts=1))


class TestScriptedLauncher(LauncherContract):
    """ScriptedLauncher against the suite, in simulated time."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[Ground]:
        """A new launcher without jobs."""
        return _ground()

    def play(self, story: Coroutine[None, None, None]) -> None:
        """In simulated time."""
        simulated(story)


@asynccontextmanager
async def _ground() -> AsyncIterator[Ground]:
    ground = ScriptedGround()
    try:
        yield ground
    finally:
        await ground.scripted.close()
