"""Who leads, and who no longer does: on a server in memory, in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from kube.operator.a_lease_server import LeaseServer
from munshi.errors import Forbidden
from munshi.kube.operator.lease import Elector, LeadershipLost
from munshi.testing.clock import SimulatedClock, simulated


class Replica:
    """One process with its elector; `slept` is time that passed while it was stopped."""

    def __init__(self, server: LeaseServer, name: str) -> None:
        self.slept = 0.0
        self.began: list[float] = []
        self.ended: list[float] = []
        self.elector = Elector(
            server, "kubeflow", name, SimulatedClock().now, uptime=lambda: _now() + self.slept
        )
        self.work: Callable[[], None] = lambda: None
        self.task = asyncio.create_task(self.elector.run(self.lead))

    async def lead(self) -> None:
        """A leader's work: nothing, for ever."""
        self.began.append(_now())
        try:
            while True:
                await asyncio.sleep(0.1)
                self.work()
        finally:
            self.ended.append(_now())

    async def stop(self) -> None:
        """As on SIGTERM."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def die(self) -> None:
        """As on SIGKILL: nothing of it goes on, and nothing is cleaned up."""
        self.elector._release = _never  # type: ignore[method-assign]
        self.task.cancel()


async def _never() -> None:
    return


def _now() -> float:
    return asyncio.get_running_loop().time()


def test_the_first_one_leads_and_renews() -> None:
    """Alone, a replica leads at once and holds the Lease for an hour."""

    async def story() -> None:
        server = LeaseServer()
        one = Replica(server, "one")
        await asyncio.sleep(3600)
        assert one.began == [pytest.approx(0, abs=0.1)]
        assert one.ended == []
        assert one.elector.leads
        assert server.holder == "one"
        assert server.lease is not None
        assert server.lease["spec"]["leaseDurationSeconds"] == 15
        await one.stop()

    simulated(story())


def test_never_two_at_once() -> None:
    """The second one stands by as long as the first renews."""

    async def story() -> None:
        server = LeaseServer()
        one, two = Replica(server, "one"), Replica(server, "two")
        for _ in range(600):
            await asyncio.sleep(1)
            assert one.elector.leads + two.elector.leads == 1
        await one.stop()
        await two.stop()

    simulated(story())


def test_a_clean_stop_hands_over_within_three_seconds() -> None:
    """The leader empties the Lease when it is told to stop, and the other one takes it."""

    async def story() -> None:
        server = LeaseServer()
        one = Replica(server, "one")
        await asyncio.sleep(1)
        two = Replica(server, "two")
        await asyncio.sleep(30)
        at = _now()
        await one.stop()
        assert server.holder == ""
        await asyncio.sleep(10)
        assert two.began[0] - at <= 3
        assert server.lease is not None
        assert server.lease["spec"]["leaseTransitions"] == 1
        await two.stop()

    simulated(story())


def test_it_says_once_whom_it_stands_by_for(caplog: pytest.LogCaptureFixture) -> None:
    """However often it asks, the log has one line for each holder."""

    async def story() -> None:
        server = LeaseServer()
        one = Replica(server, "one")
        await asyncio.sleep(1)
        two = Replica(server, "two")
        await asyncio.sleep(600)
        await one.stop()
        await asyncio.sleep(10)
        await two.stop()

    with caplog.at_level("INFO", "munshi.operator"):
        simulated(story())
    said = [line for line in caplog.messages if "stands by" in line]
    assert len(said) == 1
    assert said[0].endswith("is held by one")


def test_a_dead_leader_is_followed_within_twenty_seconds() -> None:
    """Nobody renews, so the Lease ends; not before its time, and a clock on the wall plays no part."""

    async def story() -> None:
        server = LeaseServer()
        one = Replica(server, "one")
        await asyncio.sleep(1)
        two = Replica(server, "two")
        await asyncio.sleep(30)
        at = _now()
        one.die()
        await asyncio.sleep(30)
        assert 12 <= two.began[0] - at <= 20
        await two.stop()

    simulated(story())


def test_who_cannot_renew_stops_before_another_begins() -> None:
    """Cut off from the server, a leader ends its work after 10 s; its successor begins later."""

    async def story() -> None:
        server, cut = LeaseServer(), LeaseServer()
        one = Replica(server, "one")
        await asyncio.sleep(1)
        two = Replica(server, "two")
        await asyncio.sleep(30)
        cut.away = True
        one.elector._api = cut
        at = _now()
        await asyncio.sleep(60)
        assert one.ended[0] - at <= 10.1
        assert two.began[0] > one.ended[0] + 2
        with pytest.raises(LeadershipLost):
            one.elector.check()
        one.elector._api = server
        await asyncio.sleep(60)
        assert len(one.began) == 1
        assert two.elector.leads
        await one.stop()
        await two.stop()

    simulated(story())


def test_a_slow_server_is_no_reason_to_stop() -> None:
    """Answers that take a second, and an outage of five, leave the leader in its place."""

    async def story() -> None:
        server = LeaseServer()
        one = Replica(server, "one")
        await asyncio.sleep(10)
        server.takes_s = 1.0
        await asyncio.sleep(60)
        server.away = True
        await asyncio.sleep(5)
        server.away = False
        await asyncio.sleep(60)
        assert one.ended == []
        await one.stop()

    simulated(story())


def test_who_was_stopped_writes_nothing_when_it_wakes() -> None:
    """After a SIGSTOP of 30 s the very next write is refused, before any timer has run."""

    async def story() -> None:
        server = LeaseServer()
        one = Replica(server, "one")
        await asyncio.sleep(5)
        refused: list[bool] = []

        def work() -> None:
            try:
                one.elector.check()
            except LeadershipLost:
                refused.append(True)
            else:
                refused.append(False)

        one.work = work
        await asyncio.sleep(1)
        assert not any(refused)
        refused.clear()
        one.slept += 30
        await asyncio.sleep(0.11)
        assert refused
        assert all(refused)
        await asyncio.sleep(5)
        assert one.elector.leads, "nobody took the Lease, so it leads again"
        assert len(one.began) == 2
        await one.stop()

    simulated(story())


def test_a_lease_that_another_took_is_left_alone() -> None:
    """Waking after its successor began, a replica stands by at once."""

    async def story() -> None:
        server = LeaseServer()
        one = Replica(server, "one")
        await asyncio.sleep(5)
        assert server.lease is not None
        lease = await server.get("/leases/munshi-operator")
        lease["spec"]["holderIdentity"] = "two"
        await server.replace("", lease)
        await asyncio.sleep(5)
        assert not one.elector.leads
        assert one.ended
        await one.stop()
        assert server.holder == "two"

    simulated(story())


def test_a_leader_that_breaks_ends_with_its_error() -> None:
    """What the work raises comes out of `run`, and the Lease is free at once."""

    async def story() -> None:
        server = LeaseServer()
        elector = Elector(server, "kubeflow", "one", SimulatedClock().now, uptime=_now)

        async def broken() -> None:
            raise Forbidden("no")

        with pytest.raises(Forbidden):
            await elector.run(broken)
        assert server.holder == ""

    simulated(story())


def test_nobody_leads_unasked() -> None:
    """Before it holds the Lease a replica may write nothing."""
    elector = Elector(LeaseServer(), "kubeflow", "one", SimulatedClock().now, uptime=lambda: 0.0)
    with pytest.raises(LeadershipLost):
        elector.check()
