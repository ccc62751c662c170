"""Experiments, trials and suggestions for tests, saying only what matters.

    an_experiment(parallel=2, max_trials=6)
    a_trial("e-1", succeeded(0.9))
    a_view(an_experiment(), [running(), failed()], given=2)

Everything not said is plausible and always the same: one parameter `lr`, the objective `accuracy` to be
maximised, a Job as template, and the time `NOW`. Everything an experiment owns is in place, uids too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from munshi.api import conditions
from munshi.api.common import (
    AlgorithmSetting,
    AlgorithmSpec,
    FeasibleSpace,
    Metric,
    MetricStrategy,
    MetricStrategyType,
    ObjectiveSpec,
    ObjectiveType,
    Observation,
    ParameterAssignment,
    ParameterSpec,
    ParameterType,
)
from munshi.api.experiment import (
    Experiment,
    ExperimentSpec,
    ResumePolicy,
    TrialParameter,
    TrialTemplate,
)
from munshi.api.meta import EXPERIMENT_LABEL, HOME, INDEX_ANNOTATION, ObjectMeta
from munshi.api.suggestion import (
    Suggestion,
    SuggestionCondition,
    SuggestionSpec,
    SuggestionStatus,
    TrialAssignment,
)
from munshi.api.trial import Trial, TrialCondition, TrialSpec, TrialStatus
from munshi.api.wire import Object
from munshi.reconcile.views import ExperimentView

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
"""When everything happens, unless a test says otherwise."""
SUCCESS = 'status.conditions.#(type=="Complete")#|#(status=="True")#'
FAILURE = 'status.conditions.#(type=="Failed")#|#(status=="True")#'
JOB: Object = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {"name": "main", "command": ["train", "--lr=${trialParameters.rate}"]}
                ]
            }
        }
    },
}


def a_double(name: str = "lr", low: str = "0.01", high: str = "0.05") -> ParameterSpec:
    """A real parameter."""
    space = FeasibleSpace(min=low, max=high)
    return ParameterSpec(name=name, parameter_type=ParameterType.DOUBLE, feasible_space=space)


def an_int(name: str = "epochs", low: int = 1, high: int = 9) -> ParameterSpec:
    """A whole parameter."""
    space = FeasibleSpace(min=str(low), max=str(high))
    return ParameterSpec(name=name, parameter_type=ParameterType.INT, feasible_space=space)


def choices(*values: str, name: str = "lr") -> ParameterSpec:
    """A categorical parameter: a space of so many points."""
    space = FeasibleSpace(list_=values)
    return ParameterSpec(name=name, parameter_type=ParameterType.CATEGORICAL, feasible_space=space)


def an_objective(
    kind: ObjectiveType = ObjectiveType.MAXIMIZE,
    goal: float | None = None,
    strategy: MetricStrategyType | None = None,
) -> ObjectiveSpec:
    """The objective `accuracy`."""
    said = (MetricStrategy(name="accuracy", value=strategy),) if strategy else ()
    return ObjectiveSpec(
        type=kind, goal=goal, objective_metric_name="accuracy", metric_strategies=said
    )


def an_experiment(  # noqa: PLR0913 - a builder has a word for whatever a test may say
    name: str = "e",
    *,
    parallel: int = 3,
    max_trials: int | None = 12,
    max_failed: int | None = None,
    resume: ResumePolicy = ResumePolicy.NEVER,
    objective: ObjectiveSpec | None = None,
    algorithm: str = "random",
    settings: Mapping[str, str] | None = None,
    parameters: Sequence[ParameterSpec] = (),
    template: TrialTemplate | None = None,
    api_version: str = HOME,
    uid: str = "uid-e",
) -> Experiment:
    """An Experiment as admission leaves it."""
    chosen = tuple(AlgorithmSetting(name=k, value=v) for k, v in (settings or {}).items())
    return Experiment(
        api_version=api_version,
        metadata=ObjectMeta(name=name, namespace="default", uid=uid, generation=1),
        spec=ExperimentSpec(
            parameters=tuple(parameters) or (a_double(),),
            objective=objective or an_objective(),
            algorithm=AlgorithmSpec(algorithm_name=algorithm, algorithm_settings=chosen),
            trial_template=template or a_template(),
            parallel_trial_count=parallel,
            max_trial_count=max_trials,
            max_failed_trial_count=max_failed,
            resume_policy=resume,
        ),
    )


def a_template(parameter: str = "lr") -> TrialTemplate:
    """A Job that trains with one parameter."""
    return TrialTemplate(
        trial_spec=JOB,
        trial_parameters=(TrialParameter(name="rate", reference=parameter),),
        primary_container_name="main",
        success_condition=SUCCESS,
        failure_condition=FAILURE,
    )


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a trial: its last condition, and what was observed."""

    kind: TrialCondition | None = None
    metric: Metric | None = None


def pending() -> Fate:
    """Created, not yet seen running."""
    return Fate()


def running() -> Fate:
    """Its job runs."""
    return Fate(TrialCondition.RUNNING)


