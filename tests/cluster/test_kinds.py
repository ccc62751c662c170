"""Trials of many kinds on a real cluster, and what is said of kinds that nobody runs there.

Really run here: Job and Pod by Kubernetes; PyTorchJob, MPIJob, XGBoostJob, PaddleJob and JAXJob by Kubeflow's
training operator, with all their pods (TFJob in test_tutorial.py); a kind of a user's own by a controller of
the test's. In an MPIJob `mpirun` is a stand-in, which starts its ranks in the workers through the
operator's own remote shell. Not run are TrainJob (test_examples.py) and Argo's Workflow: their controllers
are not here, so it is their absence that is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from support import bakery
from support.cluster import Cluster, new_namespace
from support.experiments import TRIAL
from support.operators import ended, installed, last, until

END_S = 270
"""For all of them together, since they run at the same time."""
EXTRA = ("Pod.v1", bakery.SETTING, "Workflow.v1alpha1.argoproj.io", "ReplicaSet.v1.apps")
"""Kinds beyond the operator's own."""
RIGHTS = {"": ["pods"], bakery.GROUP: [bakery.PLURAL]}
"""Which of them its account is given, as docs/cluster.md says; not ReplicaSets."""


def a_container(name: str) -> dict[str, Any]:
    """The one that trains."""
    command = ["python", "/opt/trial/train.py", "--lr=${trialParameters.lr}"]
    return {"name": name, "image": TRIAL, "command": command}


def a_pod(container: dict[str, Any]) -> dict[str, Any]:
    """A pod's template."""
    return {"spec": {"restartPolicy": "Never", "containers": [container]}}


def of_kubeflow(kind: str, field: str, **replicas: dict[str, Any]) -> dict[str, Any]:
    """A job of the training operator, with replicas by type."""
    return {"apiVersion": "kubeflow.org/v1", "kind": kind, "spec": {field: replicas}}


def replica(name: str, count: int = 1) -> dict[str, Any]:
    """So many pods of a training operator's job that train."""
    template = {"spec": {"containers": [a_container(name)]}}
    return {"replicas": count, "restartPolicy": "Never", "template": template}


RUN = ["mpirun", "-np", "2", *a_container("")["command"]]
LAUNCHER = {"spec": {"containers": [a_container("launcher") | {"command": RUN}]}}
WORKER = {"spec": {"containers": [{"name": "worker", "image": TRIAL}]}}

JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "job": (
        "main",
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "spec": {"backoffLimit": 0, "template": a_pod(a_container("main"))},
        },
    ),
    "pytorchjob": (
        "pytorch",
        of_kubeflow(
            "PyTorchJob",
            "pytorchReplicaSpecs",
            Master=replica("pytorch"),
            Worker=replica("pytorch"),
        ),
    ),
    "mpijob": (
        "launcher",
        of_kubeflow(
            "MPIJob",
            "mpiReplicaSpecs",
            Launcher={"replicas": 1, "template": LAUNCHER},
            Worker={"replicas": 2, "template": WORKER},
        ),
    ),
    "xgboostjob": (
        "xgboost",
        of_kubeflow(
            "XGBoostJob", "xgbReplicaSpecs", Master=replica("xgboost"), Worker=replica("xgboost")
        ),
    ),
    "paddlejob": (
        "paddle",
        of_kubeflow("PaddleJob", "paddleReplicaSpecs", Worker=replica("paddle", 2)),
    ),
    "jaxjob": ("jax", of_kubeflow("JAXJob", "jaxReplicaSpecs", Worker=replica("jax"))),
    "pod": ("main", {"apiVersion": "v1", "kind": "Pod", **a_pod(a_container("main"))}),
    "bake": ("main", bakery.a_bake(a_container("main"))),
}
"""The primary container and the job, by the name of the Experiment."""
CONDITIONS = {"bake": {"successCondition": bakery.SUCCESS, "failureCondition": bakery.FAILURE}}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "workflow": (
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "spec": {"templates": [{"name": "train", "container": a_container("main")}]},
        },
        (
            "this cluster does not know the kind Workflow of argoproj.io/v1alpha1; "
            "install Argo Workflows and its CRDs"
        ),
    ),
    "replicaset": (
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "spec": {"template": a_pod(a_container("main"))},
        },
        'cannot list resource "replicasets" in API group "apps"',
    ),
    "korean-label": (
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "spec": {
                "template": {
                    **a_pod(a_container("main")),
                    "metadata": {"labels": {"team": "연구팀"}},
                }
            },
        },
        'spec.template.labels: Invalid value: "연구팀": a valid label must be',
    ),
}
"""Jobs that nobody makes here, and what their trials say: Argo's, without rights, with a wrong label."""
PHASE = {
    "successCondition": 'status.[@this].#(phase=="Succeeded")#',
    "failureCondition": 'status.[@this].#(phase=="Failed")#',
}


