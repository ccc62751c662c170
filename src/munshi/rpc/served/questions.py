"""A GetSuggestionsRequest understood and answered: pure functions of the message.

All history is in the request, so nothing is remembered: the service may be restarted, moved or run twice.
Katib sends no numbers of suggestions; how many were handed out before is `total` less `current`, and the
trials are numbered by their start. Katib knows no "exhausted": beyond the last point of a finite space,
points are handed out again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from munshi import algorithms
from munshi.algorithms import Assignments, Pending, Request, Result, registry
from munshi.api.common import Distribution, FeasibleSpace, ParameterSpec
from munshi.errors import AlgorithmRefused, Invalid, Retryable
from munshi.metrics import number
from munshi.reconcile import names
from munshi.rpc import messages
from munshi.rpc.services import objects
from munshi.space import Space, read

_ENDED = ("SUCCEEDED", "EARLYSTOPPED", "FAILED", "METRICSUNAVAILABLE")
_VALUED = ("SUCCEEDED", "EARLYSTOPPED")
_LATE = "9999"
"""Sorts behind every date."""
MOST = 10_000
"""Points of one request: beyond that it is a mistake, or worse."""


def answer(asked: Any) -> list[Assignments]:  # noqa: ANN401  a GetSuggestionsRequest
    """Exactly `current_request_number` points.

    Raises:
        AlgorithmRefused: The request cannot be answered; `faults` says more.
        Retryable: Not before more trials have ended.
    """
    if said := faults(asked.experiment):
        raise AlgorithmRefused("; ".join(said))
    request = understood(asked)
    if not 0 <= request.count <= MOST:
        raise AlgorithmRefused(f"{request.count} assignments are wanted; at most {MOST} are given")
    if request.count == 0:
        return []
    reply = algorithms.find(asked.experiment.spec.algorithm.algorithm_name).suggest(request)
    if reply.waiting and not reply.assignments:
        raise Retryable(reply.because)
    points = list(reply.assignments)
    return points + [_again(request, at) for at in range(len(points), request.count)]


def faults(experiment: Any) -> list[str]:  # noqa: ANN401  an Experiment
    """Everything that is wrong with an Experiment's algorithm and space, a sentence each."""
    spec = experiment.spec
    name = spec.algorithm.algorithm_name
    if name not in registry.known():
        return [f"unknown algorithm name {name}: {registry.problem(name)}; {registry.mend(name)}"]
    if not spec.parameter_specs.parameters:
        return ["the experiment has no parameters"]
    try:
        space = _space(experiment)
    except Invalid as invalid:
        return [str(fault) for fault in invalid.faults]
    most = spec.max_trial_count or None
    method, total = algorithms.find(name), space.cardinality
    found = [str(fault) for fault in method.check(space, _settings(experiment), most)]
    if name == "grid" and most is not None and total is not None and most > total:
        found.append(f"maxTrialCount is {most}, and the grid has only {total} points")
    return found


def understood(asked: Any) -> Request:  # noqa: ANN401  a GetSuggestionsRequest
    """The message as an algorithm takes it; the experiment has no faults."""
    spec = asked.experiment.spec
    results, pending = _history(asked, spec.objective.objective_metric_name)
    count, total = asked.current_request_number, asked.total_request_number
    return Request(
        space=_space(asked.experiment),
        maximize=spec.objective.type == messages.enum("ObjectiveType")["MAXIMIZE"],
        settings=_settings(asked.experiment),
        seed=names.seed(asked.experiment.name),
        results=results,
        pending=pending,
        first_index=total - count if total >= count else len(asked.trials),
        count=count,
        max_trial_count=spec.max_trial_count or None,
        parallel_trial_count=max(spec.parallel_trial_count, 1),
    )


def _history(
    asked: Any,  # noqa: ANN401  a GetSuggestionsRequest
    metric: str,
) -> tuple[tuple[Result, ...], tuple[Pending, ...]]:
    results, pending = [], []
    ordered = sorted(asked.trials, key=lambda one: (one.status.start_time or _LATE, one.name))
    words = {value: name for name, value in messages.enum("TrialStatus.TrialConditionType").items()}
    for index, trial in enumerate(ordered):
        pairs = trial.spec.parameter_assignments.assignments
        point = {pair.name: pair.value for pair in pairs}
        condition = words.get(trial.status.condition, "UNKNOWN")
        if condition in _ENDED:
            value = value_of(trial, metric) if condition in _VALUED else None
            results.append(Result(point, value, index))
        else:
            pending.append(Pending(point, index))
    return tuple(results), tuple(pending)


def value_of(trial: Any, metric: str) -> float | None:  # noqa: ANN401  a Trial
    """The trial's value of the metric; None when it has none that is a finite number."""
    said = (one.value for one in trial.status.observation.metrics if one.name == metric)
    text = next(said, "")
    return number.read(text) if number.is_finite_number(text) else None


def _again(request: Request, at: int) -> Assignments:
    """A point for a space that has no new ones: drawn as if nothing had been handed out."""
    index = request.first_index + at
    alone = replace(
        request, results=(), pending=(), first_index=index, count=1, settings=_seeded(request)
    )
    return algorithms.find("random").suggest(alone).assignments[0]


def _seeded(request: Request) -> Mapping[str, str]:
    kept = request.settings.get("random_state")
    return {} if kept is None else {"random_state": kept}


def _settings(experiment: Any) -> dict[str, str]:  # noqa: ANN401  an Experiment
    return {one.name: one.value for one in experiment.spec.algorithm.algorithm_settings}


def _space(experiment: Any) -> Space:  # noqa: ANN401  an Experiment
    """The search space. Raises Invalid."""
    return read(tuple(_parameters(experiment.spec.parameter_specs.parameters)))


def _parameters(sent: Any) -> Iterator[ParameterSpec]:  # noqa: ANN401  ParameterSpec messages
    kinds = {value: name for name, value in messages.enum("ParameterType").items()}
    types = {word: kind for kind, word in objects.TYPES.items()}
    spreads = {value: name for name, value in messages.enum("Distribution").items()}
    distributions = {word: spread for spread, word in objects.DISTRIBUTIONS.items()}
    for one in sent:
        space = one.feasible_space
        fields: dict[str, Any] = {"name": one.name}
        if (kind := types.get(kinds.get(one.parameter_type, ""))) is not None:
            fields["parameter_type"] = kind
        yield ParameterSpec(
            **fields,
            feasible_space=FeasibleSpace(
                min=space.min or None,
                max=space.max or None,
                step=space.step or None,
                list_=tuple(space.list),
                distribution=distributions.get(
                    spreads.get(space.distribution, ""), Distribution.UNSET
                ),
            ),
        )
