"""The Trial: one assignment, run once (Katib API contract §5)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from munshi.api.common import (
    EarlyStoppingRule,
    MetricsCollectorSpec,
    ObjectiveSpec,
    Observation,
    ParameterAssignment,
)
from munshi.api.conditions import Condition, holds
from munshi.api.meta import EXPERIMENT_LABEL, HOME, Resource
from munshi.api.wire import Count, Flag, Object, Text, Time, Wire


class TrialSpec(Wire):
    """What to run: `runSpec` is the fully rendered job."""

    objective: ObjectiveSpec | None = None
    parameter_assignments: tuple[ParameterAssignment, ...] = ()
    early_stopping_rules: tuple[EarlyStoppingRule, ...] = ()
    run_spec: Object | None = None
    retain_run: Flag | None = None
    metrics_collector: MetricsCollectorSpec | None = None
    primary_pod_labels: dict[str, Text] | None = None
    primary_container_name: Text = ""
    success_condition: Text = ""
    failure_condition: Text = ""
    labels: dict[str, Text] = Field(default_factory=dict)


class TrialStatus(Wire):
    """What came of it."""

    start_time: Time | None = None
    completion_time: Time | None = None
    last_reconcile_time: Time | None = None
    conditions: tuple[Condition, ...] = ()
    observation: Observation | None = None
    attempts: Count = 0
    """munshi's own: how often the job was started; above 1 after a failure that was not the trial's."""


class TrialCondition(StrEnum):
    """The types of a Trial's conditions."""

    CREATED = "Created"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    KILLED = "Killed"
    EARLY_STOPPED = "EarlyStopped"
    METRICS_UNAVAILABLE = "MetricsUnavailable"


FINAL = (
    TrialCondition.SUCCEEDED,
    TrialCondition.FAILED,
    TrialCondition.KILLED,
    TrialCondition.EARLY_STOPPED,
    TrialCondition.METRICS_UNAVAILABLE,
)
"""A trial with one of these True is completed; it changes again only if the user has it run once more."""


class Trial(Resource):
    """One run of the user's program with one assignment."""

    api_version: str = HOME
    kind: str = "Trial"
    spec: TrialSpec = TrialSpec()
    status: TrialStatus = TrialStatus()

    @property
    def experiment_name(self) -> str:
        """Which Experiment it belongs to."""
        owner = self.metadata.controller()
        return owner.name if owner else self.metadata.labels.get(EXPERIMENT_LABEL, "")

    @property
    def is_completed(self) -> bool:
        """Whether it reached an end."""
        return any(holds(self.status.conditions, kind) for kind in FINAL)
