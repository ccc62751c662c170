"""What holds when the author does not say (Katib api contract §7).

Applied on every way in, before the judging, so that what is stored says all that it means. An
Experiment of the older dialect is first read into today's. Applying it twice changes nothing.
"""

from __future__ import annotations

from munshi.api import dialect
from munshi.api.common import (
    AlgorithmSpec,
    CollectorKind,
    Distribution,
    FileFormat,
    FileSystemKind,
    FileSystemPath,
    HttpGet,
    MetricsCollectorSpec,
    MetricStrategy,
    MetricStrategyType,
    ObjectiveSpec,
    ObjectiveType,
    ParameterSpec,
    SourceSpec,
)
from munshi.api.experiment import Experiment, ResumePolicy, TrialTemplate
from munshi.template import kinds

PARALLEL_TRIALS = 3
ALGORITHM = "auto"
NAMESPACE = "default"
METRICS_FILE = "/var/log/katib/metrics.log"
EVENTS_DIRECTORY = "/var/log/katib/tfevent/"


def with_defaults(experiment: Experiment) -> Experiment:
    """The same Experiment in the home dialect, with everything said.

    The default of parallelTrialCount is 3, but never above maxTrialCount: in Katib `maxTrialCount: 1`
    alone is refused for a number the author never wrote. An algorithm that nobody names is `auto`; Katib
    refuses such a file.
    """
    home = dialect.home(experiment)
    spec = home.spec
    parallel = spec.parallel_trial_count
    if parallel is None:
        parallel = min(PARALLEL_TRIALS, max(1, spec.max_trial_count or PARALLEL_TRIALS))
    changed = {
        "parallel_trial_count": parallel,
        "resume_policy": spec.resume_policy or ResumePolicy.NEVER,
        "algorithm": spec.algorithm or AlgorithmSpec(algorithm_name=ALGORITHM),
        "objective": _objective(spec.objective) if spec.objective else None,
        "parameters": tuple(_parameter(parameter) for parameter in spec.parameters),
        "trial_template": _template(spec.trial_template) if spec.trial_template else None,
        "metrics_collector_spec": _collector(spec.metrics_collector_spec or MetricsCollectorSpec()),
    }
    namespace = home.metadata.namespace or NAMESPACE
    metadata = home.metadata.model_copy(update={"namespace": namespace})
    spec = spec.model_copy(update=changed)
    return home.model_copy(update={"metadata": metadata, "spec": spec})


def _objective(objective: ObjectiveSpec) -> ObjectiveSpec:
    by_direction = {
        ObjectiveType.MINIMIZE: MetricStrategyType.MIN,
        ObjectiveType.MAXIMIZE: MetricStrategyType.MAX,
        ObjectiveType.UNSET: MetricStrategyType.LATEST,
    }[objective.type]
    said = {strategy.name for strategy in objective.metric_strategies}
    missing = [name for name in dict.fromkeys(objective.metric_names) if name and name not in said]
    added = tuple(MetricStrategy(name=name, value=by_direction) for name in missing)
    return objective.model_copy(
        update={"metric_strategies": (*objective.metric_strategies, *added)}
    )


def _parameter(parameter: ParameterSpec) -> ParameterSpec:
    if parameter.feasible_space.distribution:
        return parameter
    space = parameter.feasible_space.model_copy(update={"distribution": Distribution.UNIFORM})
    return parameter.model_copy(update={"feasible_space": space})


def _template(template: TrialTemplate) -> TrialTemplate:
    if template.trial_spec is None:
        return template
    implied = kinds.defaults(template.trial_spec.get("kind"))
    labels = template.primary_pod_labels
    return template.model_copy(
        update={
            "success_condition": template.success_condition or implied.success,
            "failure_condition": template.failure_condition or implied.failure,
            "primary_pod_labels": (dict(implied.pod_labels) or None) if labels is None else labels,
        }
    )


def _collector(spec: MetricsCollectorSpec) -> MetricsCollectorSpec:
    kind = spec.collector.kind or CollectorKind.STDOUT
    source = spec.source or SourceSpec()
    path = source.file_system_path or FileSystemPath()
    match kind:
        case CollectorKind.FILE:
            said = {
                "path": path.path or METRICS_FILE,
                "kind": path.kind or FileSystemKind.FILE,
                "format": path.format or FileFormat.TEXT,
            }
            changed: dict[str, object] = {"file_system_path": path.model_copy(update=said)}
        case CollectorKind.TF_EVENT:
            said = {
                "path": path.path or EVENTS_DIRECTORY,
                "kind": path.kind or FileSystemKind.DIRECTORY,
            }
            changed = {"file_system_path": path.model_copy(update=said)}
        case CollectorKind.PROMETHEUS:
            get = source.http_get or HttpGet()
            said = {"path": get.path or "/metrics", "port": get.port or "8080"}
            changed = {"http_get": get.model_copy(update=said)}
        case _:
            changed = {}
    collector = spec.collector.model_copy(update={"kind": kind})
    filled = source.model_copy(update=changed) if changed else spec.source
    return spec.model_copy(update={"collector": collector, "source": filled})
