"""What the operator is told: by options, or by variables of the same names."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from munshi.api.experiment import Experiment
from munshi.errors import FieldFault, Invalid
from munshi.rpc.services.target import Targets
from munshi.suggester.limits import DEFAULT, Limits

DEFAULT_IMAGE = f"munshi/munshi:{version('munshi')}"
DEFAULT_PORT = 8080
OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where a pod learns its own namespace."""
_KIND = re.compile(
    r"(?P<kind>[A-Z][A-Za-z0-9]*)\.(?P<version>v[0-9][a-z0-9]*)(?:\.(?P<group>[a-z0-9.-]+))?"
)


@dataclass(frozen=True, slots=True)
class TrialKind:
    """A kind of job that trials may be."""

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        """`batch`; empty for the core."""
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        group, _, version = self.api_version.rpartition("/")
        return ".".join(filter(None, (self.kind, version, group)))


TRIAL_KINDS = (
    TrialKind("batch/v1", "Job"),
    TrialKind("kubeflow.org/v1", "TFJob"),
    TrialKind("kubeflow.org/v1", "PyTorchJob"),
    TrialKind("kubeflow.org/v1", "MPIJob"),
    TrialKind("kubeflow.org/v1", "XGBoostJob"),
    TrialKind("kubeflow.org/v1", "PaddleJob"),
    TrialKind("kubeflow.org/v1", "JAXJob"),
    TrialKind("trainer.kubeflow.org/v1alpha1", "TrainJob"),
)
"""The kinds that `deploy/munshi.yaml` gives the rights for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the operator is to run.

    Attributes:
        data: The folder of the database: reported values and the story.
        data_by_cluster: In it, each cluster has a folder of its own.
        namespaces: Whose Experiments are driven; empty: everybody's.
        context: The kubeconfig's context; empty: its current one, or the pod's service account.
        kubeconfig: A file; empty: as kubectl finds it.
        image: munshi's own image, for the collectors beside trials.
        trial_kinds: Kinds of jobs beyond `TRIAL_KINDS`.
        services: Who answers for algorithms that are not munshi's.
        host: Where health and metrics are served.
        port: Likewise; 0 lets the system choose.
        leader_election: Act only while holding the Lease.
        lease_namespace: Where the Lease is; empty: the namespace of the kubeconfig's context.
        limits: What one question to an algorithm may cost.
        identity: Which replica this is; no two may have the same.
    """

    data: Path
    data_by_cluster: bool = False
    namespaces: tuple[str, ...] = ()
    context: str = ""
    kubeconfig: str = ""
    image: str = DEFAULT_IMAGE
    trial_kinds: tuple[TrialKind, ...] = ()
    services: Targets = field(default_factory=Targets)
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    leader_election: bool = True
    lease_namespace: str = ""
    limits: Limits = DEFAULT
    identity: str = field(default_factory=lambda: f"{socket.gethostname()}_{uuid4().hex[:8]}")

    def faults(self, experiment: Experiment) -> list[FieldFault]:
        """What of an Experiment this operator may not run, as far as its template says its kind."""
        template = experiment.spec.trial_template
        job = template.trial_spec if template is not None else None
        if job is None:
            return []
        version, kind = str(job.get("apiVersion", "")), str(job.get("kind", ""))
        asked = TrialKind(version, kind)
        known = (*TRIAL_KINDS, *self.trial_kinds)
        if any((each.kind, each.group) == (kind, asked.group) for each in known):
            return []
        problem = f"{kind} of {version} is not a kind that this operator runs"
        mend = (
            f"use a Job, or let the operator run it: start it with --trial-kind {asked}, and give its "
            "account the rights to get, list, watch, create and delete it"
        )
        return [FieldFault(("spec", "trialTemplate", "trialSpec", "kind"), problem, mend)]


def read_kind(text: str) -> TrialKind:
    """A kind as Katib's settings write it, `Workflow.v1alpha1.argoproj.io`; of the core `Pod.v1`.

    Raises:
        Invalid: It is not of that form.
    """
    found = _KIND.fullmatch(text.strip())
    if found is None:
        problem = f'"{text}" is not a kind'
        mend = "write Kind.version.group, such as Workflow.v1alpha1.argoproj.io"
        raise Invalid([FieldFault(("--trial-kind",), problem, mend)])
    group, version = found["group"], found["version"]
    return TrialKind(f"{group}/{version}" if group else version, found["kind"])


def read_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`; `:PORT` means every address of the machine, `[::1]:PORT` is IPv6.

    Raises:
        Invalid: It is not of that form.
    """
    host, colon, port = text.strip().rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or int(port) > 65535:
        mend = "write HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address"
        raise Invalid([FieldFault(("--listen",), f'"{text}" is not an address', mend)])
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - the user's own wish


def own_namespace() -> str:
    """The namespace of the pod we run in; empty outside of a cluster."""
    if told := os.environ.get("POD_NAMESPACE"):
        return told
    try:
        return OWN_NAMESPACE.read_text("utf-8").strip()
    except OSError:
        return ""
