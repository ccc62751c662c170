"""Jobs and pods as the launcher keeps them: of ten thousand trials, only what is ever asked.

What a pod's status says is understood here, once, into small frozen values; `fate` reasons over these.
Nothing here trusts a field to be there, for kinds of every maker come by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from munshi.api.meta import ATTEMPT_ANNOTATION
from munshi.api.wire import Json, Object

_INDEXES = (
    "batch.kubernetes.io/job-completion-index",
    "training.kubeflow.org/replica-index",
    "jobset.sigs.k8s.io/job-index",
)
"""Labels and annotations that number the pods of a job."""


@dataclass(frozen=True, slots=True)
class JobSighting:
    """A job: what its own controller says of it.

    Attributes:
        namespace: Where it is.
        name: The trial's name.
        uid: Its own.
        owner: The uid of the Trial that controls it; empty: nobody's.
        attempt: The trial's attempt that it was made for; 0: unknown.
        created: When.
        deleting: It is being deleted.
        metadata: As far as conditions may ask: names, labels, annotations, times.
        status: The whole.
    """

    namespace: str
    name: str
    uid: str
    owner: str
    attempt: int
    created: datetime | None
    deleting: bool
    metadata: Object
    status: Object


@dataclass(frozen=True, slots=True)
class Ending:
    """How a container ended.

    Attributes:
        code: Its exit code.
        signal: The signal that ended it, or 0.
        reason: Kubernetes' word: `Completed`, `Error`, `OOMKilled`, `StartError`, ….
        message: What is said beside.
        at: When, if that is known.
    """

    code: int
    signal: int = 0
    reason: str = ""
    message: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContainerSighting:
    """A container of a pod.

    Attributes:
        name: Its name.
        init: It is an init container, or a sidecar.
        started: It runs now, or ran in this life.
        restarts: How often it was started again.
        ended: How it ended, if it has and is not started again so far.
        before: How its life before ended.
        waits: Why it does not run: Kubernetes' reason, and message.
    """

    name: str
    init: bool = False
    started: bool = False
    restarts: int = 0
    ended: Ending | None = None
    before: Ending | None = None
    waits: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class PodSighting:
    """A pod of a trial.

    Attributes:
        namespace: Where it is.
        name: Its name.
        uid: Its own.
        owners: Uids of whatever owns it.
        labels: All of them.
        index: Its number among the pods of the job; 0 where it has none.
        created: When.
        phase: `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
        reason: Why the pod as a whole is so: `Evicted`, ….
        message: What is said beside.
        ip: Its address, once it has one.
        doomed: When its deletion was asked for.
        disrupted: The reason and message of its condition DisruptionTarget, if that holds.
        unscheduled: Likewise of PodScheduled, if that does not hold.
        containers: Init containers first.
    """

    namespace: str
    name: str
    uid: str
    owners: tuple[str, ...]
    labels: Mapping[str, str]
    index: int
    created: datetime | None
    phase: str
    reason: str
    message: str
    ip: str
    doomed: datetime | None
    disrupted: tuple[str, str] | None
    unscheduled: tuple[str, str] | None
    containers: tuple[ContainerSighting, ...]

    def container(self, name: str) -> ContainerSighting | None:
        """The container of that name, once the node has spoken of it."""
        return next((each for each in self.containers if each.name == name), None)

    @property
    def is_over(self) -> bool:
        """Nothing of it will run any more."""
        return self.phase in ("Succeeded", "Failed")


def job_of(item: Mapping[str, Any]) -> JobSighting:
    """A job as the API server has it."""
    metadata = _object(item.get("metadata"))
    said = _object(metadata.get("annotations")).get(ATTEMPT_ANNOTATION)
    owners = (_object(each) for each in _list(metadata.get("ownerReferences")))
    owner = next((each for each in owners if each.get("controller")), {})
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    return JobSighting(
        namespace=_text(metadata.get("namespace")),
        name=_text(metadata.get("name")),
        uid=_text(metadata.get("uid")),
        owner=_text(owner.get("uid")) if owner.get("kind") == "Trial" else "",
        attempt=int(said) if isinstance(said, str) and said.isdecimal() and len(said) < 10 else 0,
        created=_moment(metadata.get("creationTimestamp")),
        deleting=bool(metadata.get("deletionTimestamp")),
        metadata=kept,
        status=_object(item.get("status")),
    )


def pod_of(item: Mapping[str, Any]) -> PodSighting:
    """A pod as the API server has it."""
    metadata, status = _object(item.get("metadata")), _object(item.get("status"))
    labels = {key: _text(value) for key, value in _object(metadata.get("labels")).items()}
    annotations = _object(metadata.get("annotations"))
    conditions = {
        _text(each.get("type")): each for each in map(_object, _list(status.get("conditions")))
    }
    return PodSighting(
        namespace=_text(metadata.get("namespace")),
        name=_text(metadata.get("name")),
        uid=_text(metadata.get("uid")),
        owners=tuple(
            _text(_object(each).get("uid")) for each in _list(metadata.get("ownerReferences"))
        ),
        labels=labels,
        index=next(
            (
                int(number)
                for key in _INDEXES
                if (number := labels.get(key) or _text(annotations.get(key))).isdecimal()
            ),
            0,
        ),
        created=_moment(metadata.get("creationTimestamp")),
        phase=_text(status.get("phase")) or "Pending",
        reason=_text(status.get("reason")),
        message=_text(status.get("message")),
        ip=_text(status.get("podIP")),
        doomed=_doomed(metadata),
        disrupted=_said(conditions.get("DisruptionTarget"), "True"),
        unscheduled=_said(conditions.get("PodScheduled"), "False"),
        containers=tuple(_containers(status)),
    )


def _containers(status: Mapping[str, Any]) -> Iterator[ContainerSighting]:
    for key in ("initContainerStatuses", "containerStatuses"):
        for said in map(_object, _list(status.get(key))):
            state, before = _object(said.get("state")), _object(said.get("lastState"))
            waiting = _object(state.get("waiting"))
            ended, last = state.get("terminated"), before.get("terminated")
            yield ContainerSighting(
                name=_text(said.get("name")),
                init=key.startswith("init"),
                started="running" in state or ended is not None,
                restarts=_number(said.get("restartCount")),
                ended=_ending(ended) if ended is not None else None,
                before=_ending(last) if last is not None else None,
                waits=(_text(waiting.get("reason")), _text(waiting.get("message"))),
            )


def _ending(said: Json) -> Ending:
    state = _object(said)
    return Ending(
        code=_number(state.get("exitCode")),
        signal=_number(state.get("signal")),
        reason=_text(state.get("reason")),
        message=_text(state.get("message")),
        at=_moment(state.get("finishedAt")),
    )


def _doomed(metadata: Mapping[str, Any]) -> datetime | None:
    """When deletion was asked for: the timestamp that is written lies ahead by the grace period."""
    end = _moment(metadata.get("deletionTimestamp"))
    grace = _number(metadata.get("deletionGracePeriodSeconds"))
    return None if end is None else end - timedelta(seconds=grace)


def _said(condition: Mapping[str, Any] | None, status: str) -> tuple[str, str] | None:
    if condition is None or condition.get("status") != status:
        return None
    return _text(condition.get("reason")), _text(condition.get("message"))


def _object(given: object) -> Object:
    return given if isinstance(given, dict) else {}


def _list(given: object) -> list[Any]:
    return given if isinstance(given, list) else []


def _text(given: object) -> str:
    return given if isinstance(given, str) else ""


def _number(given: object) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) else 0


def _moment(given: object) -> datetime | None:
    try:
        return datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None
