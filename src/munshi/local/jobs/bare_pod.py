"""A `v1` Pod used as a trial's job.

Such trials are judged by `status.phase`, so users write both conditions themselves, commonly
`status.[@this].#(phase=="Succeeded")#`. Source: Kubernetes API reference, "Pod" v1.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from munshi.api.wire import Json
from munshi.local.jobs.downward import pod_facts
from munshi.local.jobs.fields import Field
from munshi.local.jobs.model import Run, Surroundings
from munshi.local.jobs.pod_template import PodReading, read_pod, run_of
from munshi.local.jobs.status import Failed, Pending, Running, Stage, Succeeded, condition, written

API_VERSION = "v1"


def read(job: Field, primary: str, here: Surroundings) -> Run | None:
    """Read the Pod: it is its own template."""
    labels = {key: value.text() for key, value in job.at("metadata", "labels").entries().items()}
    facts = pod_facts(job, job, job.at("metadata", "name").text(), labels, here)
    reading = PodReading(
        template=job,
        facts=facts,
        primary=primary,
        restart=job.at("spec", "restartPolicy"),
        without_policy="would restart the Pod for ever",
    )
    pod = read_pod(reading, here)
    return run_of("Pod", [pod], [pod.as_replica()]) if pod else None


def status(job: Field, stage: Stage) -> dict[str, Json]:
    """What the kubelet would write, with a status for each container, left out here or not.

    A failed pod also carries reason and message at the top, where a condition on `status` itself
    finds them.
    """
    match stage:
        case Pending():
            return {"phase": "Pending"}
        case Running():
            state: dict[str, Json] = {"running": {"startedAt": written(stage.started)}}
            return {
                "phase": "Running",
                "startTime": written(stage.started),
                "conditions": _conditions(stage.started, stage.started, "", ready=True),
                "containerStatuses": _containers(job, state, stage.failures, ready=True),
            }
        case Succeeded():
            state = {"terminated": _ended(0, "Completed", stage.started, stage.ended)}
            return {
                "phase": "Succeeded",
                "startTime": written(stage.started),
                "conditions": _conditions(stage.started, stage.ended, "PodCompleted", ready=False),
                "containerStatuses": _containers(job, state, stage.failures, ready=False),
            }
        case Failed():
            why = "OOMKilled" if stage.reason == "OOMKilled" else "Error"
            started = stage.ended if stage.started is None else stage.started
            state = {"terminated": _ended(stage.exit_code, why, stage.started, stage.ended)}
            return {
                "phase": "Failed",
                "reason": stage.reason,
                "message": stage.message,
                "startTime": written(started),
                "conditions": _conditions(started, stage.ended, "PodFailed", ready=False),
                "containerStatuses": _containers(
                    job, state, max(stage.failures - 1, 0), ready=False
                ),
            }
        case _:
            assert_never(stage)


def _conditions(started: datetime, changed: datetime, reason: str, *, ready: bool) -> list[Json]:
    """Scheduled and initialised at the start; ready as long as it runs."""
    once: list[Json] = [
        condition(type_, started, "", "", probed_as="lastProbeTime")
        for type_ in ("PodScheduled", "Initialized")
    ]
    return once + [
        condition(type_, changed, reason, "", probed_as="lastProbeTime", true=ready)
        for type_ in ("ContainersReady", "Ready")
    ]


def _containers(job: Field, state: dict[str, Json], restarts: int, *, ready: bool) -> list[Json]:
    return [
        {
            "name": container.at("name").text(),
            "image": container.at("image").text(),
            "imageID": "",
            "ready": ready,
            "started": ready,
            "restartCount": restarts,
            "state": state,
        }
        for container in job.at("spec", "containers").items()
    ]


def _ended(code: int, reason: str, started: datetime | None, ended: datetime) -> dict[str, Json]:
    return {
        "exitCode": code,
        "reason": reason,
        **({} if started is None else {"startedAt": written(started)}),
        "finishedAt": written(ended),
    }
