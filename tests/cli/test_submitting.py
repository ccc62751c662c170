"""Several `munshi run` of one file at once: none stumbles over what another wrote a moment ago."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from munshi.api import source
from munshi.api.experiment import Experiment
from munshi.api.meta import ConfigMap
from munshi.cli import submission
from munshi.cli.files import Documents
from munshi.engine.clock import WallClock
from munshi.errors import NotFound
from munshi.testing.builders import an_experiment
from munshi.testing.memory import MemoryStore


class Race(MemoryStore):
    """Somebody else acts between our first look and our write."""

    def __init__(self, act: Callable[[MemoryStore], Awaitable[object]]) -> None:
        numbers = count()
        super().__init__(WallClock().now, lambda: str(next(numbers)))
        self._act: Callable[[MemoryStore], Awaitable[object]] | None = act

    async def get(self, *asked: Any) -> Any:
        """What was there before the other one acted."""
        act, self._act = self._act, None
        try:
            found = await super().get(*asked)
        except NotFound:
            if act is not None:
                await act(self)
            raise
        if act is not None:
            await act(self)
        return found


def submitted(store: MemoryStore, experiment: Experiment) -> Experiment:
    """Submit an experiment from a document that nobody will quote."""
    (document,) = source.read("{}")
    return asyncio.run(submission.submitted(store, experiment, document))


def test_another_run_creates_it_first() -> None:
    """The experiment that is there by then is taken, as if it had been there before."""
    store = Race(lambda it: it.create(an_experiment()))
    assert submitted(store, an_experiment()).uid == "0"


def test_its_status_is_written_while_it_is_changed() -> None:
    """A raised budget arrives although the driver wrote the status between look and write."""
    wider = an_experiment(max_trials=20)

    async def drive(store: MemoryStore) -> None:
        found = await store.get(Experiment, wider.namespace, wider.name)
        status = found.status.model_copy(update={"trials": 3})
        await store.replace_status(found.model_copy(update={"status": status}))

    store = Race(drive)
    asyncio.run(MemoryStore.create(store, an_experiment(max_trials=12)))
    changed = submitted(store, wider)
    assert (changed.spec.max_trial_count, changed.status.trials) == (20, 3)


def test_another_run_keeps_the_same_config_map() -> None:
    """A ConfigMap that somebody created first is the ConfigMap, with our data."""

    async def story() -> str:
        documents = Documents((), {("", "templates"): {"job": "ours"}})
        other = ConfigMap.model_validate(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "templates", "namespace": "default"},
                "data": {"job": "theirs"},
            }
        )
        store = Race(lambda it: it.create(other))
        await submission.keep_config_maps(store, documents, "default")
        kept: ConfigMap = await store.get(ConfigMap, "default", "templates")
        return kept.data["job"]

    assert asyncio.run(story()) == "ours"
