"""What a rendered job means on this machine.

On the journey of a value this is the step after `template`: the trial's run spec is finished, and
before anything can start somebody must say which program it is, with which arguments, variables,
folders and limits. `read` says so for a kind it knows, and refuses with a mend what it cannot do.
`status_of` goes the other way: from the fate of a process to the status object that the kind's
controller would write, so that success and failure conditions are judged alike on a laptop and on
a cluster. Called by the local launcher. Everything here is a plain function over dicts and frozen
data: no process is started, no file is read, no clock is asked.

    registry       kind → adapter: batch_job, bare_pod, train_job … (a kind is a file and a line)
    replica_specs  what tf_job, pytorch_job, xgboost_job, mpi_job, jax_job, paddle_job have in common
    pod_template   the pod inside every kind → its primary container and its init containers
    containers     one container → one program
    environment, volumes, downward, expansion, quantities    the parts of a container
    config_files   ConfigMaps and Secrets → files, just before the start
    status         pending, running, succeeded, failed: what the job's `status` is drawn from
    paths          container paths → host folders, where namespaces are missing
    fields         the cursor that finds every fault at once
"""

from __future__ import annotations

from collections.abc import Mapping

from munshi.api.wire import Json
from munshi.errors import FieldFault, Invalid
from munshi.local.jobs.config_files import config_map_files
from munshi.local.jobs.fields import Field
from munshi.local.jobs.model import (
    ConfigMapFiles,
    ContainerRun,
    Content,
    DownwardFiles,
    EmptyDir,
    File,
    FileItem,
    HostPath,
    Limits,
    Mount,
    MountSource,
    Replica,
    Run,
    SecretFiles,
    Surroundings,
)
from munshi.local.jobs.paths import Rewrite, rewrite
from munshi.local.jobs.registry import adapter_of
from munshi.local.jobs.status import (
    BACKOFF_LIMIT_EXCEEDED,
    DEADLINE_EXCEEDED,
    Failed,
    Pending,
    Running,
    Stage,
    Succeeded,
)

__all__ = [
    "BACKOFF_LIMIT_EXCEEDED",
    "DEADLINE_EXCEEDED",
    "ConfigMapFiles",
    "ContainerRun",
    "Content",
    "DownwardFiles",
    "EmptyDir",
    "Failed",
    "File",
    "FileItem",
    "HostPath",
    "Limits",
    "Mount",
    "MountSource",
    "Pending",
    "Replica",
    "Rewrite",
    "Run",
    "Running",
    "SecretFiles",
    "Stage",
    "Succeeded",
    "Surroundings",
    "config_map_files",
    "read",
    "rewrite",
    "status_of",
]

_ALONE = Surroundings()


def read(
    job: Mapping[str, Json], primary_container: str, surroundings: Surroundings = _ALONE
) -> Run:
    """Understand a rendered job as something this machine can run.

    Args:
        job: The whole object: apiVersion, kind, metadata, spec.
        primary_container: Name of the container whose metrics count (Katib api contract §2). ""
            takes the kind's custom: `tensorflow` in a TFJob, else the first container (§10).
        surroundings: ConfigMaps, Secrets and whatever else the job only refers to.

    Returns:
        The run; never partly read.

    Raises:
        Invalid: The author must edit; all faults at once, with paths inside the job.
        LaunchRefused: The kind, or its number of replicas, cannot run on this machine; says what to
            do instead.
    """
    root = Field.root(job)
    run = adapter_of(root).read(root, primary_container, surroundings)
    root.faults.raise_any()
    if run is None:
        raise Invalid(
            [FieldFault((), "holds nothing that can run", "write a container with a command")]
        )
    return run


def status_of(job: Mapping[str, Json], stage: Stage) -> dict[str, Json]:
    """The `status` that the job's own controller would write at this stage.

    Args:
        job: The whole object; its own `status` is not looked at.
        stage: Pending, Running, Succeeded or Failed, with its times.

    Returns:
        A new object, ready for JSON. The default conditions of the kind (Katib api contract §7)
        hold on it exactly when the stage is Succeeded, or Failed.

    Raises:
        LaunchRefused: The kind cannot run on this machine.
        Invalid: The job is not one that `read` accepts.
        ValueError: A time has no zone.
    """
    root = Field.root(job)
    written = adapter_of(root).status(root, stage)
    root.faults.raise_any()
    return written
