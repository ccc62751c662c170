"""What an algorithm may learn from the trials: results, points without one, and which results are news.

The half of the `Tally` that a Suggestion's pass reads. It is told of each trial's every change, so that
a question at the 5,000th trial costs what it costs at the 50th: the results stand ready in one list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from munshi.algorithms import Pending, Result
from munshi.api.common import ParameterAssignment
from munshi.api.meta import AFTER_ANNOTATION
from munshi.api.trial import Trial
from munshi.reconcile.ordered import Ordered
from munshi.reconcile.views import TrialState

Place = tuple[int, str]
"""Where a trial stands among the others: its suggestion's number, then its name."""


class History:
    """The trials as an algorithm sees them; every list in suggestion order.

    Attributes:
        results: Of every trial that ended with something to learn from.
        unlearnt: The points of the other trials: active ones, and those that were killed.
    """

    def __init__(self) -> None:
        self.results: Ordered[Place, Result] = Ordered()
        self.unlearnt: Ordered[Place, Pending] = Ordered()
        self._told: Counter[str] = Counter()
        self._news: Ordered[Place, str] = Ordered()
        self._ended: dict[str, Place] = {}

    def put(self, place: Place, trial: Trial, state: TrialState, value: float | None) -> None:
        """Take in a trial that is not held."""
        assignments = assignments_of(trial.spec.parameter_assignments)
        if is_result(state):
            self.results.put(place, Result(assignments, value, place[0]))
            self._ended[trial.name] = place
            if not self._told[trial.name]:
                self._news.put(place, trial.name)
        else:
            lives = state.is_active
            self.unlearnt.put(place, Pending(assignments, place[0], active=lives))
        for name in told(trial.metadata.annotations):
            self._told[name] += 1
            if name in self._ended:
                self._news.drop(self._ended[name])

    def drop(self, place: Place, trial: Trial) -> None:
        """Leave out a trial as it was put."""
        self.results.drop(place)
        self.unlearnt.drop(place)
        self._news.drop(place)
        self._ended.pop(trial.name, None)
        for name in told(trial.metadata.annotations):
            self._told[name] -= 1
            if not self._told[name]:
                del self._told[name]
                if name in self._ended:
                    self._news.put(self._ended[name], name)

    def news(self, told_besides: Collection[str]) -> tuple[str, ...]:
        """Trials that ended and whose result no suggestion knew: neither a trial's nor these."""
        return tuple(name for name in self._news.values if name not in told_besides)


def is_result(state: TrialState) -> bool:
    """Ended with something to learn from; a killed trial says nothing about its settings."""
    return not state.is_active and state is not TrialState.KILLED


def told(annotations: dict[str, str]) -> list[str]:
    """The trials whose results an assignment says were new to the algorithm."""
    text = annotations.get(AFTER_ANNOTATION)
    return [name for name in text.split(",") if name] if text else []


def assignments_of(pairs: tuple[ParameterAssignment, ...]) -> dict[str, str]:
    """Parameter name -> text."""
    return {pair.name: pair.value for pair in pairs}
