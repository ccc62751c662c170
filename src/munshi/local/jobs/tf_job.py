"""`kubeflow.org/v1` TFJob with one replica in all: a Worker, a Chief or a Master.

With a single replica the operator sets no `TF_CONFIG`, so nothing is added to the program's
environment. Its pod is the master by the operator's rule (chief or master, else worker 0). Source:
Kubeflow training operator, TFJob v1 API and its controller's conditions.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from munshi.api.wire import Json
from munshi.errors import LaunchRefused
from munshi.local.jobs.batch_job import with_suspend_note
from munshi.local.jobs.downward import namespace_of, pod_facts
from munshi.local.jobs.fields import Field, guess, shown
from munshi.local.jobs.model import Run, Surroundings
from munshi.local.jobs.pod_template import PodReading, read_pod, seconds
from munshi.local.jobs.status import Failed, Pending, Running, Stage, Succeeded, condition, written

API_VERSION = "kubeflow.org/v1"
_CONTAINER = "tensorflow"
_ALONE = ("Worker", "Chief", "Master")
_TYPES = (*_ALONE, "PS", "Evaluator")
_LABELS = "training.kubeflow.org"
_FIRST_RETRYABLE_EXIT = 128


def read(job: Field, primary: str, here: Surroundings) -> Run | None:
    """Read the TFJob; `LaunchRefused` when it has several replicas, or none that can work alone."""
    replicas = _replicas(job)
    specs = job.at("spec", "tfReplicaSpecs")
    if sum(count for _, count in replicas.values()) > 1:
        raise LaunchRefused(_too_many(replicas))
    alone = [type_ for type_, (_, count) in replicas.items() if count == 1]
    if not alone:
        specs.fault("asks for no replica", "write a Worker with replicas: 1 and a template")
        return None
    type_ = alone[0]
    if type_ not in _ALONE:
        raise LaunchRefused(
            f"TFJob with only a {type_} cannot run on this machine: nobody would train; "
            "name the replica Worker in spec.tfReplicaSpecs"
        )
    replica, _ = replicas[type_]
    name, index = job.at("metadata", "name").text(), type_.lower()
    labels = {
        f"{_LABELS}/job-name": name,
        f"{_LABELS}/job-role": "master",
        f"{_LABELS}/operator-name": "tfjob-controller",
        f"{_LABELS}/replica-index": "0",
        f"{_LABELS}/replica-type": index,
    }
    template = replica.at("template")
    pod_name = f"{name}-{index}-0" if name else ""
    reading = PodReading(
        template=template,
        facts=pod_facts(job, template, pod_name, labels, here),
        primary=primary or _CONTAINER,
        restart=replica.at("restartPolicy"),
        policies=("Never", "OnFailure", "ExitCode"),
        deadline=seconds(_policy(job, "activeDeadlineSeconds")),
    )
    run = read_pod("TFJob", reading, here)
    return with_suspend_note(run, job.at("spec", "runPolicy", "suspend"))


def retries(job: Field) -> int | None:
    """0 for `Never` (the default); else `runPolicy.backoffLimit`, or `None`: without end."""
    limit = _policy(job, "backoffLimit").whole()
    return 0 if _restart(job) == "Never" else limit


def restarts_on(job: Field, exit_code: int) -> bool:
    """`ExitCode` retries only 128–255 (ended by a signal); 1–127 is the program's verdict."""
    policy = _restart(job)
    if policy == "ExitCode":
        return exit_code >= _FIRST_RETRYABLE_EXIT
    return exit_code != 0 and policy != "Never"