def succeeded(value: float | str = 0.5, *, low: str = "", high: str = "", latest: str = "") -> Fate:
    """Ended well; `value` stands for min, max and latest unless they are said."""
    text = str(value)
    metric = Metric(name="accuracy", min=low or text, max=high or text, latest=latest or text)
    return Fate(TrialCondition.SUCCEEDED, metric)


def failed() -> Fate:
    """Ended badly."""
    return Fate(TrialCondition.FAILED)


def killed() -> Fate:
    """Stopped from outside."""
    return Fate(TrialCondition.KILLED)


def without_metrics() -> Fate:
    """Ended well, but the objective was never reported."""
    gone = "unavailable"
    metric = Metric(name="accuracy", min=gone, max=gone, latest=gone)
    return Fate(TrialCondition.METRICS_UNAVAILABLE, metric)


def a_trial(
    name: str = "e-0",
    fate: Fate | None = None,
    *,
    index: int = 0,
    experiment: Experiment | None = None,
    value: str = "0.02",
    notes: Mapping[str, str] | None = None,
) -> Trial:
    """A Trial of `an_experiment()`, with suggestion number `index`."""
    owner = experiment or an_experiment()
    return Trial(
        metadata=ObjectMeta(
            name=name,
            namespace="default",
            uid=f"uid-{name}",
            labels={EXPERIMENT_LABEL: owner.name},
            annotations={INDEX_ANNOTATION: str(index), **(notes or {})},
            owner_references=(owner.owned_by(),),
        ),
        spec=TrialSpec(
            objective=owner.spec.objective,
            parameter_assignments=(ParameterAssignment(name="lr", value=value),),
            run_spec=JOB,
            primary_container_name="main",
            success_condition=SUCCESS,
            failure_condition=FAILURE,
        ),
        status=_status(fate or pending()),
    )


def _status(fate: Fate) -> TrialStatus:
    said: conditions.Conditions = ()
    steps = [(TrialCondition.CREATED, True)]
    if fate.kind is not None:
        steps.append((TrialCondition.RUNNING, fate.kind is TrialCondition.RUNNING))
    if fate.kind not in (None, TrialCondition.RUNNING):
        steps.append((fate.kind, True))
    for kind, true in steps:
        said = conditions.put(
            said, kind, true=true, reason=f"Trial{kind}", message=f"Trial is {kind}", now=NOW
        )
    return TrialStatus(
        start_time=NOW,
        completion_time=NOW if len(steps) > 2 else None,
        conditions=said,
        observation=Observation(metrics=(fate.metric,)) if fate.metric else None,
        attempts=1 if fate.kind is not None else 0,
    )


def an_assignment(name: str, index: int = 0, value: str = "0.02", **notes: str) -> TrialAssignment:
    """An assignment that has no Trial yet."""
    return TrialAssignment(
        name=name,
        parameter_assignments=(ParameterAssignment(name="lr", value=value),),
        annotations={INDEX_ANNOTATION: str(index), **notes},
    )


def a_suggestion(
    *,
    given: int = 0,
    requests: int | None = None,
    waiting: Sequence[TrialAssignment] = (),
    failed: str = "",
    exhausted: bool = False,
    experiment: Experiment | None = None,
) -> Suggestion:
    """The Suggestion of `an_experiment()`, which gave so many assignments."""
    owner = experiment or an_experiment()
    said: conditions.Conditions = ()
    facts = {
        SuggestionCondition.CREATED: "Suggestion is created",
        SuggestionCondition.EXHAUSTED: "all points were suggested" if exhausted else "",
        SuggestionCondition.FAILED: failed,
    }
    for kind, message in facts.items():
        if message:
            reason = f"Suggestion{kind}"
            said = conditions.put(said, kind, true=True, reason=reason, message=message, now=NOW)
    return Suggestion(
        metadata=ObjectMeta(
            name=owner.name,
            namespace="default",
            uid=f"uid-suggestion-{owner.name}",
            owner_references=(owner.owned_by(),),
        ),
        spec=SuggestionSpec(
            algorithm=owner.spec.algorithm,
            requests=given if requests is None else requests,
            resume_policy=owner.spec.resume_policy,
        ),
        status=SuggestionStatus(
            start_time=NOW,
            conditions=said,
            suggestion_count=given,
            suggestions=tuple(waiting),
        ),
    )


def a_view(
    experiment: Experiment | None = None,
    fates: Sequence[Fate] = (),
    *,
    given: int | None = None,
    waiting: Sequence[TrialAssignment] = (),
    failed: str = "",
    exhausted: bool = False,
) -> ExperimentView:
    """An Experiment with trials `e-0`, `e-1`, … of these fates, and its Suggestion."""
    owner = experiment or an_experiment()
    trials = tuple(
        a_trial(f"{owner.name}-{at}", fate, index=at, experiment=owner)
        for at, fate in enumerate(fates)
    )
    suggestion = a_suggestion(
        given=len(trials) + len(waiting) if given is None else given,
        waiting=waiting,
        failed=failed,
        exhausted=exhausted,
        experiment=owner,
    )
    return ExperimentView(owner, suggestion, trials)
