"""What became of a trial's pods: who reports, what ended it, whose fault it is, and why nothing runs yet.

Pure functions of sightings. The rule that decides whose fault an end is: a program that ended badly is the
trial's; a pod that was taken away (evicted, preempted, its node lost, deleted by hand) is the
infrastructure's, and such a trial begins anew and is not counted. Where both happened, the program's own
end counts.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from munshi.api.wire import Json
from munshi.kube.trials.sightings import ContainerSighting, Ending, PodSighting

_DEADLINE = "deadline"
_TAKEN = {
    "Evicted": "was evicted",
    "NodeLost": "was lost with its node",
    "NodeShutdown": "was ended by its node's shutdown",
    "Shutdown": "was ended by its node's shutdown",
    "Terminated": "was ended by its node's shutdown",
    "Preempting": "was preempted",
    "NodeAffinity": "was refused by its node",
    "UnexpectedAdmissionError": "was refused by its node",
}
"""Reasons of a failed pod that are not its programs' doing."""
_LOST_STATUS = "ContainerStatusUnknown"
_UNPULLED = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "ImageInspectError",
)
_UNMADE = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_LOOPS = "CrashLoopBackOff"
_UNSTARTED = ("StartError", "ContainerCannotRun")
_OVER = ("Complete", "Succeeded", "Failed")
_LONGEST = 400
CUT_SHORT = (
    "the metrics collector in its pod was ended before it had read everything; raise "
    "terminationGracePeriodSeconds of the pod"
)
_KILLED = 128 + signal.SIGKILL
_EARLIEST = datetime.min.replace(tzinfo=UTC)


def reporters(
    pods: Iterable[PodSighting], labels: Mapping[str, str], container: str
) -> list[PodSighting]:
    """The pods whose metrics count, in order: one at a time, and those that failed before it.

    Several pods may carry the primary pod's labels (replicas, retries). They are ordered by their number in
    the job, then by age; the first that has not failed reports, and of those before it what they said
    is kept. So the answer does not depend on when somebody looks.

    Args:
        pods: All pods of the trial.
        labels: The primary pod's.
        container: The one that is read; pods that are known to lack it never report.
    """
    fitting = sorted(
        (pod for pod in pods if _fits(pod, labels, container)),
        key=lambda pod: (pod.index, pod.created or _EARLIEST, pod.name),
    )
    for count, pod in enumerate(fitting, start=1):
        if pod.phase != "Failed":
            return fitting[:count]
    return fitting


def _fits(pod: PodSighting, labels: Mapping[str, str], container: str) -> bool:
    if any(pod.labels.get(key) != value for key, value in labels.items()):
        return False
    return not (container and pod.containers) or pod.container(container) is not None


def taken(pods: Iterable[PodSighting], reason: str = "", message: str = "") -> str:
    """Why a job that failed did so through no fault of its programs; empty when it is their own.

    Args:
        pods: Every pod of the job that was seen, in its last form.
        reason: Why the job failed, in its controller's word.
        message: What it says beside. A deadline ends pods too, and is the author's wish.
    """
    if _DEADLINE in f"{reason} {message}".lower():
        return ""
    said = ""
    for pod in pods:
        why = disruption(pod)
        if not why and (pod.phase == "Failed" or _failure(pod, "") is not None):
            return ""
        said = said or why
    return said


def unwitnessed(job: Mapping[str, Json], reason: str = "", message: str = "") -> str:
    """Why a failed job without any pod is nobody's failure; empty when it may be its programs'.

    A Job whose pods are not restarted keeps those that failed. Where none is left somebody took them away,
    while no operator was there to see how they ended.

    Args:
        job: The whole job.
        reason: Why it failed, in its controller's word.
        message: What it says beside. A deadline deletes pods too.
    """
    if job.get("kind") != "Job" or _DEADLINE in f"{reason} {message}".lower():
        return ""
    spec, status = _object(job.get("spec")), _object(job.get("status"))
    pod = _object(_object(spec.get("template")).get("spec"))
    elsewhere = spec.get("managedBy") not in (None, "kubernetes.io/job-controller")
    if elsewhere or pod.get("restartPolicy") != "Never" or not status.get("failed"):
        return ""
    return "its pods were deleted, and nobody saw how they ended"


def disruption(pod: PodSighting) -> str:
    """What took the pod away; empty when nothing did."""
    if pod.phase == "Succeeded":
        return ""
    who = f"pod {pod.name}"
    if pod.disrupted is not None:
        why, message = pod.disrupted
        return _said(f"{who} was disrupted ({why})", message)
    if pod.phase == "Failed":
        if pod.reason.startswith("OutOf"):
            return _said(f"{who} was refused by its node ({pod.reason})", pod.message)
        if pod.reason in _TAKEN and not _own_limit(pod):
            return _said(f"{who} {_TAKEN[pod.reason]}", pod.message)
        if any(each.ended and each.ended.reason == _LOST_STATUS for each in pod.containers):
            return f"{who} was lost with its node"
    if pod.doomed is not None and not _failed_before(pod, pod.doomed):
        return f"{who} was deleted while it ran"
    return ""


