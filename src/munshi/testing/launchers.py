"""The contract of `engine.ports.Launcher` as tests: inherit `LauncherContract`.

A launcher is tested on a `Ground`: where its jobs live, which outlives every launcher that looks after
them. The adapter's test says how a trial becomes a job there, and how a job that waits is let go.

    class TestMyLauncher(LauncherContract):
        def opened(self, folder: Path) -> AbstractAsyncContextManager[Ground]:
            return my_ground(folder)

Nothing here measures time: jobs wait until they are let go, and every wait ends with what it waits for.
"""

# ruff: noqa: S101 - a suite of tests asserts
from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from munshi.api.common import EarlyStoppingRule, ObjectiveSpec, ObjectiveType
from munshi.api.trial import Trial
from munshi.engine.ports import Launcher, ObservationLog
from munshi.errors import LaunchRefused
from munshi.reconcile.views import Run
from munshi.template import condition

OBJECTIVE = ObjectiveSpec(type=ObjectiveType.MAXIMIZE, objective_metric_name="accuracy")
"""What the trials of a ground report."""
PATIENCE_S = 20
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Program:
    """What a trial's job does: it reports `early`, waits until it is let go, reports `late`, ends."""

    early: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    succeeds: bool = True


class Ground(Protocol):
    """Where the jobs of one test live; it outlives the launchers that look after them."""

    @property
    def observations(self) -> ObservationLog:
        """Where reported values go."""
        ...

    def launcher(self) -> AbstractAsyncContextManager[Launcher]:
        """A new launcher; leaving the block is the end of its engine, not of the jobs."""
        ...

    async def trial(self, name: str, program: Program) -> Trial:
        """A new trial at its first attempt, with `OBJECTIVE`, whose job carries out `program`."""
        ...

    async def impossible(self, name: str) -> Trial:
        """A new trial at its first attempt, whose job cannot run here."""
        ...

    def let_go(self, trial: Trial) -> None:
        """Let the trial's job go on to its end; it has been seen running."""
        ...

    def starts(self, trial: Trial) -> int:
        """How often the trial's program has begun, all attempts together."""
        ...


