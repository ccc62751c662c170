"""What a user does to an experiment that exists: stop, suspend, resume, retry, edit; and reads its story."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

import pytest

from journeys.stories import FOR_EVER, ONCE, REPORT, UNTIL_OPEN, experiment, written
from journeys.world import World, wait_until

pytestmark = pytest.mark.journey
GO_ON = "munshi get experiment story -o yaml | munshi run -"
LONG: dict[str, Any] = {"resumePolicy": "LongRunning"}


def go_on(world: World) -> None:
    """What the hint says: the Experiment as it is stored, run again."""
    stored = world.munshi("get", "experiment", "story", "-o", "yaml").out
    done = world.munshi("run", "-", stdin=stored)
    assert done.code == 0, done.err


def test_suspend_and_resume_a_running_experiment(world: World) -> None:
    """Running trials end and count, nothing new begins, progress says why; resumed, it runs to its end."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    done = world.munshi("suspend", "story")
    assert (done.code, done.out) == (0, "experiment.kubeflow.org/story suspended\n")
    assert world.munshi("suspend", "exp/story").out.endswith("already suspended\n")
    (world.path / "gate").touch()
    wait_until(lambda: "2 succeeded; best" in run.err and "munshi resume story" in run.err)
    assert world.get("experiment", "story")["status"]["conditions"][-1]["type"] == "Suspended"
    assert len(world.lines("started")) == 2
    resumed = world.munshi("resume", "story")
    assert (resumed.out, resumed.err) == ("experiment.kubeflow.org/story resumed\n", "")
    assert run.wait().code == 0
    assert world.outcomes() == {"Succeeded": 4}


def test_stop_a_running_experiment(world: World) -> None:
    """It has succeeded with what there was, its programs are gone, and the run that drove it says so."""
    script = (ONCE, REPORT, "[ $(wc -l < started) -le 2 ] || { while :; do sleep 0.05; done; }")
    name = written(world.path, experiment(*script, maxTrialCount=9))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 4, "for two trials that stay")
    wait_until(lambda: world.outcomes()["Succeeded"] == 2, "for two results")
    done = world.munshi("stop", "story", "--reason", "good enough")
    assert (done.code, done.out) == (0, "experiment.kubeflow.org/story stopped\n")
    ended = run.wait()
    assert ended.code == 0, ended.err
    assert "stopped by the user after 2 of 9 trials: good enough" in ended.out
    assert not world.survivors()
    assert world.outcomes() == {"Succeeded": 2, "Killed": 2}


def test_stop_an_experiment_that_nothing_drives(world: World) -> None:
    """After kill -9 of the engine `stop` ends the orphaned programs itself, and the experiment."""
    name = written(world.path, experiment(ONCE, FOR_EVER, **LONG))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    run.kill()
    done = world.munshi("stop", "story")
    assert done.code == 0, done.err
    assert not world.survivors()
    said = world.get("experiment", "story")["status"]["conditions"][-1]
    assert (said["type"], said["reason"]) == ("Failed", "ExperimentStopped")
    assert world.outcomes() == {"Killed": 2}
    assert "ended already" in world.munshi("stop", "story").out


def test_a_stopped_experiment_is_resumed(world: World) -> None:
    """`resume` says how to go on, and that works: the rest of the budget is run, what was killed is not."""
    script = (ONCE, "[ -e gate ] || " + "{ " + FOR_EVER + "; }", REPORT)
    name = written(world.path, experiment(*script, **LONG))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    assert world.munshi("stop", "story").code == 0
    assert run.wait().code == 1, "nothing had a result"
    (world.path / "gate").touch()
    resumed = world.munshi("resume", "story")
    assert resumed.code == 0
    assert GO_ON in resumed.err
    go_on(world)
    assert world.outcomes() == {"Killed": 2, "Succeeded": 2}
    killed = [t["metadata"]["name"] for t in world.trials() if "observation" not in t["status"]]
    assert world.munshi("retry", *killed).code == 0
    go_on(world)
    assert world.outcomes() == {"Succeeded": 4}


