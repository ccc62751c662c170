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
        min: The least value. Required for int and double, not for lists. Numeric text such as "0.01"; a
            plain number is accepted and means the same.
        max: The greatest value, itself included; at least min. Required for int and double, not for
            lists. Numeric text; a plain number is accepted.
        step: The distance between neighbouring values, above 0: min, min + step, … up to max. Default: 1
            for int, none for double (any value between min and max). The algorithm grid needs it for
            doubles.
        list_: The values of a discrete (numbers) or categorical (any text) parameter; at least one, none
            twice. Not for int and double. Plain numbers are accepted and mean their text.
        distribution: How values of an int or double are spread: uniform, logUniform (even over orders of
            magnitude, min above 0), normal or logNormal (dense in the middle). Default uniform; without
            effect for lists.
    """

    min: Text | None = None
    max: Text | None = None
    step: Text | None = None
    list_: tuple[Text, ...] = Field(default=(), alias="list")
    distribution: Distribution = Distribution.UNSET


class ParameterSpec(Wire):
    """One parameter of the search space.

    Attributes:
        name: What trialParameters refer to. Required, and unique among the parameters.
        parameter_type: The kind of values: double (real numbers), int (whole numbers), discrete (listed
            numbers) or categorical (listed text). Required.
        feasible_space: What the values may be: min and max for double and int, list for discrete and
            categorical. Required.
    """

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
    """The strategy of one metric.

    Attributes:
        name: The metric.
        value: Which of all reported values counts: min (the least), max (the greatest) or latest (the
            last one). Default: min when the objective is minimised, max when it is maximised.
    """

    name: Text = ""
    value: MetricStrategyType = MetricStrategyType.UNSET


class ObjectiveSpec(Wire):
    """What is sought.

    Attributes:
        type: Which way is better: minimize or maximize. Required.
        goal: The Experiment succeeds as soon as a trial's objective is at least (maximize) or at most
            (minimize) this number. Default: none; it then ends on maxTrialCount.
        objective_metric_name: The metric that is optimised, by the name under which the program reports
            it. Required.
        additional_metric_names: Further metrics that are collected and shown but never optimised. Not the
            objective itself.
        metric_strategies: How the values that a trial reports of a metric become the one that counts.
            Default, for every metric not listed: the least when minimising, the greatest when maximising.
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
    """A setting of an algorithm.

    Attributes:
        name: Which setting, as the algorithm calls it, such as random_state.
        value: Text such as "7", whatever the setting's type; a plain number is accepted.
    """

    name: Text = ""
    value: Text = ""


class EarlyStoppingSpec(Wire):
    """Which rule ends unpromising trials. v1alpha3 spells the two fields with the prefix `earlyStopping`.

    Attributes:
        algorithm_name: The rule, such as medianstop.
        algorithm_settings: The rule's settings.
        early_stopping_algorithm_name: v1alpha3's spelling of algorithmName.
        early_stopping_settings: v1alpha3's spelling of algorithmSettings.
    """

    algorithm_name: Text = ""
    algorithm_settings: tuple[AlgorithmSetting, ...] = ()
    early_stopping_algorithm_name: Text = ""
    early_stopping_settings: tuple[AlgorithmSetting, ...] = ()

    @property
    def settings(self) -> dict[str, str]:
        """Name to value; a later duplicate wins."""
        return {setting.name: setting.value for setting in self.algorithm_settings}


class AlgorithmSpec(Wire):
    """Which algorithm proposes assignments, and its settings.

    Attributes:
        algorithm_name: The algorithm, such as random, grid, sobol or tpe. Required.
        algorithm_settings: The algorithm's settings, each at most once. Default: the algorithm's own.
        early_stopping: v1alpha3's place for early stopping; v1beta1 says spec.earlyStopping.
    """

    algorithm_name: Text = ""
    algorithm_settings: tuple[AlgorithmSetting, ...] = ()
    early_stopping: EarlyStoppingSpec | None = None

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
    """Which collector.

    Attributes:
        kind: Where the metrics are read: StdOut (the program's output), File, TensorFlowEvent (a folder
            of event files), PrometheusMetric (a page that the program serves), Push (the program calls
            report_metrics) or Custom (a container of your own). Default StdOut. None is v1alpha3's word
            for Push.
        custom_collector: A core/v1 Container that collects the metrics. Required for Custom, not for
            others.
    """

    kind: CollectorKind = CollectorKind.UNSET
    custom_collector: Object | None = None


