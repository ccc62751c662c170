"""An operator that is killed again and again, on a real cluster: nothing is lost, doubled or stuck."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

from journeys.stories import REPORT
from support.cluster import ROOT, Cluster
from support.cluster_stories import active, small, trials, watched
from support.operators import replicas, until

ALONE = "--no-leader-election"
"""A killed holder's Lease lasts 15 s; that its successor waits for it is told in test_operator."""
KILLS, TRIALS, PARALLEL = 20, 24, 4
SEED = 5


def test_killed_twenty_times(cluster: Cluster, namespace: Cluster, tmp_path: Path) -> None:
    """Killed with -9 at random moments, it makes each trial and each job once, and finds the best."""
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    chance = Random(SEED)  # noqa: S311 - moments, not secrets
    more = ("--data", str(tmp_path / "data"), ALONE)
    with replicas(namespace, tmp_path) as start, watched(namespace, tmp_path) as jobs:
        story = small(
            "sleep 2",
            REPORT,
            maxTrialCount=TRIALS,
            parallelTrialCount=PARALLEL,
            maxFailedTrialCount=1,
        )
        namespace.apply(story)
        begun: list[int] = []
        for kill in range(KILLS):
            operator = start(18511, *more)
            if kill % 2:
                until(operator.is_("leading"), 60, "it leads")
                time.sleep(chance.uniform(0, 0.8))  # the moment of death
            else:
                time.sleep(chance.uniform(0, 4))  # often before it leads
            operator.kill()
            begun.append(len(jobs.made))
        assert sum(count < TRIALS for count in begun) >= KILLS / 2, f"it died too late: {begun}"
        start(18511, *more)
        namespace.wait("experiment/story", "condition=Succeeded", timeout_s=120)
        status = namespace.get("experiment", "story")["status"]
        found = trials(namespace)
    assert (status["trials"], status["trialsSucceeded"], len(found)) == (TRIALS,) * 3
    assert {name: len(uids) for name, uids in jobs.made.items()} == {
        trial["metadata"]["name"]: 1 for trial in found
    }
    assert jobs.most_at_once <= PARALLEL
    scores = {
        trial["metadata"]["name"]: float(trial["status"]["observation"]["metrics"][0]["max"])
        for trial in found
    }
    assert status["currentOptimalTrial"]["bestTrialName"] == max(
        scores, key=lambda name: scores[name]
    )
    assert status["conditions"][-1]["reason"] == "ExperimentMaxTrialsReached"


def test_trials_that_end_at_once(cluster: Cluster, namespace: Cluster, tmp_path: Path) -> None:
    """Twenty programs that only print a line all succeed, with what they printed."""
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    with replicas(namespace, tmp_path) as start:
        start(18512, ALONE)
        story = small(
            "echo score=0.5", maxTrialCount=20, parallelTrialCount=5, maxFailedTrialCount=1
        )
        namespace.apply(story)
        namespace.wait("experiment/story", "condition=Succeeded", timeout_s=120)
        found = trials(namespace)
    values = [trial["status"]["observation"]["metrics"][0]["latest"] for trial in found]
    assert values == ["0.5"] * 20
    assert {trial["status"]["conditions"][-1]["type"] for trial in found} == {"Succeeded"}


def test_a_deleted_experiment_leaves_nothing(
    cluster: Cluster, namespace: Cluster, tmp_path: Path
) -> None:
    """Deleted while its programs run, its suggestion, trials, jobs and pods are gone within seconds."""
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    with replicas(namespace, tmp_path) as start:
        operator = start(18513, ALONE)
        namespace.apply(small("sleep 600", maxTrialCount=8, parallelTrialCount=4))
        until(active(namespace, 4), 60, "four pods run")
        namespace.kubectl("delete", "experiment", "story", "--timeout=20s")
        what = "suggestions,trials,jobs,pods"
        until(lambda: not namespace.get(what)["items"], 20, "all of it is gone")
        time.sleep(2)  # nothing comes back
        assert not namespace.get(what)["items"]
        assert "error" not in operator.log.read_text().lower()
