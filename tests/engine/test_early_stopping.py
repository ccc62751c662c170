"""Early stopping through the real Engine, in simulated time: who is stopped, when, and after crashes."""

from __future__ import annotations

import asyncio

import pytest

from engine.stage import Stage
from munshi.api.common import AlgorithmSetting, EarlyStoppingSpec, ObjectiveSpec, ObjectiveType
from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.testing.builders import an_experiment, choices
from munshi.testing.clock import simulated
from munshi.testing.launcher import Script

EPOCHS = 20
GOOD, BAD, SLOW = "good", "bad", "slow"


def curve_of(kind: str) -> tuple[str, ...]:
    """Accuracy by epoch: good ones climb, bad ones hardly do, slow ones overtake in the end."""
    slope = {"g": 0.04, "b": 0.005, "s": 0.02}[kind[0]]
    late = 0.5 if kind[0] == "s" else 0.0
    return tuple(
        f"{0.1 + slope * at + (late if at > EPOCHS / 2 else 0):.3f}" for at in range(1, EPOCHS + 1)
    )


def trains(trial: Trial) -> Script:
    """A program that reports an epoch a second; its only parameter says how well it learns."""
    (kind,) = trial.spec.parameter_assignments
    return Script((), curve=curve_of(kind.value), every_s=1.0, runs_s=0.1)


def an_early(*kinds: str, parallel: int = 1, required: int = 2, start: int = 4) -> Experiment:
    """Trials of these kinds, in this order, with medianstop."""
    owner = an_experiment(
        algorithm="grid",
        parallel=parallel,
        max_trials=len(kinds),
        parameters=(choices(*(f"{kind[0]}{at}" for at, kind in enumerate(kinds))),),
        objective=ObjectiveSpec(type=ObjectiveType.MAXIMIZE, objective_metric_name="accuracy"),
    )
    settings = {"min_trials_required": str(required), "start_step": str(start)}
    wanted = EarlyStoppingSpec(
        algorithm_name="medianstop",
        algorithm_settings=tuple(AlgorithmSetting(name=k, value=v) for k, v in settings.items()),
    )
    spec = owner.spec.model_copy(update={"early_stopping": wanted})
    return owner.model_copy(update={"spec": spec})


def ends(trials: list[Trial]) -> list[str]:
    """The last condition of each."""
    return [trial.status.conditions[-1].type for trial in trials]


async def reports(stage: Stage, trial: Trial) -> int:
    """How many values it has reported."""
    return len(await stage.log.read(trial.uid))


def test_a_bad_trial_is_stopped_at_the_start_step() -> None:
    """Four epochs of twenty; its observation is what it had reported, and the others run to their end."""

    async def story() -> None:
        stage = Stage(trains)
        owner = await stage.play(an_early(GOOD, GOOD, BAD, GOOD))
        trials = await stage.trials()
        assert ends(trials) == ["Succeeded", "Succeeded", "EarlyStopped", "Succeeded"]
        assert [await reports(stage, trial) for trial in trials] == [EPOCHS, EPOCHS, 4, EPOCHS]
        observation = trials[2].status.observation
        assert observation is not None
        assert (observation.metrics[0].min, observation.metrics[0].max) == ("0.105", "0.120")
        assert (
            "the best accuracy of 4 reports is 0.120: less than 0.2, set by 2 finished trials"
            in (trials[2].status.conditions[-1].message)
        )
        assert owner.status.conditions[-1].reason == "ExperimentMaxTrialsReached"
        assert (owner.status.trials_succeeded, owner.status.trials_early_stopped) == (3, 1)
        assert not stage.launcher.running()
        await stage.launcher.close()

    simulated(story())


def test_a_trial_that_falls_behind_later_is_stopped_later() -> None:
    """Judged at every report: as good as the others until they pull away (Katib looks once, M13)."""
    flat = ("0.30",) * EPOCHS

    def program(trial: Trial) -> Script:
        kind = trial.spec.parameter_assignments[0].value
        return Script((), curve=flat if kind[0] == "b" else curve_of(kind), runs_s=0.1)

    async def story() -> None:
        stage = Stage(program)
        await stage.play(an_early(GOOD, GOOD, BAD))
        trials = await stage.trials()
        assert ends(trials)[2] == "EarlyStopped"
        assert 4 < await reports(stage, trials[2]) < EPOCHS
        await stage.launcher.close()

    simulated(story())


def test_the_first_trials_have_rules_as_soon_as_there_are_any() -> None:
    """A trial that began before enough had finished is judged once they have: the median moves."""

    async def story() -> None:
        stage = Stage(
            lambda trial: Script(
                (),
                curve=curve_of(trial.spec.parameter_assignments[0].value),
                every_s=4.0 if trial.spec.parameter_assignments[0].value[0] == "b" else 1.0,
                runs_s=0.1,
            )
        )
        await stage.play(an_early(BAD, GOOD, GOOD, parallel=3))
        trials = await stage.trials()
        assert ends(trials) == ["EarlyStopped", "Succeeded", "Succeeded"]
        assert all(not rule.start_step <= 5 for rule in trials[0].spec.early_stopping_rules)
        assert await reports(stage, trials[0]) == 6
        told = await stage.story.events(trials[0].metadata.owner_references[0].uid, trials[0].name)
        assert "RenewRules" in [one.reason for one in told]
        await stage.launcher.close()

    simulated(story())


def test_without_enough_finished_trials_nobody_is_stopped() -> None:
    """min_trials_required counts trials that succeeded."""

    async def story() -> None:
        stage = Stage(trains)
        await stage.play(an_early(GOOD, BAD, BAD, required=4))
        assert ends(await stage.trials()) == ["Succeeded"] * 3
        await stage.launcher.close()

    simulated(story())


@pytest.mark.parametrize("seconds", [0.5, 21.0, 41.5, 43.9, 44.05, 44.5, 47.0, 60.0])
def test_an_engine_killed_at_any_moment_comes_to_the_same(seconds: float) -> None:
    """Jobs go on, and what only memory held is gone: the same trials end early, at the same report."""

    async def story() -> None:
        stage = Stage(trains)
        await stage.store.create(an_early(GOOD, GOOD, BAD, SLOW, GOOD))
        async with stage.engine():
            await stage.until(lambda: asyncio.get_running_loop().time() >= seconds)
        await stage.launcher.begin_anew()
        await stage.go_on()
        trials = await stage.trials()
        assert ends(trials) == [
            "Succeeded",
            "Succeeded",
            "EarlyStopped",
            "EarlyStopped",
            "Succeeded",
        ]
        for trial in trials[2:4]:
            assert "of 4 reports is" in trial.status.conditions[-1].message
        await stage.launcher.close()

    simulated(story())


@pytest.mark.parametrize("seed", range(6))
def test_a_troubled_store_changes_no_verdict(seed: int) -> None:
    """Writes that fail, or succeed and say otherwise, and news that come late."""

    async def story() -> None:
        stage = Stage(trains, failing=0.2, seed=seed)
        await stage.play(an_early(GOOD, GOOD, BAD, GOOD, BAD))
        found = ends(await stage.trials())
        assert found == ["Succeeded", "Succeeded", "EarlyStopped", "Succeeded", "EarlyStopped"]
        await stage.launcher.close()

    simulated(story())
