"""v1alpha3 read into v1beta1, by shape (Katib API contract §10).

An object speaks the old dialect when its apiVersion says so or when its template is a goTemplate: on a
cluster the two versions are one stored object, and the template is what tells them apart. `home` gives
the same experiment in today's spelling; the template stays a goTemplate, because `template` renders both.
"""

from __future__ import annotations

from enum import Enum

from munshi.api.common import CollectorKind, EarlyStoppingSpec
from munshi.api.experiment import (
    ConfigMapSource,
    Experiment,
    ExperimentSpec,
    GoTemplate,
    ResumePolicy,
    TrialTemplate,
)
from munshi.api.meta import V1ALPHA3

DEFAULT_TEMPLATE = ConfigMapSource(
    config_map_name="trial-template",
    config_map_namespace="kubeflow",
    template_path="defaultTrialTemplate.yaml",
)
"""What v1alpha3 used when an experiment named no template."""


class Dialect(Enum):
    """Which of the two an Experiment speaks."""

    V1BETA1 = "v1beta1"
    V1ALPHA3 = "v1alpha3"


def of(experiment: Experiment) -> Dialect:
    """Tell the dialect by shape."""
    template = experiment.spec.trial_template
    has_go_template = template is not None and template.go_template is not None
    old = experiment.api_version == V1ALPHA3 or has_go_template
    return Dialect.V1ALPHA3 if old else Dialect.V1BETA1


def home(experiment: Experiment) -> Experiment:
    """The same experiment in v1beta1's spelling; a v1beta1 one comes back as it is.

    `apiVersion` keeps what the author wrote: it decides which columns `get` prints, and whether the
    experiment fails *above* (v1alpha3) or *at* (v1beta1) maxFailedTrialCount.
    """
    if of(experiment) is Dialect.V1BETA1:
        return experiment
    spec = experiment.spec
    changed = {
        "trial_template": _template(spec.trial_template),
        "metrics_collector_spec": _collector(spec),
        "early_stopping": _early_stopping(spec),
        "resume_policy": spec.resume_policy or ResumePolicy.LONG_RUNNING,
    }
    if spec.algorithm is not None:
        changed["algorithm"] = spec.algorithm.model_copy(update={"early_stopping": None})
    return experiment.model_copy(update={"spec": spec.model_copy(update=changed)})


def _template(template: TrialTemplate | None) -> TrialTemplate:
    if template is None:
        return TrialTemplate(retain=True, go_template=GoTemplate(template_spec=DEFAULT_TEMPLATE))
    none_given = (template.go_template, template.trial_spec, template.config_map) == (None,) * 3
    if none_given:
        go_template = GoTemplate(template_spec=DEFAULT_TEMPLATE)
        return template.model_copy(update={"go_template": go_template})
    return template


def _collector(spec: ExperimentSpec) -> object:
    said = spec.metrics_collector_spec
    if said is None or said.collector.kind is not CollectorKind.NONE:
        return said
    collector = said.collector.model_copy(update={"kind": CollectorKind.PUSH})
    return said.model_copy(update={"collector": collector})


def _early_stopping(spec: ExperimentSpec) -> EarlyStoppingSpec | None:
    old = spec.algorithm.early_stopping if spec.algorithm else None
    if old is None or spec.early_stopping is not None:
        return spec.early_stopping
    return EarlyStoppingSpec(
        algorithm_name=old.early_stopping_algorithm_name or old.algorithm_name,
        algorithm_settings=old.early_stopping_settings or old.algorithm_settings,
    )
