"""Objects as an Experiment leaves them, and a home that holds them, for the tests of `cli`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from munshi.api.common import (
    AlgorithmSpec,
    FeasibleSpace,
    Metric,
    ObjectiveSpec,
    ObjectiveType,
    Observation,
    ParameterAssignment,
    ParameterSpec,
    ParameterType,
)
from munshi.api.conditions import Condition
from munshi.api.experiment import (
    Experiment,
    ExperimentSpec,
    ExperimentStatus,
    OptimalTrial,
    TrialParameter,
    TrialTemplate,
)
from munshi.api.meta import EXPERIMENT_LABEL, HOME, ObjectMeta, OwnerReference, Resource
from munshi.api.suggestion import Suggestion, SuggestionSpec, SuggestionStatus
from munshi.api.trial import Trial, TrialSpec, TrialStatus
from munshi.errors import NotFound
from munshi.local import place
from munshi.metrics.log import MetricLog

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
OBJECTIVE = ObjectiveSpec(type=ObjectiveType.MAXIMIZE, goal=0.99, objective_metric_name="accuracy")
TEMPLATE = TrialTemplate(
    trial_spec={
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {"command": ["python", "train.py", "--lr=${trialParameters.rate}"]},
    },
    trial_parameters=(TrialParameter(name="rate", reference="lr"),),
)


def ago(seconds: float) -> datetime:
    """So many seconds before now."""
    return NOW - timedelta(seconds=seconds)


def condition(kind: str, *, true: bool = True, reason: str = "", message: str = "") -> Condition:
    """A condition that changed a minute ago."""
    status = "True" if true else "False"
    since = ago(60)
    return Condition(
        type=kind, status=status, reason=reason, message=message, last_transition_time=since
    )


def an_experiment(
    name: str = "random",
    *conditions: Condition,
    namespace: str = "default",
    version: str = HOME,
    best: Trial | None = None,
    age_s: float = 130,
    **status: int,
) -> Experiment:
    """An Experiment over lr, at most 12 trials."""
    optimal = None
    if best is not None:
        optimal = OptimalTrial(
            best_trial_name=best.name,
            parameter_assignments=best.spec.parameter_assignments,
            observation=best.status.observation,
        )
    space = FeasibleSpace(min="0.01", max="0.05")
    lr = ParameterSpec(name="lr", parameter_type=ParameterType.DOUBLE, feasible_space=space)
    counts: dict[str, Any] = dict(status)
    return Experiment(
        api_version=version,
        metadata=ObjectMeta(
            name=name, namespace=namespace, uid=f"uid-{name}", creation_timestamp=ago(age_s)
        ),
        spec=ExperimentSpec(
            parameters=(lr,),
            objective=OBJECTIVE,
            algorithm=AlgorithmSpec(algorithm_name="random"),
            trial_template=TEMPLATE,
            parallel_trial_count=3,
            max_trial_count=12,
            max_failed_trial_count=3,
        ),
        status=ExperimentStatus(conditions=conditions, current_optimal_trial=optimal, **counts),
    )


def a_trial(
    name: str,
    state: str = "",
    *,
    lr: str = "0.02",
    accuracy: str = "",
    namespace: str = "default",
    experiment: str = "random",
    started_s: float = 100,
    took_s: float | None = 10,
    message: str = "",
) -> Trial:
    """A Trial in a state: Succeeded, Failed, Running… or, without one, pending."""
    metric = Metric(name="accuracy", min=accuracy, max=accuracy, latest=accuracy)
    done = took_s is not None and state not in ("", "Running")
    owner = OwnerReference(
        kind="Experiment", name=experiment, uid=f"uid-{experiment}", controller=True
    )
    return Trial(
        metadata=ObjectMeta(
            name=name,
            namespace=namespace,
            uid=f"uid-{name}",
            creation_timestamp=ago(started_s),
            labels={EXPERIMENT_LABEL: experiment},
            owner_references=(owner,),
        ),
        spec=TrialSpec(
            objective=OBJECTIVE, parameter_assignments=(ParameterAssignment(name="lr", value=lr),)
        ),
        status=TrialStatus(
            start_time=ago(started_s) if state else None,
            completion_time=ago(started_s - (took_s or 0)) if done else None,
            conditions=(condition(state, reason=f"Trial{state}", message=message),)
            if state
            else (),
            observation=Observation(metrics=(metric,)) if accuracy else None,
        ),
    )


def a_suggestion(name: str = "random") -> Suggestion:
    """A Suggestion that gave 7 of 8."""
    return Suggestion(
        metadata=ObjectMeta(name=name, namespace="default", creation_timestamp=ago(11000)),
        spec=SuggestionSpec(algorithm=AlgorithmSpec(algorithm_name="random"), requests=8),
        status=SuggestionStatus(
            suggestion_count=7, conditions=(condition("Running", reason="SuggestionRunning"),)
        ),
    )


class Looking:
    """Objects that stand still, as documents."""

    def __init__(self, objects: Sequence[Resource]) -> None:
        self._objects = sorted(objects, key=lambda one: (one.namespace, one.name))

    def list(self, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        """In (namespace, name) order."""
        return [
            one.dump()
            for one in self._objects
            if one.kind == kind and namespace in (None, one.namespace)
        ]

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """The object of that name."""
        found = [one for one in self.list(kind, namespace) if one["metadata"]["name"] == name]
        return found[0] if found else None

    def version(self) -> int:
        """It never changes."""
        return 1

    def changes(self, since: int) -> Sequence[tuple[int, dict[str, Any], bool]]:
        """None, ever."""
        del since
        return ()


class World:
    """A home whose store only reads; it knows what was deleted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.objects: list[Resource] = []
        self.values: dict[str, Sequence[MetricLog]] = {}

    def holds(self, *objects: Resource) -> None:
        """Put objects there."""
        self.objects += objects

    def prints(self, trial: Trial, text: bytes) -> None:
        """Let a trial have printed that."""
        self.trial_folder(trial).mkdir(parents=True)
        (self.trial_folder(trial) / "log").write_bytes(text)

    def trial_folder(self, trial: Trial) -> Path:
        """Where the trial's log is."""
        return place.attempt(
            self.path / "trials", trial.namespace, trial.name, trial.uid, trial.status.attempts
        )

    @asynccontextmanager
    async def store(self, *, reading: bool = False) -> AsyncIterator[World]:
        """Itself."""
        yield self

    @contextmanager
    def look(self) -> Iterator[Looking]:
        """Its objects as documents."""
        yield Looking(self.objects)

    async def get(self, kind: type[Resource], namespace: str, name: str) -> Resource:
        """The object of that name."""
        for one in await self.list(kind, namespace):
            if one.name == name:
                return one
        raise NotFound(name)

    async def list(
        self, kind: type[Resource], namespace: str | None = None, owner_uid: str | None = None
    ) -> list[Resource]:
        """In (namespace, name) order."""
        found = [
            one
            for one in self.objects
            if isinstance(one, kind)
            and namespace in (None, one.namespace)
            and (owner_uid is None or owner_uid in _owners(one))
        ]
        return sorted(found, key=lambda one: (one.namespace, one.name))

    async def read(
        self, trial_uid: str, metric: str | None = None, limit: int | None = None
    ) -> Sequence[MetricLog]:
        """The trial's values."""
        found = [v for v in self.values.get(trial_uid, ()) if metric in (None, v.metric)]
        return found[:limit]

    async def delete(self, home: World, kind: str, namespace: str, name: str) -> None:
        """Delete an object."""
        gone = [
            one
            for one in home.objects
            if (one.kind, one.namespace, one.name) == (kind, namespace, name)
        ]
        if not gone:
            raise NotFound(name)
        home.objects.remove(gone[0])


def _owners(one: Resource) -> Iterable[str]:
    return [owner.uid for owner in one.metadata.owner_references]
