"""Which kinds this machine understands, and what it says of the others.

A kind is one adapter module and one line in `_ADAPTERS`. A kind that has none is refused with what
to do instead: that is no fault of the author's, the same job may run well on a cluster.
"""

from __future__ import annotations

from typing import Protocol

from munshi.api.wire import Json
from munshi.errors import LaunchRefused
from munshi.local.jobs import bare_pod, batch_job, tf_job
from munshi.local.jobs.fields import Field, guess, shown
from munshi.local.jobs.model import Run, Surroundings
from munshi.local.jobs.status import Stage


class Adapter(Protocol):
    """What each kind's module offers; the field handed in is always the whole job.

    Faults go to the field's `Faults`, so that reading can go on and find more.
    """

    API_VERSION: str

    def read(self, job: Field, primary: str, here: Surroundings) -> Run | None:
        """Understand the job; may raise `LaunchRefused`, and returns `None` only after a fault."""

    def retries(self, job: Field) -> int | None:
        """How often a failed program is started again; `None` is without end."""

    def restarts_on(self, job: Field, exit_code: int) -> bool:
        """Whether this exit code lets a retry happen at all."""

    def status(self, job: Field, stage: Stage) -> dict[str, Json]:
        """What the kind's controller would write into `status`."""


_ADAPTERS: dict[tuple[str, str], Adapter] = {
    ("batch", "Job"): batch_job,
    ("", "Pod"): bare_pod,
    ("kubeflow.org", "TFJob"): tf_job,
}

_NOT_YET = "on this machine yet; write its program as a batch/v1 Job, or run it on Kubernetes"
_NOT_HERE = {
    ("kubeflow.org", "PyTorchJob"): _NOT_YET,
    ("kubeflow.org", "XGBoostJob"): _NOT_YET,
    ("kubeflow.org", "MPIJob"): _NOT_YET,
    ("kubeflow.org", "PaddleJob"): _NOT_YET,
    ("kubeflow.org", "JAXJob"): _NOT_YET,
    ("trainer.kubeflow.org", "TrainJob"): _NOT_YET,
    ("argoproj.io", "Workflow"): (
        "on this machine: its steps need the Argo controller; "
        "write the training step as a batch/v1 Job, or run it on Kubernetes"
    ),
}


def adapter_of(job: Field) -> Adapter:
    """The adapter of a job's kind.

    Raises:
        LaunchRefused: The kind cannot run on this machine.
        Invalid: `kind` or `apiVersion` is missing, or the kind has another apiVersion.
    """
    kind = job.at("kind").required_text("name the kind of job, e.g. Job")
    version = job.at("apiVersion").required_text("name the kind's apiVersion, e.g. batch/v1")
    job.faults.raise_any()
    group = version.rpartition("/")[0]
    adapter = _ADAPTERS.get((group, kind))
    if adapter is not None and version == adapter.API_VERSION:
        return adapter
    if (group, kind) in _NOT_HERE:
        raise LaunchRefused(f"{kind} cannot run {_NOT_HERE[group, kind]}")
    homes = {name: known.API_VERSION for (_, name), known in _ADAPTERS.items()}
    if kind in homes and (adapter is not None or "." not in group):
        problem = f"{shown(version)} is not the apiVersion of a {kind} that can run here"
        job.at("apiVersion").fault(problem, f"write {homes[kind]}")
        job.faults.raise_any()
    understood = ", ".join(f"{where} {name}" for name, where in homes.items())
    alike = [name for name in homes if abs(len(name) - len(kind)) <= 1 and name != kind]
    hint = guess(kind, alike)  # a RayJob is no misspelt Job, so only words as long count
    near = f" ({hint})" if hint.startswith("did") else ""
    raise LaunchRefused(
        f"{shown(kind)} of {shown(version)} cannot run on this machine{near}; "
        f"write its program as one of these: {understood}, or run it on Kubernetes"
    )
