"""`trainer.kubeflow.org/v1alpha1` TrainJob with an inline trainer: as many processes as it has nodes.

A TrainJob says what to train and refers to a training runtime for the rest. The runtimes that Kubeflow
ships are known here by their names, as far as the variables go which their programs find; what else a
runtime brings (its image, its own command, its volumes) is in a cluster, so `spec.trainer.command` must
say what runs. Source: Kubeflow Trainer v2, `pkg/runtime/framework/plugins/{torch,mpi,jax,xgboost,jobset}`
and `manifests/base/runtimes`.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import assert_never

from munshi.api.wire import Json
from munshi.errors import LaunchRefused
from munshi.local.jobs import mpi_job, train_pod
from munshi.local.jobs.batch_job import INDEX_KEY, INDEX_VARIABLE
from munshi.local.jobs.downward import pod_facts
from munshi.local.jobs.fields import Field, shown
from munshi.local.jobs.model import MOST_REPLICAS, Run, Surroundings
from munshi.local.jobs.pod_template import Pod, PodReading, read_pod, run_of, seconds
from munshi.local.jobs.quantities import read_quantity, whole_up
from munshi.local.jobs.replica_specs import LOCALHOST, Variables
from munshi.local.jobs.status import Failed, Pending, Running, Stage, Succeeded, condition

API_VERSION = "trainer.kubeflow.org/v1alpha1"
_JOBSET = "jobset.sigs.k8s.io"
_TRAINER = ("args", "command", "env", "image", "numNodes", "numProcPerNode", "resourcesPerNode")
_SELF_CHOSEN = ("auto", "cpu", "gpu")
_FLAVOURS = {"torch": "torch", "jax": "jax", "xgboost": "xgboost", "deepspeed": "mpi", "mlx": "mpi"}
"""First word of a shipped runtime's name to the plugin that prepares its programs."""


def read(job: Field, primary: str, here: Surroundings) -> Run | None:
    """Read the TrainJob: one replica a node; with MPI only the launcher, as for an MPIJob.

    Raises:
        LaunchRefused: It names no command of its own, or wants too many nodes.
    """
    spec = job.at("spec")
    _look_at(spec, here)
    runtime, flavour = _runtime(spec)
    nodes = _nodes(spec)
    count = 1 if flavour == "mpi" else nodes
    pods = [_read_pod(job, primary, here, flavour, index, count) for index in range(count)]
    whole = [pod for pod in pods if pod is not None]
    if len(whole) < len(pods):
        return None
    notes = list(train_pod.notes(spec))
    if not flavour and runtime:
        notes.append(
            f'training runtime "{runtime}" is not read on this machine: '
            "only what the TrainJob itself says runs"
        )
    if flavour == "mpi":
        slots = nodes * (_per_node(spec) or 1)
        where = f"{mpi_job.HOST_FOLDER}/hostfile says {slots} slots"
        notes.append(f"one launcher: mpirun starts its ranks on this machine ({where})")
        whole = [_with_hosts(pod, slots, here) for pod in whole]
    return run_of(
        "TrainJob",
        whole,
        [pod.as_replica(f"node-{at}" if count > 1 else "") for at, pod in enumerate(whole)],
        deadline=seconds(spec.at("activeDeadlineSeconds")),
        suspend=spec.at("suspend"),
        notes=notes,
    )


def status(job: Field, stage: Stage) -> dict[str, Json]:
    """What the trainer would write: the JobSet's last condition under the TrainJob's names."""
    match stage:
        case Pending():
            return {}
        case Running():
            return {"jobsStatus": [_node_status(ready=1, active=1)]}
        case Succeeded():
            done = ("AllJobsCompleted", "jobset completed successfully")
            return {
                "conditions": [condition("Complete", stage.ended, *done)],
                "jobsStatus": [_node_status(succeeded=1)],
            }
        case Failed():
            why = stage.message.strip() or stage.reason
            message = f"jobset failed due to one or more job failures: {why}"
            return {
                "conditions": [condition("Failed", stage.ended, "FailedJobs", message)],
                "jobsStatus": [_node_status(failed=1)],
            }
        case _:
            assert_never(stage)


def _read_pod(
    job: Field, primary: str, here: Surroundings, flavour: str, index: int, count: int
) -> Pod | None:
    name, spec = job.at("metadata", "name").text(), job.at("spec")
    template = train_pod.template(job)
    number = {INDEX_KEY: str(index)}
    labels = {
        f"{_JOBSET}/jobset-name": name,
        f"{_JOBSET}/replicatedjob-name": train_pod.CONTAINER,
        f"{_JOBSET}/job-index": "0",
        **number,
    }
    pod_name = f"{name}-{train_pod.CONTAINER}-0-{index}" if name else ""
    reading = PodReading(
        template=template,
        facts=pod_facts(job, template, pod_name, labels, here, number),
        primary=primary or train_pod.CONTAINER,
        restart=template.at("spec", "restartPolicy"),
        added_env=_variables(spec, flavour, index, count, here),
        default_env={INDEX_VARIABLE: str(index)},
    )
    return read_pod(reading, here)


