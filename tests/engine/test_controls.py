"""What a user asks of a running experiment, through the real Engine; and the story it leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from engine.stage import Stage
from munshi.api.experiment import Experiment, ResumePolicy
from munshi.api.trial import Trial
from munshi.reconcile.tally import state_of
from munshi.reconcile.views import TrialState
from munshi.testing.builders import an_experiment
from munshi.testing.clock import simulated
from munshi.testing.launcher import Ending, Script


async def annotate(stage: Stage, one: Experiment | Trial, said: Mapping[str, str | None]) -> None:
    """Write annotations, as a verb does."""
    held = await stage.store.get(type(one), one.namespace, one.name)
    notes = {**held.metadata.annotations, **{f"munshi/{key}": text for key, text in said.items()}}
    kept = {key: text for key, text in notes.items() if text is not None}
    meta = held.metadata.model_copy(update={"annotations": kept})
    await stage.store.replace(held.model_copy(update={"metadata": meta}))


def test_suspended_waits_and_resumed_goes_on() -> None:
    """No third trial begins for an hour; afterwards the experiment comes to its end."""

    async def story() -> None:
        stage = Stage()
        owner = await stage.store.create(an_experiment(parallel=2, max_trials=5))
        async with stage.engine() as engine:
            await stage.until(lambda: len(stage.launcher.launches) == 2)
            await annotate(stage, owner, {"suspend": ""})
            await stage.until(lambda: not stage.launcher.running())
            before = stage.clock.now()
            await stage.until(lambda: (stage.clock.now() - before).total_seconds() > 3600)
            said = (await stage.experiment()).status.conditions[-1]
            assert (said.type, said.status) == ("Suspended", "True")
            assert len(stage.launcher.launches) <= 3
            await annotate(stage, owner, {"suspend": None})
            await stage.until(engine.is_at_rest)
        assert (await stage.experiment()).status.trials_succeeded == 5
        await stage.launcher.close()

    simulated(story())


def test_stop_and_resume() -> None:
    """What runs is ended at once; resumed, the experiment runs the rest of its budget."""

    async def story() -> None:
        stage = Stage(lambda _: Script(runs_s=100))
        owner = an_experiment(parallel=2, max_trials=5, resume=ResumePolicy.LONG_RUNNING)
        owner = await stage.store.create(owner)
        async with stage.engine() as engine:
            await stage.until(lambda: len(stage.launcher.launches) > 2)
            await annotate(stage, owner, {"stop": "enough"})
            await stage.until(engine.is_at_rest)
            ended = await stage.experiment()
            assert ended.status.conditions[-1].reason == "ExperimentStopped"
            assert not stage.launcher.running()
            assert Counter(map(state_of, await stage.trials()))[TrialState.KILLED] >= 1
        await annotate(stage, owner, {"stop": None})
        again = await stage.go_on()
        assert again.status.conditions[-1].reason == "ExperimentMaxTrialsReached"
        assert again.status.trials == 5
        await stage.launcher.close()

    simulated(story())


def test_a_trial_is_stopped_and_run_again() -> None:
    """Its job is ended and begun once more with the same settings; no trial is replaced."""

    async def story() -> None:
        stage = Stage(lambda _: Script(runs_s=100))
        await stage.store.create(an_experiment(parallel=2, max_trials=2))
        async with stage.engine() as engine:
            await stage.until(lambda: len(stage.launcher.launches) == 2)
            first = (await stage.trials())[0]
            await annotate(stage, first, {"stop": "too slow"})
            await stage.until(lambda: len(stage.launcher.running()) == 1)
            await annotate(stage, first, {"stop": None, "retry": "1"})
            await stage.until(engine.is_at_rest)
        trials = await stage.trials()
        assert {state_of(trial) for trial in trials} == {TrialState.SUCCEEDED}
        assert trials[0].status.attempts == 2
        assert trials[0].spec == first.spec
        assert [launch[0] for launch in stage.launcher.launches].count(first.name) == 2
        await stage.launcher.close()

    simulated(story())


def test_failed_trials_of_a_failed_experiment_are_run_again() -> None:
    """The values of the second start count, the experiment goes on and uses the rest of its budget."""

    async def story() -> None:
        mended: list[bool] = []
        stage = Stage(
            lambda _: Script(("0.7",), Ending.SUCCEEDS if mended else Ending.FAILS, early=("0.9",))
        )
        owner = await stage.play(an_experiment(parallel=2, max_trials=4, max_failed=2))
        assert owner.is_failed
        mended.append(True)
        for trial in await stage.trials():
            await annotate(stage, trial, {"retry": str(trial.status.attempts)})
        again = await stage.go_on()
        assert again.is_succeeded
        assert again.status.trials_succeeded == again.status.trials == 4
        for trial in await stage.trials():
            values = [log.value for log in await stage.log.read(trial.uid)]
            assert values == ["0.9", "0.7"], "the first start's values are forgotten"
        await stage.launcher.close()

    simulated(story())


def test_the_story_of_a_trial() -> None:
    """Every deed and condition in order, told once, each with the experiment it belongs to."""

    async def story() -> None:
        stage = Stage()
        owner = await stage.play(an_experiment(parallel=1, max_trials=1))
        [trial] = await stage.trials()
        told = await stage.story.events(owner.uid, trial.name)
        assert [one.reason for one in told] == [
            "CreateTrial",
            "LaunchTrial",
            "TrialCreated",
            "TrialRunning",
            "TrialSucceeded",
        ]
        assert {one.uid for one in told} == {trial.uid}
        all_of_it = await stage.story.events(owner.uid)
        reasons = [one.reason for one in all_of_it]
        assert reasons[0] == "ExperimentCreated"
        assert reasons.count("Ask") == 1
        assert "ExperimentMaxTrialsReached" in reasons
        assert [one.time for one in all_of_it] == sorted(one.time for one in all_of_it)
        await stage.launcher.close()

    simulated(story())


def test_a_broken_event_log_disturbs_nobody() -> None:
    """Events that cannot be recorded are lost; the experiment ends as ever."""

    async def story() -> None:
        stage = Stage()
        stage.story.breaks = True
        owner = await stage.play(an_experiment(max_trials=3))
        assert owner.is_succeeded
        assert await stage.story.events(owner.uid) == []
        await stage.launcher.close()

    simulated(story())
