"""Which kinds run on this machine, which are refused, and how often a failure is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from local.jobs.builders import (
    Object,
    a_container,
    a_job,
    a_pod,
    a_pod_spec,
    a_replica,
    a_tf_job,
    faults,
)
from munshi.errors import Invalid, LaunchRefused
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
    assert [container.argv for container in run.containers] == [("train",)]
    assert run.primary_container is run.containers[run.primary]
    assert run.notes == ()


def another(api_version: str, kind: str) -> Object:
    """A job of a kind without an adapter."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "trial-1"}, "spec": {}}


REFUSED: dict[str, tuple[Object, str]] = {
    "three workers": (
        a_tf_job({"Worker": a_replica(3)}),
        "yet; set spec.tfReplicaSpecs.Worker.replicas to 1, or run it on Kubernetes",
    ),
    "workers and servers": (
        a_tf_job({"PS": a_replica(1), "Worker": a_replica(2)}),
        "set spec.tfReplicaSpecs.Worker.replicas to 1 and remove spec.tfReplicaSpecs.PS",
    ),
    "a chief and a worker": (
        a_tf_job({"Chief": a_replica(), "Worker": a_replica()}),
        "remove spec.tfReplicaSpecs.Worker",
    ),
    "two servers": (a_tf_job({"PS": a_replica(2)}), "write one Worker"),
    "a server alone": (a_tf_job({"PS": a_replica()}), "only a PS"),
    "parallel pods": (a_job(parallelism=4), "set spec.parallelism to 1"),
    "several completions": (a_job(completions=2), "set spec.completions to 1"),
    "PyTorchJob": (another("kubeflow.org/v1", "PyTorchJob"), "PyTorchJob cannot run"),
    "XGBoostJob": (another("kubeflow.org/v1", "XGBoostJob"), "batch/v1 Job"),
    "MPIJob": (another("kubeflow.org/v2beta1", "MPIJob"), "MPIJob cannot run"),
    "TrainJob": (another("trainer.kubeflow.org/v1alpha1", "TrainJob"), "TrainJob cannot run"),
    "Workflow": (another("argoproj.io/v1alpha1", "Workflow"), "Argo controller"),
    "anything else": (another("ray.io/v1", "RayJob"), "one of these: batch/v1 Job, v1 Pod"),
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
        jobs.read(job, "tensorflow")
    assert said in str(refused.value)
    assert "Kubernetes" in str(refused.value) or "Worker" in str(refused.value)


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
    found = faults(job, "tensorflow" if job.get("kind") == "TFJob" else "main")
    assert said in found[path]


def test_a_forgotten_restart_policy_is_noted_because_kubernetes_would_object() -> None:
    """It changes nothing here, but the same file must also work on a cluster."""
    job = a_job(pod={"restartPolicy": None})
    (note,) = jobs.read(job, "main").notes
    assert "write restartPolicy: Never" in note
    pod = a_pod()
    pod["spec"] = {"containers": a_pod_spec()["containers"]}
    assert len(jobs.read(pod, "main").notes) == 1


@pytest.mark.parametrize("job", [a_job(suspend=True), a_tf_job(runPolicy={"suspend": True})])
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


def test_a_tf_jobs_deadline_is_in_its_run_policy_or_where_old_jobs_keep_it() -> None:
    """Both spellings are read."""
    for job in (
        a_tf_job(runPolicy={"activeDeadlineSeconds": 9}),
        a_tf_job(activeDeadlineSeconds=9),
    ):
        assert jobs.read(job, "").primary_container.active_deadline == timedelta(seconds=9)


RETRIES: dict[str, tuple[Object, int | None]] = {
    "a Job is tried six more times": (a_job(), 6),
    "a Job with its own limit": (a_job(backoffLimit=2), 2),
    "a Job that is not tried again": (a_job(backoffLimit=0), 0),
    "a Job restarted in place": (a_job(pod={"restartPolicy": "OnFailure"}), 6),
    "a Pod is not": (a_pod(), 0),
    "a Pod on failure, without end": (a_pod(restartPolicy="OnFailure"), None),
    "a TFJob is not": (a_tf_job(), 0),
    "a TFJob on failure, without end": (
        a_tf_job({"Worker": a_replica(restartPolicy="OnFailure")}), None,
    ),
    "a TFJob on failure, with a limit": (
        a_tf_job({"Worker": a_replica(restartPolicy="OnFailure")}, runPolicy={"backoffLimit": 3}),
        3,
    ),
    "a TFJob that never restarts, limit or not": (a_tf_job(runPolicy={"backoffLimit": 3}), 0),
}  # fmt: skip


@pytest.mark.parametrize("case", RETRIES)
def test_retries(case: str) -> None:
    """As the kind's controller counts them."""
    job, wanted = RETRIES[case]
    assert jobs.retries(job) == wanted
    assert jobs.restarts_on(job, 1) == (wanted != 0 or job["kind"] == "Job")
    assert not jobs.restarts_on(job, 0)


def test_the_exit_code_policy_retries_only_what_ended_from_outside() -> None:
    """1 is the program's verdict, 137 is somebody's kill."""
    job = a_tf_job({"Worker": a_replica(restartPolicy="ExitCode")})
    assert [jobs.restarts_on(job, code) for code in (1, 127, 128, 137)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_backoff_limit_that_is_no_number_is_a_fault() -> None:
    """Not a guess."""
    with pytest.raises(Invalid, match=r"spec\.backoffLimit"):
        jobs.retries(a_job(backoffLimit="six"))