class LauncherContract:
    """What every launcher keeps; say in `opened` how to get an empty ground."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[Ground]:
        """An empty ground, for the length of a block; nothing of it is left behind."""
        raise NotImplementedError

    def play(self, story: Coroutine[None, None, None]) -> None:
        """Run a story to its end; override it for a launcher that lives in simulated time."""
        asyncio.run(story)

    def test_what_was_not_launched_is_not_there(self, tmp_path: Path) -> None:
        """Look says None, however often; stop and forget find nothing to do and say nothing."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program())
                assert await launcher.look(trial) is None
                await launcher.stop(trial)
                await launcher.forget(trial)
                assert await launcher.look(trial) is None
                assert ground.starts(trial) == 0

        self.play(story())

    def test_a_running_job_has_its_kind_and_a_status(self, tmp_path: Path) -> None:
        """It is live, of the run spec's apiVersion, kind and name; no condition is met yet."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program())
                run = await _running(ground, launcher, trial)
                spec = trial.spec.run_spec or {}
                for key in ("apiVersion", "kind"):
                    assert run.job[key] == spec[key]
                for key in ("namespace", "name"):  # a cluster writes more beside
                    assert _metadata(run.job).get(key) == _metadata(spec).get(key)
                assert isinstance(run.job["status"], dict)
                assert (run.collected, run.lost, _verdict(trial, run)) == (
                    False,
                    "",
                    (False, False),
                )

        self.play(story())

    def test_a_job_is_started_once(self, tmp_path: Path) -> None:
        """Launching again, at the same moment, while it runs and after its end, starts nothing."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program())
                await asyncio.gather(*(launcher.launch(trial) for _ in range(3)))
                await _running(ground, launcher, trial)
                await launcher.launch(trial)
                ground.let_go(trial)
                ended = await _collected(launcher, trial)
                await launcher.launch(trial)
                assert await launcher.look(trial) == ended
                assert ground.starts(trial) == 1

        self.play(story())

    @pytest.mark.parametrize("succeeds", [True, False], ids=["well", "badly"])
    def test_an_end_meets_its_condition(self, succeeds: bool, tmp_path: Path) -> None:
        """A job that ends well meets the success condition, another the failure condition; not both."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program(succeeds=succeeds))
                await _running(ground, launcher, trial)
                ground.let_go(trial)
                run = await _collected(launcher, trial)
                assert (run.live, run.lost) == (False, "")
                assert _verdict(trial, run) == (succeeds, not succeeds)

        self.play(story())

    def test_values_are_kept_while_it_runs(self, tmp_path: Path) -> None:
        """What a job reports is in the log before it ends: early stopping and people live on it."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program(early=("0.1", "0.2")))
                await _running(ground, launcher, trial)
                await _kept(ground, trial, ["0.1", "0.2"])
                run = await launcher.look(trial)
                assert run is not None
                assert (run.live, run.collected) == (True, False)

        self.play(story())

    def test_a_running_job_that_meets_its_rules_says_so(self, tmp_path: Path) -> None:
        """At every report from the start step on; a launcher that adopts the job comes to the same."""
        rule = _rule("0.5", 2)

        async def story() -> None:
            async with self.opened(tmp_path) as ground:
                good = _judged_by(await ground.trial("good", Program(("0.1", "0.6"))), rule)
                bad = _judged_by(await ground.trial("bad", Program(("0.1", "nan", "0.4"))), rule)
                async with ground.launcher() as launcher:
                    for trial in (good, bad):
                        await _running(ground, launcher, trial)
                    run = await _tripped(launcher, bad)
                    assert "the best accuracy of 2 reports is 0.1: less than 0.5" in run.tripped
                async with ground.launcher() as launcher:
                    assert (await _tripped(launcher, bad)).tripped == run.tripped
                    await launcher.look(good)
                    await _kept(ground, good, ["0.1", "0.6"])
                    found = await launcher.look(good)
                    assert found is not None
                    assert (found.live, found.tripped) == (True, "")
                    for trial in (good, bad):
                        await launcher.stop(trial)
                        await _over(launcher, trial)

        self.play(story())

    @pytest.mark.parametrize("succeeds", [True, False], ids=["well", "badly"])
    def test_collected_means_that_everything_is_kept(self, succeeds: bool, tmp_path: Path) -> None:
        """As soon as look says collected, the last value a job reported is in the log, each once."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program(("0.1",), ("0.2", "nan"), succeeds))
                await _running(ground, launcher, trial)
                ground.let_go(trial)
                await _collected(launcher, trial)
                assert await _values(ground, trial) == ["0.1", "0.2", "nan"]

        self.play(story())

    def test_trials_are_kept_apart(self, tmp_path: Path) -> None:
        """Values and ends of jobs that run beside each other are not mixed up; stop means one."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                names = ("a", "b", "c")
                trials = [await ground.trial(it, Program((f"0.{ord(it)}",))) for it in names]
                for trial in trials:
                    await _running(ground, launcher, trial)
                await launcher.stop(trials[0])
                await _over(launcher, trials[0])
                ground.let_go(trials[1])
                ended = await _collected(launcher, trials[1])
                running = await launcher.look(trials[2])
                assert _verdict(trials[1], ended) == (True, False)
                assert running is not None
                assert running.live
                ground.let_go(trials[2])
                await _collected(launcher, trials[2])
                for trial, name in zip(trials[1:], names[1:], strict=True):
                    assert await _values(ground, trial) == [f"0.{ord(name)}"]

        self.play(story())

    def test_a_stopped_job_ends(self, tmp_path: Path) -> None:
        """Soon nothing of it is live, nor did it succeed; to stop it again changes nothing."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program(late=("0.9",)))
                await _running(ground, launcher, trial)
                await launcher.stop(trial)
                await launcher.stop(trial)
                run = await _over(launcher, trial)
                await launcher.stop(trial)
                assert run is None or _verdict(trial, run)[0] is False
                assert await _values(ground, trial) == []
                assert ground.starts(trial) == 1

        self.play(story())

    def test_another_launcher_stops_what_runs(self, tmp_path: Path) -> None:
        """One that never looked at the job ends it and tells so; what was kept of its values stays."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground:
                trial = await ground.trial("t", Program(early=("0.1",)))
                async with ground.launcher() as launcher:
                    await _running(ground, launcher, trial)
                    await _kept(ground, trial, ["0.1"])
                async with ground.launcher() as another, _listening(another, trial) as told:
                    await another.stop(trial)
                    await told(lambda run: run is None or not run.live)
                    assert await _values(ground, trial) == ["0.1"]

        self.play(story())

    def test_a_stop_after_the_end_changes_nothing(self, tmp_path: Path) -> None:
        """What succeeded has succeeded."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program())
                await _running(ground, launcher, trial)
                ground.let_go(trial)
                ended = await _collected(launcher, trial)
                await launcher.stop(trial)
                assert await launcher.look(trial) == ended

        self.play(story())

    @pytest.mark.parametrize("stopped", [False, True], ids=["by itself", "by stop"])
    def test_who_looks_only_when_told_sees_the_end(self, stopped: bool, tmp_path: Path) -> None:
        """The changes name the trial when its job begins, and when there is no more to come."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program(late=("0.5",)))
                async with _listening(launcher, trial) as told:
                    await launcher.launch(trial)
                    await told(lambda run: run is not None)
                    await _running(ground, launcher, trial)
                    if stopped:
                        await launcher.stop(trial)
                        await told(lambda run: run is None or not run.live)
                    else:
                        ground.let_go(trial)
                        await told(lambda run: run is not None and run.collected)

        self.play(story())

    def test_another_launcher_adopts_what_runs(self, tmp_path: Path) -> None:
        """It sees the job of the one before, starts it no second time, and sees it through."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground:
                trial = await ground.trial("t", Program(("0.1",), ("0.2",)))
                async with ground.launcher() as launcher:
                    await _running(ground, launcher, trial)
                async with ground.launcher() as another, _listening(another, trial) as told:
                    await another.launch(trial)
                    run = await another.look(trial)
                    assert run is not None
                    assert run.live
                    ground.let_go(trial)
                    await told(lambda run: run is not None and run.collected)
                    run = await _collected(another, trial)
                    assert _verdict(trial, run) == (True, False)
                    assert await _values(ground, trial) == ["0.1", "0.2"]
                    assert ground.starts(trial) == 1

        self.play(story())

    def test_another_launcher_sees_what_ended(self, tmp_path: Path) -> None:
        """An end while nobody looked after it is an end all the same, and its values are collected."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground:
                trial = await ground.trial("t", Program(("0.1",), ("0.2",)))
                async with ground.launcher() as launcher:
                    await _running(ground, launcher, trial)
                ground.let_go(trial)
                async with ground.launcher() as another:
                    run = await _collected(another, trial)
                    assert _verdict(trial, run) == (True, False)
                    assert await _values(ground, trial) == ["0.1", "0.2"]

        self.play(story())

    def test_what_cannot_run_here_is_refused(self, tmp_path: Path) -> None:
        """LaunchRefused with a word on it, every time; nothing was launched, and others still can be."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.impossible("t")
                for _ in range(2):
                    with pytest.raises(LaunchRefused) as refusal:
                        await launcher.launch(trial)
                    assert str(refusal.value)
                    assert await launcher.look(trial) is None
                await launcher.stop(trial)
                await _running(ground, launcher, await ground.trial("other", Program()))

        self.play(story())

    def test_the_next_attempt_begins_anew(self, tmp_path: Path) -> None:
        """After forget look says None; the next attempt is started, and its values are its own."""

        async def story() -> None:
            async with self.opened(tmp_path) as ground, ground.launcher() as launcher:
                trial = await ground.trial("t", Program(("0.1",), ("0.2",)))
                await _running(ground, launcher, trial)
                ground.let_go(trial)
                await _collected(launcher, trial)
                await launcher.forget(trial)
                await launcher.forget(trial)
                await ground.observations.forget(trial.uid)
                assert await launcher.look(trial) is None
                following = next_attempt(trial)
                assert await launcher.look(following) is None
                await _running(ground, launcher, following)
                assert ground.starts(trial) == 2
                ground.let_go(following)
                run = await _collected(launcher, following)
                assert _verdict(following, run) == (True, False)
                assert await _values(ground, following) == ["0.1", "0.2"]
                assert await launcher.look(trial) is None

        self.play(story())


def _metadata(job: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = job["metadata"]
    return found


def next_attempt(trial: Trial) -> Trial:
    """The trial as the engine writes it before it launches it once more."""
    attempts = trial.status.attempts + 1
    return trial.model_copy(
        update={"status": trial.status.model_copy(update={"attempts": attempts})}
    )


async def _running(ground: Ground, launcher: Launcher, trial: Trial) -> Run:
    """Launch the trial if need be, and look until its program has begun."""
    before = ground.starts(trial) if await launcher.look(trial) is None else 0
    await launcher.launch(trial)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            run = await launcher.look(trial)
            if run is not None and run.live and ground.starts(trial) > before:
                return run
            await asyncio.sleep(_PAUSE_S)


async def _collected(launcher: Launcher, trial: Trial) -> Run:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            run = await launcher.look(trial)
            if run is not None and run.collected:
                assert not run.live
                return run
            await asyncio.sleep(_PAUSE_S)


async def _over(launcher: Launcher, trial: Trial) -> Run | None:
    """Look until nothing of the trial is live; a runtime that deletes stopped jobs shows none."""
    async with asyncio.timeout(PATIENCE_S):
        while (run := await launcher.look(trial)) is not None and run.live:
            await asyncio.sleep(_PAUSE_S)
        return run


async def _tripped(launcher: Launcher, trial: Trial) -> Run:
    """Look until its rules say that it is to end; it runs meanwhile."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            run = await launcher.look(trial)
            assert run is not None
            assert run.live
            if run.tripped:
                return run
            await asyncio.sleep(_PAUSE_S)


