"""$MUNSHI_HOME: wherever it lies, whatever else happens in it, and when somebody moves or takes it away."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from journeys import kills, witness
from journeys.stories import FOR_EVER, ONCE, REPORT, UNTIL_OPEN, experiment, written
from journeys.world import World, wait_until

pytestmark = pytest.mark.journey

NAMES = {
    "the words of a URL": "a home;x=1?mode=memory#end &%41",
    "quotes and Korean": "'한글' \"집\"",
    "a line break": "new\nline",
    "a colon, as in PATH": "a:b",
    "a dash, as an option": "-rf",
    "a variable": "$HOME ${HOME}",
    "bytes that are not UTF-8": os.fsdecode(b"h\xe4me"),
    "a very long name": "n" * 200,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_home_may_have_any_name(world: World, name: str) -> None:
    """Everything lies in exactly that folder, and every verb finds it there."""
    world.home = world.path / "somewhere" / name
    file = written(world.path, experiment(REPORT, maxTrialCount=2))
    assert world.munshi("run", file).code == 0
    assert {path.name for path in world.path.iterdir()} == {"somewhere", file}
    trial = world.trials()[0]["metadata"]["name"]
    for verb in ("logs", "metrics", "describe"):
        done = world.munshi(verb, *(["trial"] if verb == "describe" else []), trial)
        assert done.code == 0, done.err
    assert world.munshi("delete", "experiment", "story").code == 0
    assert world.trials() == []


def test_a_home_that_munshi_makes_is_private(world: World) -> None:
    """Outputs may hold what is nobody else's business; a home that was there keeps its mode."""
    file = written(world.path, experiment(REPORT, maxTrialCount=2))
    world.munshi("run", file)
    assert world.home.stat().st_mode & 0o777 == 0o700
    world.home.chmod(0o750)
    world.munshi("run", file)
    assert world.home.stat().st_mode & 0o777 == 0o750


def test_two_ways_to_one_home(world: World) -> None:
    """By a link, or by its own name: it is one home with one lock, and the second run only follows."""
    world.home.mkdir()
    (link := world.path / "link").symlink_to(world.home)
    other = World(world.path)
    other.home = link
    file = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    first = world.start("run", file)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    second = other.start("run", file)
    wait_until(lambda: "trials:" in second.err, "for the follower")
    (world.path / "gate").touch()
    assert [first.wait().code, second.wait().code] == [0, 0]
    assert set(Counter(world.lines("started")).values()) == {1}
    assert not other.survivors()


def test_two_experiments_of_one_home_never_meet(world: World) -> None:
    """Two at once, and a third of the same name in another namespace; a killed driver disturbs no other."""
    made = {name: kills.story("random", maxTrialCount=8) for name in ("one", "two")}
    for name, each in made.items():
        each["metadata"]["name"] = name
    files = {name: written(world.path, each, name=name) for name, each in made.items()}
    runs = [world.start("run", file) for file in files.values()]
    runs.append(world.start("run", files["one"], "-n", "elsewhere"))
    wait_until(lambda: len(world.lines(witness.MARKS)) > 6, "for some trials")
    runs[0].kill()
    again = world.start("run", files["one"])
    assert [run.wait().code for run in (*runs[1:], again)] == [0, 0, 0]
    starts = Counter(mark.trial for mark in witness.marks(world) if mark.what == "start")
    trials = witness.objects(world, "Trial")
    assert len(trials) == 24
    assert starts == Counter(trial["metadata"]["name"] for trial in trials)
    owners = Counter(one["metadata"]["ownerReferences"][0]["uid"] for one in trials)
    assert sorted(owners.values()) == [8, 8, 8]
    assert list(witness.findings_of_values(world)) == []


def moved(world: World) -> None:
    """The home gets another place."""
    old, world.home = world.home, world.path / "another place"
    old.rename(world.home)


def moved_and_linked(world: World) -> None:
    """The home gets another place, and a link stands where it was."""
    world.home.rename(world.path / "another place")
    world.home.symlink_to(world.path / "another place")


def copied(world: World) -> None:
    """The home comes back from a backup."""
    old, world.home = world.home, world.path / "restored"
    shutil.copytree(old, world.home)
    shutil.rmtree(old)


MOVES = {"moved": moved, "moved and linked": moved_and_linked, "restored": copied}
COLLECTORS: dict[str, dict[str, Any]] = {"StdOut": {}, "Push": {"push": True}}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("how", COLLECTORS.values(), ids=COLLECTORS)
def test_a_home_that_is_moved_between_two_runs(
    world: World, how: dict[str, Any], move: Callable[[World], None]
) -> None:
    """What ended while no munshi ran is read at its new place, and what was read before counts once."""
    file = written(world.path, kills.story("random", wait=UNTIL_OPEN, maxTrialCount=6, **how))
    run = world.start("run", file)
    wait_until(lambda: len(world.lines(witness.MARKS)) == kills.PARALLEL, "for the first trials")
    wait_until(lambda: witness.beats(world) == kills.PARALLEL, "for their first values")
    run.kill()
    (world.path / "gate").touch()
    wait_until(lambda: not world.running(), "for their end")
    move(world)
    done = world.munshi("run", file)
    assert done.code == 0, done.err
    assert witness.findings(world, 6) == []
    said = world.munshi("logs", witness.marks(world)[0].trial)
    assert (said.code, "beat = 1" in said.out) == (0, not how)


def test_a_home_that_is_removed_while_munshi_runs(world: World) -> None:
    """One sentence and exit code 1; what ran is ended, and no stub of a home is made again."""
    run = world.start("run", written(world.path, experiment(ONCE, FOR_EVER)))
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    shutil.rmtree(world.home)
    done = run.wait()
    assert done.code == 1
    told = [line for line in done.err.splitlines() if "munshi: " in line]
    assert len(told) == 1, done.err
    assert f"the home {world.home} was removed while munshi ran" in told[0]
    assert world.survivors() == []
    assert not world.home.exists()