def an_experiment(name: str, primary: str, **template: Any) -> dict[str, Any]:
    """Two trials at once; their least and their latest values tell that all was read."""
    parameter = {
        "name": "lr",
        "parameterType": "double",
        "feasibleSpace": {"min": "0.01", "max": "0.05"},
    }
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
            "algorithm": {"algorithmName": "random"},
            "parallelTrialCount": 2,
            "maxTrialCount": 2,
            "maxFailedTrialCount": 1,
            "parameters": [parameter],
            "trialTemplate": {
                "primaryContainerName": primary,
                "trialParameters": [{"name": "lr", "reference": "lr"}],
                **template,
            },
        },
    }


def rights() -> list[dict[str, Any]]:
    """What docs/cluster.md says to apply for a kind beyond the operator's own."""
    name, group = "munshi-operator-more-kinds", "rbac.authorization.k8s.io"
    verbs = ["get", "list", "watch", "create", "delete"]
    rules = [
        {"apiGroups": [of], "resources": kinds, "verbs": verbs} for of, kinds in RIGHTS.items()
    ]
    account = {"kind": "ServiceAccount", "name": "munshi-operator", "namespace": "kubeflow"}
    role = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}}
    return [
        {**role, "rules": rules},
        {
            **role,
            "kind": "ClusterRoleBinding",
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [account],
        },
    ]


@contextmanager
def granted(cluster: Cluster) -> Iterator[None]:
    """The user's own kind is known, and the operator may run it and Pods."""
    given = [bakery.definition(), *rights()]
    cluster.apply(*given)
    try:
        cluster.wait(f"crd/{bakery.PLURAL}.{bakery.GROUP}", "condition=Established")
        yield
    finally:
        for each in given:
            cluster.kubectl("delete", each["kind"], each["metadata"]["name"])


@pytest.fixture(scope="module")
def applied(cluster: Cluster) -> Iterator[Cluster]:
    """A namespace with all of them, applied at once, and everybody at work who runs them."""
    with granted(cluster), new_namespace(cluster) as namespace, bakery.open_for(namespace):
        variables = {
            "MUNSHI_NAMESPACES": f"kubeflow {namespace.namespace}",
            "MUNSHI_TRIAL_KINDS": " ".join(EXTRA),
        }
        with installed(cluster, **variables):
            for name, (primary, job) in JOBS.items():
                more = CONDITIONS.get(name, {})
                namespace.apply(an_experiment(name, primary, trialSpec=job, **more))
            for name, (job, _) in REFUSED.items():
                namespace.apply(an_experiment(name, "main", trialSpec=job, **PHASE))
            yield namespace


@pytest.mark.parametrize("name", JOBS)
def test_it_runs(name: str, applied: Cluster) -> None:
    """Both trials succeed, each with the values that one of its pods has reported once."""
    experiment = ended(applied, name, END_S)
    trials = applied.get("trials", "-l", f"katib.kubeflow.org/experiment={name}")["items"]
    assert last(experiment)["type"] == "Succeeded", [last(experiment), *map(last, trials)]
    for trial in trials:
        [rate] = [float(each["value"]) for each in trial["spec"]["parameterAssignments"]]
        [metric] = trial["status"]["observation"]["metrics"]
        reached = 1 - abs(rate - 0.03) * 10
        assert float(metric["latest"]) == pytest.approx(reached, abs=1e-5)
        assert float(metric["min"]) == pytest.approx(reached / 3, abs=1e-5)


@pytest.mark.parametrize("name", REFUSED)
def test_its_trials_say_why_nobody_runs_them(name: str, applied: Cluster) -> None:
    """At once, and with what to do."""
    assert last(ended(applied, name, END_S))["type"] == "Failed"
    trials = applied.get("trials", "-l", f"katib.kubeflow.org/experiment={name}")["items"]
    assert trials
    for trial in trials:
        assert REFUSED[name][1] in last(trial)["message"]


def test_jobs_of_every_kind_are_deleted_when_they_have_been_read(applied: Cluster) -> None:
    """Pods go with them."""
    for name in JOBS:
        ended(applied, name, END_S)
    until(lambda: not applied.get("pods")["items"], END_S, "no pods")
