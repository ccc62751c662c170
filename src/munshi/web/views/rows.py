"""An Experiment as a line of the table, and with everything its page shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from munshi.api import yaml_writer
from munshi.web import shapes
from munshi.web.views import wire
from munshi.web.views.trials import Cells
from munshi.web.views.wire import Document

SPARKS = 60
"""Numbers in a sparkline: more is not seen at that size."""
_UNFINISHED = ("trials", "trialsRunning", "trialsPending")


def row(experiment: Document, sparkline: Sequence[float], now: datetime) -> shapes.Row:
    """One line.

    Args:
        experiment: In wire form.
        sparkline: See `sparks`.
        now: The time, for the ETA.
    """
    meta, spec, status = (wire.part(experiment, each) for each in ("metadata", "spec", "status"))
    sought, state = wire.part(spec, "objective"), _state(experiment)
    namespace, name = wire.placed(experiment)
    optimal = wire.part(status, "currentOptimalTrial")
    best: shapes.BestTrial | None = None
    if optimal.get("bestTrialName"):
        value = wire.reduced(wire.part(optimal, "observation"), wire.objective(experiment))
        best = {"trial": optimal["bestTrialName"], "value": value}
    return {
        "namespace": namespace,
        "name": name,
        "uid": meta.get("uid", ""),
        "created": meta.get("creationTimestamp"),
        "started": status.get("startTime"),
        "completed": status.get("completionTime"),
        "type": state.get("type", "Created"),
        "reason": state.get("reason", ""),
        "message": wire.cut(state.get("message", "")),
        "algorithm": wire.part(spec, "algorithm").get("algorithmName", ""),
        "objective": {
            "type": sought.get("type", ""),
            "metric": sought.get("objectiveMetricName", ""),
            "goal": sought.get("goal"),
        },
        "counts": _counts(status),
        "max_trials": spec.get("maxTrialCount"),
        "parallel": spec.get("parallelTrialCount"),
        "best": best,
        "sparkline": list(sparkline),
        "eta_s": _eta(experiment, now) if state.get("type") == "Running" else None,
    }


def detail(
    experiment: Document, row: shapes.Row, suggestion: Document | None, arguments: str
) -> shapes.Detail:
    """Everything about an Experiment.

    Args:
        experiment: In wire form.
        row: See `row`.
        suggestion: Its Suggestion, if there is one.
        arguments: The best settings as arguments.
    """
    optimal = wire.part(experiment, "status", "currentOptimalTrial")
    has_best = bool(optimal.get("bestTrialName"))
    said = wire.conditions(suggestion or {})
    latest = next((one for one in reversed(said) if one.get("status") == "True"), None)
    return {
        **row,
        "message": str(_state(experiment).get("message", "")),
        "parameters": [_parameter(one) for one in parameters(experiment)],
        "metrics": list(wire.objective(experiment).metric_names),
        "best_assignments": wire.assignments(optimal) if has_best else None,
        "best_args": arguments,
        "conditions": wire.told(experiment),
        "yaml": yaml_writer.write(dict(experiment)),
        "suggestion": None if latest is None else {"message": latest.get("message", "")},
    }


def parameters(experiment: Document) -> list[Document]:
    """The search space, in the author's order."""
    return list(wire.part(experiment, "spec").get("parameters") or ())


def sparks(experiment: Document, trials: Sequence[Cells]) -> list[float]:
    """The best objective value so far after each trial that has one, at most `SPARKS`, the last included.

    Args:
        experiment: Says which way is better.
        trials: In the order of their index.
    """
    pick = min if wire.part(experiment, "spec", "objective").get("type") == "minimize" else max
    best: list[float] = []
    for one in trials:
        if one.objective is not None and one.counts:
            best.append(pick(best[-1], one.objective) if best else one.objective)
    if len(best) <= SPARKS:
        return best
    return [best[(at + 1) * len(best) // SPARKS - 1] for at in range(SPARKS)]


def _counts(status: Document) -> shapes.Counts:
    return {
        "total": status.get("trials", 0),
        "running": status.get("trialsRunning", 0),
        "pending": status.get("trialsPending", 0),
        "succeeded": status.get("trialsSucceeded", 0),
        "failed": status.get("trialsFailed", 0),
        "killed": status.get("trialsKilled", 0),
        "earlyStopped": status.get("trialsEarlyStopped", 0),
        "metricsUnavailable": status.get("trialMetricsUnavailable", 0),
    }


def _state(experiment: Document) -> Document:
    """The last condition that holds."""
    true = [one for one in wire.conditions(experiment) if one.get("status") == "True"]
    return true[-1] if true else {}


def _eta(experiment: Document, now: datetime) -> float | None:
    """Seconds until the budget is used up, at the pace so far."""
    status, budget = wire.part(experiment, "status"), wire.part(experiment, "spec")
    most, began = budget.get("maxTrialCount"), status.get("startTime")
    total, *others = (status.get(field, 0) for field in _UNFINISHED)
    ended = total - sum(others)
    if not most or not began or ended <= 0:
        return None
    began_at = datetime.fromisoformat(began)
    since = (now - began_at.replace(tzinfo=began_at.tzinfo or UTC)).total_seconds()
    left: float = max(since, 0.0) / ended * max(most - ended, 0)
    return round(left, 1)


def _parameter(written: Document) -> shapes.Parameter:
    feasible = wire.part(written, "feasibleSpace")
    listed = feasible.get("list")
    return {
        "name": written.get("name", ""),
        "type": written.get("parameterType", ""),
        "min": feasible.get("min"),
        "max": feasible.get("max"),
        "step": feasible.get("step"),
        "list": None if listed is None else list(listed),
        "distribution": feasible.get("distribution", ""),
    }