def _rule(value: str, start_step: int) -> EarlyStoppingRule:
    return EarlyStoppingRule(
        name=OBJECTIVE.objective_metric_name, value=value, comparison="less", start_step=start_step
    )


def _judged_by(trial: Trial, *rules: EarlyStoppingRule) -> Trial:
    spec = trial.spec.model_copy(update={"early_stopping_rules": rules})
    return trial.model_copy(update={"spec": spec})


async def _values(ground: Ground, trial: Trial) -> list[str]:
    return [kept.value for kept in await ground.observations.read(trial.uid)]


async def _kept(ground: Ground, trial: Trial, values: list[str]) -> None:
    """Look into the log until it holds exactly these."""
    async with asyncio.timeout(PATIENCE_S):
        while await _values(ground, trial) != values:
            await asyncio.sleep(_PAUSE_S)


def _verdict(trial: Trial, run: Run) -> tuple[bool, bool]:
    """Whether the success and the failure condition are met."""
    spec = trial.spec
    success = condition.evaluate(spec.success_condition, run.job)
    return success.met, condition.evaluate(spec.failure_condition, run.job).met


_Told = Callable[[Callable[[Run | None], bool]], Awaitable[None]]


class _listening:  # noqa: N801 - it is used as a function would be
    """For the length of a block, hear the launcher's changes.

    The block gets a function that looks whenever the trial's uid was named since, until a look is as
    wanted.
    """

    def __init__(self, launcher: Launcher, trial: Trial) -> None:
        self._launcher, self._trial = launcher, trial
        self._named = asyncio.Event()

    async def __aenter__(self) -> _Told:
        self._task = asyncio.ensure_future(self._listen())
        await asyncio.sleep(0)  # from here on it hears
        return self._until

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _until(self, wanted: Callable[[Run | None], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await self._named.wait()
                self._named.clear()
                if wanted(await self._launcher.look(self._trial)):
                    return

    async def _listen(self) -> None:
        async with aclosing(_generator(self._launcher)) as changes:
            async for uid in changes:
                if uid == self._trial.uid:
                    self._named.set()


async def _generator(launcher: Launcher) -> AsyncGenerator[str, None]:
    async for uid in launcher.changes():
        yield uid