def _own_limit(pod: PodSighting) -> bool:
    """Evicted for what it used itself: ephemeral storage, the size of an emptyDir."""
    said = pod.message.lower()
    return pod.reason == "Evicted" and "exceed" in said and "limit" in said


def _failed_before(pod: PodSighting, moment: datetime) -> bool:
    return any(
        each.ended is not None
        and each.ended.code != 0
        and (each.ended.at is None or each.ended.at < moment)
        for each in pod.containers
    )


def failure(pods: Iterable[PodSighting], primary: str) -> tuple[str, PodSighting | None, str]:
    """Which program ended a failed job badly: a sentence, its pod, its container.

    The primary container first, and of several pods the latest. Nothing is said where nobody failed.
    """
    ordered = sorted(pods, key=lambda pod: pod.created or _EARLIEST, reverse=True)
    for wanted in (primary, ""):
        for pod in ordered:
            found = _failure(pod, wanted)
            if found is not None:
                container, ending = found
                return _ended(container.name, ending), pod, container.name
    for pod in ordered:
        if pod.phase == "Failed" and (pod.reason or pod.message):
            return _said(f"pod {pod.name} failed ({pod.reason})", pod.message), pod, ""
    return "", None, ""


def _failure(pod: PodSighting, name: str) -> tuple[ContainerSighting, Ending] | None:
    """The container of a pod that ended badly; of that name, if one is given."""
    for each in pod.containers:
        if name and each.name != name:
            continue
        ending = each.ended or (each.before if each.waits[0] == _LOOPS else None)
        if ending is not None and ending.code != 0 and not (each.init and pod.phase != "Failed"):
            return each, ending
    return None


def _ended(name: str, ending: Ending) -> str:
    who = f'container "{name}"'
    if ending.reason == "OOMKilled":
        return f"{who} needed more memory than resources.limits.memory allows (OOMKilled)"
    if ending.reason in _UNSTARTED:
        return _said(f"{who} could not be started", ending.message)
    number = ending.signal or (ending.code - 128 if 128 < ending.code <= 128 + 64 else 0)
    if number:
        return f"{who} was ended by signal {number}{_signal(number)}"
    return f"{who} ended with exit code {ending.code}"


def _signal(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def cut_short(collector: ContainerSighting | None) -> tuple[str, bool]:
    """Why a metrics collector did not come to its end; and whether its last words are of its life before.

    One that was ended in the middle was given too little time; one that failed by itself has another trouble.
    """
    if collector is None:
        return CUT_SHORT, False
    ending = collector.ended or collector.before
    if ending is None or (ending.code in (0, _KILLED) and ending.reason != "OOMKilled"):
        return CUT_SHORT, False
    return (
        f"its metrics collector failed: {_ended(collector.name, ending)}",
        collector.ended is None,
    )


def waiting(pods: Sequence[PodSighting]) -> tuple[str, str]:
    """Why pods do not run though they should: a key that stays while the reason stays, and a sentence.

    Both are empty where all is well, or on its way.
    """
    for pod in pods:
        if pod.is_over:
            continue
        if pod.unscheduled is not None and pod.phase == "Pending":
            reason, message = pod.unscheduled
            gated = reason == "SchedulingGated"
            what = "waits for a scheduling gate" if gated else "finds no node"
            return f"scheduling {reason}", _said(f"pod {pod.name} {what}", message)
        for each in pod.containers:
            reason, message = each.waits
            who = f'container "{each.name}"'
            if reason in _UNPULLED:
                return f"image {each.name}", _said(f"the image of {who} cannot be pulled", message)
            if reason in _UNMADE:
                return f"made {each.name}", _said(f"{who} cannot be made ({reason})", message)
            if reason == _LOOPS and each.before is not None:
                said = f"{_ended(each.name, each.before)}, and is started again and again"
                return f"loops {each.name}", said
    return "", ""


def _said(what: str, message: str) -> str:
    text = " ".join(message.split())
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    return f"{what}: {text}" if text else what


def ended_at(status: Mapping[str, Json], pods: Iterable[PodSighting]) -> datetime | None:
    """When a job that is over was over, as far as its status or its pods say."""
    said = status.get("completionTime")
    for kind in _OVER:
        said = said or _condition(status, kind).get("lastTransitionTime")
    if isinstance(said, str):
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(said)
    ends = [
        one.ended.at
        for pod in pods
        for one in pod.containers
        if one.ended is not None and one.ended.at is not None
    ]
    return max(ends, default=None)


def is_suspended(status: Mapping[str, Json]) -> bool:
    """Whether the job waits to be let go, by Kueue for instance."""
    return bool(_condition(status, "Suspended"))


def _object(value: Json | None) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _condition(status: Mapping[str, Json], kind: str) -> Mapping[str, Json]:
    """The condition of that type, if it holds; else nothing."""
    conditions = status.get("conditions")
    for each in conditions if isinstance(conditions, list) else []:
        if isinstance(each, dict) and (each.get("type"), each.get("status")) == (kind, "True"):
            return each
    return {}
