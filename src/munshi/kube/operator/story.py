"""The engine's EventLog on a cluster: the story goes to the ledger, the log, the counters and the cluster.

Everything that happens passes here once, as `reconcile.story.Event`. It is kept whole in SQL, so that
`munshi explain` has the same to tell as on a laptop; written to the log, a line each; and counted for
Prometheus. What an onlooker of the cluster should see becomes an Event there (`events`), a small part of it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from munshi.engine.ports import Event, EventLog

log = logging.getLogger("munshi.story")

FINAL = {
    "ExperimentGoalReached": "katib_experiment_succeeded",
    "ExperimentMaxTrialsReached": "katib_experiment_succeeded",
    "ExperimentSuggestionEndReached": "katib_experiment_succeeded",
    "ExperimentCreated": "katib_experiment_created",
    "ExperimentFailed": "katib_experiment_failed",
    "ExperimentInvalid": "katib_experiment_failed",
    "CreateTrial": "katib_trial_created",
    "TrialSucceeded": "katib_trial_succeeded",
    "TrialFailed": "katib_trial_failed",
    "MetricsUnavailable": "katib_trial_metrics_unavailable",
}
"""Which of Katib's counters a reason belongs to."""


class Teller(Protocol):
    """Writes some of the story into the cluster."""

    def tell(self, events: Sequence[Event]) -> None:
        """Take notice; returns at once."""
        ...


class Story:
    """See `engine.ports.EventLog`.

    Args:
        ledger: Where the whole story is kept.
        teller: Shows some of it in the cluster.
        experiment_name: The name of an experiment by its uid; empty when it is gone.
        counts: Grows by what happens, by counter and namespace.
    """

    def __init__(
        self,
        ledger: EventLog,
        teller: Teller,
        experiment_name: Callable[[str], str],
        counts: Counter[tuple[str, str]],
    ) -> None:
        self._ledger, self._teller, self._name = ledger, teller, experiment_name
        self._counts = counts

    async def record(self, events: Sequence[Event]) -> None:
        """Keep, log, count and show."""
        for event in events:
            self._log(event)
            if counter := FINAL.get(event.reason):
                self._counts[counter, event.namespace] += 1
        self._teller.tell(events)
        await self._ledger.record(events)

    async def events(self, experiment_uid: str, name: str | None = None) -> Sequence[Event]:
        """An experiment's events, from the ledger."""
        return await self._ledger.events(experiment_uid, name)

    def _log(self, event: Event) -> None:
        facts = {
            "namespace": event.namespace,
            "experiment": event.name
            if event.kind == "Experiment"
            else self._name(event.experiment_uid),
            "trial": event.name if event.kind == "Trial" else "",
            "reason": event.reason,
        }
        level = logging.WARNING if event.warning else logging.INFO
        log.log(level, "%s", event.message, extra={"facts": facts})
