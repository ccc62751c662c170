"""`batch/v1` Job: one pod, tried again up to `backoffLimit` times.

Source: Kubernetes API reference, "Job" v1; conditions as the Job controller of Kubernetes 1.31 and
    later writes them.
"""

from __future__ import annotations

from typing import assert_never

from munshi.api.wire import Json
from munshi.errors import LaunchRefused
from munshi.local.jobs.downward import pod_facts
from munshi.local.jobs.fields import Field, shown
from munshi.local.jobs.model import Run, Surroundings
from munshi.local.jobs.pod_template import PodReading, read_pod, seconds
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
_DEFAULT_RETRIES = 6


def read(job: Field, primary: str, here: Surroundings) -> Run | None:
    """Read the Job; `LaunchRefused` when it wants more than one pod."""
    spec = job.at("spec")
    for name in ("parallelism", "completions"):
        count = spec.at(name).whole()
        if count is not None and count > 1:
            raise LaunchRefused(
                f"Job with spec.{name} {count} cannot run on this machine yet; "
                f"set spec.{name} to 1, or run it on Kubernetes"
            )
        if count == 0:
            spec.at(name).fault("0 runs nothing", "set it to 1, or leave it out")
    name, uid = (
        job.at("metadata", "name").text(),
        job.at("metadata", "uid").text() or here.uid or "",
    )
    indexed = _is_indexed(spec)
    labels = {
        "batch.kubernetes.io/job-name": name,
        "job-name": name,
        "batch.kubernetes.io/controller-uid": uid,
        "controller-uid": uid,
        **({"batch.kubernetes.io/job-completion-index": "0"} if indexed else {}),
    }
    template = spec.at("template")
    reading = PodReading(
        template=template,
        facts=pod_facts(job, template, name, labels, here),
        primary=primary,
        restart=template.at("spec", "restartPolicy"),
        without_policy="refuses a Job without it",
        deadline=seconds(spec.at("activeDeadlineSeconds")),
        added_env={"JOB_COMPLETION_INDEX": "0"} if indexed else {},
    )
    run = read_pod("Job", reading, here)
    return with_suspend_note(run, spec.at("suspend"))


def retries(job: Field) -> int | None:
    """`spec.backoffLimit`; 6 when absent. It holds for both restart policies."""
    limit = job.at("spec", "backoffLimit").whole()
    return _DEFAULT_RETRIES if limit is None else limit


def restarts_on(job: Field, exit_code: int) -> bool:
    """Any failure counts and is tried again; a `podFailurePolicy` is not read here."""
    return exit_code != 0


def status(job: Field, stage: Stage) -> dict[str, Json]:
    """What the Job controller would write.

    A finished Job carries two true conditions: first `SuccessCriteriaMet` or `FailureTarget`, then
    `Complete` or `Failed`, with equal reason and message. `completionTime` is only for success.
    """
    match stage:
        case Pending():
            return {}
        case Running():
            return {
                "startTime": written(stage.started),
                "active": 1,
                "ready": 1,
                **_tally(stage.failures),
            }
        case Succeeded():
            met = ("CompletionsReached", "Reached expected number of succeeded pods")
            return {
                "startTime": written(stage.started),
                "completionTime": written(stage.ended),
                "succeeded": 1,
                "ready": 0,
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


def with_suspend_note(run: Run | None, suspend: Field) -> Run | None:
    """A suspended job waits for a queue such as Kueue; here nobody would release it: it starts."""
    if not suspend.flag() or run is None:
        return run
    note = "suspend: true is passed over on this machine: no queue would ever release the job"
    return Run(run.kind, run.containers, run.primary, (*run.notes, note))


def _tally(failures: int) -> dict[str, Json]:
    failed: dict[str, Json] = {"failed": failures} if failures else {}
    return {**failed, "terminating": 0, "uncountedTerminatedPods": {}}


def _is_indexed(spec: Field) -> bool:
    mode = spec.at("completionMode").text()
    if mode not in {"", "Indexed", "NonIndexed"}:
        spec.at("completionMode").fault(f"{shown(mode)} is unknown", "write NonIndexed or Indexed")
    return mode == "Indexed"
