"""`kubeflow.org/v1` JAXJob: Workers, the first of which coordinates; all must succeed.

Source: Kubeflow training operator v1.9, `jax/envvar.go`.
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
    master_or_worker,
)


def variables(cast: Cast, member: Member, here: Surroundings) -> Variables:
    """What the operator appends, in its order."""
    return {
        "PYTHONUNBUFFERED": "1",
        "COORDINATOR_PORT": str(here.port(0)),
        "COORDINATOR_ADDRESS": LOCALHOST,
        "NUM_PROCESSES": str(sum(cast.counts.values())),
        "PROCESS_ID": str(member.index),
    }


JAX_JOB = ReplicaKind(
    kind="JAXJob",
    field="jaxReplicaSpecs",
    types=("Worker",),
    lone="Worker",
    container="jax",
    lead=master_or_worker,
    decides=leader_or_all,
    variables=variables,
)
