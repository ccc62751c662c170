"""`batch/v1` Job: one pod, or N pods at once that know their number (an Indexed Job).

A Job that wants several pods one after another, or several that are all alike, is refused with its
mend: which of them would report? Source: Kubernetes API reference, "Job" v1; conditions as the Job
controller of Kubernetes 1.31 and later writes them.
"""

from __future__ import annotations

from typing import assert_never

from munshi.api.wire import Json
from munshi.errors import LaunchRefused
from munshi.local.jobs.downward import pod_facts
from munshi.local.jobs.fields import Field, shown
from munshi.local.jobs.model import MOST_REPLICAS, Run, Surroundings
from munshi.local.jobs.pod_template import Pod, PodReading, read_pod, run_of, seconds
from munshi.local.jobs.status import (
    Failed,
    Pending,
    Running,
    Stage,
    Succeeded,
    condition,
    written,
)

API_VERSION = "batch/v1"
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
INDEX_KEY = "batch.kubernetes.io/job-completion-index"
"""Label and annotation of a pod that knows its number."""


def read(job: Field, primary: str, here: Surroundings) -> Run | None:
    """Read the Job; `LaunchRefused` when it wants several pods in a way this machine lacks."""
    spec = job.at("spec")
    count = _count(spec)
    pods = [_read_pod(job, primary, here, index, count) for index in range(count)]
    whole = [pod for pod in pods if pod is not None]
    if len(whole) < len(pods):
        return None
    notes = []
    if spec.at("successPolicy").value is not None and count > 1:
        notes.append("successPolicy is not read on this machine: all indexes must succeed")
    return run_of(
        "Job",
        whole,
        [pod.as_replica(f"index-{at}" if count > 1 else "") for at, pod in enumerate(whole)],
        deadline=seconds(spec.at("activeDeadlineSeconds")),
        suspend=spec.at("suspend"),
        notes=notes,
    )


def status(job: Field, stage: Stage) -> dict[str, Json]:
    """What the Job controller would write.

    A finished Job carries two true conditions: first `SuccessCriteriaMet` or `FailureTarget`, then
    `Complete` or `Failed`, with equal reason and message. `completionTime` is only for success.
    """
    spec = job.at("spec")
    count = _count(spec)
    match stage:
        case Pending():
            return {}
        case Running():
            return {
                "startTime": written(stage.started),
                "active": count,
                "ready": count,
                **_tally(stage.failures),
            }
        case Succeeded():
            met = ("CompletionsReached", "Reached expected number of succeeded pods")
            all_of = "0" if count == 1 else f"0-{count - 1}"
            indexes: dict[str, Json] = {"completedIndexes": all_of} if _is_indexed(spec) else {}
            return {
                "startTime": written(stage.started),
                "completionTime": written(stage.ended),
                "succeeded": count,
                "ready": 0,
                **indexes,
                **_tally(stage.failures),
                "conditions": [
                    condition(type_, stage.ended, *met, probed_as="lastProbeTime")
                    for type_ in ("SuccessCriteriaMet", "Complete")
                ],
            }
        case Failed():
            return {
                **({} if stage.started is None else {"startTime": written(stage.started)}),
                "ready": 0,
                **_tally(stage.failures),
                "conditions": [
                    condition(
                        type_, stage.ended, stage.reason, stage.message, probed_as="lastProbeTime"
                    )
                    for type_ in ("FailureTarget", "Failed")
                ],
            }
        case _:
            assert_never(stage)


def _read_pod(job: Field, primary: str, here: Surroundings, index: int, count: int) -> Pod | None:
    name = job.at("metadata", "name").text()
    uid = job.at("metadata", "uid").text() or here.uid or ""
    number = {INDEX_KEY: str(index)} if _is_indexed(job.at("spec")) else {}
    labels = {
        "batch.kubernetes.io/job-name": name,
        "job-name": name,
        "batch.kubernetes.io/controller-uid": uid,
        "controller-uid": uid,
        **number,
    }
    template = job.at("spec", "template")
    pod_name = f"{name}-{index}" if name and count > 1 else name
    reading = PodReading(
        template=template,
        facts=pod_facts(job, template, pod_name, labels, here, number),
        primary=primary,
        restart=template.at("spec", "restartPolicy"),
        without_policy="refuses a Job without it",
        default_env={INDEX_VARIABLE: str(index)} if number else {},
    )
    return read_pod(reading, here)


def _count(spec: Field) -> int:
    """How many pods run at once, each once."""
    wishes: dict[str, int] = {}
    for name in ("parallelism", "completions"):
        count = spec.at(name).whole()
        if count == 0:
            spec.at(name).fault("0 runs nothing", "set it to 1, or leave it out")
        wishes[name] = count or 1
    parallel, completions = wishes["parallelism"], wishes["completions"]
    if max(parallel, completions) > MOST_REPLICAS:
        raise LaunchRefused(
            f"Job with {max(parallel, completions)} pods cannot run on this machine; set "
            f"spec.parallelism and spec.completions to {MOST_REPLICAS} at most, or run it on Kubernetes"
        )
    if max(parallel, completions) <= 1:
        return 1
    if _is_indexed(spec) and completions > 1 and parallel >= completions:
        return completions
    raise LaunchRefused(
        f"Job with parallelism {parallel} and completions {completions} cannot run on this machine "
        "like that; set both to 1, or write completionMode: Indexed with both equal to run its pods "
        "side by side, or run it on Kubernetes"
    )


def _tally(failures: int) -> dict[str, Json]:
    failed: dict[str, Json] = {"failed": failures} if failures else {}
    return {**failed, "terminating": 0, "uncountedTerminatedPods": {}}


def _is_indexed(spec: Field) -> bool:
    mode = spec.at("completionMode").text()
    if mode not in {"", "Indexed", "NonIndexed"}:
        spec.at("completionMode").fault(f"{shown(mode)} is unknown", "write NonIndexed or Indexed")
    return mode == "Indexed"
