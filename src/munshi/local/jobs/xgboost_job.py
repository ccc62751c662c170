"""`kubeflow.org/v1` XGBoostJob: a Master, which keeps Rabit's tracker, and Workers.

The job has succeeded when its master has. Source: Kubeflow training operator v1.9, `xgboost/xgboost.go`.
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


def lead(cast: Cast) -> Member | None:
    """The master, without which the operator refuses the job."""
    leader = master_or_worker(cast)
    if leader is not None and leader.type != "Master":
        cast.job.at("spec", "xgbReplicaSpecs", "Master").fault(
            "is missing: the workers would wait for its tracker",
            "write one Master; alone, it needs no Worker",
        )
    return leader


def variables(cast: Cast, member: Member, here: Surroundings) -> Variables:
    """What the operator appends, in its order. Needs of ports: 0 the master, 1 the workers.

    `WORKER_PORT` is one number for all workers, as LightGBM wants it, although here they share one
    machine; XGBoost's own workers only ask for the master's.
    """
    masters, total = cast.counts.get("Master", 0), sum(cast.counts.values())
    found = {
        "MASTER_PORT": str(here.port(0)),
        "MASTER_ADDR": LOCALHOST,
        "WORLD_SIZE": str(total),
        "RANK": str(member.index + (masters if member.type == "Worker" else 0)),
        "PYTHONUNBUFFERED": "1",
    }
    if total > 1:
        found["WORKER_PORT"] = str(here.port(1))
        found["WORKER_ADDRS"] = ",".join([LOCALHOST] * (total - 1))
    return found


def notes(cast: Cast) -> tuple[str, ...]:
    """One port for several workers is the one thing that a single machine cannot offer."""
    if cast.counts.get("Worker", 0) < 2:
        return ()
    shared = "the workers of the XGBoostJob share this machine, and so WORKER_PORT"
    return (f"{shared}: XGBoost does not ask for it, but LightGBM can have one Worker only",)


XGBOOST_JOB = ReplicaKind(
    kind="XGBoostJob",
    field="xgbReplicaSpecs",
    types=("Master", "Worker"),
    lone="Master",
    container="xgboost",
    lead=lead,
    decides=leader_or_all,
    variables=variables,
    notes=notes,
)
