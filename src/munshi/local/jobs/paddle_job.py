"""`kubeflow.org/v1` PaddleJob: Workers alone (collective), or Masters that serve Workers (PS mode).

Source: Kubeflow training operator v1.9, `paddlepaddle/envvar.go`.
"""

from __future__ import annotations

from munshi.local.jobs.model import Surroundings
from munshi.local.jobs.replica_specs import (
    LOCALHOST,
    Cast,
    Member,
    ReplicaKind,
    Variables,
    leader_or_all,
)

_HERE = "127.0.0.1"


def lead(cast: Cast) -> Member | None:
    """The first master, else worker 0."""
    return cast.first("Master", "Worker")


def variables(cast: Cast, member: Member, here: Surroundings) -> Variables:
    """What the operator appends, in its order; where all meet knows its own address by number."""
    port, served = here.port(0), "Master" in cast.counts
    found = {
        "PYTHONUNBUFFERED": "1",
        "PADDLE_JOB_ID": cast.job.at("metadata", "name").text(),
        "PADDLE_NNODES": str(sum(cast.counts.values())),
    }
    if member == lead(cast):
        found |= {"POD_IP_DUMMY": _HERE, "PADDLE_MASTER": f"{_HERE}:{port}"}
    else:
        found |= {"PADDLE_MASTER": f"{LOCALHOST}:{port}"}
    if served:
        found |= {f"PADDLE_{'SERVER' if member.type == 'Master' else 'TRAINER'}_NUM": "1"}
    return found


PADDLE_JOB = ReplicaKind(
    kind="PaddleJob",
    field="paddleReplicaSpecs",
    types=("Master", "Worker"),
    lone="Worker",
    container="paddle",
    lead=lead,
    decides=leader_or_all,
    variables=variables,
)
