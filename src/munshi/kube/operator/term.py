"""The time for which one replica leads: the engine, and what it needs, put together and taken apart.

Nothing of it outlives the term. Whoever leads next (perhaps the same replica) reads the cluster anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from munshi.admission import Served
from munshi.api.experiment import Experiment
from munshi.engine.clock import WallClock
from munshi.engine.engine import Engine
from munshi.engine.ports import Launcher
from munshi.engine.thrift import CLUSTER
from munshi.errors import MunshiError
from munshi.kube.objects.store import KubeStore, Unreadable
from munshi.kube.operator import finalizers, returns
from munshi.kube.operator.counted import CountedLog
from munshi.kube.operator.events import ClusterEvents
from munshi.kube.operator.gate import Gate
from munshi.kube.operator.housekeeping import Housekeeping
from munshi.kube.operator.lease import uptime
from munshi.kube.operator.settings import Settings
from munshi.kube.operator.story import Story
from munshi.kube.operator.troubles import Troubles
from munshi.kube.trials.companion import Image
from munshi.kube.trials.launcher import KubeLauncher
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import Kinds
from munshi.rpc.services.katib import KatibServices
from munshi.store.sqlite import SqlStore
from munshi.suggester.pool import WorkerSuggester

log = logging.getLogger("munshi.operator")

ASK_S = 5.0
"""How long a service may take to judge settings; other Experiments wait behind it."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a replica has for as long as it lives.

    Attributes:
        api: Fenced: it writes only while the replica leads.
        kinds: Which kinds the cluster serves.
        store: The cluster's objects.
        ledger: The story and the values.
        values: The values, counted.
        settings: What the operator was told.
        happened: What happened, by Katib's counter and namespace.
        services: Who answers for algorithms that are not munshi's.
    """

    api: Api
    kinds: Kinds
    store: KubeStore
    ledger: SqlStore
    values: CountedLog
    settings: Settings
    happened: Counter[tuple[str, str]]
    services: KatibServices


class Jobs(Launcher, Protocol):
    """The engine's Launcher, with an end."""

    async def close(self) -> None:
        """Let nothing of it go on; jobs go on."""
        ...


Launching = Callable[[Shared], Jobs]
"""Makes the launcher of a term."""


def launching(shared: Shared) -> Jobs:
    """Trials as jobs of the cluster."""
    settings = shared.settings
    return KubeLauncher(
        shared.api,
        shared.kinds,
        shared.values,
        WallClock(),
        Image(settings.image),
        settings.namespaces,
    )


class Term:
    """One term.

    Args:
        shared: What the replica has.
        launcher: Makes what runs the trials.
    """

    def __init__(self, shared: Shared, launcher: Launching = launching) -> None:
        self._shared = shared
        clock, settings = WallClock(), shared.settings
        self._events = ClusterEvents(shared.api, uptime, settings.identity)
        self._story = Story(shared.ledger, self._events, self._name_of, shared.happened)
        self._gate = Gate(
            shared.store,
            self._story,
            clock,
            release=partial(finalizers.release, shared.api),
            cluster_faults=settings.faults,
            served=Served(shared.services.algorithms),
            served_faults=partial(shared.services.faults, tries=1, within_s=ASK_S),
        )
        self._housekeeping = Housekeeping(
            shared.store, shared.ledger, shared.happened, sweeps=not settings.namespaces
        )
        self._launcher = launcher(shared)
        self._suggester = WorkerSuggester(settings.limits)
        self.engine = Engine(
            self._gate,
            shared.values,
            self._launcher,
            self._suggester,
            clock,
            events=self._story,
            services=shared.services,
            thrift=CLUSTER,
        )
        self._troubles = Troubles(self._experiment, lambda event: self._events.tell([event]), clock)
        self._returned: asyncio.Queue[Unreadable] = asyncio.Queue()

    async def run(self) -> None:
        """Drive Experiments until cancelled; what was begun is finished."""
        engine_log = logging.getLogger("munshi.engine")
        engine_log.addHandler(self._troubles)
        for unreadable in self._shared.store.unreadable.values():
            self.refuse(unreadable)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.engine.run())
                tasks.create_task(self._events.run())
                tasks.create_task(self._housekeeping.run())
                tasks.create_task(self._return())
        finally:
            engine_log.removeHandler(self._troubles)
            await self._gate.close()
            await self._launcher.close()
            await self._suggester.close()

    def refuse(self, unreadable: Unreadable) -> None:
        """Have it told to an object's author that it cannot be read."""
        self._returned.put_nowait(unreadable)

    async def _return(self) -> None:
        while True:
            unreadable = await self._returned.get()
            if unreadable.key.kind == "Experiment":
                with contextlib.suppress(MunshiError):
                    now = WallClock().now()
                    if event := await returns.give_back(self._shared.api, unreadable, now):
                        await self._story.record([event])

    def _experiment(self, uid: str) -> Experiment | None:
        held = self.engine.mirror.experiments.values()
        return next((one for one in held if one.uid == uid), None)

    def _name_of(self, uid: str) -> str:
        return self._gate.name_of(uid)
