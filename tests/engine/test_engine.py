"""Whole experiments through the real Engine: calm, disturbed, cancelled and taken up again."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from engine.stage import DirectSuggester, Stage
from munshi.algorithms import Request
from munshi.api.experiment import (
    ConfigMapSource,
    Experiment,
    ResumePolicy,
)
from munshi.api.trial import Trial, TrialCondition
from munshi.engine.thrift import CLUSTER, LOCAL, Thrift
from munshi.errors import AlgorithmRefused
from munshi.testing.builders import a_template, an_experiment, an_objective, choices
from munshi.testing.clock import simulated
from munshi.testing.launcher import Ending, Script

ALGORITHMS = ("random", "grid", "sobol", "tpe")
SIX = (choices("a", "b", "c", "d", "f", "g"),)


def by_values(trial: Trial) -> Script:
    """A script that depends on the trial's values and attempt alone."""
    said = repr(trial.spec.parameter_assignments).encode()
    digest = hashlib.sha256(said).digest()
    ending = {0: Ending.FAILS, 1: Ending.BUSY}.get(digest[0] % 8, Ending.SUCCEEDS)
    if digest[0] % 8 == 2 and trial.status.attempts == 1:
        ending = Ending.LOST
    values = () if digest[0] % 8 == 3 else (f"0.{digest[1]:03}",)
    return Script(values, ending, runs_s=0.5 + digest[2] / 64)


def last(owner: Experiment) -> tuple[str, str]:
    """The terminal condition and its reason."""
    return owner.status.conditions[-1].type, owner.status.conditions[-1].reason


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("parallel", [1, 2, 3, 5])
def test_an_experiment_runs_to_its_end(algorithm: str, parallel: int) -> None:
    """Seven trials, failures, losses and silent ones among them; at most `parallel` at once."""

    async def story() -> None:
        stage = Stage(by_values)
        owner = await stage.play(
            an_experiment(
                algorithm=algorithm,
                parallel=parallel,
                max_trials=7,
                parameters=(choices(*"abcdfghk"),),
            )
        )
        assert last(owner) == ("Succeeded", "ExperimentMaxTrialsReached")
        assert owner.status.trials == 7
        assert len(await stage.trials()) == 7
        assert not stage.launcher.running()
        assert stage.launcher.most_at_once <= parallel
        assert max(Counter(stage.launcher.launches).values()) == 1
        suggestion = await stage.suggestion()
        assert suggestion.status.conditions[-1].type == "Succeeded"
        assert suggestion.status.suggestions == ()
        await stage.launcher.close()

    simulated(story())


@pytest.mark.parametrize("parallel", [1, 4, 9])
def test_a_grid_smaller_than_the_budget_ends_with_its_points(parallel: int) -> None:
    """Six points and maxTrialCount 12: exactly six trials, reason SuggestionEndReached (trap T3)."""

    async def story() -> None:
        stage = Stage()
        owner = await stage.play(an_experiment(algorithm="grid", parallel=parallel, parameters=SIX))
        assert last(owner) == ("Succeeded", "ExperimentSuggestionEndReached")
        values = [t.spec.parameter_assignments[0].value for t in await stage.trials()]
        assert sorted(values) == list("abcdfg")
        await stage.launcher.close()

    simulated(story())


async def _points(stage: Stage, experiment: Experiment) -> list[tuple[str, str]]:
    await stage.play(experiment)
    found = [(t.name, t.spec.parameter_assignments[0].value) for t in await stage.trials()]
    await stage.launcher.close()
    return found


@pytest.mark.parametrize("algorithm", ["random", "grid", "sobol"])
def test_the_same_seed_gives_the_same_trials_whatever_the_timing(algorithm: str) -> None:
    """Names and values, in order, at any parallelism and with a store that fails and lags."""
    points = [
        simulated(
            _points(
                Stage(by_values, failing=failing, seed=seed),
                an_experiment(algorithm=algorithm, parallel=parallel, max_trials=6, parameters=SIX),
            )
        )
        for seed, (parallel, failing) in enumerate([(1, 0.0), (2, 0.0), (5, 0.0), (3, 0.2)])
    ]
    assert len(points[0]) == 6
    assert points.count(points[0]) == len(points)


@pytest.mark.parametrize("thrift", [LOCAL, CLUSTER])
@pytest.mark.parametrize("seed", range(12))
def test_a_store_that_fails_loses_and_repeats_nothing(seed: int, thrift: Thrift) -> None:
    """One access in five fails, some after the write took place; the news of writes comes late."""

    async def story() -> None:
        stage = Stage(by_values, failing=0.2, seed=seed, thrift=thrift)
        algorithm = ALGORITHMS[seed % 4]
        owner = await stage.play(
            an_experiment(
                algorithm=algorithm, parallel=3, max_trials=8, parameters=(choices(*"abcdfghkl"),)
            )
        )
        await check_all(stage, owner, 8, 3)

    simulated(story())


