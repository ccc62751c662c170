"""Small jobs for the tests of this folder: each builder shows only what matters to its test."""

from __future__ import annotations

import pytest

from munshi.api.wire import Json
from munshi.errors import Invalid
from munshi.local import jobs
from munshi.local.jobs import ContainerRun, Run, Surroundings

Object = dict[str, Json]

HERE = Surroundings()


def a_container(**fields: Json) -> Object:
    """A container named `main` that runs `train`, with these fields set or replaced."""
    return {"name": "main", "command": ["train"], **fields}


def a_pod_spec(*containers: Object, **fields: Json) -> Object:
    """A pod spec that never restarts."""
    return {"restartPolicy": "Never", "containers": list(containers or (a_container(),)), **fields}


def a_job(*containers: Object, pod: Object | None = None, **spec: Json) -> Object:
    """A batch/v1 Job `trial-1` in `lab`; `pod` adds to the pod's spec, `spec` to the Job's."""
    template: Json = {"spec": {**a_pod_spec(*containers), **(pod or {})}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "trial-1", "namespace": "lab"},
        "spec": {"template": template, **spec},
    }


def a_pod(*containers: Object, **spec: Json) -> Object:
    """A bare Pod `trial-1`."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "trial-1", "namespace": "lab", "labels": {"team": "vision"}},
        "spec": a_pod_spec(*containers, **spec),
    }


def a_replica(replicas: Json = 1, **fields: Json) -> Object:
    """One replica spec of a TFJob."""
    container = a_container(name="tensorflow")
    return {"replicas": replicas, "template": {"spec": {"containers": [container]}}, **fields}


def a_tf_job(replicas: Object | None = None, **spec: Json) -> Object:
    """A TFJob `trial-1`, by default of one Worker."""
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "metadata": {"name": "trial-1", "namespace": "lab"},
        "spec": {
            "tfReplicaSpecs": {"Worker": a_replica()} if replicas is None else dict(replicas),
            **spec,
        },
    }


def a_replica_job(kind: str, field: str, replicas: Object, **spec: Json) -> Object:
    """A job `trial-1` of the training operator's family; `replicas` by type."""
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": kind,
        "metadata": {"name": "trial-1", "namespace": "lab"},
        "spec": {field: dict(replicas), **spec},
    }


def a_pytorch_job(replicas: Object | None = None, **spec: Json) -> Object:
    """A PyTorchJob, by default of one Master."""
    wanted: Object = {"Master": replicas_of("pytorch")} if replicas is None else replicas
    return a_replica_job("PyTorchJob", "pytorchReplicaSpecs", wanted, **spec)


def an_mpi_job(workers: Json = 2, **spec: Json) -> Object:
    """An MPIJob of a Launcher that calls `train`, and of Workers without a command."""
    worker: Json = {"spec": {"containers": [{"name": "mpi-worker"}]}}
    replicas: Object = {
        "Launcher": replicas_of("mpi"),
        "Worker": {"replicas": workers, "template": worker},
    }
    return a_replica_job("MPIJob", "mpiReplicaSpecs", replicas, **spec)


def replicas_of(container: str, count: Json = 1, **fields: Json) -> Object:
    """A replica spec whose container is called so; `fields` are the container's."""
    one: Json = [a_container(**{"name": container, **fields})]
    return {"replicas": count, "template": {"spec": {"containers": one}}}


def a_train_job(
    trainer: Object | None = None, runtime: str = "torch-distributed", **spec: Json
) -> Object:
    """A TrainJob whose trainer runs `train`."""
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": {"name": "trial-1", "namespace": "lab"},
        "spec": {
            "runtimeRef": {"name": runtime},
            "trainer": {"command": ["train"], **(trainer or {})},
            **spec,
        },
    }


def envs(run: Run) -> dict[str, dict[str, str]]:
    """Each replica's environment by its name."""
    return {replica.name: dict(replica.container.env) for replica in run.replicas}


def of(container: Object, here: Surroundings = HERE, **pod: Json) -> ContainerRun:
    """The container as this machine runs it, read inside a Job."""
    return the_run(container, here, **pod).primary_container


def the_run(container: Object, here: Surroundings = HERE, **pod: Json) -> Run:
    """The whole run of a Job with this container."""
    return jobs.read(a_job(container, pod=pod), "main", here)


def faults(job: Object, primary: str = "main", here: Surroundings = HERE) -> dict[str, str]:
    """What is wrong with a job: dotted path to lines of problem and mend."""
    with pytest.raises(Invalid) as refused:
        jobs.read(job, primary, here)
    found: dict[str, str] = {}
    for fault in refused.value.faults:
        place = fault.field.removeprefix("spec.template.spec.")
        found[place] = f"{found.get(place, '')}{fault.problem}; {fault.mend}\n"
    return found
