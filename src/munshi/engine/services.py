"""No services at all: what an engine has that was told of none."""

from __future__ import annotations

from collections.abc import Sequence

from munshi.algorithms import Reply
from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.errors import AlgorithmRefused
from munshi.reconcile.stopping import Rules
from munshi.reconcile.views import SuggestionView


class NoServices:
    """Implements `ports.Services`: every algorithm is munshi's own."""

    algorithms: frozenset[str] = frozenset()
    early_stopping: frozenset[str] = frozenset()

    async def suggest(self, view: SuggestionView, count: int) -> Reply:
        """See `ports.Services`; nobody is here to be asked."""
        raise AlgorithmRefused(f"no service answers for {view.experiment.name}, for {count} points")

    async def rules(self, experiment: Experiment, trials: Sequence[Trial]) -> Rules:
        """See `ports.Services`; nobody is here to be asked."""
        raise AlgorithmRefused(f"no service stops {experiment.name}, of {len(trials)} trials")