async def check_all(stage: Stage, owner: Experiment, trials: int, parallel: int) -> None:
    """Nothing lost, nothing run twice, never too many."""
    assert last(owner) == ("Succeeded", "ExperimentMaxTrialsReached")
    found = await stage.trials()
    indexes = [int(t.metadata.annotations["munshi/suggestion-index"]) for t in found]
    assert indexes == list(range(trials))
    assert not stage.launcher.running()
    assert stage.launcher.most_at_once <= parallel
    assert max(Counter(stage.launcher.launches).values()) == 1
    firsts = [(name, uid) for name, uid, attempt in stage.launcher.launches if attempt == 1]
    assert sorted(firsts) == sorted((t.name, t.uid) for t in found)
    await stage.launcher.close()


@pytest.mark.parametrize("thrift", [LOCAL, CLUSTER])
@pytest.mark.parametrize("seed", range(12))
def test_an_engine_that_dies_is_succeeded_by_another(seed: int, thrift: Thrift) -> None:
    """Cancelled again and again at any moment, the next adopts what runs; nothing is lost or run twice."""

    async def story() -> None:
        chance = Random(seed)  # noqa: S311 - accidents, not secrets
        stage = Stage(by_values, failing=0.1 if seed % 2 else 0.0, seed=seed, thrift=thrift)
        await stage.store.create(
            an_experiment(
                algorithm=ALGORITHMS[seed % 4],
                parallel=3,
                max_trials=8,
                parameters=(choices(*"abcdfghkl"),),
            )
        )
        for _ in range(25):
            async with stage.engine():
                await asyncio.sleep(chance.choice([0.0, 0.011, 0.1, 0.5]) * chance.random())
        await check_all(stage, await stage.go_on(), 8, 3)

    simulated(story())


def test_the_end_of_an_experiment_ends_its_jobs() -> None:
    """The goal is reached: the others are Killed and their jobs stopped (trap T4)."""

    async def story() -> None:
        first: list[str] = []

        def play(trial: Trial) -> Script:
            first.append(trial.name)
            return Script(("0.99",), runs_s=1 if trial.name == first[0] else 1000)

        stage = Stage(play)
        owner = await stage.play(an_experiment(parallel=3, objective=an_objective(goal=0.9)))
        assert last(owner) == ("Succeeded", "ExperimentGoalReached")
        assert (owner.status.trials_killed, owner.status.trials_succeeded) == (2, 1)
        assert not stage.launcher.running()
        await stage.launcher.close()

    simulated(story())


