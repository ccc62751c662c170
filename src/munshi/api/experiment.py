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

    Attributes:
        name: The placeholder's name: `${trialParameters.<name>}` in the template. Required, unique,
            without braces.
        description: For readers; without effect.
        reference: What fills it: a parameter of the search space, or a fact of the trial:
            `${trialSpec.Name}`, `.Namespace`, `.Kind`, `.APIVersion`, `.Labels[key]`,
            `.Annotations[key]`. Required.
    """

    name: Text = ""
    description: Text = ""
    reference: Text = ""


class ConfigMapSource(Wire):
    """A template kept as text in a ConfigMap (v1alpha3's `templateSpec` has the same three fields).

    Attributes:
        config_map_name: The ConfigMap. Required.
        config_map_namespace: The namespace of the ConfigMap. Required.
        template_path: The key in the ConfigMap under which the template stands. Required.
    """

    config_map_name: Text = ""
    config_map_namespace: Text = ""
    template_path: Text = ""


class GoTemplate(Wire):
    """v1alpha3: the job written in Go's text/template.

    Attributes:
        raw_template: The template's text. It knows `.Experiment`, `.Trial`, `.NameSpace` and
            `.HyperParameters` (a list of `.Name` and `.Value`), and must name the job `{{.Trial}}`. Wins
            over templateSpec.
        template_spec: A ConfigMap that holds the template's text.
    """

    raw_template: Text = ""
    template_spec: ConfigMapSource | None = None


class TrialTemplate(Wire):
    """The job of every trial: exactly one of trialSpec, configMap and goTemplate.

    Attributes:
        retain: Whether the job, with its pods and their logs, is kept after the trial has ended. Default
            false.
        trial_spec: The job itself: any Kubernetes object with apiVersion and kind, and with placeholders
            `${trialParameters.<name>}` in its texts. Without metadata.name and metadata.namespace, for
            every trial has its own.
        config_map: A ConfigMap that holds the same as text.
        go_template: v1alpha3's way to write the job, in Go's text/template; without trialParameters.
        trial_parameters: The placeholders, and what fills each. Every parameter must be referred to by
            one.
        primary_pod_labels: Which of the job's pods report metrics: those with all these labels. Default
            by kind; for a Job, all pods.
        primary_container_name: The container that trains and reports metrics. Required, but for
            goTemplate; without placeholders.
        success_condition: A GJSON expression on the job that says when the trial has succeeded: when the
            result is an object or a non-empty list. Default by kind for Job, TFJob, PyTorchJob,
            XGBoostJob, MPIJob, JAXJob, PaddleJob, TrainJob and Pod; required for others.
        failure_condition: Likewise, when the trial has failed; looked at first.
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
    """Neural architecture search: the network's outline.

    Attributes:
        num_layers: How many layers the network has.
        input_sizes: The size of the input in each dimension.
        output_sizes: The size of the output in each dimension.
    """

    num_layers: Count | None = None
    input_sizes: tuple[Count, ...] = ()
    output_sizes: tuple[Count, ...] = ()


class Operation(Wire):
    """Neural architecture search: one operation and its parameters.

    Attributes:
        operation_type: Which operation, such as convolution.
        parameters: The operation's own search space.
    """

    operation_type: Text = ""
    parameters: tuple[ParameterSpec, ...] = ()


class NasConfig(Wire):
    """Neural architecture search, instead of `parameters`.

    Attributes:
        graph_config: The network's outline.
        operations: What a layer may be.
    """

    graph_config: GraphConfig = GraphConfig()
    operations: tuple[Operation, ...] = ()


class ExperimentSpec(Wire):
    """What to tune, and how. Only the three counts may change once the Experiment exists.

    Attributes:
        parameters: The search space: what may vary, and within what. At least one. May not change.
        objective: What is sought. Required. May not change.
        algorithm: How the next trial's values are chosen. Default: auto. May not change.
        early_stopping: Which rule ends unpromising trials before their time. Default: none. May not
            change.
        trial_template: The job of every trial, with placeholders for the values. Required. May not
            change.
        parallel_trial_count: At most so many trials run at once. At least 1, at most maxTrialCount.
            Default 3, or maxTrialCount if that is less. May change while the Experiment runs; trials that
            run already go on.
        max_trial_count: The Experiment succeeds once so many trials have ended. At least 1. Default: no
            bound. May change, but not below the trials there are. Raising it restarts an Experiment that
            had used it up, unless resumePolicy is Never.
        max_failed_trial_count: The Experiment fails at so many failed trials (v1alpha3: at one more);
            trials without metrics count as failed. At least 0, at most maxTrialCount. Default: no bound.
            May change.
        resume_policy: Whether a completed Experiment may go on with a greater maxTrialCount: Never, or
            LongRunning and FromVolume, which mean the same here: exactly where it ended. Default Never
            (v1alpha3 and goTemplate: LongRunning). May not change.
        metrics_collector_spec: How a trial's metrics are collected. Default: from its standard output.
            May not change.
        nas_config: The search space of a neural architecture search, instead of parameters. May not
            change.
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
    """The best trial so far.

    Attributes:
        best_trial_name: Its name; none until a trial has succeeded.
        parameter_assignments: The values it ran with.
        observation: Its metrics.
    """

    best_trial_name: str = ""
    parameter_assignments: tuple[ParameterAssignment, ...] = ()
    observation: Observation | None = None


class ExperimentStatus(Wire):
    """What came of it; written by munshi. Counts are exact, lists of names hold the newest hundred.

    Attributes:
        start_time: When munshi first saw the Experiment. RFC 3339, UTC.
        completion_time: When the Experiment last completed. RFC 3339, UTC.
        last_reconcile_time: A field of Katib's that munshi does not write.
        conditions: What may be said of the Experiment, the last change last: Created, Running, Suspended,
            Restarting, Succeeded, Failed.
        current_optimal_trial: The best trial so far.
        trials: How many trials there are, in whatever state.
        trials_succeeded: How many have succeeded.
        trials_failed: How many have failed.
        trials_killed: How many were ended from outside.
        trials_pending: How many wait to run.
        trials_running: How many run now.
        trials_early_stopped: How many were stopped early.
        trial_metrics_unavailable: How many ended well but never reported the objective.
        succeeded_trial_list: Names of trials that have succeeded.
        failed_trial_list: Names of trials that have failed.
        killed_trial_list: Names of trials that were ended from outside.
        pending_trial_list: Names of trials that wait to run.
        running_trial_list: Names of trials that run now.
        early_stopped_trial_list: Names of trials that were stopped early.
        metrics_unavailable_trial_list: Names of trials that ended well but never reported the objective.
        observed_generation: The metadata.generation of the spec that this status speaks of; munshi's own.
    """

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


class ExperimentCondition(StrEnum):
    """The types of an Experiment's conditions; `Suspended` is munshi's own."""

    CREATED = "Created"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    RESTARTING = "Restarting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Experiment(Resource):
    """One search, from its parameters to its best trial.

    Attributes:
        api_version: `kubeflow.org/v1beta1`, or `kubeflow.org/v1alpha3` for the older dialect.
        kind: Experiment.
        metadata: Its name (at most 40 characters of a-z, 0-9 and -), namespace, labels and annotations.
        spec: What to tune, and how.
        status: What came of it.
    """

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
