"""Which kinds run on this machine, and which are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from local.jobs.builders import (
    Object,
    a_container,
    a_job,
    a_pod,
    a_pod_spec,
    a_pytorch_job,
    a_replica,
    a_replica_job,
    a_tf_job,
    a_train_job,
    an_mpi_job,
    envs,
    faults,
    replicas_of,
)
from munshi.api.wire import Json
from munshi.errors import LaunchRefused
from munshi.local import jobs

RUNNABLE: dict[str, tuple[Object, str]] = {
    "a Job": (a_job(), "main"),
    "a Job that says the defaults": (a_job(parallelism=1, completions=1), "main"),
    "a Pod": (a_pod(), "main"),
    "a TFJob of one Worker": (a_tf_job(), "tensorflow"),
    "a TFJob whose count is unsaid": (a_tf_job({"Worker": a_replica(None)}), "tensorflow"),
    "a TFJob of one Chief": (a_tf_job({"Chief": a_replica()}), "tensorflow"),
    "a TFJob of one Master": (a_tf_job({"Master": a_replica()}), "tensorflow"),
    "a TFJob in small letters": (a_tf_job({"worker": a_replica()}), "tensorflow"),
    "a TFJob with types of no replicas": (
        a_tf_job({"PS": a_replica(0), "Worker": a_replica()}), "tensorflow",
    ),
    "a TFJob whose primary container is unsaid": (a_tf_job(), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", RUNNABLE)
def test_what_runs_here(case: str) -> None:
    """Each is one program, the primary one."""
    job, primary = RUNNABLE[case]
    run = jobs.read(job, primary)
    assert run.kind == job["kind"]
    (replica,) = run.replicas
    assert (replica.name, replica.container.argv, replica.decides) == ("", ("train",), True)
    assert run.primary_container is replica.container
    assert run.notes == ()


def another(api_version: str, kind: str) -> Object:
    """A job of a kind without an adapter."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "trial-1"}, "spec": {}}


REFUSED: dict[str, tuple[Object, str]] = {
    "a thousand workers": (
        a_tf_job({"Worker": a_replica(1000), "PS": a_replica()}),
        "lower spec.tfReplicaSpecs.Worker.replicas (256 in all at most)",
    ),
    "a thousand nodes": (a_train_job({"numNodes": 1000}), "set spec.trainer.numNodes to 256"),
    "a thousand indexes": (
        a_job(parallelism=1000, completions=1000, completionMode="Indexed"),
        "set spec.parallelism and spec.completions to 256",
    ),
    "a work queue": (a_job(parallelism=4), "set both to 1, or write completionMode: Indexed"),
    "pods one after another": (a_job(completions=2), "completionMode: Indexed with both equal"),
    "pods that are all alike": (a_job(completions=2, parallelism=2), "completionMode: Indexed"),
    "indexes that take turns": (
        a_job(completions=4, parallelism=2, completionMode="Indexed"), "with both equal",
    ),
    "a TrainJob that leaves the command to its runtime": (
        a_train_job({"command": None, "args": ["x"]}), "write command: in spec.trainer",
    ),
    "a TrainJob without a trainer": (
        {**a_train_job(), "spec": {"runtimeRef": {"name": "torchtune-qwen2.5-1.5b"}}},
        'of its runtime "torchtune-qwen2.5-1.5b" is in a cluster',
    ),
    "a Tekton pipeline": (another("tekton.dev/v1", "PipelineRun"), "need the Tekton controller"),
    "Ray": (another("ray.io/v1", "RayJob"), "ray.init() without an address"),
    "Spark": (
        another("sparkoperator.k8s.io/v1beta2", "SparkApplication"),
        "spark-submit --master local[*]",
    ),
    "a JobSet": (another("jobset.x-k8s.io/v1alpha2", "JobSet"), "need the JobSet controller"),
    "a job of Volcano's": (another("batch.volcano.sh/v1alpha1", "Job"), "the Volcano scheduler"),
    "MXNet": (another("kubeflow.org/v1", "MXJob"), "given the kind up"),
    "what never ends": (another("apps/v1", "Deployment"), "would never end"),
    "Workflow": (another("argoproj.io/v1alpha1", "Workflow"), "Argo controller"),
    "anything else": (another("acme.io/v1", "Tuna"), "one of these: batch/v1 Job, v1 Pod"),
    "a kind in small letters": (another("batch/v1", "job"), 'did you mean "Job"?'),
    "a namesake of another group": (another("batch.volcano.sh/v1alpha1", "Work"), "cannot run"),
}  # fmt: skip