def status(job: Field, stage: Stage) -> dict[str, Json]:
    """What the training operator would write.

    The conditions pile up in order and the last one is the present state, which v1alpha3 relies on;
    at the end `Running` turns false. The reason of a failure is always `TFJobFailed`; the message
    tells more.
    """
    whose = f"TFJob {namespace_of(job)}/{job.at('metadata', 'name').text()}"
    match stage:
        case Pending():
            return {}
        case Running():
            return {
                "startTime": written(stage.started),
                "conditions": _history(whose, stage.started, stage.started, running=True),
                "replicaStatuses": _tally(job, "active"),
            }
        case Succeeded():
            end = _now("Succeeded", stage.ended, f"{whose} successfully completed.")
            return {
                "startTime": written(stage.started),
                "completionTime": written(stage.ended),
                "conditions": [*_history(whose, stage.started, stage.ended, running=False), end],
                "replicaStatuses": _tally(job, "succeeded"),
            }
        case Failed():
            why = stage.message.strip() or stage.reason
            end = _now("Failed", stage.ended, f"{whose} has failed: {why}")
            started = stage.started
            if started is None:
                created = _now("Created", stage.ended, f"{whose} is created.")
                return {"conditions": [created, end], "replicaStatuses": _tally(job, "failed")}
            return {
                "startTime": written(started),
                "completionTime": written(stage.ended),
                "conditions": [*_history(whose, started, stage.ended, running=False), end],
                "replicaStatuses": _tally(job, "failed"),
            }
        case _:
            assert_never(stage)


def _replicas(job: Field) -> dict[str, tuple[Field, int]]:
    """Each replica type in the operator's spelling, with its spec and count (1 if unsaid)."""
    spelling = {type_.lower(): type_ for type_ in _TYPES}
    found: dict[str, tuple[Field, int]] = {}
    for name, replica in job.at("spec", "tfReplicaSpecs").entries().items():
        type_ = spelling.get(name.lower())
        if type_ is None:
            replica.fault(f"{shown(name)} is not a replica type of a TFJob", guess(name, _TYPES))
        elif type_ in found:
            replica.fault(f"{type_} is written twice", "keep one of them")
        else:
            count = replica.at("replicas").whole()
            found[type_] = (replica, 1 if count is None else count)
    return found


def _too_many(replicas: dict[str, tuple[Field, int]]) -> str:
    """The refusal, with what to change so that one replica is left that can train alone."""
    wanted = {type_: count for type_, (_, count) in replicas.items() if count}
    kept = next((type_ for type_ in ("Chief", "Master", "Worker") if type_ in wanted), None)
    changes = [f"remove spec.tfReplicaSpecs.{type_}" for type_ in wanted if type_ != kept]
    if kept and wanted[kept] > 1:
        changes.insert(0, f"set spec.tfReplicaSpecs.{kept}.replicas to 1")
    if not kept:
        changes = ["write one Worker in spec.tfReplicaSpecs in their stead"]
    count, mend = sum(wanted.values()), " and ".join(changes)
    problem = f"TFJob with {count} replicas cannot run on this machine yet"
    return f"{problem}; {mend}, or run it on Kubernetes"


def _alone(job: Field) -> tuple[str, Field | None]:
    wanted = [(type_, replica) for type_, (replica, count) in _replicas(job).items() if count]
    return wanted[0] if wanted else ("Worker", None)


def _restart(job: Field) -> str:
    _, replica = _alone(job)
    return (replica.at("restartPolicy").text() if replica else "") or "Never"


def _policy(job: Field, name: str) -> Field:
    """A field of `spec.runPolicy`; jobs of before 2021 keep it in `spec` itself."""
    new = job.at("spec", "runPolicy", name)
    return new if new.value is not None else job.at("spec", name)


def _history(whose: str, started: datetime, changed: datetime, *, running: bool) -> list[Json]:
    return [
        _now("Created", started, f"{whose} is created."),
        _now("Running", changed, f"{whose} is running.", true=running),
    ]


def _now(type_: str, when: datetime, message: str, *, true: bool = True) -> dict[str, Json]:
    return condition(type_, when, f"TFJob{type_}", message, probed_as="lastUpdateTime", true=true)


def _tally(job: Field, outcome: str) -> dict[str, Json]:
    type_, _ = _alone(job)
    return {type_: {outcome: 1}}
