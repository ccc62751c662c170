"""Everything that happens passes the operator's story once: kept, logged, counted, shown; then forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.engine.ports import Event
from munshi.engine.queue import Key, Kind
from munshi.errors import Forbidden
from munshi.kube.operator import housekeeping
from munshi.kube.operator.counted import CountedLog
from munshi.kube.operator.housekeeping import Housekeeping
from munshi.kube.operator.story import Story
from munshi.kube.operator.troubles import ALARMING, Troubles
from munshi.metrics.log import MetricLog
from munshi.store.sqlite import SqlStore
from munshi.testing.builders import NOW, a_trial, an_experiment
from munshi.testing.clock import SimulatedClock, simulated
from munshi.testing.logs import ObservationLogContract
from munshi.testing.memory import MemoryEvents, MemoryLog, MemoryStore


def an_event(reason: str, message: str = "so", *, warning: bool = False) -> Event:
    """Something that happened to a trial."""
    return Event(NOW, "Trial", "default", "e-1", "u", "uid-e", reason, message, warning=warning)


class Teller:
    """Hears what is told."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def tell(self, events: Sequence[Event]) -> None:
        """Take notice."""
        self.heard += events


def test_an_event_goes_everywhere(caplog: pytest.LogCaptureFixture) -> None:
    """Into the ledger, the log with its facts, the counters, and to whoever shows it."""
    ledger, teller, counts = MemoryEvents(), Teller(), Counter[tuple[str, str]]()
    story = Story(ledger, teller, lambda uid: {"uid-e": "e"}.get(uid, ""), counts)
    told = [an_event("TrialFailed", "it broke", warning=True), an_event("LaunchTrial")]
    with caplog.at_level(logging.INFO, "munshi.story"):
        asyncio.run(story.record(told))
    assert asyncio.run(story.events("uid-e")) == told
    assert teller.heard == told
    assert counts == {("katib_trial_failed", "default"): 1}
    first = caplog.records[0]
    assert (first.levelname, first.getMessage()) == ("WARNING", "it broke")
    facts = {"namespace": "default", "experiment": "e", "trial": "e-1", "reason": "TrialFailed"}
    assert vars(first)["facts"] == facts


def test_a_pass_that_keeps_failing_is_shown_once() -> None:
    """The third failure of the same kind on the same object becomes an event; the fourth does not."""
    heard: list[Event] = []
    owner = an_experiment()
    troubles = Troubles({"uid-e": owner}.get, heard.append, FixedClock())
    log = logging.getLogger("munshi.engine.of.a.test")
    log.addHandler(troubles)
    for _ in range(ALARMING + 1):
        for uid in ("uid-e", "uid-of-nobody"):
            try:
                raise Forbidden("you may not create jobs")
            except Forbidden:
                log.exception("pass failed: %s", Key(Kind.TRIAL, uid, "e-1"))
    log.error("something else")
    [event] = heard
    assert (event.reason, event.name, event.warning) == ("ReconcileError", "e", True)
    assert event.message == "trial e-1: Forbidden: you may not create jobs"


class FixedClock:
    """Always the same time."""

    def now(self) -> datetime:
        """That time."""
        return NOW


class TestCountedLog(ObservationLogContract):
    """The counted log keeps the contract of every observation log, and counts new values only."""

    def opened(self, folder: Path) -> MemoryLogContext:
        """One in memory."""
        return MemoryLogContext()

    def test_new_values_are_counted(self) -> None:
        """A value that is taken a second time is no new one."""

        async def story() -> None:
            log = CountedLog(MemoryLog())
            values = [MetricLog("loss", "1", None, None, "stdout:0:0")]
            await log.append(a_trial(), values, NOW)
            await log.append(a_trial(), values, NOW)
            assert log.values == 1

        asyncio.run(story())


class MemoryLogContext:
    """A counted log for the length of a block."""

    async def __aenter__(self) -> CountedLog:
        return CountedLog(MemoryLog())

    async def __aexit__(self, *_: object) -> None:
        return None


async def _kept(ledger: SqlStore, trial: Trial) -> int:
    return len(await ledger.read(trial.uid))


def test_what_belongs_to_the_deleted_is_dropped(tmp_path: Path) -> None:
    """Values go with their Trial, events with their Experiment: at once, or by the sweep of a new term."""

    async def story() -> None:
        uids = count()
        store = MemoryStore(FixedClock().now, lambda: f"uid-{next(uids)}")
        counts = Counter[tuple[str, str]]()
        opened = SqlStore.open(
            tmp_path / "db",
            FixedClock().now,
            lambda: "",
            elsewhere=True,
        )
        async with opened as ledger:
            owner = await store.create(an_experiment())
            trials = [await store.create(a_trial(f"t-{n}")) for n in range(3)]
            stranger = a_trial("of-a-deleted-experiment")
            for trial in (*trials, stranger):
                await ledger.append(trial, [MetricLog("loss", "1", None, None, "")], NOW)
            mine = Event(NOW, "Experiment", "default", "e", owner.uid, owner.uid, "R", "m")
            await ledger.record([mine])
            keeper = asyncio.create_task(Housekeeping(store, ledger, counts, sweeps=True).run())
            await _until(lambda: _kept(ledger, stranger), 0)
            assert await _kept(ledger, trials[0]) == 1
            await store.delete(Trial, "default", "t-0")
            await _until(lambda: _kept(ledger, trials[0]), 0)
            assert await _kept(ledger, trials[1]) == 1
            assert list(await ledger.events(owner.uid)) == [mine]
            await store.delete(Experiment, "default", "e")

            async def told() -> int:
                return len(await ledger.events(owner.uid))

            await _until(told, 0)
            assert counts["katib_trial_deleted", "default"] == 1
            assert counts["katib_experiment_deleted", "default"] == 1
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    asyncio.run(story())


async def _until(ask: object, wanted: int) -> None:
    async with asyncio.timeout(10):
        while await ask() != wanted:  # type: ignore[operator]
            await asyncio.sleep(0.01)


def test_without_all_namespaces_nothing_is_swept() -> None:
    """An operator that sees one namespace cannot know what belongs to nobody."""

    class Ledger:
        swept = False

        async def keep_only(self, *_: object) -> int:
            self.swept = True
            return 0

    async def story() -> None:
        store = MemoryStore(SimulatedClock().now, lambda: "uid")
        for sweeps in (False, True):
            ledger = Ledger()
            keeper = Housekeeping(store, ledger, Counter(), sweeps=sweeps)  # type: ignore[arg-type]
            task = asyncio.create_task(keeper.run())
            await asyncio.sleep(2 * housekeeping.EVERY_S)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert ledger.swept is sweeps

    simulated(story())
