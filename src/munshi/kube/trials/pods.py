"""From a Trial to the object that is created in its cluster.

On the journey of a value this is where it becomes an argument of a real pod. The run spec is the author's,
rendered; `command` and `args` stay as written. What is added is told here, all of it: the name, labels by
which pods are found, the Trial as owner, the variable with the trial's name, and for metrics that are not
on standard output a collector beside the program (`companion`). Pure: the same Trial gives the same object.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

from munshi.api.common import CollectorKind
from munshi.api.meta import ATTEMPT_ANNOTATION, TRIAL_LABEL, TRIAL_NAME_VARIABLE
from munshi.api.trial import Trial
from munshi.api.wire import Object
from munshi.collectors import wishes
from munshi.errors import LaunchRefused
from munshi.kube.trials import companion, templates
from munshi.kube.trials.companion import Image

LOG_KINDS = (CollectorKind.STDOUT, CollectorKind.PROMETHEUS)
"""Collectors that need nothing in the pod."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the metrics of a trial are read.

    Attributes:
        kind: The collector's.
        primary: The container that trains.
        container: Whose log is followed: the primary one's, or the sidecar's.
        label: The label by which the job's pods are found; its value is the trial's name.
        pod_labels: Which of the pods report; none: any.
    """

    kind: CollectorKind
    primary: str
    container: str
    label: str = TRIAL_LABEL
    pod_labels: Mapping[str, str] = field(default_factory=dict)


def render(trial: Trial, image: Image) -> Object:
    """The job of a trial's present attempt, ready to be created.

    Args:
        trial: With its run spec, name, namespace and uid.
        image: munshi's own, for collectors in the pod.

    Raises:
        LaunchRefused: Its metrics cannot be collected so; says what to do.
    """
    job: Object = copy.deepcopy(trial.spec.run_spec or {})
    for key in ("apiVersion", "kind"):
        if not isinstance(job.get(key), str) or not job[key]:
            raise LaunchRefused(f"the job has no {key}; write it in trialTemplate.trialSpec")
    _own(job, trial)
    found = templates.find(job)
    for template in found:
        _labelled(templates.inner(templates.inner(template, "metadata"), "labels"), trial)
    for labels in templates.elsewhere_labels(job):
        _labelled(labels, trial)
    for program in templates.elsewhere_programs(job, trial.spec.primary_pod_labels or {}):
        _named(program, trial)
    _collected(job, found, trial, image)
    return job


def reading(trial: Trial) -> Reading:
    """Where the metrics of a trial are read; what `render` made of it."""
    spec, job = trial.spec, trial.spec.run_spec or {}
    kind = wishes.kind_of(spec.metrics_collector)
    primary = spec.primary_container_name
    follows = primary
    if kind not in LOG_KINDS:
        holding = [each for each in templates.find(job) if templates.container(each, primary)]
        follows = companion.name_in(holding[0], trial) if holding else companion.NAME
    labels = templates.reporter(job, primary, spec.primary_pod_labels or {})
    return Reading(kind, primary, follows, templates.label_of(job), labels)


def _own(job: Object, trial: Trial) -> None:
    """Name, labels, attempt and owner."""
    metadata = templates.inner(job, "metadata")
    metadata["name"], metadata["namespace"] = trial.name, trial.namespace
    metadata.pop("generateName", None)
    _labelled(templates.inner(metadata, "labels"), trial)
    templates.inner(metadata, "annotations")[ATTEMPT_ANNOTATION] = str(trial.status.attempts)
    owners = templates.listed(metadata, "ownerReferences")
    owners[:] = [each for each in owners if isinstance(each, dict) and not each.get("controller")]
    owners.append(trial.owned_by().dump())


def _labelled(labels: Object, trial: Trial) -> None:
    """The trial's labels, where the author has not set them; its name in any case."""
    for key, value in trial.metadata.labels.items():
        labels.setdefault(key, value)
    labels[TRIAL_LABEL] = trial.name


def _named(container: Object, trial: Trial) -> None:
    """The variable with the trial's name, first of all, so that others may refer to it."""
    env = templates.listed(container, "env")
    if not any(isinstance(each, dict) and each.get("name") == TRIAL_NAME_VARIABLE for each in env):
        env.insert(0, {"name": TRIAL_NAME_VARIABLE, "value": trial.name})


def _collected(job: Object, found: list[Object], trial: Trial, image: Image) -> None:
    """What the collector needs, in every template with the primary container; others stay as they are."""
    spec = trial.spec
    kind, primary = wishes.kind_of(spec.metrics_collector), spec.primary_container_name
    if kind is CollectorKind.PROMETHEUS and wishes.page_of(spec.metrics_collector).host:
        raise LaunchRefused(
            "metricsCollectorSpec.source.httpGet.host is not asked on a cluster: the trial's own pod is; "
            "remove it"
        )
    holding = [each for each in found if templates.container(each, primary) is not None]
    if found and not holding:
        names = [str(one.get("name")) for each in found for one in templates.containers(each)]
        raise LaunchRefused(
            f'no pod of the {job["kind"]} has a container "{primary}"; set '
            f"trialTemplate.primaryContainerName to one of {', '.join(dict.fromkeys(names))}"
        )
    if kind not in LOG_KINDS and not holding:
        raise LaunchRefused(
            f"metrics of kind {kind.value} are read beside the program, and the pods of a {job['kind']} are "
            "made elsewhere; print the metrics and use the collector StdOut"
        )
    for template in holding:
        container = templates.container(template, primary) or {}
        _named(container, trial)
        if kind not in LOG_KINDS:
            companion.add(template, container, trial, image)
