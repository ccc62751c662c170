"""What an Experiment says of itself that cannot be admitted: Failed, with every fault. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from munshi.api import conditions
from munshi.api.conditions import find
from munshi.api.experiment import Experiment, ExperimentCondition
from munshi.errors import FieldFault

REASON = "ExperimentInvalid"
"""The Experiment cannot be driven as it is written; munshi's own, for Katib's webhook refused such."""
CHANGE_REFUSED = "ExperimentChangeRefused"
"""A spec was changed in a way that has no effect on an Experiment under way."""
WARNED = "ExperimentWarning"
"""Something is written that has no effect."""
PUT_OFF = "ExperimentNotJudgedYet"
"""The service of its algorithm does not answer yet; it is asked again and again."""
_LONGEST = 16_000
"""Characters of faults in a condition: a status is read as a whole by everybody who watches."""


def is_refused(experiment: Experiment) -> bool:
    """Whether the Experiment says that it was refused."""
    failed = find(experiment.status.conditions, ExperimentCondition.FAILED)
    return failed is not None and failed.is_true and failed.reason == REASON


def refused(experiment: Experiment, faults: Sequence[FieldFault], now: datetime) -> Experiment:
    """The Experiment with a status that says what to mend; the same one when it says so already."""
    said = message(faults)
    failed = find(experiment.status.conditions, ExperimentCondition.FAILED)
    if is_refused(experiment) and failed is not None and failed.message == said:
        return experiment
    before = conditions.without(experiment.status.conditions, ExperimentCondition.FAILED)
    told = conditions.put(
        before, ExperimentCondition.FAILED, true=True, reason=REASON, message=said, now=now
    )
    generation = experiment.metadata.generation
    changed = {"conditions": told, "completion_time": now, "observed_generation": generation}
    status = experiment.status.model_copy(update=changed)
    return experiment.model_copy(update={"status": status})


def withdrawn(experiment: Experiment) -> Experiment:
    """The Experiment as if it had never been refused."""
    told = conditions.without(experiment.status.conditions, ExperimentCondition.FAILED)
    changed = {"conditions": told, "completion_time": None}
    return experiment.model_copy(update={"status": experiment.status.model_copy(update=changed)})


def message(faults: Sequence[FieldFault]) -> str:
    """Every fault on a line of its own; of very many, as many as fit."""
    lines = [str(fault) for fault in faults]
    kept: list[str] = []
    room = _LONGEST
    for line in lines:
        room -= len(line) + 1
        if room < 0 and kept:
            break
        kept.append(line[:_LONGEST])
    more = len(lines) - len(kept)
    return "\n".join([*kept, *([f"and {more} more"] if more else [])])
