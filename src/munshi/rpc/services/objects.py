"""Experiments and Trials as Katib's services are told of them (runtime behaviour §5.1, algorithms §2).

As Katib sends them, but for three things that break services: a value that was never reported is left out
and not sent as empty text, an objective that is no finite number likewise, and the labels of a trial's
assignment are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from munshi.api.common import (
    Distribution,
    ObjectiveSpec,
    ObjectiveType,
    ParameterAssignment,
    ParameterSpec,
    ParameterType,
)
from munshi.api.experiment import Experiment, NasConfig
from munshi.api.suggestion import TrialAssignment
from munshi.api.trial import Trial
from munshi.metrics import number
from munshi.reconcile.tally import said, state_of
from munshi.reconcile.views import TrialState
from munshi.rpc import messages

CONDITIONS = {
    TrialState.PENDING: "CREATED",
    TrialState.RUNNING: "RUNNING",
    TrialState.SUCCEEDED: "SUCCEEDED",
    TrialState.KILLED: "KILLED",
    TrialState.FAILED: "FAILED",
    TrialState.METRICS_UNAVAILABLE: "METRICSUNAVAILABLE",
    TrialState.EARLY_STOPPED: "EARLYSTOPPED",
}
"""A trial's state, and Katib's word for it on the wire."""
TYPES = {
    ParameterType.DOUBLE: "DOUBLE",
    ParameterType.INT: "INT",
    ParameterType.DISCRETE: "DISCRETE",
    ParameterType.CATEGORICAL: "CATEGORICAL",
}
DISTRIBUTIONS = {
    Distribution.UNIFORM: "UNIFORM",
    Distribution.LOG_UNIFORM: "LOG_UNIFORM",
    Distribution.NORMAL: "NORMAL",
    Distribution.LOG_NORMAL: "LOG_NORMAL",
}
_DIRECTIONS = {ObjectiveType.MINIMIZE: "MINIMIZE", ObjectiveType.MAXIMIZE: "MAXIMIZE"}
_MOST = 2**31 - 1


def experiment(of: Experiment, chosen: Mapping[str, str]) -> Any:  # noqa: ANN401  a message
    """The Experiment as a message.

    Args:
        of: As it is.
        chosen: Settings that the algorithm chose itself; they win over the author's.
    """
    make, spec = messages.classes(messages.KATIB), of.spec
    sent = make["Experiment"](name=of.name)
    into = sent.spec
    into.parameter_specs.SetInParent()
    for parameter in spec.parameters:
        _write_parameter(into.parameter_specs.parameters.add(), parameter)
    _write_objective(into.objective, spec.objective or ObjectiveSpec())
    if spec.algorithm is not None:
        into.algorithm.algorithm_name = spec.algorithm.algorithm_name
        for name, value in {**spec.algorithm.settings, **chosen}.items():
            into.algorithm.algorithm_settings.add(name=name, value=value)
    if spec.early_stopping is not None:
        into.early_stopping.CopyFrom(early_stopping(of))
    into.parallel_trial_count = min(spec.parallel_trial_count or 0, _MOST)
    into.max_trial_count = min(spec.max_trial_count or 0, _MOST)
    if spec.nas_config is not None:
        _write_nas(into.nas_config, spec.nas_config)
    return sent


def early_stopping(of: Experiment) -> Any:  # noqa: ANN401  a message
    """The Experiment's early stopping as a message."""
    sent = messages.classes(messages.KATIB)["EarlyStoppingSpec"]()
    wanted = of.spec.early_stopping
    if wanted is not None:
        sent.algorithm_name = wanted.algorithm_name
        for name, value in wanted.settings.items():
            sent.algorithm_settings.add(name=name, value=value)
    return sent


def trials(
    known: Iterable[Trial], waiting: Iterable[TrialAssignment], objective: ObjectiveSpec
) -> Iterator[Any]:
    """The trials as messages: those with something to tell, and assignments that become trials."""
    for trial in known:
        state = state_of(trial)
        observed = trial.status.observation is not None
        if state is TrialState.METRICS_UNAVAILABLE:
            continue
        if state is TrialState.EARLY_STOPPED and not observed:
            continue
        yield _trial(trial, state, objective)
    for one in waiting:
        sent = messages.classes(messages.KATIB)["Trial"](name=one.name)
        _write_spec(sent.spec, one.parameter_assignments, one.labels, objective)
        sent.status.condition = _condition(TrialState.PENDING)
        yield sent


def _trial(trial: Trial, state: TrialState, objective: ObjectiveSpec) -> Any:  # noqa: ANN401  a message
    sent = messages.classes(messages.KATIB)["Trial"](name=trial.name)
    _write_spec(sent.spec, trial.spec.parameter_assignments, trial.spec.labels, objective)
    status = sent.status
    status.start_time = _time(trial.status.start_time)
    status.completion_time = _time(trial.status.completion_time)
    status.condition = _condition(state)
    if trial.status.observation is not None:
        status.observation.SetInParent()
        for metric in trial.status.observation.metrics:
            text = said(metric, objective.strategy(metric.name))
            is_objective = metric.name == objective.objective_metric_name
            if text is None or (is_objective and not number.is_finite_number(text)):
                continue
            status.observation.metrics.add(name=metric.name, value=text)
    return sent


def _write_spec(
    into: Any,  # noqa: ANN401  a message
    pairs: Iterable[ParameterAssignment],
    labels: Mapping[str, str],
    objective: ObjectiveSpec,
) -> None:
    _write_objective(into.objective, objective)
    into.parameter_assignments.SetInParent()
    for pair in pairs:
        into.parameter_assignments.assignments.add(name=pair.name, value=pair.value)
    into.labels.update(labels)


def _write_objective(into: Any, objective: ObjectiveSpec) -> None:  # noqa: ANN401  a message
    kinds = messages.enum("ObjectiveType")
    into.type = kinds[_DIRECTIONS.get(objective.type, "UNKNOWN")]
    into.goal = objective.goal or 0.0
    into.objective_metric_name = objective.objective_metric_name
    into.additional_metric_names.extend(objective.additional_metric_names)


def _write_parameter(into: Any, parameter: ParameterSpec) -> None:  # noqa: ANN401  a message
    space, kinds = parameter.feasible_space, messages.enum("ParameterType")
    into.name = parameter.name
    into.parameter_type = kinds[TYPES.get(parameter.parameter_type, "UNKNOWN_TYPE")]
    into.feasible_space.max = space.max or ""
    into.feasible_space.min = space.min or ""
    into.feasible_space.step = space.step or ""
    into.feasible_space.list.extend(space.list_)
    spread = DISTRIBUTIONS.get(space.distribution, "DISTRIBUTION_UNSPECIFIED")
    into.feasible_space.distribution = messages.enum("Distribution")[spread]


def _write_nas(into: Any, nas: NasConfig) -> None:  # noqa: ANN401  a message
    graph = nas.graph_config
    into.graph_config.num_layers = graph.num_layers or 0
    into.graph_config.input_sizes.extend(graph.input_sizes)
    into.graph_config.output_sizes.extend(graph.output_sizes)
    for one in nas.operations:
        operation = into.operations.operation.add(operation_type=one.operation_type)
        for parameter in one.parameters:
            _write_parameter(operation.parameter_specs.parameters.add(), parameter)


def _condition(state: TrialState) -> int:
    return messages.enum("TrialStatus.TrialConditionType")[CONDITIONS[state]]


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at is not None else ""
