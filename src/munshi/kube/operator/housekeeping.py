"""Keeping the ledger no larger than the cluster: what belongs to deleted objects is dropped.

No finalizer waits for it. A deletion that nobody saw (no replica led, another one had the Lease) is made
good by a sweep when a replica begins to lead, and now and then.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.engine.ports import Change, Store
from munshi.errors import Gone, Retryable
from munshi.store.sqlite import SqlStore

log = logging.getLogger("munshi.operator")

EVERY_S = 3600.0
PAUSE_S = 5.0
_COUNTED = {"Experiment": "katib_experiment_deleted", "Trial": "katib_trial_deleted"}


class Housekeeping:
    """Follows deletions.

    Args:
        store: The cluster's objects.
        ledger: Whose values and events are dropped.
        counts: Grows by the deletions that are seen, by Katib's counter and namespace.
        sweeps: Drop what belongs to nobody; not where other namespaces' objects are unknown.
    """

    def __init__(
        self, store: Store, ledger: SqlStore, counts: Counter[tuple[str, str]], *, sweeps: bool
    ) -> None:
        self._store, self._ledger, self._sweeps = store, ledger, sweeps
        self._counts = counts

    async def run(self) -> None:
        """Keep tidy until cancelled."""
        while True:
            try:
                async with asyncio.timeout(EVERY_S):
                    await self._follow()
            except TimeoutError:
                continue
            except Gone:
                log.debug("deletions were missed; sweeping")
            except Retryable as busy:
                log.debug("housekeeping waits: %s", busy)
                await asyncio.sleep(PAUSE_S)

    async def _follow(self) -> None:
        since = await self._store.version()
        if self._sweeps:
            trials = {one.uid for one in await self._store.list(Trial)}
            experiments = {one.uid for one in await self._store.list(Experiment)}
            if count := await self._ledger.keep_only(trials, experiments):
                log.info("dropped what %d deleted objects left in the ledger", count)
        async for change in self._store.watch(since):
            if change.gone:
                await self._drop(change)

    async def _drop(self, change: Change) -> None:
        gone = change.resource
        if counter := _COUNTED.get(gone.kind):
            self._counts[counter, gone.namespace] += 1
        if isinstance(gone, Trial):
            await self._ledger.forget(gone.uid)
        elif isinstance(gone, Experiment):
            await self._ledger.forget_events(gone.uid)