def test_never_means_never(world: World) -> None:
    """An experiment with resumePolicy Never stays stopped; the refusal says what to do."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    assert world.munshi("stop", "story").code == 0
    run.wait()
    refused = world.munshi("resume", "story")
    assert refused.code == 1
    assert "resumePolicy is Never" in refused.err


def test_stop_and_retry_one_trial(world: World) -> None:
    """Its program is ended and the others go on; run once more it begins with the same settings."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT, maxTrialCount=2))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    first = world.lines("started")[0]
    settings = world.get("trial", first)["spec"]["parameterAssignments"]
    done = world.munshi("stop", f"trial/{first}", "--reason", "too slow")
    assert (done.code, done.out) == (0, f"trial.kubeflow.org/{first} stopped\n")
    wait_until(lambda: world.outcomes()["Killed"] == 1, "for its end")
    assert world.munshi("retry", first).err == "", "a process drives it"
    wait_until(lambda: len(world.lines("started")) == 3, "for its second start")
    (world.path / "gate").touch()
    assert run.wait().code == 0
    again = world.get("trial", first)
    assert again["status"]["attempts"] == 2
    assert again["spec"]["parameterAssignments"] == settings
    assert world.outcomes() == {"Succeeded": 2}
    told = world.munshi("explain", f"trial/{first}").out
    for word in ("TrialStopped", "too slow", "TrialRetried", "TrialSucceeded", "Log: "):
        assert word in told, told


def test_stop_a_trial_that_nothing_drives(world: World) -> None:
    """Its orphaned program is ended at once; the other one goes on and is adopted later."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT, maxTrialCount=2))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    wait_until(lambda: world.outcomes()["Running"] == 2, "until both are known to run")
    run.kill()
    first, second = world.lines("started")
    assert world.munshi("stop", f"trial/{first}").code == 0
    assert world.get("trial", first)["status"]["conditions"][-1]["reason"] == "TrialStopped"
    assert world.get("trial", second)["status"]["conditions"][-1]["type"] == "Running"
    (world.path / "gate").touch()
    assert world.munshi("run", name).code == 0
    assert world.outcomes() == {"Killed": 1, "Succeeded": 1}
    assert set(Counter(world.lines("started")).values()) == {1}


def test_failed_trials_are_retried_after_the_end(world: World) -> None:
    """`retry --failed` re-opens a failed experiment; the mended program succeeds with the old settings."""
    story = experiment(ONCE, "[ -e gate ] || exit 3", REPORT)
    name = written(world.path, story)
    assert world.munshi("run", name).code == 1
    settings = {t["metadata"]["name"]: t["spec"]["parameterAssignments"] for t in world.trials()}
    done = world.munshi("retry", "--failed", "story")
    assert done.out.count("retried") == len(settings) >= 2
    assert done.err.count(GO_ON) == 1
    (world.path / "gate").touch()
    go_on(world)
    assert world.outcomes() == {"Succeeded": 4}
    for trial in world.trials():
        before = settings.get(trial["metadata"]["name"], trial["spec"]["parameterAssignments"])
        assert trial["spec"]["parameterAssignments"] == before
    refused = world.munshi("retry", next(iter(settings)))
    assert refused.code == 1
    assert "has a result" in refused.err


def test_a_template_in_a_config_map_is_found_again(world: World) -> None:
    """The stored Experiment alone goes on with the ConfigMap of its first run; a given one wins over it."""
    plain = experiment(ONCE, "[ -e gate ] || exit 3", REPORT)
    template = plain["spec"]["trialTemplate"]
    data = {"job.yaml": json.dumps(template.pop("trialSpec"))}
    place = {"configMapName": "kept", "configMapNamespace": "default", "templatePath": "job.yaml"}
    template["configMap"] = place
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": data}
    assert world.munshi("run", written(world.path, plain, kept)).code == 1
    assert world.munshi("retry", "--failed", "story").code == 0
    (world.path / "gate").touch()
    go_on(world)
    assert world.outcomes() == {"Succeeded": 4}
    world.munshi("delete", "experiment", "story")
    other = {"job.yaml": data["job.yaml"].replace("score=$X", "score=7")}
    again = written(world.path, plain, {**kept, "data": other}, name="other.yaml")
    assert world.munshi("run", again).code == 0
    best = json.loads(world.munshi("best", "story", "-o", "json").out)
    assert best["objective"]["value"] == "7"


def test_counts_are_raised_and_lowered_while_it_runs(world: World) -> None:
    """The same file with other counts, run again, changes the experiment that runs."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT, maxTrialCount=3))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    more = experiment(ONCE, UNTIL_OPEN, REPORT, maxTrialCount=5, parallelTrialCount=3)
    follower = world.start("run", written(world.path, more, name="more.yaml"))
    wait_until(lambda: len(world.lines("started")) == 3, "for a third trial")
    fewer = experiment(ONCE, UNTIL_OPEN, REPORT, maxTrialCount=5, parallelTrialCount=1)
    another = world.start("run", written(world.path, fewer, name="fewer.yaml"))
    wait_until(lambda: len(world.trials()) == 1, "for two trials to be withdrawn")
    (world.path / "gate").touch()
    assert [each.wait().code for each in (run, follower, another)] == [0, 0, 0]
    assert world.outcomes() == {"Succeeded": 5}
    refused = world.munshi("run", written(world.path, experiment("true", maxTrialCount=5)))
    assert refused.code == 2
    assert "maxFailedTrialCount" in refused.err


