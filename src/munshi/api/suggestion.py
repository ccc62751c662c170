"""The Suggestion: assignments asked for and given, one object an Experiment (Katib API contract §4)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from munshi.api.common import (
    AlgorithmSetting,
    AlgorithmSpec,
    EarlyStoppingRule,
    EarlyStoppingSpec,
    ParameterAssignment,
)
from munshi.api.conditions import Condition, holds
from munshi.api.experiment import ResumePolicy
from munshi.api.meta import HOME, Resource
from munshi.api.wire import Count, Text, Time, Wire


class TrialAssignment(Wire):
    """The settings of one future trial.

    Attributes:
        name: The name that the Trial will have.
        parameter_assignments: A value for every parameter.
        early_stopping_rules: When to end the trial early.
        labels: Labels for the Trial.
        annotations: Annotations for the Trial; munshi's own: which suggestion this is, and what the
            algorithm knew.
    """

    name: str = ""
    parameter_assignments: tuple[ParameterAssignment, ...] = ()
    early_stopping_rules: tuple[EarlyStoppingRule, ...] = ()
    labels: dict[str, Text] = Field(default_factory=dict)
    annotations: dict[str, Text] = Field(default_factory=dict)


class SuggestionSpec(Wire):
    """What is asked for; written by munshi from the Experiment.

    Attributes:
        algorithm: The Experiment's algorithm.
        early_stopping: The Experiment's early stopping.
        requests: How many assignments were ever wanted, not how many more.
        resume_policy: The Experiment's resumePolicy.
        algorithm_name: v1alpha3's spelling of algorithm.algorithmName.
    """

    algorithm: AlgorithmSpec | None = None
    early_stopping: EarlyStoppingSpec | None = None
    requests: Count = 0
    resume_policy: ResumePolicy = ResumePolicy.UNSET
    algorithm_name: Text = ""


class SuggestionStatus(Wire):
    """What was given; written by munshi.

    Attributes:
        start_time: When munshi first saw the Suggestion. RFC 3339, UTC.
        completion_time: When no more was wanted. RFC 3339, UTC.
        last_reconcile_time: A field of Katib's that munshi does not write.
        conditions: What may be said of the Suggestion, the last change last: Created, Running, Exhausted,
            Succeeded, Failed.
        algorithm_settings: Settings that the algorithm chose itself, such as the seed; they win over the
            Experiment's.
        suggestion_count: How many assignments were ever given.
        suggestions: The assignments that have no Trial yet.
        waits_for: While the algorithm waits: the trials under way when it said so. It is asked again when
            one of them has ended, or a trial is there that is not among them.
    """

    start_time: Time | None = None
    completion_time: Time | None = None
    last_reconcile_time: Time | None = None
    conditions: tuple[Condition, ...] = ()
    algorithm_settings: tuple[AlgorithmSetting, ...] = ()
    suggestion_count: Count = 0
    suggestions: tuple[TrialAssignment, ...] = ()
    waits_for: tuple[Text, ...] = ()


class SuggestionCondition(StrEnum):
    """The types of a Suggestion's conditions; `Exhausted` is munshi's own."""

    CREATED = "Created"
    DEPLOYMENT_READY = "DeploymentReady"
    RUNNING = "Running"
    EXHAUSTED = "Exhausted"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Suggestion(Resource):
    """The dialogue with the algorithm, written down: one for each Experiment, of the same name.

    Attributes:
        api_version: `kubeflow.org/v1beta1` or `kubeflow.org/v1alpha3`.
        kind: Suggestion.
        metadata: Its name is that of its Experiment.
        spec: What is asked for.
        status: What was given.
    """

    api_version: str = HOME
    kind: str = "Suggestion"
    spec: SuggestionSpec = SuggestionSpec()
    status: SuggestionStatus = SuggestionStatus()

    @property
    def is_failed(self) -> bool:
        """The algorithm refused or broke for good."""
        return holds(self.status.conditions, SuggestionCondition.FAILED)

    @property
    def is_exhausted(self) -> bool:
        """Every point of the search space was given."""
        return holds(self.status.conditions, SuggestionCondition.EXHAUSTED)
