"""The Experiment: what to tune, how, and what came of it (Katib API contract §2, §3; v1alpha3: §10)."""

from __future__ import annotations

from enum import StrEnum

from munshi.api.common import (
    AlgorithmSpec,
    EarlyStoppingSpec,
    MetricsCollectorSpec,
    ObjectiveSpec,
    Observation,
    ParameterAssignment,
    ParameterSpec,
)
from munshi.api.conditions import Condition, holds
from munshi.api.meta import HOME, Resource
from munshi.api.wire import Count, Flag, Object, Text, Time, Wire


class ResumePolicy(StrEnum):
    """What raising maxTrialCount later means: Never refuses it; the other two go on exactly."""

    NEVER = "Never"
    LONG_RUNNING = "LongRunning"
    FROM_VOLUME = "FromVolume"
    UNSET = ""


class TrialParameter(Wire):
    """A placeholder `${trialParameters.<name>}` of the template and what fills it.

    `reference` is a parameter of the search space or a fact of the trial: `${trialSpec.Name}`,
    `.Namespace`, `.Kind`, `.APIVersion`, `.Labels[key]`, `.Annotations[key]`.
    """

    name: Text = ""
    description: Text = ""
    reference: Text = ""


class ConfigMapSource(Wire):
    """A template kept as text in a ConfigMap (v1alpha3's `templateSpec` has the same three fields)."""

    config_map_name: Text = ""
    config_map_namespace: Text = ""
    template_path: Text = ""


class GoTemplate(Wire):
    """v1alpha3: the job written in Go's text/template; `rawTemplate` wins over `templateSpec`."""

    raw_template: Text = ""
    template_spec: ConfigMapSource | None = None


class TrialTemplate(Wire):
    """The job of every trial: exactly one of trialSpec, configMap and goTemplate.

    Attributes:
        retain: Keep the job after the trial ended. Default false.
        trial_spec: Any Kubernetes object with placeholders; without metadata.name and namespace.
        config_map: The same as text in a ConfigMap.
        go_template: v1alpha3's way.
        trial_parameters: The placeholders.
        primary_pod_labels: Which pods report; default by kind.
        primary_container_name: The container that trains.
        success_condition: GJSON on the job; met by an object or a non-empty list. Default by kind.
        failure_condition: Likewise; looked at first.
    """

    retain: Flag | None = None
    trial_spec: Object | None = None
    config_map: ConfigMapSource | None = None
    go_template: GoTemplate | None = None
    trial_parameters: tuple[TrialParameter, ...] = ()
    primary_pod_labels: dict[str, Text] | None = None
    primary_container_name: Text = ""
    success_condition: Text = ""
    failure_condition: Text = ""


class GraphConfig(Wire):
    """Neural architecture search: the network's outline."""

    num_layers: Count | None = None
    input_sizes: tuple[Count, ...] = ()
    output_sizes: tuple[Count, ...] = ()


class Operation(Wire):
    """Neural architecture search: one operation and its parameters."""

    operation_type: Text = ""
    parameters: tuple[ParameterSpec, ...] = ()


class NasConfig(Wire):
    """Neural architecture search, instead of `parameters`."""

    graph_config: GraphConfig = GraphConfig()
    operations: tuple[Operation, ...] = ()


class ExperimentSpec(Wire):
    """What to tune.

    Attributes:
        parameters: The search space; this or nasConfig.
        parallel_trial_count: At most so many trials run at once; above 0, default 3. May change.
        max_trial_count: The experiment succeeds after so many trials; default: no bound. May change.
        max_failed_trial_count: The experiment fails at so many failed trials; default: no bound. May change.
        resume_policy: Default Never (v1alpha3: LongRunning).
    """

    parameters: tuple[ParameterSpec, ...] = ()
    objective: ObjectiveSpec | None = None
    algorithm: AlgorithmSpec | None = None
    early_stopping: EarlyStoppingSpec | None = None
    trial_template: TrialTemplate | None = None
    parallel_trial_count: Count | None = None
    max_trial_count: Count | None = None
    max_failed_trial_count: Count | None = None
    resume_policy: ResumePolicy = ResumePolicy.UNSET
    metrics_collector_spec: MetricsCollectorSpec | None = None
    nas_config: NasConfig | None = None


class OptimalTrial(Wire):
    """The best trial so far."""

    best_trial_name: str = ""
    parameter_assignments: tuple[ParameterAssignment, ...] = ()
    observation: Observation | None = None


class ExperimentStatus(Wire):
    """What came of it. Counts are exact; the lists of names are capped (see `reconcile.tally`)."""

    start_time: Time | None = None
    completion_time: Time | None = None
    last_reconcile_time: Time | None = None
    conditions: tuple[Condition, ...] = ()
    current_optimal_trial: OptimalTrial | None = None
    trials: Count = 0
    trials_succeeded: Count = 0
    trials_failed: Count = 0
    trials_killed: Count = 0
    trials_pending: Count = 0
    trials_running: Count = 0
    trials_early_stopped: Count = 0
    trial_metrics_unavailable: Count = 0
    succeeded_trial_list: tuple[str, ...] = ()
    failed_trial_list: tuple[str, ...] = ()
    killed_trial_list: tuple[str, ...] = ()
    pending_trial_list: tuple[str, ...] = ()
    running_trial_list: tuple[str, ...] = ()
    early_stopped_trial_list: tuple[str, ...] = ()
    metrics_unavailable_trial_list: tuple[str, ...] = ()
    observed_generation: Count = 0
    """munshi's own: the generation of the spec that this status speaks of."""


class ExperimentCondition(StrEnum):
    """The types of an Experiment's conditions; `Suspended` is munshi's own."""

    CREATED = "Created"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    RESTARTING = "Restarting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Experiment(Resource):
    """One search, from its parameters to its best trial."""

    api_version: str = HOME
    kind: str = "Experiment"
    spec: ExperimentSpec = ExperimentSpec()
    status: ExperimentStatus = ExperimentStatus()

    @property
    def is_succeeded(self) -> bool:
        """The goal was reached, or the budget used up."""
        return holds(self.status.conditions, ExperimentCondition.SUCCEEDED)

    @property
    def is_failed(self) -> bool:
        """Too many trials failed, or the algorithm did."""
        return holds(self.status.conditions, ExperimentCondition.FAILED)

    @property
    def is_completed(self) -> bool:
        """Succeeded or Failed."""
        return self.is_succeeded or self.is_failed
