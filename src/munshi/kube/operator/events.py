"""What an onlooker of the cluster should see, as Events beside the objects (`kubectl describe`).

A small part of the story: how an Experiment goes, and every trouble, each with what to do next. What goes
well with a single Trial is left to `kubectl get trials`: an Event is a write, and a trial is to cost no more
than six. The same trouble again raises a count. Events are written in the background, at a bounded rate, and
dropped when the API server is busy: the whole story is in the ledger, and nothing is decided by Events.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

from munshi.api.meta import HOME
from munshi.engine.ports import Event
from munshi.errors import MunshiError, NotFound, Retryable

log = logging.getLogger("munshi.operator")

COMPONENT = "munshi-operator"
BURST, PER_S = 25, 0.5
"""Events at once, and for long; as client-go's filter allows for one object, but for all together."""
WAITING = 200
"""How many may wait to be written; the oldest are dropped."""
BUSY_PAUSE_S = 10.0
_LONGEST = 1024
_REMEMBERED = 1000

NORMAL = frozenset(
    {
        "ExperimentRunning",
        "ExperimentRestarting",
        "ExperimentSuspended",
        "ExperimentResumed",
        "ExperimentStopped",
        "ExperimentGoalReached",
        "ExperimentMaxTrialsReached",
        "ExperimentSuggestionEndReached",
    }
)
"""The good news that is told."""
TROUBLES = frozenset({"TrialWaiting"})
"""What the story tells calmly, and an onlooker should be warned of."""
RENAMED = {"TrialFailed": "JobFailed"}
"""Katib's word for it, which people look for."""
NEXT = {
    "JobFailed": "keep the pods of failed trials with trialTemplate.retain: true to look at them",
    "MetricsUnavailable": "compare what the program prints with spec.objective and "
    "spec.metricsCollectorSpec",
    "TrialLost": "munshi starts it again; if it keeps vanishing, look at kubectl get events and the nodes",
    "ExperimentFailed": "kubectl get trials shows how each trial ended",
    "SuggestionFailed": "change spec.algorithm under another Experiment name",
    "ReconcileError": "munshi tries again; if it stays, look at the operator's log",
    "ExperimentInvalid": "change the Experiment and apply it again",
    "ExperimentWarning": "",
}
"""What to do about a trouble, by reason."""


class Requests(Protocol):
    """What is asked of the API server; see `api.Api`."""

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make one in the collection."""
        ...

    async def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change some fields."""
        ...


@dataclass(slots=True)
class _Told:
    path: str
    count: int
    since: str


class ClusterEvents:
    """Writes Events, a few, in the background.

    Args:
        api: Where to.
        uptime: A monotonic clock, in seconds, for the rate.
        instance: Which replica this is.
    """

    def __init__(self, api: Requests, uptime: Callable[[], float], instance: str) -> None:
        self._api, self._uptime, self._instance = api, uptime, instance
        self._waiting: deque[Event] = deque(maxlen=WAITING)
        self._some = asyncio.Event()
        self._told: OrderedDict[tuple[str, str, str], _Told] = OrderedDict()
        self._left, self._at = float(BURST), uptime()

    def tell(self, events: Sequence[Event]) -> None:
        """Have those written that an onlooker should see; returns at once."""
        for event in events:
            if shown := shown_of(event):
                self._waiting.append(shown)
                self._some.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            while self._waiting:
                event = self._waiting.popleft()
                if self._may():
                    await self._write(event)
            self._some.clear()
            await self._some.wait()

    def _may(self) -> bool:
        """Whether the rate allows one more now."""
        now = self._uptime()
        self._left = min(float(BURST), self._left + (now - self._at) * PER_S)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    async def _write(self, event: Event) -> None:
        try:
            await self._write_or_count(event)
        except Retryable as busy:
            log.debug("an Event was dropped: %s", busy)
            self._waiting.clear()
            await asyncio.sleep(BUSY_PAUSE_S)
        except MunshiError as refused:
            log.debug("an Event was refused: %s", refused)

    async def _write_or_count(self, event: Event) -> None:
        key = (event.uid, event.reason, event.message)
        told = self._told.get(key)
        if told is not None:
            self._told.move_to_end(key)
            told.count += 1
            try:
                again = {"count": told.count, "lastTimestamp": _seconds(event.time)}
                await self._api.patch(told.path, again)
            except NotFound:  # Events live for an hour
                del self._told[key]
            else:
                return
        path = f"/api/v1/namespaces/{event.namespace}/events"
        made = body_of(event, f"{event.name}.{uuid4().hex[:16]}", self._instance)
        await self._api.create(path, made)
        self._told[key] = _Told(f"{path}/{made['metadata']['name']}", 1, _seconds(event.time))
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)


def shown_of(event: Event) -> Event | None:
    """The event as an onlooker sees it; None when it is not for them."""
    if event.reason in TROUBLES:
        event = replace(event, warning=True)
    if not event.warning:
        good = event.kind == "Experiment" and event.reason in NORMAL
        return event if good else None
    reason = RENAMED.get(event.reason, event.reason)
    following = NEXT.get(reason, "")
    if not following or following in event.message:
        return replace(event, reason=reason, message=_cut(event.message, _LONGEST))
    said = _cut(event.message, _LONGEST - len(following) - 2)
    return replace(event, reason=reason, message=f"{said}; {following}")


def body_of(event: Event, name: str, instance: str) -> dict[str, Any]:
    """The Event object to create."""
    at = _seconds(event.time)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": event.namespace},
        "involvedObject": {
            "apiVersion": HOME,
            "kind": event.kind,
            "namespace": event.namespace,
            "name": event.name,
            "uid": event.uid,
        },
        "type": "Warning" if event.warning else "Normal",
        "reason": event.reason,
        "message": event.message,
        "count": 1,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": instance,
    }


def _cut(text: str, longest: int) -> str:
    """The text in at most so many characters, and bytes that are UTF-8."""
    text = text.encode("utf-8", "backslashreplace").decode().rstrip()
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
