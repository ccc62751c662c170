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
    """The settings of one future trial, under the name that trial will have."""

    name: str = ""
    parameter_assignments: tuple[ParameterAssignment, ...] = ()
    early_stopping_rules: tuple[EarlyStoppingRule, ...] = ()
    labels: dict[str, Text] = Field(default_factory=dict)
    annotations: dict[str, Text] = Field(default_factory=dict)
    """munshi's own: copied to the Trial; `munshi/suggestion-index` and `munshi/new-results`."""


class SuggestionSpec(Wire):
    """What is asked for; `requests` counts every assignment ever wanted, not how many more."""

    algorithm: AlgorithmSpec | None = None
    early_stopping: EarlyStoppingSpec | None = None
    requests: Count = 0
    resume_policy: ResumePolicy = ResumePolicy.UNSET
    algorithm_name: Text = ""
    """v1alpha3's spelling."""


class SuggestionStatus(Wire):
    """What was given: `suggestions` holds those without a Trial yet, `suggestionCount` counts all."""

    start_time: Time | None = None
    completion_time: Time | None = None
    last_reconcile_time: Time | None = None
    conditions: tuple[Condition, ...] = ()
    algorithm_settings: tuple[AlgorithmSetting, ...] = ()
    suggestion_count: Count = 0
    suggestions: tuple[TrialAssignment, ...] = ()


class SuggestionCondition(StrEnum):
    """The types of a Suggestion's conditions; `Exhausted` is munshi's own."""

    CREATED = "Created"
    DEPLOYMENT_READY = "DeploymentReady"
    RUNNING = "Running"
    EXHAUSTED = "Exhausted"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Suggestion(Resource):
    """The dialogue with the algorithm, written down."""

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
