"""Kill -9 at any moment: nothing is lost, nothing is done twice, and the search stays the same search.

Each story ends with the findings of a witness that shares no code with munshi; there must be none.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from journeys import kills, retold, witness
from journeys.kills import TRIALS, Ordeal, chance_of
from journeys.stories import written
from journeys.world import World, wait_until

pytestmark = pytest.mark.journey
SEED = 20
"""Of the moments; `benchmarks/kills.py` takes others."""


@contextlib.contextmanager
def aside(world: World, name: str) -> Iterator[World]:
    """Another world with a home of its own; nothing of it is left afterwards."""
    (folder := world.path / name).mkdir()
    other = World(folder)
    try:
        yield other
    finally:
        other.clear()


def begun(world: World, made: dict[str, Any], seed: int = SEED) -> Ordeal:
    """An ordeal about to begin; it knows how long a munshi needs when nobody disturbs it."""
    with aside(world, "idle") as idle:
        idle_s = kills.idle_start(idle)
    return Ordeal(world, written(world.path, made), idle_s, chance_of(seed))


def calm(world: World, made: dict[str, Any]) -> list[dict[str, str]]:
    """The settings that the same experiment gives without a kill, in their order."""
    with aside(world, "calm") as other:
        done = other.munshi("run", written(other.path, made))
        assert done.code == 0, done.err
        assert witness.findings(other, TRIALS) == []
        return [witness.settings(one) for one in witness.objects(other, "Trial")]


@pytest.mark.parametrize("algorithm", ["random", "grid"])
def test_killed_again_and_again_it_is_the_same_search(world: World, algorithm: str) -> None:
    """The same thirty settings in the same order and the same best as without a kill; each run once."""
    made = kills.story(algorithm)
    ordeal = begun(world, made)
    ordeal.endure(6)
    assert ordeal.kills >= 3
    assert witness.findings(world, TRIALS) == []
    assert retold.findings(world) == []
    assert [witness.settings(one) for one in witness.objects(world, "Trial")] == calm(world, made)


@pytest.mark.parametrize("push", [False, True], ids=["StdOut", "Push"])
def test_what_is_learnt_between_kills_explains_the_search(world: World, push: bool) -> None:
    """Tpe's history is another one after kills, yet it explains every suggestion; each value is kept once."""
    ordeal = begun(world, kills.story("tpe", push=push), SEED + push)
    ordeal.endure(6)
    assert ordeal.kills >= 3
    assert witness.findings(world, TRIALS) == []
    assert retold.findings(world) == []


def test_two_munshis_at_once_and_one_of_them_is_killed(world: World) -> None:
    """Whether it drove or followed: there is always exactly one that drives, and each trial runs once."""
    ordeal = begun(world, kills.story("random"))
    ordeal.endure_in_pairs(5)
    assert ordeal.kills >= 3
    assert witness.findings(world, TRIALS) == []
    assert retold.findings(world) == []


def test_a_reboot_costs_one_more_start_and_fails_nothing(world: World) -> None:
    """Everything is killed and the machine has another boot: what ran begins anew, nothing has failed."""
    ordeal = begun(world, kills.story("tpe"))
    ordeal.endure(3, also=lambda _: kills.reboot(world))
    assert ordeal.kills >= 2
    assert witness.findings(world, TRIALS, lost=True) == []
    assert retold.findings(world) == []


def test_killed_fork_servers_are_replaced(world: World) -> None:
    """Whoever was just being started by it: every program is started once."""
    chance, killed = chance_of(SEED), set()
    run = world.start("run", written(world.path, kills.story("random")))
    while run.process.poll() is None:
        pid = kills.fork_server(world, run)
        if pid is not None and pid not in killed:
            time.sleep(chance.uniform(0, 0.15))
            kills.kill(pid)
            killed.add(pid)
    done = run.wait()
    assert done.code == 0, done.err
    assert len(killed) >= 3
    assert witness.findings(world, TRIALS) == []
    assert retold.findings(world) == []