REFUSALS: dict[str, tuple[Script, TrialCondition]] = {
    "a job that cannot run here": (Script(ending=Ending.REFUSED), TrialCondition.FAILED),
    "a job that always vanishes": (Script(ending=Ending.LOST), TrialCondition.FAILED),
    "a launcher without a place at first": (Script(ending=Ending.BUSY), TrialCondition.SUCCEEDED),
    "a job that reports nothing": (Script(()), TrialCondition.METRICS_UNAVAILABLE),
    "a job that reports NaN": (Script(("nan",)), TrialCondition.SUCCEEDED),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_trial_always_ends(case: str) -> None:
    """Whatever happens to its job, a trial reaches a terminal condition that says why."""
    script, kind = REFUSALS[case]

    async def story() -> None:
        stage = Stage(lambda _: script)
        await stage.play(an_experiment(parallel=1, max_trials=1))
        (trial,) = await stage.trials()
        assert trial.status.conditions[-1].type == kind
        assert trial.status.conditions[-1].message
        await stage.launcher.close()

    simulated(story())


def test_lowering_and_raising_parallelism_keeps_the_points() -> None:
    """Withdrawn trials come back under their names; the points are those of a calm run (trap T8)."""

    async def story() -> list[str]:
        stage = Stage(by_values)
        await stage.store.create(an_experiment(algorithm="random", parallel=4, max_trials=8))
        async with stage.engine() as engine:
            for parallel in (4, 1, 3, 2, 5):
                await asyncio.sleep(1.2)
                held = await stage.experiment()
                spec = held.spec.model_copy(update={"parallel_trial_count": parallel})
                await stage.store.replace(held.model_copy(update={"spec": spec}))
            await stage.until(engine.is_at_rest)
        names = [t.name for t in await stage.trials()]
        assert not stage.launcher.running()
        await stage.launcher.close()
        return names

    calm = Stage(by_values)
    names = simulated(story())
    expected = simulated(_points(calm, an_experiment(algorithm="random", parallel=4, max_trials=8)))
    assert names == [name for name, _ in expected]


def test_a_deleted_trial_is_stopped_and_not_raised_again() -> None:
    """The user deletes a running trial: its job ends, its name never comes back, the budget holds (T7)."""

    async def story() -> None:
        stage = Stage(lambda _: Script(runs_s=5))
        await stage.store.create(an_experiment(parallel=2, max_trials=4))
        async with stage.engine() as engine:
            await asyncio.sleep(1)
            victim = (await stage.trials())[0]
            await stage.store.delete(Trial, "default", victim.name)
            await stage.until(engine.is_at_rest)
        names = [t.name for t in await stage.trials()]
        assert len(names) == 3
        assert victim.name not in names
        assert last(await stage.experiment()) == ("Succeeded", "ExperimentMaxTrialsReached")
        await stage.launcher.close()

    simulated(story())


@pytest.mark.parametrize("thrift", [LOCAL, CLUSTER])
def test_a_trial_that_is_deleted_while_no_engine_is_there_stays_away(thrift: Thrift) -> None:
    """A second after a trial was made the next engine knows it was, though it never saw it."""

    async def story() -> None:
        stage = Stage(lambda _: Script(runs_s=5), thrift=thrift)
        await stage.store.create(an_experiment(parallel=2, max_trials=4))
        async with stage.engine():
            await stage.until(lambda: len(stage.launcher.running()) == 2)
            await asyncio.sleep(1)
        assert not (await stage.suggestion()).status.suggestions
        victim = (await stage.trials())[1]
        await stage.store.delete(Trial, "default", victim.name)
        await stage.launcher.stop(victim)
        await stage.go_on()
        names = [t.name for t in await stage.trials()]
        assert len(names) == 3
        assert victim.name not in names
        await stage.launcher.close()

    simulated(story())


def test_a_deleted_experiment_takes_its_jobs_along() -> None:
    """Deleting the experiment deletes and stops its trials."""

    async def story() -> None:
        stage = Stage(lambda _: Script(runs_s=50))
        await stage.store.create(an_experiment())
        async with stage.engine() as engine:
            await stage.until(lambda: len(stage.launcher.running()) == 3)
            await stage.store.delete(Experiment, "default", "e")
            await stage.until(lambda: not stage.launcher.running())
            await stage.until(engine.is_at_rest)
        await stage.launcher.close()

    simulated(story())


def test_a_larger_budget_goes_on() -> None:
    """FromVolume: maxTrialCount raised after the end adds trials; the new points follow the old ones."""

    async def story() -> None:
        stage = Stage()
        owner = await stage.play(an_experiment(max_trials=3, resume=ResumePolicy.FROM_VOLUME))
        before = [t.name for t in await stage.trials()]
        spec = owner.spec.model_copy(update={"max_trial_count": 5})
        await stage.store.replace(owner.model_copy(update={"spec": spec}))
        owner = await stage.go_on()
        assert last(owner) == ("Succeeded", "ExperimentMaxTrialsReached")
        names = [t.name for t in await stage.trials()]
        assert (len(names), names[:3]) == (5, before)
        assert (await stage.suggestion()).status.conditions[-1].type == "Succeeded"
        await stage.launcher.close()

    simulated(story())


def _refuses(_: Request) -> None:
    raise AlgorithmRefused("this space has no numbers")


def _breaks(_: Request) -> None:
    raise AttributeError("a bug")


@pytest.mark.parametrize("breaks", [_refuses, _breaks])
def test_an_algorithm_that_cannot_go_on_fails_the_experiment(
    breaks: Callable[[Request], None],
) -> None:
    """A refusal at once, a bug after a few tries; the message says what it was."""

    async def story() -> None:
        stage = Stage(suggester=DirectSuggester(breaks))
        owner = await stage.play(an_experiment())
        assert last(owner) == ("Failed", "ExperimentFailed")
        assert owner.status.completion_time is not None
        assert stage.suggester.asked <= 6
        await stage.launcher.close()

    simulated(story())


def test_a_missing_config_map_fails_the_experiment() -> None:
    """The template's ConfigMap is not there: the experiment says so and ends."""

    async def story() -> None:
        kept = ConfigMapSource(config_map_name="m", config_map_namespace="n", template_path="p")
        said = a_template().model_copy(update={"trial_spec": None, "config_map": kept})
        stage = Stage()
        owner = await stage.play(an_experiment(template=said))
        assert last(owner) == ("Failed", "ExperimentFailed")

    simulated(story())


def test_an_engine_with_nothing_to_do_writes_nothing() -> None:
    """A finished experiment taken up by another engine changes no object (law 2)."""

    async def story() -> None:
        stage = Stage(by_values)
        await stage.play(an_experiment(max_trials=4, resume=ResumePolicy.LONG_RUNNING))
        version = await stage.store.version()
        await stage.go_on()
        assert await stage.store.version() == version
        await stage.launcher.close()

    simulated(story())
