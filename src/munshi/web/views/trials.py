"""All trials of an Experiment as columns, and one trial with everything its page shows.

A trial's document is a few kilobytes, most of it the job; `Cells` is what the table needs of it, a
twentieth of that, and is all that is kept of ten thousand trials.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from munshi.api import yaml_writer
from munshi.api.common import ObjectiveSpec
from munshi.web import shapes
from munshi.web.views import wire
from munshi.web.views.wire import Document

_COUNTING = ("Succeeded", "EarlyStopped")
"""Trials whose objective takes part in the search for the best."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What the table of trials shows of one.

    Attributes:
        name: Its name.
        uid: Its uid.
        index: Which suggestion it is.
        state: Its one word.
        reason: Of its state.
        message: Of its state, cut to fit a cell.
        started: RFC 3339, or None.
        completed: RFC 3339, or None.
        values: Parameter name -> text, cut to fit a cell.
        observed: Metric name -> latest, least, greatest.
        objective: Its objective value by the strategy.
    """

    name: str
    uid: str
    index: int | None
    state: str
    reason: str
    message: str
    started: str | None
    completed: str | None
    values: dict[str, str]
    observed: dict[str, tuple[float | None, float | None, float | None]]
    objective: float | None

    @property
    def counts(self) -> bool:
        """Whether its objective takes part in the search for the best."""
        return self.state in _COUNTING

    @property
    def has_ended(self) -> bool:
        """Whether it reached an end."""
        return self.state in wire.ENDS

    @property
    def order(self) -> tuple[int, str]:
        """Sorts as trials were suggested; those of unknown origin come last."""
        return (sys.maxsize if self.index is None else self.index), self.name


def cells(trial: Document, sought: ObjectiveSpec) -> Cells:
    """What the table shows of a trial in wire form."""
    status = wire.part(trial, "status")
    state, said = wire.decisive(trial)
    observation = wire.part(status, "observation")
    return Cells(
        name=wire.placed(trial)[1],
        uid=str(wire.part(trial, "metadata").get("uid", "")),
        index=wire.index(trial),
        state=sys.intern(state),
        reason=sys.intern(str(said.get("reason", ""))),
        message=wire.cut(said.get("message", "")),
        started=status.get("startTime"),
        completed=_end(status, state, said),
        values={
            sys.intern(name): wire.cut(value)
            for name, value in wire.assignments(wire.part(trial, "spec")).items()
        },
        observed={
            sys.intern(name): (one["latest"], one["min"], one["max"])
            for name, one in wire.observed(observation).items()
        },
        objective=wire.reduced(observation, sought),
    )


def table(
    version: int, parameters: Sequence[str], metrics: Sequence[str], rows: Sequence[Cells]
) -> shapes.Trials:
    """The columns.

    Args:
        version: Of the store, as of which they are.
        parameters: Those of the search space, in the author's order; others that trials have follow.
        metrics: The objective, then the additional ones; others that trials have follow.
        rows: In the order they are to stand.
    """
    names = list(dict.fromkeys([*parameters, *(name for one in rows for name in one.values)]))
    seen = list(dict.fromkeys([*metrics, *(name for one in rows for name in one.observed)]))
    nothing = (None, None, None)
    observed: dict[str, shapes.Reduced] = {}
    for metric in seen:
        found = [one.observed.get(metric, nothing) for one in rows]
        observed[metric] = {
            "latest": [latest for latest, _, _ in found],
            "min": [least for _, least, _ in found],
            "max": [greatest for _, _, greatest in found],
        }
    return {
        "version": version,
        "parameters": names,
        "metrics": seen,
        "rows": len(rows),
        "name": [one.name for one in rows],
        "index": [one.index for one in rows],
        "type": [one.state for one in rows],
        "reason": [one.reason for one in rows],
        "message": [one.message for one in rows],
        "started": [one.started for one in rows],
        "completed": [one.completed for one in rows],
        "values": {name: [one.values.get(name) for one in rows] for name in names},
        "observed": observed,
        "objective": [one.objective for one in rows],
    }


def detail(trial: Document, events: Sequence[shapes.Happening], rerun: str) -> shapes.TrialDetail:
    """Everything about a trial.

    Args:
        trial: In wire form.
        events: What happened to it.
        rerun: What to type to run it once more.
    """
    meta, spec, status = (wire.part(trial, each) for each in ("metadata", "spec", "status"))
    state, said = wire.decisive(trial)
    job = spec.get("runSpec")
    return {
        "name": meta.get("name", ""),
        "uid": meta.get("uid", ""),
        "index": wire.index(trial),
        "type": state,
        "reason": said.get("reason", ""),
        "message": said.get("message", ""),
        "started": status.get("startTime"),
        "completed": _end(status, state, said),
        "assignments": wire.assignments(spec),
        "observation": wire.observed(wire.part(status, "observation")),
        "conditions": wire.told(trial),
        "rules": [
            {
                "name": one.get("name", ""),
                "value": one.get("value", ""),
                "comparison": one.get("comparison", ""),
                "start_step": one.get("startStep"),
            }
            for one in spec.get("earlyStoppingRules") or ()
        ],
        "yaml": yaml_writer.write(dict(trial)),
        "job": yaml_writer.write(job) if job else "",
        "rerun": rerun,
        "events": list(events),
    }


def has_ended(trial: Document) -> bool:
    """Whether the trial reached an end."""
    return wire.decisive(trial)[0] in wire.ENDS


def _end(status: Document, state: str, said: Document) -> str | None:
    """When the trial ended: as its status says, or else its final condition."""
    ended: str | None = status.get("completionTime")
    if ended is None and state in wire.ENDS:
        ended = said.get("lastTransitionTime")
    return ended
