"""`kubeflow.org/v1` PyTorchJob: a Master and Workers, or Workers alone that find each other.

Programs that call `init_process_group` themselves read `MASTER_ADDR`, `RANK` and `WORLD_SIZE`; `torchrun`
reads the `PET_*` variables. With an `elasticPolicy` the workers meet at a rendezvous instead. Source:
Kubeflow training operator v1.9, `pytorch/{envvar,master,elastic}.go` and `pytorch_defaults.go`.
"""

from __future__ import annotations

import re

from munshi.local.jobs.fields import Field, shown
from munshi.local.jobs.model import Surroundings
from munshi.local.jobs.replica_specs import (
    LOCALHOST,
    Cast,
    Member,
    ReplicaKind,
    Variables,
    leader_or_all,
    master_or_worker,
)

_COUNT = re.compile("[1-9][0-9]{0,5}")
_SELF_CHOSEN = ("auto", "cpu", "gpu")
_ELSEWHERE_BACKENDS = ("etcd", "etcd-v2")
"""Rendezvous that a server of its own keeps; the others are kept by worker 0."""


def variables(cast: Cast, member: Member, here: Surroundings) -> Variables:
    """What the operator appends, in its order; the master's port is the run's first need."""
    job, port = cast.job, str(here.port(0))
    per_node, total = _processes(job), sum(cast.counts.values())
    found = {"PYTHONUNBUFFERED": "1"}
    if "Master" in cast.counts:
        rank = member.index + (1 if member.type == "Worker" else 0)
        world = total * (int(per_node) if per_node.isdecimal() else 1)
        found |= {
            "MASTER_PORT": port,
            "PET_MASTER_PORT": port,
            "MASTER_ADDR": LOCALHOST,
            "PET_MASTER_ADDR": LOCALHOST,
            "WORLD_SIZE": str(world),
            "RANK": str(rank),
            "PET_NPROC_PER_NODE": per_node or "auto",
            "PET_NODE_RANK": str(rank),
        }
    policy = job.at("spec", "elasticPolicy")
    if policy.value is None:
        return {**found, "PET_NNODES": str(total)}
    own = {"PET_NPROC_PER_NODE": per_node} if per_node else {}
    return {**found, **own, **_elastic(policy, cast.counts.get("Worker", 0), port)}


def _elastic(policy: Field, workers: int, port: str) -> Variables:
    """The rendezvous: at worker 0, which is this machine, or at an etcd of the author's."""
    backend = policy.at("rdzvBackend").text() or "c10d"
    host, own_port = policy.at("rdzvHost").text(), policy.at("rdzvPort").whole(most=65535)
    if backend in _ELSEWHERE_BACKENDS and host:
        endpoint = host if own_port is None else f"{host}:{own_port}"
    else:
        endpoint = f"{LOCALHOST}:{port}"
    least, most = policy.at("minReplicas").whole(), policy.at("maxReplicas").whole()
    bounds = [bound for bound in (least, most) if bound is not None] or [workers]
    found = {
        "PET_RDZV_ENDPOINT": endpoint,
        "PET_RDZV_BACKEND": backend,
        "PET_NNODES": f"{bounds[0]}:{bounds[-1]}",
    }
    restarts, rdzv_id = policy.at("maxRestarts").whole(), policy.at("rdzvId").text()
    pairs = [
        f"{one.at('key').text()}={one.at('value').text()}" for one in policy.at("rdzvConf").items()
    ]
    return {
        **found,
        **({} if restarts is None else {"PET_MAX_RESTARTS": str(restarts)}),
        **({"PET_RDZV_ID": rdzv_id} if rdzv_id else {}),
        **({"PET_RDZV_CONF": ",".join(pairs)} if pairs else {}),
        **({"PET_STANDALONE": ""} if policy.at("standalone").flag() else {}),
    }


def _processes(job: Field) -> str:
    """`nprocPerNode`, which is text, or its older place in the elastic policy; "" when unsaid."""
    field = job.at("spec", "nprocPerNode")
    written = field.text()
    if written in _SELF_CHOSEN or _COUNT.fullmatch(written):
        return written
    if written:
        field.fault(f"{shown(written)} is no count", 'write "auto", "cpu", "gpu" or a number')
        return ""
    older = job.at("spec", "elasticPolicy", "nProcPerNode").whole(least=1)
    return "" if older is None else str(older)


PYTORCH_JOB = ReplicaKind(
    kind="PyTorchJob",
    field="pytorchReplicaSpecs",
    types=("Master", "Worker"),
    lone="Master",
    container="pytorch",
    lead=master_or_worker,
    decides=leader_or_all,
    variables=variables,
)
