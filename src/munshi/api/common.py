"""The parts that Experiment, Suggestion and Trial share (Katib API contract §2–§5)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from munshi.api.wire import Count, Number, Object, Text, Wire


class ParameterType(StrEnum):
    """What kind of values a parameter takes."""

    DOUBLE = "double"
    INT = "int"
    DISCRETE = "discrete"
    CATEGORICAL = "categorical"
    UNKNOWN = "unknown"
    UNSET = ""


class Distribution(StrEnum):
    """How the values of an int or double parameter are spread; meaningless for lists."""

    UNIFORM = "uniform"
    LOG_UNIFORM = "logUniform"
    NORMAL = "normal"
    LOG_NORMAL = "logNormal"
    UNKNOWN = "unknown"
    UNSET = ""


class FeasibleSpace(Wire):
    """What a parameter may be: a range for int and double, a list for discrete and categorical.

    Attributes:
        min: Numeric text; required for int and double. A YAML number is accepted.
        max: Numeric text; required for int and double.
        step: Numeric text above 0: values are min, min + step, … up to max. Default 1 for int.
        list_: The values of a discrete (numeric) or categorical parameter.
        distribution: Default `uniform`.
    """

    min: Text | None = None
    max: Text | None = None
    step: Text | None = None
    list_: tuple[Text, ...] = Field(default=(), alias="list")
    distribution: Distribution = Distribution.UNSET


class ParameterSpec(Wire):
    """One parameter of the search space."""

    name: Text = ""
    parameter_type: ParameterType = ParameterType.UNSET
    feasible_space: FeasibleSpace = FeasibleSpace()


class ObjectiveType(StrEnum):
    """Which way is better."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"
    UNSET = ""


class MetricStrategyType(StrEnum):
    """How one number is taken from a metric's log."""

    MIN = "min"
    MAX = "max"
    LATEST = "latest"
    UNSET = ""


class MetricStrategy(Wire):
    """The strategy of one metric."""

    name: Text = ""
    value: MetricStrategyType = MetricStrategyType.UNSET


class ObjectiveSpec(Wire):
    """What is sought.

    Attributes:
        type: Required.
        goal: The experiment ends when the objective reaches it; None: it ends on maxTrialCount.
        objective_metric_name: Required: the metric that is optimised.
        additional_metric_names: Collected and shown, never optimised.
        metric_strategies: Default: min when minimising, max when maximising, for every metric.
    """

    type: ObjectiveType = ObjectiveType.UNSET
    goal: Number | None = None
    objective_metric_name: Text = ""
    additional_metric_names: tuple[Text, ...] = ()
    metric_strategies: tuple[MetricStrategy, ...] = ()

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The objective first, then the additional ones, as written."""
        return (self.objective_metric_name, *self.additional_metric_names)

    def strategy(self, metric: str) -> MetricStrategyType:
        """How `metric` is reduced to one number; the direction's default when nothing is said."""
        said = next((s.value for s in self.metric_strategies if s.name == metric and s.value), None)
        if said is not None:
            return said
        match self.type:
            case ObjectiveType.MINIMIZE:
                return MetricStrategyType.MIN
            case ObjectiveType.MAXIMIZE:
                return MetricStrategyType.MAX
            case ObjectiveType.UNSET:
                return MetricStrategyType.LATEST


class AlgorithmSetting(Wire):
    """A setting of an algorithm; values are text on the wire."""

    name: Text = ""
    value: Text = ""


class EarlyStoppingSpec(Wire):
    """Which rule ends unpromising trials. v1alpha3 spells the two fields with the prefix `earlyStopping`."""

    algorithm_name: Text = ""
    algorithm_settings: tuple[AlgorithmSetting, ...] = ()
    early_stopping_algorithm_name: Text = ""
    early_stopping_settings: tuple[AlgorithmSetting, ...] = ()


class AlgorithmSpec(Wire):
    """Which algorithm proposes assignments, and its settings."""

    algorithm_name: Text = ""
    algorithm_settings: tuple[AlgorithmSetting, ...] = ()
    early_stopping: EarlyStoppingSpec | None = None
    """v1alpha3 only; v1beta1 says `spec.earlyStopping`."""

    @property
    def settings(self) -> dict[str, str]:
        """Name to value; a later duplicate wins."""
        return {setting.name: setting.value for setting in self.algorithm_settings}


class CollectorKind(StrEnum):
    """Where a trial's metrics come from."""

    STDOUT = "StdOut"
    FILE = "File"
    TF_EVENT = "TensorFlowEvent"
    PROMETHEUS = "PrometheusMetric"
    CUSTOM = "Custom"
    PUSH = "Push"
    NONE = "None"
    """v1alpha3's word for Push."""
    UNSET = ""


class FileSystemKind(StrEnum):
    """What the collector's path is."""

    FILE = "File"
    DIRECTORY = "Directory"
    INVALID = "Invalid"
    UNSET = ""


class FileFormat(StrEnum):
    """How a metrics file is written."""

    TEXT = "TEXT"
    JSON = "JSON"
    UNSET = ""


class CollectorSpec(Wire):
    """Which collector; `customCollector` is a core/v1 Container."""

    kind: CollectorKind = CollectorKind.UNSET
    custom_collector: Object | None = None


class FileSystemPath(Wire):
    """The file or directory, inside the trial's container, that holds the metrics."""

    path: Text = ""
    kind: FileSystemKind = FileSystemKind.UNSET
    format: FileFormat = FileFormat.UNSET


class FilterSpec(Wire):
    """RE2 patterns with two groups, name and value, instead of the default `name=value`."""

    metrics_format: tuple[Text, ...] = ()


class HttpHeader(Wire):
    """One header of a scrape."""

    name: Text = ""
    value: Text = ""


class HttpGet(Wire):
    """Where a PrometheusMetric collector scrapes (core/v1 HTTPGetAction)."""

    path: Text = ""
    port: Text = ""
    host: Text = ""
    scheme: Text = ""
    http_headers: tuple[HttpHeader, ...] = ()


class SourceSpec(Wire):
    """What the collector reads, and how."""

    http_get: HttpGet | None = None
    file_system_path: FileSystemPath | None = None
    filter: FilterSpec | None = None


class MetricsCollectorSpec(Wire):
    """How metrics are collected; default: standard output."""

    source: SourceSpec | None = None
    collector: CollectorSpec = CollectorSpec()


class ParameterAssignment(Wire):
    """A parameter given a value; text on the wire."""

    name: Text = ""
    value: Text = ""


class Metric(Wire):
    """One metric of an observation: its least, greatest and last value, as reported, or `unavailable`."""

    name: Text = ""
    min: Text = ""
    max: Text = ""
    latest: Text = ""


class Observation(Wire):
    """What a trial's metric log comes down to: one entry a metric, the objective first."""

    metrics: tuple[Metric, ...] = ()


class EarlyStoppingRule(Wire):
    """End the trial when `name` compares so with `value`, from the report `startStep` on."""

    name: Text = ""
    value: Text = ""
    comparison: Text = ""
    start_step: Count = 0
