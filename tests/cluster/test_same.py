"""The same Experiments on a laptop and on a real cluster: the same settings in one order, one best trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from journeys.stories import choice, whole, written
from journeys.world import World
from support.cluster import ROOT, Cluster
from support.cluster_stories import result, small
from support.operators import replicas

X: dict[str, Any] = {
    "name": "x",
    "parameterType": "double",
    "feasibleSpace": {"min": "0.1", "max": "0.9"},
}
SCORE = """awk -v x="$X" -v n="$N" -v k="$K" 'BEGIN {
  printf "score=%.6f\\n", n - (x - 0.3) * (x - 0.3) + (k == "blue" ? 0.5 : 0)
}'"""
"""The same arithmetic wherever it runs: plain awk, on the arguments alone."""
TRIALS = 8
LEARNERS = {"tpe", "multivariate-tpe"}
ALGORITHMS = ("random", "grid", "sobol", *sorted(LEARNERS))


def story(algorithm: str) -> dict[str, Any]:
    """Eight trials: three at a time where nothing is learnt, else one, past the random start."""
    learns = algorithm in LEARNERS
    document = small(
        SCORE,
        parameters=(
            {**X, "feasibleSpace": {**X["feasibleSpace"], "step": "0.2"}}
            if algorithm == "grid"
            else X,
            whole("n", 1, 3),
            choice("k", "red", "blue"),
        ),
        name=algorithm,
        algorithm=algorithm,
        parallelTrialCount=1 if learns else 3,
        maxTrialCount=TRIALS,
    )
    if learns:
        start = {"name": "n_startup_trials", "value": "3"}
        document["spec"]["algorithm"]["algorithmSettings"].append(start)
    return document


def test_the_same_on_a_laptop_and_on_a_cluster(
    cluster: Cluster, namespace: Cluster, tmp_path: Path
) -> None:
    """A seeded Experiment gives the same ordered assignments, scores and best trial in both places."""
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    laptop = World(tmp_path)
    with replicas(namespace, tmp_path) as start:
        start(18501)
        namespace.apply(*map(story, ALGORITHMS))  # they run while the laptop does the same
        here: dict[str, dict[str, Any]] = {}
        try:
            for algorithm in ALGORITHMS:
                file = written(tmp_path, story(algorithm), name=f"{algorithm}.yaml")
                done = laptop.munshi("run", file, "--no-progress")
                assert done.code == 0, done.err
            for algorithm in ALGORITHMS:
                here[algorithm] = result(laptop.get("experiment", algorithm), laptop.trials())
        finally:
            laptop.clear()
        for algorithm in ALGORITHMS:
            namespace.wait(f"experiment/{algorithm}", "condition=Succeeded", timeout_s=120)
        trials = namespace.get("trials")["items"]
        there = {
            algorithm: result(namespace.get("experiment", algorithm), trials)
            for algorithm in ALGORITHMS
        }
    for algorithm in ALGORITHMS:
        assert len(here[algorithm]["order"]) == TRIALS
        assert there[algorithm] == here[algorithm], algorithm
