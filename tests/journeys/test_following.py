"""Looking on while an experiment runs: `get -w` and `logs -f` beside `munshi run`."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.stories import ONCE, REPORT, UNTIL_OPEN, experiment, written
from journeys.world import World, wait_until

pytestmark = pytest.mark.journey

_SPEAK = "echo before the gate"
ALONE: dict[str, Any] = {"maxTrialCount": 1, "parallelTrialCount": 1, "maxFailedTrialCount": 1}


def test_trials_are_followed_while_they_run(world: World) -> None:
    """A log is followed to the trial's end and a watch shows each of its states; both leave no trace."""
    story = experiment(ONCE, _SPEAK, UNTIL_OPEN, REPORT, **ALONE)
    watch = world.start(
        "get", "trials", "-w", "-o", "custom-columns=T:.status.conditions[-1:].type"
    )
    run = world.start("run", written(world.path, story))
    wait_until(lambda: len(world.lines("started")) == 1, "for the trial")
    [trial] = world.trials()
    log = world.start("logs", "-f", trial["metadata"]["name"])
    wait_until(lambda: log.out == "before the gate\n", "for the first line")
    assert log.process.poll() is None, "it goes on while the trial does"
    (world.path / "gate").touch()
    followed = log.wait()
    assert (followed.code, followed.err) == (0, "")
    assert followed.out == world.munshi("logs", trial["metadata"]["name"]).out
    assert followed.out.count("\n") > 1
    assert run.wait().code == 0
    wait_until(lambda: "Succeeded" in watch.out, "for the last state")
    watched = watch.interrupt()
    assert (watched.code, watched.err) == (130, "")
    head, *states = dict.fromkeys(watched.out.split())
    assert (head, states[-2:]) == ("T", ["Running", "Succeeded"])


def test_an_interruption_is_followed_into_the_next_run(world: World) -> None:
    """Ctrl-C of the run ends no `logs -f`: the trial begins anew, and so does its log."""
    story = experiment(ONCE, _SPEAK, UNTIL_OPEN, REPORT, **ALONE)
    name = written(world.path, story)
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 1, "for the trial")
    [trial] = world.trials()
    log = world.start("logs", "-f", trial["metadata"]["name"])
    wait_until(lambda: log.out == "before the gate\n", "for the first line")
    assert run.interrupt().code == 130
    (world.path / "gate").touch()
    assert world.munshi("run", name).code == 0
    followed = log.wait()
    assert followed.code == 0
    assert followed.out.count("before the gate\n") == 2
    assert "begins anew" in followed.err
    earlier = world.munshi("logs", "-p", trial["metadata"]["name"])
    assert earlier.out == "before the gate\n"
