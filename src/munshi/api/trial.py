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
from munshi.api.conditions import Condition
from munshi.api.meta import EXPERIMENT_LABEL, HOME, Resource
from munshi.api.wire import Count, Flag, Object, Text, Time, Wire


class TrialSpec(Wire):
    """What to run; written by munshi from the Experiment and one assignment. Does not change.

    Attributes:
        objective: The Experiment's objective.
        parameter_assignments: The value of every parameter.
        early_stopping_rules: When to end the trial early.
        run_spec: The job, with every placeholder filled.
        retain_run: Whether the job is kept after the trial has ended. Default false.
        metrics_collector: How the metrics are collected.
        primary_pod_labels: Which of the job's pods report metrics; default: all.
        primary_container_name: The container that trains and reports metrics.
        success_condition: A GJSON expression on the job: when the trial has succeeded.
        failure_condition: A GJSON expression on the job: when the trial has failed; looked at first.
        labels: Labels of the assignment.
    """

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
    """What came of it; written by munshi.

    Attributes:
        start_time: When munshi first saw the Trial. RFC 3339, UTC.
        completion_time: When the Trial ended. RFC 3339, UTC.
        last_reconcile_time: A field of Katib's that munshi does not write.
        conditions: What may be said of the Trial, the last change last: Created, Running, Succeeded,
            Failed, Killed, EarlyStopped, MetricsUnavailable.
        observation: What the metrics come down to; none before the first collection.
        attempts: How often the job was started; above 1 after a failure that was not the trial's own, or
            after `munshi retry`. munshi's own.
    """

    start_time: Time | None = None
    completion_time: Time | None = None
    last_reconcile_time: Time | None = None
    conditions: tuple[Condition, ...] = ()
    observation: Observation | None = None
    attempts: Count = 0


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
    """One run of the user's program with one assignment.

    Attributes:
        api_version: `kubeflow.org/v1beta1` or `kubeflow.org/v1alpha3`.
        kind: Trial.
        metadata: Its name is the job's, too. The label katib.kubeflow.org/experiment names its
            Experiment.
        spec: What to run.
        status: What came of it.
    """

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
        return any(one.type in FINAL and one.is_true for one in self.status.conditions)