def test_killed_supervisors_cost_their_trial_one_more_start(world: World) -> None:
    """A trial whose supervisor is killed begins anew and counts once; the others never notice."""
    chance = chance_of(SEED)
    struck: set[Path] = set()
    run = world.start("run", written(world.path, kills.story("random")))
    while run.process.poll() is None:
        # A trial at most once: one that vanishes again and again is given up some day.
        fresh = [
            (folder, pid)
            for folder, pid in kills.supervisors(world)
            if folder.parent not in {one.parent for one in struck}
        ]
        if fresh and len(struck) < 8:
            folder, pid = chance.choice(fresh)
            time.sleep(chance.uniform(0, 0.1))
            kills.kill(pid)
            struck.add(folder)
    done = run.wait()
    assert done.code == 0, done.err
    assert witness.findings(world, TRIALS, lost=True) == []
    assert retold.findings(world) == []
    again = [one for one in witness.objects(world, "Trial") if one["status"]["attempts"] == 2]
    assert 1 <= len(again) <= len(struck) == 8


def test_a_stopped_driver_keeps_its_experiment(world: World) -> None:
    """SIGSTOP is no death: the second munshi only follows, and both end well once the first goes on."""
    file = written(world.path, kills.story("random"))
    driver = world.start("run", file)
    wait_until(lambda: len(world.lines(witness.MARKS)) > 8, "for some trials")
    driver.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: not witness.live_programs(world), "for the end of what runs")
    before = world.lines(witness.MARKS)
    follower = world.start("run", file)
    wait_until(lambda: "trials:" in follower.err, "for the follower")
    assert world.get("experiment", "story")["status"]["trials"] < TRIALS
    assert world.lines(witness.MARKS) == before, "nobody starts anything"
    driver.process.send_signal(signal.SIGCONT)
    assert [driver.wait().code, follower.wait().code] == [0, 0]
    assert witness.findings(world, TRIALS) == []


def test_killed_while_it_stops(world: World) -> None:
    """Ctrl-C, and kill -9 before all is put away: the next run begins anew what was stopped."""
    file = written(world.path, kills.story("random", wait="sleep 0.2"))
    chance = chance_of(SEED)
    for _ in range(5):
        before = len(world.lines(witness.MARKS))
        run = world.start("run", file)
        wait_until(lambda past=before: len(world.lines(witness.MARKS)) >= past + 4, "for programs")  # type: ignore[misc]
        run.process.send_signal(signal.SIGINT)
        time.sleep(chance.uniform(0, 0.1))
        run.kill()
    done = world.munshi("run", file)
    assert done.code == 0, done.err
    assert witness.lost(world, TRIALS) == 0
    assert retold.findings(world) == []


def test_a_start_that_was_taken_back_and_not_put_away(world: World) -> None:
    """A status that says interrupted beside a folder that was used already: the trial begins anew."""
    file = written(world.path, kills.story("random", wait="sleep 0.2", maxTrialCount=5))
    run = world.start("run", file)
    wait_until(lambda: len(world.lines(witness.MARKS)) == kills.PARALLEL, "for programs")
    assert run.interrupt().code == 130
    for folder in world.home.glob("trials/*/*/*.interrupted.1"):
        folder.rename(folder.with_suffix("").with_suffix(""))
    done = world.munshi("run", file)
    assert done.code == 0, done.err
    assert witness.lost(world, 5) == 0


def test_it_drives_again_as_soon_as_it_would_have_begun(world: World) -> None:
    """From the start of the next munshi to its next trial: within twice the start of an undisturbed one."""
    ratios = []
    for attempt in range(4):
        with aside(world, f"idle-{attempt}") as idle, aside(world, str(attempt)) as here:
            ratios.append(recovery(here) / kills.idle_start(idle))
        if ratios[-1] < 2:
            break
    assert min(ratios) < 2, ratios


def recovery(world: World) -> float:
    """Kill munshi, let one of its four trials end, start the next: seconds until the fifth trial."""
    wait = 'until [ -e "gate-$KATIB_TRIAL_NAME" ]; do sleep 0.01; done'
    file = written(world.path, kills.story("random", wait=wait))
    run = world.start("run", file)
    wait_until(lambda: len(world.lines(witness.MARKS)) == kills.PARALLEL, "for the first trials")
    run.kill()
    (world.path / f"gate-{witness.marks(world)[0].trial}").touch()
    wait_until(lambda: len(witness.live_programs(world)) < kills.PARALLEL, "for the end of one")
    wait_until(lambda: len(kills.supervisors(world)) < kills.PARALLEL, "for its record")
    before = len(world.lines(witness.MARKS))
    began = time.monotonic()
    world.start("run", file)
    wait_until(lambda: len(world.lines(witness.MARKS)) > before, "for the next trial")
    return time.monotonic() - began
