"""Which kinds this machine understands, and what it says of the others.

A kind is one adapter and one line in `_ADAPTERS`. A kind that has none is refused with what to do
instead: that is no fault of the author's, the same job may run well on a cluster.
"""

from __future__ import annotations

from typing import Protocol

from munshi.api.wire import Json
from munshi.errors import LaunchRefused
from munshi.local.jobs import bare_pod, batch_job, mpi_job, train_job
from munshi.local.jobs.fields import Field, guess, shown
from munshi.local.jobs.jax_job import JAX_JOB
from munshi.local.jobs.model import Run, Surroundings
from munshi.local.jobs.paddle_job import PADDLE_JOB
from munshi.local.jobs.pytorch_job import PYTORCH_JOB
from munshi.local.jobs.status import Stage
from munshi.local.jobs.tf_job import TF_JOB
from munshi.local.jobs.xgboost_job import XGBOOST_JOB


class Adapter(Protocol):
    """What each kind offers; the field handed in is always the whole job.

    Faults go to the field's `Faults`, so that reading can go on and find more.
    """

    @property
    def API_VERSION(self) -> str:  # noqa: N802 - a constant of the modules that implement it
        """Of the kind, as a manifest says it today."""

    def read(self, job: Field, primary: str, here: Surroundings) -> Run | None:
        """Understand the job; may raise `LaunchRefused`, and returns `None` only after a fault."""

    def status(self, job: Field, stage: Stage) -> dict[str, Json]:
        """What the kind's controller would write into `status`."""


_ADAPTERS: dict[tuple[str, str], Adapter] = {
    ("batch", "Job"): batch_job,
    ("", "Pod"): bare_pod,
    ("kubeflow.org", "TFJob"): TF_JOB,
    ("kubeflow.org", "PyTorchJob"): PYTORCH_JOB,
    ("kubeflow.org", "XGBoostJob"): XGBOOST_JOB,
    ("kubeflow.org", "MPIJob"): mpi_job,
    ("kubeflow.org", "JAXJob"): JAX_JOB,
    ("kubeflow.org", "PaddleJob"): PADDLE_JOB,
    ("trainer.kubeflow.org", "TrainJob"): train_job,
}
_OTHER_VERSIONS = {("kubeflow.org", "MPIJob"): mpi_job.NEWER}

_STEP = "write the training step as a batch/v1 Job"
_PROGRAM = "write its program as a batch/v1 Job"
_NOT_HERE = {
    ("argoproj.io", "Workflow"): ("its steps need the Argo controller", _STEP),
    ("tekton.dev", "PipelineRun"): ("its tasks need the Tekton controller", _STEP),
    ("tekton.dev", "TaskRun"): ("its steps need the Tekton controller", _STEP),
    ("ray.io", "RayJob"): (
        "its Ray cluster needs the KubeRay operator",
        f"{_PROGRAM}: ray.init() without an address starts Ray on this machine",
    ),
    ("ray.io", "RayCluster"): (
        "it needs the KubeRay operator, and no program ends it",
        f"{_PROGRAM}: ray.init() without an address starts Ray on this machine",
    ),
    ("sparkoperator.k8s.io", "SparkApplication"): (
        "its driver needs the Spark operator",
        f"{_PROGRAM} that calls spark-submit --master local[*]",
    ),
    ("jobset.x-k8s.io", "JobSet"): ("its jobs need the JobSet controller", _STEP),
    ("batch.volcano.sh", "Job"): ("its tasks need the Volcano scheduler", _PROGRAM),
    ("kubeflow.org", "MXJob"): ("the training operator itself has given the kind up", _PROGRAM),
    ("apps", "Deployment"): ("it runs for ever, so the trial would never end", _PROGRAM),
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
    if adapter and version in (adapter.API_VERSION, _OTHER_VERSIONS.get((group, kind))):
        return adapter
    if (group, kind) in _NOT_HERE:
        why, mend = _NOT_HERE[group, kind]
        problem = f"{kind} of {shown(version)} cannot run on this machine: {why}"
        raise LaunchRefused(f"{problem}; {mend}, or run it on Kubernetes")
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
