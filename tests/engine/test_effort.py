"""The work of a trial does not grow with the number of trials before it, counted in calls, not seconds."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TypeVar

import pytest

import munshi
from engine.stage import Stage
from munshi import algorithms
from munshi.algorithms import Request
from munshi.api.common import Observation
from munshi.api.experiment import Experiment
from munshi.api.meta import AFTER_ANNOTATION, Resource
from munshi.engine.thrift import CLUSTER, LOCAL, Rest, Thrift
from munshi.reconcile import names
from munshi.space import read
from munshi.testing.builders import (
    a_suggestion,
    a_trial,
    an_experiment,
    choices,
    failed,
    killed,
    succeeded,
)
from munshi.testing.clock import simulated
from munshi.testing.launcher import Script
from munshi.testing.memory import MemoryStore

R = TypeVar("R", bound=Resource)

OURS = tuple(
    str(Path(munshi.__file__).parent / room)
    for room in ("engine", "reconcile", "algorithms", "space", "template", "api")
)
"""Rooms whose calls count. The in-memory store sorts all it holds at each look; no real one does."""
NEW = 20
"""Trials that are run after the earlier ones."""


class Calls:
    """How many Python functions (and steps of generators) of ours were entered while it counted."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count until the block is left."""
        before = sys.getprofile()
        sys.setprofile(self._seen)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _seen(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(OURS):
            self.count += 1


async def with_history(stage: Stage, earlier: int, **said: str) -> Experiment:
    """An experiment that has come to `earlier` ended trials, most of them well, and wants more."""
    owner = await stage.store.create(
        an_experiment(parallel=4, max_trials=earlier + NEW, **said)  # type: ignore[arg-type] # strings
    )
    suggestion = a_suggestion(given=earlier, experiment=owner)
    made = await stage.store.create(suggestion)
    await stage.store.replace_status(made.model_copy(update={"status": suggestion.status}))
    fates = (*(succeeded(f"0.{at}") for at in range(1, 9)), failed(), killed())
    for at in range(earlier):
        told = {AFTER_ANNOTATION: f"e-{at - 1}"}
        fate = fates[at % len(fates)]
        trial = a_trial(f"e-{at}", fate, index=at, experiment=owner, notes=told)
        kept = await stage.store.create(trial)
        await stage.store.replace_status(kept.model_copy(update={"status": trial.status}))
    return owner


def calls_per_trial(earlier: int, algorithm: str) -> float:
    """Calls for one more trial after so many, the reading of everything at the start left out."""

    async def story() -> float:
        stage, calls = Stage(lambda _: Script(("0.5",))), Calls()
        await with_history(stage, earlier, algorithm=algorithm)
        async with stage.engine() as engine:
            await stage.until(lambda: len(stage.launcher.launches) >= 4)
            with calls.counted():
                await stage.until(engine.is_at_rest)
        ended = await stage.experiment()
        assert ended.status.trials == earlier + NEW
        assert ended.status.current_optimal_trial is not None
        assert ended.status.current_optimal_trial.observation != Observation()
        await stage.launcher.close()
        return calls.count / (NEW - 4)

    return simulated(story())


@pytest.mark.parametrize("algorithm", ["random", "sobol"])
def test_the_thousandth_trial_costs_what_the_fiftieth_costs(algorithm: str) -> None:
    """Twenty times the history, at most a tenth more calls; one look at each would be many times that."""
    few, many = calls_per_trial(50, algorithm), calls_per_trial(1_000, algorithm)
    assert many < 1.1 * few


@pytest.mark.parametrize("algorithm", ["grid", "random", "sobol"])
def test_many_trials_share_a_question(algorithm: str) -> None:
    """Asked ahead, a hundred trials take some thirty answers, and get the points of a single one."""

    async def story() -> None:
        stage = Stage()
        space = (choices(*(str(at) for at in range(150))),)
        owner = await stage.play(
            an_experiment(parallel=4, max_trials=100, algorithm=algorithm, parameters=space)
        )
        assert stage.suggester.asked <= 30
        assert stage.launcher.most_at_once == 4
        seed = names.seed(owner.uid)
        request = Request(read(space), False, {}, seed, (), (), 0, 100)
        expected = algorithms.find(algorithm).suggest(request).assignments
        tried = [t.spec.parameter_assignments[0].value for t in await stage.trials()]
        assert tried == [point["lr"] for point in expected]
        await stage.launcher.close()

    simulated(story())


class CountingStore(MemoryStore):
    """Counts the writes of each kind."""

    writes: Counter[str]

    async def create(self, resource: R) -> R:
        """Write a new object."""
        self.writes[f"create {resource.kind}"] += 1
        return await super().create(resource)

    async def replace(self, resource: R) -> R:
        """Write spec and metadata."""
        self.writes[f"replace {resource.kind}"] += 1
        return await super().replace(resource)

    async def replace_status(self, resource: R) -> R:
        """Write status only."""
        self.writes[f"status {resource.kind}"] += 1
        return await super().replace_status(resource)


def apart_s(rest: Rest) -> float:
    """Seconds between two writes, when there is always something to write."""
    return max(rest.gather_s, rest.apart_s)


@pytest.mark.parametrize("thrift", [LOCAL, CLUSTER])
def test_short_trials_share_the_writes_of_their_owners(thrift: Thrift) -> None:
    """A trial is created, runs and ends: three writes; its owners are written when they have rested."""

    async def story() -> None:
        stage = Stage(lambda _: Script(("0.5",), runs_s=0.02), thrift=thrift)
        uids = count()
        store = CountingStore(stage.clock.now, lambda: f"uid-{next(uids)}", stage.log)
        store.writes = Counter()
        stage.store = stage.seen = store
        began = asyncio.get_running_loop().time()
        await stage.play(an_experiment(parallel=4, max_trials=200))
        took_s = asyncio.get_running_loop().time() - began
        assert store.writes.pop("create Trial") == 200
        assert store.writes.pop("status Trial") == 200 * 2
        assert store.writes.pop("status Experiment") <= took_s / apart_s(thrift.experiment) + 5
        # Every answer is settled at once, and asked for by one write.
        settled = stage.suggester.asked + 5
        assert (
            store.writes.pop("status Suggestion") <= took_s / apart_s(thrift.suggestion) + settled
        )
        assert store.writes.pop("replace Suggestion") <= stage.suggester.asked + 5
        assert store.writes == {"create Experiment": 1, "create Suggestion": 1}
        await stage.launcher.close()

    simulated(story())
