"""Early stopping as a user meets it: whole trials saved, the best kept, and the reason told."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from journeys.stories import choice, experiment, written
from journeys.world import World, wait_until
from support.command import ROOT

pytestmark = pytest.mark.journey
EXAMPLE = ROOT / "examples" / "median-stop.yaml"
KATIBS = ROOT / "tests" / "manifests" / "v1beta1" / "early-stopping" / "median-stop.yaml"
STEPS = 12
STEADY = """
slope=4; pause=0; case $KIND in bad*) slope=1; pause=0.3; esac
for step in 1 2 3 4 5 6 7 8 9 10 11 12; do
  echo "score=0.$(printf %02d $((step * slope)))"; sleep $pause
done
"""
"""Twelve reports; a bad program is slower and a quarter as good."""
GATED = """
case $KIND in good*) for step in 04 08 12; do echo score=0.$step; done; exit; esac
echo score=0.01; echo score=0.02
until [ -e gate ]; do sleep 0.02; done
echo score=0.03
while :; do sleep 0.05; done
"""
"""A bad program makes its third report when it may, and then runs until it is ended."""


def stopping(required: int, start: int) -> dict[str, Any]:
    """`spec.earlyStopping`."""
    settings = {"min_trials_required": required, "start_step": start}
    pairs = [{"name": name, "value": str(value)} for name, value in settings.items()]
    return {"algorithmName": "medianstop", "algorithmSettings": pairs}


def story(*kinds: str, steps: str = STEADY, **spec: Any) -> dict[str, Any]:
    """Trials of these kinds, one after the other."""
    said = {
        "parallelTrialCount": 1,
        "maxTrialCount": len(kinds),
        "earlyStopping": stopping(2, 3),
        **spec,
    }
    return experiment(steps, parameters=[choice("kind", *kinds)], algorithm="grid", **said)


def reported(world: World, trial: str, metric: str = "score") -> list[str]:
    """The values of a trial's metric, in their order."""
    done = world.munshi("metrics", trial, "-o", "json")
    return [one["value"] for one in json.loads(done.out) if one["metric"] == metric]


def kind_of(trial: dict[str, Any]) -> str:
    """The only parameter's value."""
    (pair,) = trial["spec"]["parameterAssignments"]
    return str(pair["value"])


def test_a_bad_trial_is_stopped_and_says_why(world: World) -> None:
    """`get`, `describe` and `explain` tell it; nothing of it runs on; its values are kept."""
    file = written(world.path, story("good1", "good2", "bad1"))
    done = world.munshi("run", file)
    assert done.code == 0, done.err
    assert "2 succeeded, 1 stopped early" in done.err
    [bad] = [one for one in world.trials() if kind_of(one) == "bad1"]
    name, last = bad["metadata"]["name"], bad["status"]["conditions"][-1]
    assert (last["type"], last["reason"]) == ("EarlyStopped", "TrialEarlyStopped")
    assert (
        "the best score of 3 reports is 0.03: less than 0.08, set by 2 finished" in last["message"]
    )
    assert bad["spec"]["earlyStoppingRules"][0] == {
        "name": "score", "comparison": "less", "value": "0.08", "startStep": 3, "trials": 2,
    }  # fmt: skip
    kept = bad["status"]["observation"]["metrics"][0]
    assert (kept["min"], float(kept["max"]) >= 0.03) == ("0.01", True)
    assert 3 <= len(reported(world, name)) < STEPS
    assert "EarlyStopped" in world.munshi("get", "trials").out
    told = world.munshi("describe", "trial", name).out
    assert "Early Stopping Rules:" in told
    assert "less than 0.08" in told
    explained = world.munshi("explain", name).out
    assert explained.count("less than 0.08") == 3, "the headline, its end, its stop; once each"
    described = world.munshi("describe", "experiment", "story").out
    assert "medianstop (min_trials_required=2, start_step=3)" in described
    refused = world.munshi("retry", name)
    assert refused.code != 0
    assert "has a result" in refused.err


@pytest.mark.parametrize("after_s", [None, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3])
def test_a_killed_munshi_comes_to_the_same_verdict(world: World, after_s: float | None) -> None:
    """After kill -9 before the fatal report, or at moments around the verdict: rules and reports decide."""
    file = written(world.path, story("good1", "good2", "bad1", steps=GATED))
    run = world.start("run", file)
    wait_until(lambda: any(kind_of(one) == "bad1" for one in world.trials()), "for the bad trial")
    [bad] = [one for one in world.trials() if kind_of(one) == "bad1"]
    name = bad["metadata"]["name"]
    wait_until(lambda: len(reported(world, name)) == 2, "for two reports")
    if after_s is None:
        run.kill()
    (world.path / "gate").touch()
    if after_s is not None:
        time.sleep(after_s)  # where the kill falls is what is drawn here
        run.kill()
    done = world.munshi("run", file)
    assert done.code == 0, done.err
    assert world.outcomes() == Counter(Succeeded=2, EarlyStopped=1)
    [bad] = [one for one in world.trials() if kind_of(one) == "bad1"]
    last = bad["status"]["conditions"][-1]
    assert "the best score of 3 reports is 0.03: less than 0.08" in last["message"]
    assert bad["status"]["attempts"] == 1
    assert reported(world, name) == ["0.01", "0.02", "0.03"]