def test_another_kind_of_job_is_no_misspelt_job() -> None:
    """A guess helps only with a slip of the fingers."""
    with pytest.raises(LaunchRefused) as refused:
        jobs.read(another("ray.io/v1", "RayJob"), "main")
    assert "did you mean" not in str(refused.value)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    """With a sentence that says what to do instead."""
    job, said = REFUSED[case]
    with pytest.raises(LaunchRefused) as refused:
        jobs.read(job, "")
    assert said in str(refused.value)
    assert "run it on Kubernetes" in str(refused.value)


UNREADABLE: dict[str, tuple[Object, str, str]] = {
    "no kind and no apiVersion": ({}, "kind", "is missing"),
    "a kind that is a number": ({"apiVersion": "v1", "kind": 1}, "kind", "is not text"),
    "a Job of the wrong group": (another("v1", "Job"), "apiVersion", "write batch/v1"),
    "a Job of an old version": (another("batch/v1beta1", "Job"), "apiVersion", "write batch/v1"),
    "a TFJob of an old version": (
        another("kubeflow.org/v1beta2", "TFJob"), "apiVersion", "write kubeflow.org/v1",
    ),
    "a Job without a pod": (another("batch/v1", "Job"), "containers", "names no container"),
    "a Pod without a container": (another("v1", "Pod"), "spec.containers", "names no container"),
    "a TFJob without replicas": (
        another("kubeflow.org/v1", "TFJob"), "spec.tfReplicaSpecs", "asks for no replica",
    ),
    "a TFJob of an unknown type": (
        a_tf_job({"Wroker": a_replica()}), "spec.tfReplicaSpecs.Wroker", 'did you mean "Worker"?',
    ),
    "a type written twice": (
        a_tf_job({"Worker": a_replica(), "worker": a_replica(2)}),
        "spec.tfReplicaSpecs.worker", "written twice",
    ),
    "a count in quotes": (
        a_tf_job({"Worker": a_replica("1")}),
        "spec.tfReplicaSpecs.Worker.replicas", "take away the quotes",
    ),
    "a negative count": (
        a_tf_job({"Worker": a_replica(-1)}), "spec.tfReplicaSpecs.Worker.replicas", "out of bounds",
    ),
    "parameter servers alone": (
        a_tf_job({"PS": a_replica(2), "Evaluator": a_replica()}),
        "spec.tfReplicaSpecs", "has only PS and Evaluator: nobody would train",
    ),
    "a success policy nobody knows": (
        a_tf_job({"Worker": a_replica(2)}, successPolicy="AllWorker"),
        "spec.successPolicy", 'did you mean "AllWorkers"?',
    ),
    "two masters": (
        a_pytorch_job({"Master": replicas_of("pytorch", 2)}),
        "spec.pytorchReplicaSpecs.Master.replicas", "only one Master",
    ),
    "a PyTorchJob without replicas": (
        a_pytorch_job({}), "spec.pytorchReplicaSpecs", "write a Master with replicas: 1",
    ),
    "a chief in a PyTorchJob": (
        a_pytorch_job({"Chief": replicas_of("pytorch")}),
        "spec.pytorchReplicaSpecs.Chief", "is not a replica type of a PyTorchJob",
    ),
    "a count of processes that is none": (
        a_pytorch_job(nprocPerNode="many"), "spec.nprocPerNode", 'write "auto", "cpu", "gpu"',
    ),
    "a count of processes without quotes": (
        a_pytorch_job(nprocPerNode=2), "spec.nprocPerNode", 'e.g. "2"',
    ),
    "a count of thousands of digits": (
        a_pytorch_job(nprocPerNode="9" * 5000), "spec.nprocPerNode", "is no count",
    ),
    "an XGBoostJob without a master": (
        a_replica_job("XGBoostJob", "xgbReplicaSpecs", {"Worker": replicas_of("xgboost")}),
        "spec.xgbReplicaSpecs.Master", "is missing",
    ),
    "an MPIJob without a launcher": (
        a_replica_job("MPIJob", "mpiReplicaSpecs", {"Worker": replicas_of("mpi")}),
        "spec.mpiReplicaSpecs.Launcher", "nobody would call mpirun",
    ),
    "two launchers": (
        a_replica_job("MPIJob", "mpiReplicaSpecs", {"Launcher": replicas_of("mpi", 2)}),
        "spec.mpiReplicaSpecs.Launcher.replicas", "only one Launcher",
    ),
    "no slots": (an_mpi_job(slotsPerWorker=0), "spec.slotsPerWorker", "out of bounds"),
    "an MPI nobody knows": (
        an_mpi_job(mpiImplementation="OpenMP"),
        "spec.mpiImplementation", 'did you mean "OpenMPI"?',
    ),
    "an MPIJob of an old version": (
        {**an_mpi_job(), "apiVersion": "kubeflow.org/v1alpha2"}, "apiVersion", "kubeflow.org/v1",
    ),
    "parallelism that runs nothing": (a_job(parallelism=0), "spec.parallelism", "runs nothing"),
    "a deadline longer than a life": (
        a_job(activeDeadlineSeconds=10**20), "spec.activeDeadlineSeconds", "out of bounds",
    ),
    "a fraction of a second": (
        a_job(activeDeadlineSeconds=1.5), "spec.activeDeadlineSeconds", "whole number",
    ),
    "a Job that restarts for ever": (
        a_job(pod={"restartPolicy": "Always"}), "restartPolicy", "never end",
    ),
    "a restart policy of TFJobs in a Job": (
        a_job(pod={"restartPolicy": "ExitCode"}), "restartPolicy", "unknown",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_the_author_must_edit(case: str) -> None:
    """Told by place and mend."""
    job, path, said = UNREADABLE[case]
    found = faults(job, "main" if job.get("kind") in ("Job", "Pod") else "")
    assert said in found[path]


def test_a_forgotten_restart_policy_is_noted_because_kubernetes_would_object() -> None:
    """It changes nothing here, but the same file must also work on a cluster."""
    job = a_job(pod={"restartPolicy": None})
    (note,) = jobs.read(job, "main").notes
    assert "write restartPolicy: Never" in note
    pod = a_pod()
    pod["spec"] = {"containers": a_pod_spec()["containers"]}
    assert len(jobs.read(pod, "main").notes) == 1


@pytest.mark.parametrize(
    "job",
    [a_job(suspend=True), a_tf_job(runPolicy={"suspend": True}), a_train_job(suspend=True)],
    ids=lambda job: job["kind"],
)
def test_a_suspended_job_starts_with_a_note(job: Object) -> None:
    """No queue is here to release it."""
    (note,) = jobs.read(job, "").notes
    assert "suspend" in note


def test_an_indexed_job_knows_its_index() -> None:
    """The only pod is number 0, for arguments too, but the author's own variable wins."""
    indexed = a_job(a_container(args=["$(JOB_COMPLETION_INDEX)"]), completionMode="Indexed")
    run = jobs.read(indexed, "main").primary_container
    assert run.env == (("JOB_COMPLETION_INDEX", "0"),)
    assert run.argv == ("train", "0")
    own: Object = a_container(env=[{"name": "JOB_COMPLETION_INDEX", "value": "7"}])
    kept = jobs.read(a_job(own, completionMode="Indexed"), "main").primary_container
    assert kept.env == (("JOB_COMPLETION_INDEX", "7"),)


def test_an_indexed_job_is_as_many_programs_as_it_has_indexes() -> None:
    """Each knows its number and its pod's name; all of them must succeed, and number 0 reports."""
    source: Json = {"fieldRef": {"fieldPath": "metadata.name"}}
    container = a_container(env=[{"name": "POD", "valueFrom": source}])
    job = a_job(container, parallelism=5, completions=3, completionMode="Indexed")
    run = jobs.read(job, "main")
    assert envs(run) == {
        f"index-{n}": {"POD": f"trial-1-{n}", "JOB_COMPLETION_INDEX": str(n)} for n in range(3)
    }
    assert run.primary == 0
    assert all(replica.decides for replica in run.replicas)


def test_a_success_policy_of_indexes_is_told_to_be_passed_over() -> None:
    """Here all indexes must succeed."""
    policy: Json = {"rules": [{"succeededIndexes": "0"}]}
    job = a_job(parallelism=2, completions=2, completionMode="Indexed", successPolicy=policy)
    (note,) = jobs.read(job, "main").notes
    assert "successPolicy" in note


def test_a_tf_jobs_deadline_is_in_its_run_policy_or_where_old_jobs_keep_it() -> None:
    """Both spellings are read."""
    for job in (
        a_tf_job(runPolicy={"activeDeadlineSeconds": 9}),
        a_tf_job(activeDeadlineSeconds=9),
    ):
        assert jobs.read(job, "").active_deadline == timedelta(seconds=9)
