"""Passes that fail again and again, told beside the object they fail on (Katib's ReconcileError).

The engine reports a failed pass in its log and tries again; a hiccup mends itself and is no news. What
fails for the third time becomes an Event, so that whoever looks at the Experiment learns of it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from munshi.api.experiment import Experiment
from munshi.engine.ports import Clock, Event
from munshi.engine.queue import Key

ALARMING = 3
"""One failed pass is a hiccup that the next one mends; so is a second."""
REASON = "ReconcileError"
_REMEMBERED = 1000


class Troubles(logging.Handler):
    """Listens to the engine's log.

    Args:
        experiment: The Experiment by its uid, if it is known.
        tell: Shows an event in the cluster.
        clock: The time.
    """

    def __init__(
        self,
        experiment: Callable[[str], Experiment | None],
        tell: Callable[[Event], None],
        clock: Clock,
    ) -> None:
        super().__init__(logging.ERROR)
        self._experiment, self._tell, self._clock = experiment, tell, clock
        self._times: Counter[tuple[Key, str]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count a failed pass by its object and error."""
        args = record.args if isinstance(record.args, tuple) else ()
        key = next((arg for arg in args if isinstance(arg, Key)), None)
        error = record.exc_info[1] if record.exc_info else None
        if key is None or error is None:
            return
        said = f"{type(error).__name__}: {error}"
        if len(self._times) >= _REMEMBERED:
            self._times.clear()
        self._times[key, said] += 1
        if self._times[key, said] == ALARMING:
            self._show(key, said)

    def _show(self, key: Key, said: str) -> None:
        of = self._experiment(key.experiment_uid)
        if of is None:
            return
        message = f"trial {key.trial}: {said}" if key.trial else said
        now = self._clock.now()
        self._tell(
            Event(
                now, of.kind, of.namespace, of.name, of.uid, of.uid, REASON, message, warning=True
            )
        )
