"""Katib's own v1beta1 examples on a real cluster, each in a row: it runs, or is told a true reason why not.

Of each only the images are replaced and the number of trials is lowered; paths, arguments, collectors and
limits are as the files want them. Jobs are run by Kubernetes, TFJob, PyTorchJob and MPIJob by Kubeflow's
training operator, with all their workers; only `mpirun` is a stand-in, which starts its ranks through the
operator's own remote shell. Kubeflow Trainer and Argo are not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.cluster import Cluster, new_namespace
from support.examples import FOLDER, example
from support.operators import ended, installed, last, until

START_S, RUN_S = 120, 270
"""Until the first are judged; until the last has ended, since all run at the same time."""
MORE: dict[str, dict[str, Any]] = {
    "early-stopping/median-stop.yaml": {"maxTrialCount": 4},
    "kubeflow-training-operator/mpijob-horovod.yaml": {"parallelTrialCount": 1},
}
"""Where two trials at once are not enough, or are more than the node has room for."""
RUNS = (
    "early-stopping/median-stop.yaml",
    "hp-tuning/grid.yaml",
    "hp-tuning/hyperopt-distribution.yaml",
    "hp-tuning/multivariate-tpe.yaml",
    "hp-tuning/random.yaml",
    "hp-tuning/sobol.yaml",
    "hp-tuning/tpe.yaml",
    "kubeflow-training-operator/mpijob-horovod.yaml",
    "kubeflow-training-operator/pytorchjob-mnist.yaml",
    "kubeflow-training-operator/tfjob-mnist-with-summaries.yaml",
    "metrics-collector/custom-metrics-collector.yaml",
    "metrics-collector/file-metrics-collector-with-json-format.yaml",
    "metrics-collector/file-metrics-collector.yaml",
    "resume-experiment/from-volume-resume.yaml",
)
REFUSED = {
    "argo/argo-workflow.yaml": (
        "Workflow of argoproj.io/v1alpha1 is not a kind that this operator runs",
        "--trial-kind Workflow.v1alpha1.argoproj.io",
    ),
    "hp-tuning/bayesian-optimization.yaml": ('"bayesianoptimization"',),
    "hp-tuning/simple-pbt.yaml": ('"pbt"',),
    "nas/darts-gpu.yaml": ('"darts"', "spec.nasConfig"),
    "nas/enas-cpu.yaml": ('"enas"', "spec.nasConfig"),
    "trial-template/trial-configmap-source.yaml": ("spec.trialTemplate.configMap.configMapName",),
}
"""What stands in the message of the Experiment that was not accepted."""
WAITS = {
    "fpga/xgboost-example.yaml": (
        "finds no node: 0/1 nodes are available: 1 Insufficient xilinx/aws-vu9p-f1"
    )
}
"""What stands in the message of a Trial that waits, since nothing here can run it."""
FAILS = {
    "kubeflow-trainer/trainjob-pytorch.yaml": (
        "this cluster does not know the kind TrainJob of trainer.kubeflow.org/v1alpha1; "
        "install Kubeflow Trainer and its CRDs"
    )
}
"""What stands in the message of a Trial whose job cannot be made."""


@pytest.fixture(scope="module")
def applied(cluster: Cluster) -> Iterator[Cluster]:
    """A namespace with all of them, applied at once."""
    with new_namespace(cluster) as namespace:
        driven = f"kubeflow {namespace.namespace}"
        with installed(cluster, MUNSHI_NAMESPACES=driven):
            for name in (*RUNS, *REFUSED, *WAITS, *FAILS):
                namespace.apply(example(name, namespace, **MORE.get(name, {})))
            yield namespace


CONFIG_MAP = "trial-template/trial-configmap-source.yaml"
TEMPLATE = """
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: training-container
          image: munshi/trial:test
          command:
            - python3
            - /opt/mxnet-mnist/mnist.py
            - --lr=${trialParameters.learningRate}
            - --num-layers=${trialParameters.numberLayers}
            - --optimizer=${trialParameters.optimizer}
"""


def name_in(file: str, namespace: Cluster) -> str:
    """The Experiment's name in a file."""
    found: str = example(file, namespace)["metadata"]["name"]
    return found