class FileSystemPath(Wire):
    """The file or directory, inside the trial's container, that holds the metrics.

    Attributes:
        path: Where it is, as the trial's container sees it: absolute, without `..`. Default for File
            /var/log/katib/metrics.log, for TensorFlowEvent /var/log/katib/tfevent/.
        kind: File for the collector File, Directory for TensorFlowEvent, either for Custom. Default: the
            fitting one.
        format: How a metrics file is written: TEXT (lines that filter matches) or JSON (one object a
            line). Default TEXT. Only for the collector File.
    """

    path: Text = ""
    kind: FileSystemKind = FileSystemKind.UNSET
    format: FileFormat = FileFormat.UNSET


class FilterSpec(Wire):
    """Which parts of a line are metrics.

    Attributes:
        metrics_format: RE2 patterns, each with two groups: the metric's name and its value. Default: one
            that finds `name=value`.
    """

    metrics_format: tuple[Text, ...] = ()


class HttpHeader(Wire):
    """One header of a scrape.

    Attributes:
        name: The header's name.
        value: What it says.
    """

    name: Text = ""
    value: Text = ""


class HttpGet(Wire):
    """Where a PrometheusMetric collector scrapes (core/v1 HTTPGetAction).

    Attributes:
        path: The page, beginning with `/`. Default /metrics.
        port: The port, a number from 1 to 65535. Default 8080.
        host: The host. Default: the trial's own pod.
        scheme: HTTP or HTTPS. Default HTTP.
        http_headers: Headers to send with each request.
    """

    path: Text = ""
    port: Text = ""
    host: Text = ""
    scheme: Text = ""
    http_headers: tuple[HttpHeader, ...] = ()


class SourceSpec(Wire):
    """What the collector reads, and how.

    Attributes:
        http_get: The page that the collector PrometheusMetric reads.
        file_system_path: The file or directory that File, TensorFlowEvent and Custom read.
        filter: Which parts of a line are metrics, for StdOut and for File with format TEXT.
    """

    http_get: HttpGet | None = None
    file_system_path: FileSystemPath | None = None
    filter: FilterSpec | None = None


class MetricsCollectorSpec(Wire):
    """How metrics are collected; default: standard output.

    Attributes:
        source: What the collector reads. Default: what is usual for the collector.
        collector: Which collector. Default: standard output.
    """

    source: SourceSpec | None = None
    collector: CollectorSpec = CollectorSpec()


class ParameterAssignment(Wire):
    """A parameter given a value.

    Attributes:
        name: The parameter.
        value: Its value, as text; what the placeholder is replaced by.
    """

    name: Text = ""
    value: Text = ""


class Metric(Wire):
    """One metric of an observation: its least, greatest and last value.

    Attributes:
        name: The metric.
        min: The least value reported, as text; `unavailable` when none was a number.
        max: The greatest value reported, as text; `unavailable` when none was a number.
        latest: The last value reported, as text; `unavailable` when none was reported.
    """

    name: Text = ""
    min: Text = ""
    max: Text = ""
    latest: Text = ""


class Observation(Wire):
    """What a trial's metric log comes down to.

    Attributes:
        metrics: One entry a metric, the objective first.
    """

    metrics: tuple[Metric, ...] = ()


class Comparison(StrEnum):
    """How a metric's value stands to an early-stopping rule's when the rule is met."""

    LESS = "less"
    GREATER = "greater"
    EQUAL = "equal"


class EarlyStoppingRule(Wire):
    """End the trial when `name` compares so with `value`, from the report `startStep` on.

    Attributes:
        name: The metric. The objective is judged by its best value so far, another metric by its present one.
        value: What it is compared with, as text.
        comparison: equal, less or greater; a rule with another word is never met.
        start_step: From which report of the metric on the rule holds, counted from 1, until one with the same
            name and comparison and a later startStep takes its place. 0 means the first.
        trials: munshi's own. How many finished trials set the value.
    """

    name: Text = ""
    value: Text = ""
    comparison: Text = ""
    start_step: Count = 0
    trials: Count = 0
