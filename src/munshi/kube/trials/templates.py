"""The pods inside a job of any kind, found by their structure.

Wherever a kind keeps its pods, a pod template looks the same: an object whose `spec` has a list of
`containers`. So a Job, a TFJob, a RayJob and a kind that nobody has written yet are read alike. A few
kinds have none, as their pods are made elsewhere: of a TrainJob by its runtime, of a Workflow from templates
of its own. There only the standard output can be read, and a little is known about where to put labels and
variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from munshi.api.meta import TRIAL_LABEL
from munshi.api.wire import Object

_JOBSET_LABEL = "jobset.sigs.k8s.io/jobset-name"
_LABELS = {"TrainJob": _JOBSET_LABEL}
_ELSEWHERE = ("TrainJob", "Workflow", "PipelineRun")
"""Kinds whose pods are made by somebody who does not read `spec.containers` of the job."""
_KUBEFLOW = "kubeflow.org/"
_MASTER = {"training.kubeflow.org/job-role": "master"}
_FIRST = {"training.kubeflow.org/replica-index": "0"}
_DEEPEST = 20


def find(job: Object) -> list[Object]:
    """The pod templates of a job, outermost first, in order; the very objects, for the caller to change."""
    return [] if is_elsewhere(job) else list(_below(job, 0))


def is_elsewhere(job: Mapping[str, Any]) -> bool:
    """Whether the pods of this kind are made from something else than templates in it."""
    return job.get("kind") in _ELSEWHERE


def label_of(job: Mapping[str, Any]) -> str:
    """The label by which the pods of this kind are found; its value is the job's name."""
    return _LABELS.get(str(job.get("kind")), TRIAL_LABEL)


def containers(template: Mapping[str, Any]) -> list[Object]:
    """The containers of a template; the very objects."""
    return [each for each in template["spec"]["containers"] if isinstance(each, dict)]


def container(template: Mapping[str, Any], name: str) -> Object | None:
    """The container of that name, if the template has one."""
    return next((each for each in containers(template) if each.get("name") == name), None)


def reporter(job: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The labels by which the pod that reports is found, among those with a container of that name.

    Where only one pod of a training operator's job has it, no label is needed, and a wrong one could only
    hide it: Katib's MPIJob example names one of the former MPI operator that Kubeflow's does not write. And
    of a PaddleJob's workers none is called master; the first one is what Katib's default means.
    """
    spec = job.get("spec")
    if not isinstance(spec, dict) or not str(job.get("apiVersion", "")).startswith(_KUBEFLOW):
        return dict(labels)
    types = {
        kind: one.get("replicas", 1)
        for specs in spec.values()
        for kind, one in (specs.items() if isinstance(specs, dict) else ())
        if isinstance(one, dict) and any(container(each, name) for each in _below(one, 0))
    }
    if list(types.values()) == [1]:
        return {}
    if job.get("kind") == "PaddleJob" and list(types) == ["Worker"] and labels == _MASTER:
        return dict(_FIRST)
    return dict(labels)


def elsewhere_labels(job: Object) -> Iterator[Object]:
    """Where a kind without templates keeps labels that its pods get; the very objects."""
    if job.get("kind") == "Workflow":
        yield inner(inner(inner(job, "spec"), "podMetadata"), "labels")


def elsewhere_programs(job: Object, labels: Mapping[str, str]) -> Iterator[Object]:
    """What stands for the primary container in a kind without templates: an object that takes `env`.

    Args:
        job: The job; the very objects are handed out.
        labels: The primary pod's. Of a Workflow, only templates that carry them are meant.
    """
    spec = job.get("spec")
    if not isinstance(spec, dict):
        return
    if job.get("kind") == "TrainJob" and isinstance(spec.get("trainer"), dict):
        yield spec["trainer"]
    if job.get("kind") == "Workflow":
        for template in _objects(spec.get("templates")):
            said = (template.get("metadata") or {}).get("labels") or {}
            if all(said.get(key) == value for key, value in labels.items()):
                yield from (
                    template[key]
                    for key in ("container", "script")
                    if isinstance(template.get(key), dict)
                )


def inner(outer: Object, key: str) -> Object:
    """The object under a key, made if it is missing."""
    found = outer.get(key)
    if not isinstance(found, dict):
        found = outer[key] = {}
    return found


def listed(outer: Object, key: str) -> list[Any]:
    """The list under a key, made if it is missing."""
    found = outer.get(key)
    if not isinstance(found, list):
        found = outer[key] = []
    return found


def _objects(given: object) -> Iterator[Object]:
    if isinstance(given, list):
        yield from (each for each in given if isinstance(each, dict))


def _below(node: object, depth: int) -> Iterator[Object]:
    if depth > _DEEPEST:
        return
    if isinstance(node, dict):
        spec = node.get("spec")
        if isinstance(spec, dict) and any(_objects(spec.get("containers"))):
            yield node
            return
    children: Sequence[object] = ()
    if isinstance(node, dict):
        children = list(node.values())
    elif isinstance(node, list):
        children = node
    for child in children:
        yield from _below(child, depth + 1)
