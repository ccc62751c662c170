"""What becomes an Event in the cluster, how it is counted, and that nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from munshi.engine.ports import Event
from munshi.errors import ClusterUnreachable, Forbidden, MunshiError, NotFound
from munshi.kube.operator.events import BURST, ClusterEvents, body_of, shown_of
from munshi.testing.builders import NOW
from munshi.testing.clock import simulated


def happened(
    reason: str, message: str = "so", *, kind: str = "Trial", warning: bool = True, uid: str = "u"
) -> Event:
    """Something in the story."""
    return Event(NOW, kind, "default", "e-1", uid, "uid-e", reason, message, warning=warning)


class Cluster:
    """Takes Events, or does not."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.trouble: MunshiError | None = None
        self.writes = 0

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A new Event."""
        self._write()
        assert path == "/api/v1/namespaces/default/events"
        self.events[f"{path}/{body['metadata']['name']}"] = dict(body)
        return dict(body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A change of one."""
        self._write()
        if path not in self.events:
            raise NotFound(path)
        self.events[path].update(body)
        return self.events[path]

    def _write(self) -> None:
        self.writes += 1
        if self.trouble is not None:
            raise self.trouble


def told(cluster: Cluster, *batches: list[Event], pause_s: float = 1.0) -> None:
    """Tell batches of events one after the other."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        events = ClusterEvents(cluster, loop.time, "here")
        writing = asyncio.create_task(events.run())
        for batch in batches:
            events.tell(batch)
            await asyncio.sleep(pause_s)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    simulated(story())


SHOWN = {
    "a failed trial, by Katib's word": (happened("TrialFailed"), "JobFailed"),
    "a trial without metrics": (happened("MetricsUnavailable"), "MetricsUnavailable"),
    "a lost job": (happened("TrialLost"), "TrialLost"),
    "a trial without a pod": (happened("TrialWaiting", warning=False), "TrialWaiting"),
    "an experiment that runs": (
        happened("ExperimentRunning", kind="Experiment", warning=False),
        "ExperimentRunning",
    ),
    "a refused experiment": (
        happened("ExperimentInvalid", kind="Experiment"),
        "ExperimentInvalid",
    ),
    "a trial that runs": (happened("TrialRunning", warning=False), None),
    "a trial that succeeded": (happened("TrialSucceeded", warning=False), None),
    "a deed": (happened("LaunchTrial", warning=False), None),
    "a suggestion under way": (
        happened("SuggestionRunning", kind="Suggestion", warning=False),
        None,
    ),
}


@pytest.mark.parametrize(("event", "reason"), SHOWN.values(), ids=SHOWN)
def test_what_is_shown(event: Event, reason: str | None) -> None:
    """Troubles, and how an Experiment goes; nothing for a trial that goes well."""
    shown = shown_of(event)
    assert (shown.reason if shown else None) == reason


@pytest.mark.parametrize("reason", ["TrialFailed", "MetricsUnavailable", "TrialLost"])
def test_a_trouble_says_what_to_do(reason: str) -> None:
    """The message keeps what happened and goes on with the next step, within Kubernetes' 1,024 characters."""
    shown = shown_of(happened(reason, "x" * 3000))
    assert shown is not None
    assert shown.message.startswith("xxx")
    assert "…; " in shown.message
    assert len(shown.message) == 1024


def test_the_object_that_kubernetes_wants() -> None:
    """The Event points at its object by kind and uid, so that `kubectl describe` finds it."""
    body = body_of(happened("JobFailed", "정확도"), "e-1.abc", "here")
    assert body["involvedObject"]["uid"] == "u"
    assert body["involvedObject"]["kind"] == "Trial"
    assert body["type"] == "Warning"
    assert body["message"] == "정확도"
    assert body["firstTimestamp"] == "2026-01-31T12:00:00Z"


def test_half_a_character_does_not_break_it() -> None:
    """A program's broken output in a message can be sent as UTF-8."""
    shown = shown_of(happened("TrialFailed", "it said \udc80"))
    assert shown is not None
    shown.message.encode()


def test_the_same_again_is_counted() -> None:
    """Three times the same trouble is one Event with count 3; another trouble is another Event."""
    cluster = Cluster()
    same = happened("ReconcileError", "no room")
    told(cluster, [same, same], [replace(same, message="else")], [same])
    assert sorted(each["count"] for each in cluster.events.values()) == [1, 3]


def test_a_counted_one_that_expired_is_written_anew() -> None:
    """Kubernetes drops Events after an hour; the next time it is a new one."""
    cluster = Cluster()
    same = happened("ReconcileError", "no room")
    told(cluster, [same])
    cluster.events.clear()
    told(cluster, [same])
    assert [each["count"] for each in cluster.events.values()] == [1]


def test_a_flood_is_cut_off() -> None:
    """Of a thousand failures at once no more are written than the rate allows."""
    cluster = Cluster()
    told(cluster, [happened("TrialFailed", str(i), uid=str(i)) for i in range(1000)])
    assert len(cluster.events) <= BURST
    assert cluster.writes <= BURST


def test_a_busy_server_is_left_alone() -> None:
    """After a 429 what waits is dropped, and the next one is written when the pause is over."""
    cluster = Cluster()
    cluster.trouble = ClusterUnreachable("busy")

    async def story() -> None:
        events = ClusterEvents(cluster, asyncio.get_running_loop().time, "here")
        writing = asyncio.create_task(events.run())
        events.tell([happened("TrialFailed", str(i)) for i in range(10)])
        await asyncio.sleep(1)
        assert cluster.writes == 1
        cluster.trouble = None
        await asyncio.sleep(30)
        events.tell([happened("TrialFailed", "later")])
        await asyncio.sleep(1)
        assert len(cluster.events) == 1
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    simulated(story())


def test_a_refusal_is_no_trouble_of_the_engine() -> None:
    """Without the right to write Events the operator goes on."""
    cluster = Cluster()
    cluster.trouble = Forbidden("no")
    told(cluster, [happened("TrialFailed")], [happened("TrialFailed", "again")])
    assert cluster.events == {}
