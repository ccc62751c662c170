"""What happens to trials when munshi itself is stopped, killed or started twice."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter

import pytest

from journeys.stories import FOR_EVER, ONCE, REPORT, UNTIL_OPEN, experiment, written
from journeys.world import World, wait_until

pytestmark = pytest.mark.journey


def test_ctrl_c_ends_everything_and_the_same_command_goes_on(world: World) -> None:
    """SIGINT gives 130 and leaves no process; run again, there are exactly maxTrialCount trials."""
    story = experiment(ONCE, UNTIL_OPEN, REPORT)
    name = written(world.path, story)
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    done = run.interrupt()
    assert done.code == 130, done.err
    assert "2 trials were stopped" in done.err
    assert not world.survivors()
    (world.path / "gate").touch()
    again = world.munshi("run", name)
    assert again.code == 0, again.err
    assert world.outcomes() == {"Succeeded": 4}
    starts = Counter(world.lines("started"))
    assert sorted(starts.values()) == [1, 1, 2, 2], "only what was stopped began anew"


def test_a_killed_engine_s_trials_are_adopted(world: World) -> None:
    """After kill -9 the next run takes over trials that still run; every program is started once."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    run.kill()
    assert len(world.running()) >= 2, "trials survive the engine"
    (world.path / "gate").touch()
    done = world.munshi("run", name)
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}
    assert set(Counter(world.lines("started")).values()) == {1}


def test_what_ended_while_no_engine_ran_is_read_later(world: World) -> None:
    """Trials that end after kill -9 and before the next run keep their results and run once."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT, maxTrialCount=2))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    run.kill()
    (world.path / "gate").touch()
    wait_until(lambda: not world.running(), "for the end of both programs")
    done = world.munshi("run", name)
    assert done.code == 0, done.err
    assert len(world.lines("started")) == 2
    values = [trial["status"]["observation"]["metrics"][0]["latest"] for trial in world.trials()]
    assert len(set(values)) == 2


def test_two_runs_at_once_share_one_experiment(world: World) -> None:
    """One drives and the other follows: both exit 0, and every trial is started once."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    first, second = world.start("run", name), world.start("run", name)
    wait_until(lambda: "trials:" in first.err and "trials:" in second.err, "for both to speak")
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    (world.path / "gate").touch()
    codes = (first.wait(), second.wait())
    assert [done.code for done in codes] == [0, 0], codes
    assert len(world.lines("started")) == 4
    assert set(Counter(world.lines("started")).values()) == {1}


def test_a_follower_takes_over_from_a_killed_driver(world: World) -> None:
    """Kill -9 of the driving run: the following one drives to the end, and nothing starts twice."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    driver = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    follower = world.start("run", name)
    wait_until(lambda: "trials:" in follower.err, "for the follower")
    driver.kill()
    (world.path / "gate").touch()
    assert follower.wait().code == 0
    assert set(Counter(world.lines("started")).values()) == {1}
    assert world.outcomes() == {"Succeeded": 4}


def test_ctrl_c_on_a_follower_leaves_the_driver_alone(world: World) -> None:
    """The follower exits 130 and says that the experiment goes on; the driver finishes it."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    driver = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    follower = world.start("run", name)
    wait_until(lambda: "trials:" in follower.err, "for the follower")
    done = follower.interrupt()
    assert done.code == 130
    assert "goes on" in done.err
    (world.path / "gate").touch()
    assert driver.wait().code == 0
    assert set(Counter(world.lines("started")).values()) == {1}


def test_ctrl_c_on_a_driver_leaves_the_work_to_its_follower(world: World) -> None:
    """The trials of an interrupted driver begin anew under the follower; none of them has failed."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    driver = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    follower = world.start("run", name)
    wait_until(lambda: "trials:" in follower.err, "for the follower")
    assert driver.interrupt().code == 130
    (world.path / "gate").touch()
    done = follower.wait()
    assert done.code == 0, done
    assert world.outcomes() == {"Succeeded": 4}


def test_a_second_ctrl_c_kills_at_once(world: World) -> None:
    """Programs deaf to TERM die with the second Ctrl-C, and begin anew like all the others."""
    script = ("[ -e gate ] || trap '' TERM", ONCE, UNTIL_OPEN, REPORT)
    pod = {"terminationGracePeriodSeconds": 300}
    name = written(world.path, experiment(*script, pod=pod))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    run.process.send_signal(signal.SIGINT)
    wait_until(lambda: "Ctrl-C again" in run.err, "for the offer")
    assert run.interrupt().code == 130
    assert not world.survivors()
    (world.path / "gate").touch()
    assert world.munshi("run", name).code == 0
    assert world.outcomes() == {"Succeeded": 4}


def test_killed_supervisors_cost_one_more_start(world: World) -> None:
    """Kill -9 of everything, as a crash of the machine: what ran is lost, begun again, not failed."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    run.kill()
    world.clear()
    (world.path / "gate").touch()
    done = world.munshi("run", name)
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}
    assert sorted(Counter(world.lines("started")).values()) == [1, 1, 2, 2]


def test_a_timeout_ends_everything(world: World) -> None:
    """`--timeout` gives 124 and leaves no process; its trials begin anew with the same command."""
    name = written(world.path, experiment(ONCE, FOR_EVER))
    done = world.munshi("run", name, "--timeout", "2s")
    assert done.code == 124, done.err
    assert "--timeout 2s is over" in done.err
    assert not world.survivors()
    assert all(kind not in world.outcomes() for kind in ("Failed", "Succeeded", "Killed"))


def test_a_stubborn_program_is_gone_within_its_grace(world: World) -> None:
    """A program deaf to TERM, with a child in a session of its own, ends with Ctrl-C all the same."""
    script = ("trap '' TERM", "setsid sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' &", ONCE)
    pod = {"terminationGracePeriodSeconds": 1}
    name = written(world.path, experiment(*script, FOR_EVER, pod=pod))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    assert run.interrupt().code == 130
    assert not world.survivors()


def test_an_experiment_deleted_elsewhere_ends_its_run(world: World) -> None:
    """`munshi delete` ends what runs; the run that drove it says so and exits 4."""
    name = written(world.path, experiment(ONCE, FOR_EVER))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    deleted = world.munshi("delete", "experiment", "story")
    assert deleted.code == 0, deleted.err
    done = run.wait()
    assert done.code == 4, done.err
    assert "deleted" in done.err
    assert not world.survivors()
    assert world.munshi("get", "experiment", "story").code == 4
    assert world.trials() == []


def test_a_deleted_trial_is_not_replaced_by_its_own_settings(world: World) -> None:
    """`munshi delete trial` ends one program; the experiment ends with the others, none lost."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    gone = world.lines("started")[0]
    assert world.munshi("delete", "trial", gone).code == 0
    (world.path / "gate").touch()
    done = run.wait()
    assert done.code == 0, done.err
    assert world.lines("started").count(gone) == 1
    assert world.outcomes() == {"Succeeded": 3}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_trial_cut_short_from_outside_begins_anew(world: World, how: signal.Signals) -> None:
    """A supervisor that is stopped or killed behind munshi's back is not the trial's failure."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT, maxTrialCount=2))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    identities = sorted(world.home.glob("trials/default/*/*/identity.json"))
    os.kill(json.loads(identities[0].read_text())["pid"], how)
    wait_until(lambda: len(world.lines("started")) == 3, "for the third start")
    (world.path / "gate").touch()
    done = run.wait()
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 2}
    assert sorted(Counter(world.lines("started")).values()) == [1, 2]
