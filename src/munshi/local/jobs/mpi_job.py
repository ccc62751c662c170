"""`kubeflow.org` MPIJob, `v1` (training operator) and `v2beta1` (MPI operator): one launcher.

On a cluster the launcher's `mpirun` starts its ranks in the worker pods. Here it starts them on this
machine: the hostfile that the operator would write names `localhost`, with as many slots as all workers
have together, and no worker is started. Source: Kubeflow training operator v1.9 `mpi/`, Kubeflow MPI
operator `mpi_job_controller.go`.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace

from munshi.api.wire import Json
from munshi.local.jobs.fields import Field, guess, shown
from munshi.local.jobs.model import ContainerRun, DownwardFiles, File, Mount, Run, Surroundings
from munshi.local.jobs.replica_specs import LOCALHOST, Cast, Member, ReplicaKind, Variables
from munshi.local.jobs.status import Stage

API_VERSION = "kubeflow.org/v1"
NEWER = "kubeflow.org/v2beta1"
HOST_FOLDER = "/etc/mpi"
_HOSTFILE = f"{HOST_FOLDER}/hostfile"
_PATIENCE = "-o ConnectionAttempts=10"
_IMPLEMENTATIONS = ("OpenMPI", "Intel", "MPICH")
_READABLE, _RUNNABLE = 0o444, 0o555


def read(job: Field, primary: str, here: Surroundings) -> Run | None:
    """Read the MPIJob: its launcher, and a hostfile that names this machine."""
    kind, slots = _kind(job), _slots(job)
    run = kind.read(job, primary, here)
    if run is None:
        return None
    (launcher,) = run.replicas
    container = with_hosts(launcher.container, _implementation(job), slots, here)
    return replace(run, replicas=(replace(launcher, container=container),))


def status(job: Field, stage: Stage) -> dict[str, Json]:
    """What the operator would write; the same in both versions."""
    return _kind(job).status(job, stage)


def with_hosts(
    launcher: ContainerRun, implementation: str, slots: int, here: Surroundings
) -> ContainerRun:
    """Give a launcher the folder where `mpirun` looks for hosts: this machine, with so many slots.

    A mount of the author's at that place wins.
    """
    taken = {posixpath.normpath("/" + path.lstrip("/")) for path in here.stand_ins}
    taken |= {mount.at for mount in launcher.mounts}
    if HOST_FOLDER in taken:
        return launcher
    line = f"{LOCALHOST} slots={slots}" if implementation == "OpenMPI" else f"{LOCALHOST}:{slots}"
    discover = f"#!/bin/sh\necho {LOCALHOST}:{slots}\n"
    files = (
        File("hostfile", f"{line}\n".encode(), _READABLE),
        File("discover_hosts.sh", discover.encode(), _RUNNABLE),
    )
    mount = Mount(HOST_FOLDER, DownwardFiles(files), read_only=True)
    return replace(launcher, mounts=(*launcher.mounts, mount))


def variables_of(implementation: str, slots: int) -> Variables:
    """How each implementation of MPI is told where the hostfile is, as the MPI operator does."""
    match implementation:
        case "Intel":
            return {
                "I_MPI_HYDRA_HOST_FILE": _HOSTFILE,
                "I_MPI_HYDRA_BOOTSTRAP_EXEC_EXTRA_ARGS": _PATIENCE,
                "I_MPI_PERHOST": str(slots),
            }
        case "MPICH":
            return {"HYDRA_HOST_FILE": _HOSTFILE, "HYDRA_LAUNCH_EXTRA_ARGS": _PATIENCE}
        case _:
            return {
                "OMPI_MCA_orte_keep_fqdn_hostnames": "true",
                "OMPI_MCA_orte_default_hostfile": _HOSTFILE,
                "OMPI_MCA_plm_rsh_args": _PATIENCE,
                "OMPI_MCA_orte_set_default_slots": str(slots),
            }


def lead(cast: Cast) -> Member | None:
    """The launcher; there is exactly one."""
    launcher, count = cast.first("Launcher"), cast.counts.get("Launcher", 0)
    specs = cast.job.at("spec", "mpiReplicaSpecs")
    if count > 1 and launcher is not None:
        launcher.spec.at("replicas").fault("there can be only one Launcher", "set it to 1")
        return None
    if count == 0 and any(cast.counts.values()):
        specs.at("Launcher").fault("is missing: nobody would call mpirun", "write one Launcher")
    return launcher


def decides(_: Cast, member: Member) -> bool:
    """The launcher alone."""
    return member.type == "Launcher"


def variables(cast: Cast, _: Member, __: Surroundings) -> Variables:
    """What the operator appends to the launcher.

    `v1` also names an agent that runs `kubectl exec`, and hides the GPUs from the launcher; here
    there is no agent, and the ranks run where the launcher does.
    """
    if cast.job.at("apiVersion").text() == NEWER:
        named = variables_of(_implementation(cast.job), _slots(cast.job))
        return {"K_MPI_JOB_ROLE": "launcher", **named}
    return {"OMPI_MCA_orte_default_hostfile": _HOSTFILE}


def notes(cast: Cast) -> tuple[str, ...]:
    """Where the workers are."""
    workers = cast.counts.get("Worker", 0)
    if not workers:
        return ()
    some = "the Worker is not started" if workers == 1 else f"the {workers} Workers are not started"
    slots = _slots(cast.job)
    return (f"{some}: mpirun starts its ranks on this machine ({_HOSTFILE} says {slots} slots)",)


def _kind(job: Field) -> ReplicaKind:
    return _V2 if job.at("apiVersion").text() == NEWER else _V1


def _slots(job: Field) -> int:
    """As many as all hosts have together; at least one."""
    cast = _V1.cast(job)
    per_host = job.at("spec", "slotsPerWorker").whole(least=1)
    hosts = cast.counts.get("Worker", 0)
    if job.at("spec", "runLauncherAsWorker").flag() or not hosts:
        hosts += 1
    return hosts * (1 if per_host is None else per_host)


def _implementation(job: Field) -> str:
    field = job.at("spec", "mpiImplementation")
    named = field.text("OpenMPI") or "OpenMPI"
    if named not in _IMPLEMENTATIONS:
        field.fault(f"{shown(named)} is unknown", guess(named, _IMPLEMENTATIONS))
    return named


_V1 = ReplicaKind(
    kind="MPIJob",
    field="mpiReplicaSpecs",
    types=("Launcher", "Worker"),
    lone="Launcher",
    container="mpi",
    lead=lead,
    decides=decides,
    variables=variables,
    notes=notes,
    idle=("Worker",),
    unnumbered=("Launcher",),
)
_V2 = replace(_V1, API_VERSION=NEWER, operator="mpi-operator", role="launcher")