COLLECTORS: dict[str, tuple[str, dict[str, Any]]] = {
    "File": (
        'mkdir -p logs; say() { echo "score=$1" >> /log/metrics; }',
        {
            "collector": {"kind": "File"},
            "source": {"fileSystemPath": {"kind": "File", "path": "/log/metrics"}},
        },
    ),
    "Push": (
        'say() { echo "{\\"score\\": $1}" >> "$MUNSHI_METRICS_FILE"; }',
        {"collector": {"kind": "Push"}},
    ),
}


@pytest.mark.parametrize("kind", COLLECTORS)
def test_any_collector_will_do(world: World, kind: str) -> None:
    """What is judged are reports, wherever they come from."""
    define, collector = COLLECTORS[kind]
    steps = define + STEADY.replace(
        'echo "score=0.$(printf %02d $((step * slope)))"', "say 0.$(printf %02d $((step * slope)))"
    )
    file = written(
        world.path, story("good1", "good2", "bad1", steps=steps, metricsCollectorSpec=collector)
    )
    done = world.munshi("run", file)
    assert done.code == 0, done.err
    assert world.outcomes() == Counter(Succeeded=2, EarlyStopped=1)


def test_katibs_example_runs_with_another_program(world: World, tmp_path: Path) -> None:
    """The manifest is Katib's, unchanged but for the command; trials are stopped, and the best is kept."""
    document = yaml.safe_load(KATIBS.read_text())
    (container,) = document["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"][
        "containers"
    ]
    program = (
        "import sys, time\n"
        "lr = float(sys.argv[1])\n"
        "for step in range(1, 9):\n"
        "    print(f'loss={lr * 40 / step:.5f}', flush=True); time.sleep(0.15)\n"
    )
    container["command"] = ["python3", "-c", program, "${trialParameters.learningRate}"]
    container["env"] = [{"name": "MOMENTUM", "value": "${trialParameters.momentum}"}]
    seed = {"name": "random_state", "value": "3"}  # by which a good trial comes early
    document["spec"]["algorithm"]["algorithmSettings"] = [seed]
    done = world.munshi("run", written(tmp_path, document), timeout=100)
    assert done.code == 0, done.err
    status = world.get("experiment", "median-stop", "-n", "kubeflow")["status"]
    assert status["trialsSucceeded"] + status["trialsEarlyStopped"] == 15
    assert status["trialsEarlyStopped"] >= 3
    trials = world.get("trials", "-n", "kubeflow")["items"]
    least = min(float(one["spec"]["parameterAssignments"][0]["value"]) for one in trials)
    best = status["currentOptimalTrial"]["parameterAssignments"][0]["value"]
    assert float(best) == least


@pytest.mark.timeout(900)
def test_a_third_fewer_epochs_for_the_same_best(world: World) -> None:
    """examples/median-stop.yaml against itself without earlyStopping, counted in epochs that were trained."""
    document = yaml.safe_load(EXAMPLE.read_text())
    document["metadata"]["name"] = "in-full"
    del document["spec"]["earlyStopping"]
    full = written(world.path, document, name="full.yaml")
    epochs: dict[str, int] = {}
    best: dict[str, float] = {}
    for name, file in (("median-stop", str(EXAMPLE)), ("in-full", str(world.path / full))):
        done = world.munshi("run", file, cwd=ROOT, timeout=420)
        assert done.code == 0, done.err
        trials = [one for one in world.trials() if _owner(one) == name]
        assert len(trials) == 24
        epochs[name] = sum(
            world.munshi("logs", one["metadata"]["name"]).out.count("epoch=") for one in trials
        )
        said = json.loads(world.munshi("best", name, "-o", "json").out)
        best[name] = float(said["objective"]["value"])
    assert epochs["in-full"] == 24 * 60
    assert epochs["median-stop"] <= epochs["in-full"] * 2 / 3, epochs
    assert best["median-stop"] >= best["in-full"] * 0.995, best


def _owner(trial: dict[str, Any]) -> str:
    return str(trial["metadata"]["labels"]["katib.kubeflow.org/experiment"])
