"""The contract of `engine.ports.EventLog` as tests: inherit `EventLogContract`."""

# ruff: noqa: S101 - a suite of tests asserts
from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.trial import Trial
from munshi.engine.ports import Event, EventLog, Store
from munshi.testing.logs import NOON
from munshi.testing.stores import a_trial, an_experiment


def an_event(
    of: Resource, message: str, experiment: Resource | None = None, *, warning: bool = False
) -> Event:
    """Something that happened to an object of an experiment, a moment after noon."""
    moment = NOON + timedelta(microseconds=len(message))
    kind, uid = type(of).__name__, (experiment or of).uid
    return Event(moment, kind, of.namespace, of.name, of.uid, uid, "Launch", message, warning)


class EventLogContract:
    """What every event log keeps; say in `opened` how to get an empty one with its store."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[tuple[Store, EventLog]]:
        """An empty store and its event log, for the length of a block; `folder` is their own."""
        raise NotImplementedError

    def test_events_come_back_whole_and_in_order(self, tmp_path: Path) -> None:
        """Every field as recorded, Korean and line ends too; order is that of recording, not of time."""

        async def story() -> None:
            async with self.opened(tmp_path) as (store, log):
                mine = await store.create(an_experiment("mine"))
                trial = await store.create(a_trial("t", owner=mine))
                first = [
                    an_event(mine, "a long first message: 시작했다\n"),
                    an_event(trial, "failed", mine, warning=True),
                ]
                await log.record(first)
                await log.record([])
                again = an_event(mine, "2")
                await log.record([again, again])
                assert list(await log.events(mine.uid)) == [*first, again, again]
                assert list(await log.events(mine.uid, "t")) == first[1:]
                assert list(await log.events(mine.uid, "nobody")) == []
                assert list(await log.events(trial.uid)) == []

        asyncio.run(story())

    def test_experiments_are_kept_apart(self, tmp_path: Path) -> None:
        """By uid: one of the same name elsewhere, or of an earlier life, is another."""

        async def story() -> None:
            async with self.opened(tmp_path) as (store, log):
                here = await store.create(an_experiment("e"))
                there = await store.create(an_experiment("e", "elsewhere"))
                await log.record([an_event(here, "here"), an_event(there, "there")])
                assert [each.message for each in await log.events(here.uid)] == ["here"]
                assert [each.message for each in await log.events(there.uid, "e")] == ["there"]

        asyncio.run(story())

    def test_deleting_an_experiment_deletes_its_events(self, tmp_path: Path) -> None:
        """Its own and those of its trials, and no others; deleting a trial deletes none."""

        async def story() -> None:
            async with self.opened(tmp_path) as (store, log):
                mine = await store.create(an_experiment("mine"))
                other = await store.create(an_experiment("other"))
                trial = await store.create(a_trial("t", owner=mine))
                said = [an_event(mine, "one"), an_event(trial, "two", mine)]
                await log.record([*said, an_event(other, "three")])
                await store.delete(Trial, "default", "t")
                assert list(await log.events(mine.uid)) == said
                await store.delete(Experiment, "default", "mine")
                assert list(await log.events(mine.uid)) == []
                assert [each.message for each in await log.events(other.uid)] == ["three"]

        asyncio.run(story())

    def test_an_event_that_comes_too_late_is_dropped(self, tmp_path: Path) -> None:
        """A run that goes on for a moment leaves nothing behind of an experiment that was deleted."""

        async def story() -> None:
            async with self.opened(tmp_path) as (store, log):
                mine = await store.create(an_experiment("mine"))
                other = await store.create(an_experiment("other"))
                await store.delete(Experiment, "default", "mine")
                await log.record([an_event(mine, "late"), an_event(other, "in time")])
                assert list(await log.events(mine.uid)) == []
                assert [each.message for each in await log.events(other.uid)] == ["in time"]

        asyncio.run(story())

    def test_half_a_character_does_not_lose_an_event(self, tmp_path: Path) -> None:
        """A program's broken output in a message is kept, perhaps escaped: the rest is readable."""

        async def story() -> None:
            async with self.opened(tmp_path) as (store, log):
                mine = await store.create(an_experiment("mine"))
                await log.record([an_event(mine, "it said \udc80 and died")])
                (kept,) = await log.events(mine.uid)
                assert kept.message.startswith("it said ")
                assert kept.message.endswith(" and died")

        asyncio.run(story())

    def test_many_events_are_cheap_to_keep_and_to_find(self, tmp_path: Path) -> None:
        """Three for each of 2,000 trials, recorded side by side, all come back."""

        async def story() -> None:
            async with self.opened(tmp_path) as (store, log):
                mine = await store.create(an_experiment("mine"))
                trials = [a_trial(f"t-{i}") for i in range(2_000)]
                await asyncio.gather(
                    *(
                        log.record([an_event(trial, f"{i}", mine) for i in range(3)])
                        for trial in trials
                    )
                )
                assert len(await log.events(mine.uid)) == 6_000
                found = await log.events(mine.uid, "t-1234")
                assert [each.message for each in found] == ["0", "1", "2"]

        asyncio.run(story())
