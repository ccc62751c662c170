"""A search is computed again from its records, whatever was killed while it ran."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from journeys import kills, witness
from journeys.kills import TRIALS, Ordeal, chance_of
from journeys.stories import experiment, written
from journeys.world import World
from support import packages

pytestmark = pytest.mark.journey
SEED = 41
"""Of the moments."""


def agreed(world: World, name: str = "story") -> int:
    """How many suggestions agree; all have to."""
    done = world.munshi("replay", name, "-o", "json")
    said = json.loads(done.out)
    assert said["differences"] == []
    assert (done.code, done.err) == (0, "")
    assert said["agree"] == said["suggestions"]
    return int(said["agree"])


@pytest.mark.parametrize("algorithm", ["random", "tpe", "multivariate-tpe"])
def test_a_search_that_was_killed_again_and_again_is_replayed(world: World, algorithm: str) -> None:
    """Munshi is killed at four moments; each of the thirty suggestions comes out the same again."""
    ordeal = Ordeal(world, written(world.path, kills.story(algorithm)), 1.0, chance_of(SEED))
    ordeal.endure(4)
    assert ordeal.kills >= 2
    assert agreed(world) == TRIALS


def workers(world: World) -> list[int]:
    """The processes in which algorithms are asked."""
    found = []
    for pid in world.running():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"munshi.suggester.worker" in words:
            found.append(pid)
    return found


def test_killed_workers_change_nothing(world: World) -> None:
    """Each process in which tpe is asked is killed after a moment; the search ends well and is the same."""
    chance, killed = chance_of(SEED), set[int]()
    story = kills.story("tpe", maxTrialCount=60)
    run = world.start("run", written(world.path, story), "--no-progress")
    while run.process.poll() is None:
        for pid in workers(world):
            if pid not in killed and len(killed) < 8:
                time.sleep(chance.uniform(0, 0.3))
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        time.sleep(0.01)
    done = run.wait()
    assert done.code == 0, done.err
    assert len(killed) >= 2
    assert witness.findings(world, 60) == []
    assert agreed(world) == 60


STUCK = """
import time
from munshi.algorithms import Reply

class Stuck:
    name = "stuck"

    def check(self, space, settings, max_trial_count):
        return []

    def suggest(self, request):
        while request.first_index >= 2:
            pass
        return Reply(({"x": "0.5"},) * request.count)

STUCK = Stuck()
"""


def test_an_algorithm_that_hangs_fails_its_experiment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with exit code 1 and the reason in a sentence; what had begun was finished."""
    site = packages.install(
        world.path / "site", "stuck", {"stuck": STUCK}, {"stuck": "stuck:STUCK"}
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    made = experiment("echo score=$X", algorithm="stuck", maxTrialCount=4, parallelTrialCount=2)
    made["spec"]["algorithm"]["algorithmSettings"] = []
    file = written(world.path, made)
    done = world.munshi("run", file, "--algorithm-time", "1s", "--no-progress")
    assert done.code == 1
    assert (
        "stuck was given up after 3 tries at suggestion number 2: took longer than 1 s" in done.out
    )
    assert world.outcomes() == {"Succeeded": 2}