@pytest.mark.parametrize("policy", ["LongRunning", "FromVolume", "Never"])
def test_a_larger_budget_after_the_end(world: World, policy: str) -> None:
    """The experiment goes on with the points that a larger budget had given at once; not with Never."""
    assert world.munshi("run", written(world.path, story(2, policy))).code == 0
    dialogue = world.get("suggestion", "story")["status"]["conditions"][-1]["type"]
    assert dialogue == ("Running" if policy == "LongRunning" else "Succeeded")
    again = world.munshi("run", written(world.path, story(4, policy)))
    if policy == "Never":
        assert again.code == 2
        assert "resumePolicy is Never" in again.err
        return
    assert again.code == 0, again.err
    assert world.outcomes() == {"Succeeded": 4}
    assert "Restarting" in {
        one["type"] for one in world.get("experiment", "story")["status"]["conditions"]
    }
    values = sorted(t["spec"]["parameterAssignments"][0]["value"] for t in world.trials())
    world.munshi("delete", "experiment", "story")
    assert world.munshi("run", written(world.path, story(4, policy))).code == 0
    fresh = sorted(t["spec"]["parameterAssignments"][0]["value"] for t in world.trials())
    assert values == fresh


def story(budget: int, policy: str) -> dict[str, object]:
    """An experiment with a budget and a policy."""
    return experiment(ONCE, REPORT, maxTrialCount=budget, resumePolicy=policy)


def test_everything_can_be_taken_out_of_munshi(world: World) -> None:
    """`export` has every trial with its numbers, in CSV and JSON; `explain -o json` every event."""
    name = written(world.path, experiment(ONCE, REPORT, maxTrialCount=3))
    assert world.munshi("run", name).code == 0
    rows = list(csv.DictReader(io.StringIO(world.munshi("export", "story").out)))
    items = json.loads(world.munshi("export", "story", "-o", "json").out)
    assert [row["name"] for row in rows] == [item["name"] for item in items]
    for row, item in zip(rows, items, strict=True):
        assert float(row["parameter.x"]) == item["parameters"]["x"] == item["objective"]
        assert row["state"] == item["state"] == "Succeeded"
    events = json.loads(world.munshi("explain", "story", "-o", "json").out)
    reasons = Counter(event["reason"] for event in events)
    assert reasons["CreateTrial"] == reasons["LaunchTrial"] == reasons["TrialSucceeded"] == 3


def test_gc_removes_what_nothing_needs(world: World) -> None:
    """Interrupted starts and folders of deleted trials go; results, logs and running programs stay."""
    name = written(world.path, experiment(ONCE, UNTIL_OPEN, REPORT))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    assert "nothing to remove" in world.munshi("gc").out
    assert len(world.running()) > 2
    run.interrupt()
    (world.home / "crash-20260101T000000-1.txt").write_text("an old bug")
    assert world.munshi("explain", "story").out.count("TrialInterrupted") == 2
    dry = world.munshi("gc", "--dry-run").out
    assert dry.count("interrupted start") == 2
    done = world.munshi("gc")
    assert "removed 2 interrupted starts" in done.out
    assert "removed 1 crash report" in done.out
    (world.path / "gate").touch()
    assert world.munshi("run", name).code == 0
    assert world.outcomes() == {"Succeeded": 4}
    assert world.munshi("gc").out.startswith("nothing to remove")
    assert all(world.munshi("logs", t["metadata"]["name"]).code == 0 for t in world.trials())
    assert world.munshi("gc", "--experiments", "--older-than", "1h").out.startswith("nothing")
    assert world.munshi("gc", "--experiments").code == 2
    assert "removed 4 completed trials' files" in world.munshi("gc", "--logs").out
    assert len(world.trials()) == 4
