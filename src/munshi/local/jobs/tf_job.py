"""`kubeflow.org/v1` TFJob: Chief, Master, Worker, PS and Evaluator, told of each other in `TF_CONFIG`.

With a single replica the operator sets no `TF_CONFIG`. The chief or master leads, else worker 0; when
it has succeeded the job has, unless `successPolicy: AllWorkers` waits for all workers. Parameter
servers and evaluators never decide. Source: Kubeflow training operator, TFJob v1.
"""

from __future__ import annotations

import json

from munshi.api.wire import Json
from munshi.local.jobs.fields import Field, guess, shown
from munshi.local.jobs.model import Surroundings
from munshi.local.jobs.replica_specs import LOCALHOST, Cast, Member, ReplicaKind, Variables

_SUCCESS_POLICIES = ("", "AllWorkers")


def lead(cast: Cast) -> Member | None:
    """Chief or master, else worker 0; a job that has neither trains nothing."""
    leader = cast.first("Chief", "Master", "Worker")
    if leader is None and cast.members:
        others = " and ".join(dict.fromkeys(member.type for member in cast.members))
        cast.job.at("spec", "tfReplicaSpecs").fault(
            f"has only {others}: nobody would train", "write a Worker, or rename the replica"
        )
    return leader


def decides(cast: Cast, member: Member) -> bool:
    """Chiefs and masters where there are any; else worker 0, or all workers when the job says so."""
    if cast.first("Chief", "Master"):
        return member.type in {"Chief", "Master"}
    return member.type == "Worker" and (member.index == 0 or _waits_for_all(cast.job))


def variables(cast: Cast, member: Member, here: Surroundings) -> Variables:
    """`TF_CONFIG`, byte for byte as the operator writes it but for the addresses."""
    if sum(cast.counts.values()) == 1:
        return {}
    cluster: dict[str, list[str]] = {
        type_.lower(): [] for type_ in sorted(cast.counts) if type_ != "Evaluator"
    }
    for need, one in enumerate(one for one in cast.members if one.type != "Evaluator"):
        cluster[one.type.lower()].append(f"{LOCALHOST}:{here.port(need)}")
    task: Json = {"type": member.type.lower(), "index": member.index}
    config: Json = {"cluster": _json(cluster), "task": task, "environment": "cloud"}
    if cast.job.at("spec", "enableDynamicWorker").flag():
        config = {"sparseCluster": _sparse(cluster, member), "task": task}
    return {"TF_CONFIG": json.dumps(config, separators=(",", ":"))}


def _sparse(cluster: dict[str, list[str]], member: Member) -> Json:
    """Only what this task must know: itself and, for a worker, the parameter servers."""
    servers = cluster.get("ps", [])
    if member.type == "PS":
        return {"worker": {}, "ps": [servers[member.index]]}
    if member.type == "Worker":
        own = cluster["worker"][member.index]
        return {"worker": {str(member.index): own}, "ps": list(servers)}
    return {"worker": {}, "ps": []}


def _json(cluster: dict[str, list[str]]) -> Json:
    return {type_: list(addresses) for type_, addresses in cluster.items()}


def _waits_for_all(job: Field) -> bool:
    policy = job.at("spec", "successPolicy")
    if policy.text() not in _SUCCESS_POLICIES:
        policy.fault(f"{shown(policy.value)} is unknown", guess(policy.text(), ["AllWorkers"]))
    return policy.text() == "AllWorkers"


TF_JOB = ReplicaKind(
    kind="TFJob",
    field="tfReplicaSpecs",
    types=("Chief", "Master", "Worker", "PS", "Evaluator"),
    lone="Worker",
    container="tensorflow",
    lead=lead,
    decides=decides,
    variables=variables,
)
