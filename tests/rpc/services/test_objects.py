"""What a service is told of an Experiment and its trials."""

from __future__ import annotations

from typing import Any

import pytest

from munshi.api.common import (
    Distribution,
    EarlyStoppingSpec,
    FeasibleSpace,
    MetricStrategyType,
    ObjectiveSpec,
    ObjectiveType,
    ParameterSpec,
    ParameterType,
)
from munshi.api.experiment import GraphConfig, NasConfig, Operation
from munshi.api.trial import Trial
from munshi.rpc import messages
from munshi.rpc.services import objects
from munshi.testing.builders import (
    Fate,
    a_double,
    a_trial,
    an_assignment,
    an_experiment,
    an_objective,
    choices,
    failed,
    killed,
    pending,
    running,
    succeeded,
    without_metrics,
)

KINDS = messages.enum("TrialStatus.TrialConditionType")
CONDITIONS = {
    "pending": (pending(), "CREATED"),
    "running": (running(), "RUNNING"),
    "succeeded": (succeeded(0.5), "SUCCEEDED"),
    "failed": (failed(), "FAILED"),
    "killed": (killed(), "KILLED"),
}
VALUES = {
    "a number, by the direction's strategy": (succeeded(0.5, low="0.1", high="0.9"), "0.9"),
    "no number at all": (succeeded("nan"), None),
    "words": (succeeded("broken"), None),
}


def told(trial: Trial, objective: ObjectiveSpec | None = None) -> list[Any]:
    """The messages of one trial."""
    return list(objects.trials([trial], [], objective or an_objective()))


@pytest.mark.parametrize(("fate", "word"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_trials_state_is_katibs_condition(fate: Fate, word: str) -> None:
    """What a trial is, in Katib's words; its name and settings are with it."""
    (sent,) = told(a_trial("e-1", fate))
    assert sent.status.condition == KINDS[word]
    assert sent.name == "e-1"
    assert [pair.name for pair in sent.spec.parameter_assignments.assignments] == ["lr"]
    assert sent.spec.objective.objective_metric_name == "accuracy"


def test_trials_without_metrics_are_not_told() -> None:
    """As Katib does: they say nothing about their settings."""
    assert told(a_trial("e-1", without_metrics())) == []


@pytest.mark.parametrize(("fate", "value"), VALUES.values(), ids=VALUES)
def test_an_objective_is_told_only_as_a_finite_number(fate: Fate, value: str | None) -> None:
    """By its strategy; texts that make services raise for ever are left out."""
    (sent,) = told(a_trial("e-1", fate))
    found = [one.value for one in sent.status.observation.metrics if one.name == "accuracy"]
    assert found == ([] if value is None else [value])


def test_the_strategy_chooses_the_value() -> None:
    """`latest` is the last report, whatever the direction."""
    objective = an_objective(strategy=MetricStrategyType.LATEST)
    (sent,) = told(a_trial("e-1", succeeded(0.5, low="0.1", high="0.9", latest="0.3")), objective)
    assert sent.status.observation.metrics[0].value == "0.3"


def test_assignments_that_are_to_become_trials_are_told() -> None:
    """As created trials, so that a service knows all that it has handed out."""
    (sent,) = objects.trials([], [an_assignment("e-9", value="0.03")], an_objective())
    assert (sent.name, sent.status.condition) == ("e-9", KINDS["CREATED"])
    assert sent.spec.parameter_assignments.assignments[0].value == "0.03"


def test_labels_of_an_assignment_come_back_to_their_service() -> None:
    """Population based training keeps a trial's generation there."""
    trial = a_trial("e-1", running())
    spec = trial.spec.model_copy(update={"labels": {"generation": "3"}})
    (sent,) = told(trial.model_copy(update={"spec": spec}))
    assert dict(sent.spec.labels) == {"generation": "3"}


def test_times_are_utc_seconds() -> None:
    """As Katib writes them; none is empty text."""
    (sent,) = told(a_trial("e-1", succeeded()))
    assert sent.status.start_time == "2026-01-31T12:00:00Z"
    (waiting,) = told(a_trial("e-2", pending()))
    assert waiting.status.completion_time == ""


def test_an_experiment_is_told_whole() -> None:
    """Parameters of every kind, the objective, counts, settings and early stopping."""
    step = FeasibleSpace(min="1", max="9", step="2", distribution=Distribution.LOG_UNIFORM)
    whole = ParameterSpec(name="k", parameter_type=ParameterType.INT, feasible_space=step)
    one = an_experiment(
        "tune",
        algorithm="mine",
        settings={"a": "1", "b": "2"},
        parallel=2,
        max_trials=7,
        parameters=(a_double(), choices("x", "y", name="c"), whole),
        objective=an_objective(ObjectiveType.MINIMIZE, goal=0.25),
    )
    stopping = EarlyStoppingSpec(algorithm_name="theirs")
    one = one.model_copy(update={"spec": one.spec.model_copy(update={"early_stopping": stopping})})
    sent = objects.experiment(one, {"b": "3", "c": "4"})
    spec = sent.spec
    assert sent.name == "tune"
    assert {each.name: each.value for each in spec.algorithm.algorithm_settings} == {
        "a": "1",
        "b": "3",
        "c": "4",
    }
    assert (spec.parallel_trial_count, spec.max_trial_count) == (2, 7)
    assert (spec.objective.goal, spec.objective.type) == (0.25, 1)
    assert spec.early_stopping.algorithm_name == "theirs"
    double, choice, integer = spec.parameter_specs.parameters
    assert (double.parameter_type, double.feasible_space.min, double.feasible_space.max) == (
        1,
        "0.01",
        "0.05",
    )
    assert (choice.parameter_type, list(choice.feasible_space.list)) == (4, ["x", "y"])
    assert (integer.parameter_type, integer.feasible_space.step) == (2, "2")
    assert integer.feasible_space.distribution == messages.enum("Distribution")["LOG_UNIFORM"]


def test_what_is_not_set_is_zero() -> None:
    """No goal is 0.0, no maxTrialCount is 0: Katib has no other words for it."""
    sent = objects.experiment(an_experiment(max_trials=None), {})
    assert (sent.spec.objective.goal, sent.spec.max_trial_count) == (0.0, 0)
    assert not sent.spec.HasField("nas_config")


def test_an_architecture_search_is_told() -> None:
    """The graph and the operations with their parameters."""
    operation = Operation(operation_type="convolution", parameters=(choices("3", "5"),))
    nas = NasConfig(graph_config=GraphConfig(num_layers=8), operations=(operation,))
    one = an_experiment()
    one = one.model_copy(update={"spec": one.spec.model_copy(update={"nas_config": nas})})
    sent = objects.experiment(one, {}).spec.nas_config
    assert sent.graph_config.num_layers == 8
    assert sent.operations.operation[0].operation_type == "convolution"
    assert list(sent.operations.operation[0].parameter_specs.parameters[0].feasible_space.list) == [
        "3",
        "5",
    ]