def _variables(spec: Field, flavour: str, index: int, count: int, here: Surroundings) -> Variables:
    """What the runtime's plugin writes over the trainer's own variables."""
    port = str(here.port(0))
    match flavour:
        case "torch":
            return {
                "PET_NNODES": str(count),
                "PET_NPROC_PER_NODE": _torch_processes(spec),
                "PET_NODE_RANK": str(index),
                "PET_MASTER_ADDR": LOCALHOST,
                "PET_MASTER_PORT": port,
            }
        case "jax":
            return {
                "JAX_NUM_PROCESSES": str(count),
                "JAX_PROCESS_ID": str(index),
                "JAX_COORDINATOR_ADDRESS": f"{LOCALHOST}:{port}",
                "JAX_COORDINATOR_PORT": port,
            }
        case "xgboost":
            return {
                "DMLC_TRACKER_URI": LOCALHOST,
                "DMLC_TRACKER_PORT": port,
                "DMLC_TASK_ID": str(index),
                "DMLC_NUM_WORKER": str(count),
            }
        case "mpi":
            slots = _nodes(spec) * (_per_node(spec) or 1)
            return mpi_job.variables_of("OpenMPI", slots)
        case _:
            return {}


def _torch_processes(spec: Field) -> str:
    """`PET_NPROC_PER_NODE`: a number, or one of the words torchrun knows.

    `auto` becomes the number of CPUs when the job asks for resources and none of them is a GPU, and
    so does `cpu`; without a wish for CPUs that is 1.
    """
    wish = spec.at("trainer", "numProcPerNode")
    word = wish.value if isinstance(wish.value, str) else "auto"
    number = _per_node(spec)
    if number is not None:
        return str(number)
    if word not in _SELF_CHOSEN:
        wish.fault(f"{shown(word)} is no count", 'write "auto", "cpu", "gpu" or a number')
    resources = spec.at("trainer", "resourcesPerNode")
    amounts = resources.at("limits").entries() or resources.at("requests").entries()
    has_gpu = any("gpu" in name.lower() for name in amounts)
    if word == "gpu" or not amounts or (word == "auto" and has_gpu):
        return word
    cpus = read_quantity(amounts["cpu"]) if "cpu" in amounts else None
    return str(max(1, whole_up(cpus))) if cpus else "1"


def _per_node(spec: Field) -> int | None:
    """`numProcPerNode` where it is a number."""
    wish = spec.at("trainer", "numProcPerNode")
    return None if isinstance(wish.value, str) else wish.whole(least=1)


def _nodes(spec: Field) -> int:
    count = spec.at("trainer", "numNodes").whole(least=1)
    if count is not None and count > MOST_REPLICAS:
        raise LaunchRefused(
            f"TrainJob with {count} nodes cannot run on this machine; set spec.trainer.numNodes to "
            f"{MOST_REPLICAS} at most, or run it on Kubernetes"
        )
    return 1 if count is None else count


def _runtime(spec: Field) -> tuple[str, str]:
    """The runtime's name and its flavour, which is "" for a runtime nobody ships."""
    name = spec.at("runtimeRef", "name").required_text("name a training runtime")
    return name, _FLAVOURS.get(name.partition("-")[0], "")


def _look_at(spec: Field, here: Surroundings) -> None:
    """Find what this machine lacks, before the pod is read.

    Raises:
        LaunchRefused: Nothing says which program runs: only the runtime knows, in its cluster.
    """
    trainer = spec.at("trainer")
    if not trainer.at("command").value:
        runtime = spec.at("runtimeRef", "name").value
        raise LaunchRefused(
            "TrainJob without spec.trainer.command cannot run on this machine: the command of its "
            f"runtime {shown(runtime)} is in a cluster; write command: in spec.trainer, or run it on "
            "Kubernetes"
        )
    for key in trainer.entries():
        near = difflib.get_close_matches(key, _TRAINER, n=1, cutoff=0.75)
        if near and key not in _TRAINER:
            trainer.at(key).fault("is not a field of a trainer", f'did you mean "{near[0]}"?')
    train_pod.look_at_initializer(spec, here)


def _with_hosts(pod: Pod, slots: int, here: Surroundings) -> Pod:
    return replace(pod, container=mpi_job.with_hosts(pod.container, "OpenMPI", slots, here))


def _node_status(
    *, ready: int = 0, succeeded: int = 0, failed: int = 0, active: int = 0
) -> dict[str, Json]:
    """The one replicated job of the JobSet; its nodes are the pods of one Indexed Job."""
    return {
        "name": train_pod.CONTAINER,
        "ready": ready,
        "succeeded": succeeded,
        "failed": failed,
        "active": active,
        "suspended": 0,
    }
