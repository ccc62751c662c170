"""The same Experiment run again with other counts: after its end, after a kill, while it is suspended.

What is refused exits 2, says which field and why, and changes nothing. What goes on goes on as if the larger
budget had been there from the beginning.
"""

from __future__ import annotations

from typing import Any

import pytest

from journeys import kills, retold, witness
from journeys.kills import PARALLEL, TRIALS, Ordeal
from journeys.stories import ONCE, REPORT, UNTIL_OPEN, X, choice, experiment, whole, written
from journeys.world import World, wait_until

pytestmark = pytest.mark.journey
LONG: dict[str, Any] = {"resumePolicy": "LongRunning"}
GOAL = {"type": "maximize", "objectiveMetricName": "score", "goal": 0.0}
GRID: dict[str, Any] = {"algorithm": "grid", "parameters": (choice("x", "1", "2"),)}

Case = tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]
REFUSED: dict[str, Case] = {
    "more after the goal was reached": (
        {"objective": GOAL, "parallelTrialCount": 1},
        {"maxTrialCount": 9},
        ("spec: ", "ExperimentGoalReached", "another name"),
    ),
    "more after all of the space was tried": (
        GRID,
        {"maxTrialCount": 9},
        ("spec: ", "ExperimentSuggestionEndReached", "another name"),
    ),
    "more after it has failed": (
        {"script": "exit 3"},
        {"maxTrialCount": 9},
        ("spec: ", "has failed", "munshi retry --failed story"),
    ),
    "a budget that is spent": (
        {},
        {"maxTrialCount": 3},
        ("spec.maxTrialCount", "ended after 4 trials", "raise it above 4"),
    ),
    "more at once and no larger budget": (
        {},
        {"parallelTrialCount": 4},
        ("spec.maxTrialCount", "ended after 4 trials", "raise it above 4"),
    ),
    "another space": (
        {},
        {"maxTrialCount": 9, "parameters": (X | {"feasibleSpace": {"min": "0", "max": "2"}},)},
        ("spec.parameters", "may not change", "another name"),
    ),
    "another seed and another objective": (
        {},
        {
            "seed": "8",
            "objective": {"type": "minimize", "objectiveMetricName": "score"},
        },
        ("spec.algorithm", "spec.objective", "only parallelTrialCount, maxTrialCount and"),
    ),
    "another policy": (
        {},
        {"maxTrialCount": 9, "resumePolicy": "Never"},
        ("spec.resumePolicy", "may not change"),
    ),
}


def story(script: str = REPORT, **spec: Any) -> dict[str, Any]:
    """An experiment that may go on after its end."""
    return experiment(ONCE, script, **(LONG | spec))


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_may_not_change_is_refused(world: World, case: Case) -> None:
    """Exit 2 with the field, the reason and the mend; the Experiment and its trials stay as they are."""
    first, change, words = case
    world.munshi("run", written(world.path, story(**first)))
    before = world.get("experiment", "story"), world.trials(), world.lines("started")
    refused = world.munshi("run", written(world.path, story(**(first | change))))
    assert refused.code == 2, refused.err
    for word in words:
        assert word in refused.err, refused.err
    assert (world.get("experiment", "story"), world.trials(), world.lines("started")) == before


@pytest.mark.parametrize("algorithm", ["random", "grid", "sobol", "tpe"])
def test_a_larger_budget_continues_the_same_list(world: World, algorithm: str) -> None:
    """Ended after 6 and again after 14, one at a time: the 14 settings that 14 had given at once."""

    def sized(count: int) -> str:
        made = kills.story(algorithm, wait=":", maxTrialCount=count, parallelTrialCount=1, **LONG)
        return written(world.path, made)

    for count in (6, 14):
        assert world.munshi("run", sized(count)).code == 0
    assert witness.findings(world, 14) == []
    assert retold.findings(world) == []
    here = [witness.settings(one) for one in witness.objects(world, "Trial")]
    world.munshi("delete", "experiment", "story")
    assert world.munshi("run", sized(14)).code == 0
    assert [witness.settings(one) for one in witness.objects(world, "Trial")] == here


def test_the_limit_is_taken_away(world: World) -> None:
    """Without maxTrialCount it goes on until the space is exhausted."""
    space = (whole("x", 1, 7),)
    few = story(algorithm="grid", parameters=space, maxTrialCount=3)
    assert world.munshi("run", written(world.path, few)).code == 0
    free = story(algorithm="grid", parameters=space)
    del free["spec"]["maxTrialCount"]
    done = world.munshi("run", written(world.path, free))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 7}
    assert len(world.lines("started")) == 7


def test_killed_on_the_way_to_a_larger_budget(world: World) -> None:
    """Ten trials to the end, then thirty with kills between: thirty, each once, and all of it explained."""
    few = kills.story("tpe", maxTrialCount=10, **LONG)
    assert world.munshi("run", written(world.path, few)).code == 0
    (idle := world.path / "idle").mkdir()
    more = written(world.path, kills.story("tpe", **LONG))
    ordeal = Ordeal(world, more, kills.idle_start(World(idle)), kills.chance_of(3))
    ordeal.endure(4)
    assert ordeal.kills >= 2
    assert witness.findings(world, TRIALS) == []
    assert retold.findings(world) == []


def test_other_counts_after_a_kill(world: World) -> None:
    """The next run, with a larger budget and more at once, adopts what runs and begins what is free now."""
    few = kills.story("random", wait=UNTIL_OPEN, maxTrialCount=8, parallelTrialCount=2)
    run = world.start("run", written(world.path, few))
    wait_until(lambda: len(world.lines(witness.MARKS)) == 2, "for two trials")
    run.kill()
    more = kills.story("random", wait=UNTIL_OPEN, maxTrialCount=12)
    again = world.start("run", written(world.path, more))
    wait_until(lambda: len(world.lines(witness.MARKS)) == PARALLEL, "for two more")
    (world.path / "gate").touch()
    assert again.wait().code == 0
    assert witness.findings(world, 12) == []


def test_other_counts_while_it_is_suspended(world: World) -> None:
    """They are taken, and nothing begins before `munshi resume`; then the new ones hold."""
    run = world.start("run", written(world.path, story(UNTIL_OPEN + "\n" + REPORT)))
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    assert world.munshi("suspend", "story").code == 0
    (world.path / "gate").touch()
    wait_until(lambda: world.outcomes() == {"Succeeded": 2}, "for their end")
    wider = story(UNTIL_OPEN + "\n" + REPORT, maxTrialCount=7, parallelTrialCount=3)
    other = world.start("run", written(world.path, wider))
    wait_until(lambda: "/7 trials" in other.err and "suspended" in other.err, "for the follower")
    assert len(world.lines("started")) == 2
    (world.path / "gate").unlink()
    assert world.munshi("resume", "story").code == 0
    wait_until(lambda: len(world.lines("started")) == 5, "for three trials at once")
    (world.path / "gate").touch()
    assert [run.wait().code, other.wait().code] == [0, 0]
    assert world.outcomes() == {"Succeeded": 7}


def test_the_same_experiment_written_otherwise(world: World) -> None:
    """Other order of fields, labels, defaults spelt out: it is the same, and nothing is begun anew."""
    made = story()
    assert world.munshi("run", written(world.path, made)).code == 0
    spec = dict(reversed(made["spec"].items()))
    spec["metricsCollectorSpec"] = {"collector": {"kind": "StdOut"}}
    other = {**made, "metadata": {"labels": {"team": "a"}, "name": "story"}, "spec": spec}
    done = world.munshi("run", written(world.path, other))
    assert done.code == 0, done.err
    assert len(world.lines("started")) == 4