def trials_of(name: str, namespace: Cluster) -> list[dict[str, Any]]:
    """The trials of an Experiment."""
    found = namespace.get("trials", "-l", f"katib.kubeflow.org/experiment={name}")
    trials: list[dict[str, Any]] = found["items"]
    return trials


def test_the_table_is_complete() -> None:
    """Every v1beta1 example is in it, once."""
    there = {str(each.relative_to(FOLDER / "v1beta1")) for each in FOLDER.glob("v1beta1/*/*.yaml")}
    rows = (*RUNS, *REFUSED, *WAITS, *FAILS)
    assert sorted(rows) == sorted(there)


@pytest.mark.parametrize("file", REFUSED)
def test_it_is_refused_with_the_reason(file: str, applied: Cluster) -> None:
    """The Experiment's condition says what is missing, and nothing runs."""
    name = name_in(file, applied)
    said = last(ended(applied, name, START_S))
    assert (said["type"], said["reason"]) == ("Failed", "ExperimentInvalid")
    for piece in REFUSED[file]:
        assert piece in said["message"]
    assert trials_of(name, applied) == []


@pytest.mark.parametrize("file", FAILS)
def test_its_trials_fail_with_the_reason(file: str, applied: Cluster) -> None:
    """The kind of job is one of the operator's own, but nobody serves it here: each trial says so at once."""
    name = name_in(file, applied)
    assert last(ended(applied, name, START_S))["type"] == "Failed"
    for trial in trials_of(name, applied):
        said = last(trial)
        assert (said["type"], said["reason"]) == ("Failed", "TrialFailed")
        assert FAILS[file] in said["message"]


@pytest.mark.parametrize("file", WAITS)
def test_its_trials_wait_and_say_for_what(file: str, applied: Cluster) -> None:
    """The Experiment is accepted and its pods are there; the trial names what no node has."""
    name = name_in(file, applied)
    until(lambda: "TrialWaiting" in [last(each)["reason"] for each in trials_of(name, applied)], 90)
    messages = [last(each)["message"] for each in trials_of(name, applied)]
    assert any(WAITS[file] in each for each in messages), messages
    assert last(applied.get("experiment", name))["type"] == "Running"


def test_a_template_in_a_config_map_of_another_namespace_runs(
    cluster: Cluster, applied: Cluster
) -> None:
    """The example that was refused for its algorithm, with another one, and the ConfigMap that it names."""
    objective = {"type": "maximize", "objectiveMetricName": "accuracy"}
    random = {"algorithmName": "random"}
    document = example(CONFIG_MAP, applied, algorithm=random, objective=objective)
    document["metadata"]["name"] = "from-config-map"
    source = document["spec"]["trialTemplate"]["configMap"]
    applied.apply(document)
    own = cluster.within(source["configMapNamespace"])
    own.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": source["configMapName"]},
            "data": {source["templatePath"]: TEMPLATE},
        }
    )
    try:
        assert last(ended(applied, "from-config-map", RUN_S))["type"] == "Succeeded"
    finally:
        own.kubectl("delete", "configmap", source["configMapName"])


@pytest.mark.parametrize("file", RUNS)
def test_it_runs(file: str, applied: Cluster) -> None:
    """It succeeds; every trial has reported the objective, and one of them is the best."""
    name = name_in(file, applied)
    found = ended(applied, name, RUN_S)
    trials = trials_of(name, applied)
    assert last(found)["type"] == "Succeeded", [last(found), *map(last, trials)]
    reached = last(found)["reason"] == "ExperimentGoalReached"
    whole = [each for each in trials if not (reached and last(each)["type"] == "Killed")]
    assert {last(each)["type"] for each in whole} <= {"Succeeded", "EarlyStopped"}
    objective = found["spec"]["objective"]["objectiveMetricName"]
    for trial in whole:
        seen = [each["name"] for each in trial["status"]["observation"]["metrics"]]
        assert objective in seen
    best = found["status"]["currentOptimalTrial"]
    assert best["bestTrialName"] in {each["metadata"]["name"] for each in whole}
    wanted = {each["name"] for each in found["spec"]["parameters"]}
    assert {each["name"] for each in best["parameterAssignments"]} == wanted
