"""Which settings are tried, how many and in which order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from journeys.stories import ONCE, REPORT, UNTIL_OPEN, X, choice, experiment, whole, written
from journeys.world import World, wait_until

pytestmark = pytest.mark.journey
SPACE = (X, whole("n", 1, 3), choice("k", "red", "blue"))
SCORE = 'echo "score=$X$N"'


def order(world: World) -> list[Any]:
    """The assignments of the trials, in the order in which they were given out."""
    trials = world.trials()
    trials.sort(key=_index)
    return [trial["spec"]["parameterAssignments"] for trial in trials]


def _index(trial: dict[str, Any]) -> int:
    notes = {**trial["metadata"].get("annotations", {}), **trial["metadata"].get("labels", {})}
    return next(int(value) for key, value in notes.items() if key.endswith("index"))


def fresh(world: World, story: dict[str, Any]) -> list[Any]:
    """Run an experiment that is not there yet; its settings in order."""
    world.munshi("delete", "experiment", "story", "--ignore-not-found")
    done = world.munshi("run", written(world.path, story), "--no-progress")
    assert done.code == 0, done.err
    return order(world)


@pytest.mark.parametrize("algorithm", ["random", "grid", "sobol"])
def test_one_seed_one_list_however_many_at_once(world: World, algorithm: str) -> None:
    """Methods that do not learn give the same settings in the same order, one or four at a time."""
    space = SPACE[1:] if algorithm == "grid" else SPACE
    one = experiment(
        SCORE, parameters=space, algorithm=algorithm, parallelTrialCount=1, maxTrialCount=5
    )
    four = experiment(
        SCORE, parameters=space, algorithm=algorithm, parallelTrialCount=4, maxTrialCount=5
    )
    first = fresh(world, one)
    assert len(first) == 5
    assert fresh(world, four) == first


@pytest.mark.parametrize("algorithm", ["tpe", "multivariate-tpe"])
def test_one_seed_one_list_when_it_learns(world: World, algorithm: str) -> None:
    """Methods that learn give the same list again, one at a time, also past their random start."""
    story = experiment(
        SCORE, parameters=SPACE, algorithm=algorithm, parallelTrialCount=1, maxTrialCount=13
    )
    first = fresh(world, story)
    assert len({json.dumps(one) for one in first}) == 13
    assert fresh(world, story) == first


def test_a_grid_ends_when_all_of_it_was_tried(world: World) -> None:
    """Six points, a budget of 100: six trials, SuggestionEndReached, exit 0."""
    story = experiment(REPORT, parameters=SPACE[1:], algorithm="grid", maxTrialCount=100)
    story["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0][
        "command"
    ] = ["sh", "-c", 'echo "score=$N"']
    done = world.munshi("run", written(world.path, story))
    assert done.code == 0, done.err
    assert "ExperimentSuggestionEndReached" in done.out
    assert world.outcomes() == {"Succeeded": 6}
    assert len({json.dumps(one) for one in order(world)}) == 6


def test_a_raised_budget_goes_on_with_long_running(world: World) -> None:
    """With LongRunning a larger maxTrialCount adds the missing trials and starts no other again."""
    few = experiment(ONCE, REPORT, maxTrialCount=2, resumePolicy="LongRunning")
    more = experiment(ONCE, REPORT, maxTrialCount=5, resumePolicy="LongRunning")
    assert world.munshi("run", written(world.path, few)).code == 0
    before = order(world)
    done = world.munshi("run", written(world.path, more))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 5}
    assert order(world)[:2] == before
    assert len(world.lines("started")) == 5


def test_a_raised_budget_is_refused_with_never(world: World) -> None:
    """With resumePolicy Never the same wish exits 2 and names the policy; nothing is started."""
    few = experiment(ONCE, REPORT, maxTrialCount=2, resumePolicy="Never")
    more = experiment(ONCE, REPORT, maxTrialCount=5, resumePolicy="Never")
    assert world.munshi("run", written(world.path, few)).code == 0
    done = world.munshi("run", written(world.path, more))
    assert done.code == 2
    assert "resumePolicy" in done.err
    assert len(world.lines("started")) == 2


def test_a_completed_experiment_is_only_shown_again(world: World) -> None:
    """The same command after the end starts nothing, and exits as the first time."""
    name = written(world.path, experiment(ONCE, REPORT))
    first = world.munshi("run", name)
    second = world.munshi("run", name)
    assert first.code == second.code == 0
    assert len(world.lines("started")) == 4
    assert second.out == first.out


def test_parallel_trial_count_is_changed_on_the_way(world: World) -> None:
    """Raised while it runs, more run at once; lowered again, some are put off, none is lost."""

    def story(parallel: int) -> str:
        return written(
            world.path,
            experiment(ONCE, UNTIL_OPEN, REPORT, parallelTrialCount=parallel, maxTrialCount=6),
            name=f"{parallel}.yaml",
        )

    driver = world.start("run", story(1))
    wait_until(lambda: len(world.lines("started")) == 1, "for one trial")
    wider = world.start("run", story(4))
    wait_until(lambda: len(world.lines("started")) == 4, "for four trials")
    narrow = world.start("run", story(2))
    wait_until(lambda: len(world.trials()) == 2, "for two trials to be put off")
    (world.path / "gate").touch()
    assert [driver.wait().code, wider.wait().code, narrow.wait().code] == [0, 0, 0]
    assert world.outcomes() == {"Succeeded": 6}
    assert len({json.dumps(one) for one in order(world)}) == 6
