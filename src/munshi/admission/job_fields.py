"""Misspelt fields of a batch/v1 Job, and words that are not text (rule R38).

The API server would drop or refuse them, trial after trial; here the author hears of it at once.
Only the fields of Job, pod and container are known, not what is inside of each: a cheap look, at
what people type by hand. Other kinds belong to their operators and are not looked at. Names of
fields: Kubernetes API reference, batch/v1 and core/v1.
"""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterator

from munshi.api.wire import Json
from munshi.errors import FieldFault, Path

_JOB = "apiVersion kind metadata spec status"
_JOB_SPEC = (
    "activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy"
    " manualSelector maxFailedIndexes parallelism podFailurePolicy podReplacementPolicy selector"
    " successPolicy suspend template ttlSecondsAfterFinished"
)
_POD_TEMPLATE = "metadata spec"
_POD_SPEC = (
    "activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy"
    " enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname"
    " hostnameOverride imagePullSecrets initContainers nodeName nodeSelector os overhead"
    " preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy"
    " runtimeClassName schedulerName schedulingGates securityContext serviceAccount serviceAccountName"
    " setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds tolerations"
    " topologySpreadConstraints volumes workloadRef"
)
_CONTAINER = (
    "args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe"
    " resizePolicy resources restartPolicy restartPolicyRules securityContext startupProbe stdin"
    " stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
)
_ENV = "name value valueFrom"
_MOUNT = "mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr"
_RESOURCES = "claims limits requests"


def is_job(tree: Json) -> bool:
    """Whether an object is a batch/v1 Job."""
    return isinstance(tree, dict) and (tree.get("apiVersion"), tree.get("kind")) == (
        "batch/v1",
        "Job",
    )


def job_faults(job: Json) -> Iterator[FieldFault]:
    """What is wrong with a batch/v1 Job; paths begin at it."""
    yield from _fields(job, (), _JOB)
    spec = yield from _object(job, (), "spec", _JOB_SPEC)
    template = yield from _object(spec, ("spec",), "template", _POD_TEMPLATE)
    at: Path = ("spec", "template")
    pod = yield from _object(template, at, "spec", _POD_SPEC)
    for field in ("initContainers", "containers"):
        yield from _containers(pod, (*at, "spec"), field)


def container_names(job: Json) -> list[str]:
    """The names of a Job's containers, those of initContainers last."""
    pod: Json = job
    for step in ("spec", "template", "spec"):
        pod = pod.get(step) if isinstance(pod, dict) else None
    held = (
        [pod.get(field) for field in ("containers", "initContainers")]
        if isinstance(pod, dict)
        else []
    )
    items = [item for found in held if isinstance(found, list) for item in found]
    names = [item.get("name") for item in items if isinstance(item, dict)]
    return [name for name in names if isinstance(name, str)]


def _containers(pod: Json, at: Path, field: str) -> Iterator[FieldFault]:
    if not isinstance(pod, dict):
        return
    held = pod.get(field)
    if held in (None, []) and field == "containers":
        yield FieldFault((*at, field), "is missing or empty", "write the container that trains")
    for path, container in (yield from _list(held, (*at, field))):
        yield from _fields(container, path, _CONTAINER)
        if not isinstance(container, dict):
            continue
        for words in ("command", "args"):
            for where, word in (yield from _list(container.get(words), (*path, words))):
                yield from _text(word, where)
        for where, variable in (yield from _list(container.get("env"), (*path, "env"))):
            yield from _fields(variable, where, _ENV)
            if isinstance(variable, dict) and variable.get("value") is not None:
                yield from _text(variable["value"], (*where, "value"))
        mounts = yield from _list(container.get("volumeMounts"), (*path, "volumeMounts"))
        for where, mount in mounts:
            yield from _fields(mount, where, _MOUNT)
        if container.get("resources") is not None:
            yield from _fields(container["resources"], (*path, "resources"), _RESOURCES)


def _object(parent: Json, at: Path, field: str, known: str) -> Generator[FieldFault, None, Json]:
    """The object in a field, its own fields judged; None when there is none."""
    if not isinstance(parent, dict):
        return None
    value: Json = parent.get(field)
    if value is None:
        yield FieldFault((*at, field), "is missing", "write it; a Job needs spec.template.spec")
        return None
    yield from _fields(value, (*at, field), known)
    return value


def _list(value: Json, path: Path) -> Generator[FieldFault, None, list[tuple[Path, Json]]]:
    """The items of an optional list, with their paths."""
    if value is None:
        return []
    if not isinstance(value, list):
        yield FieldFault(path, "a list is wanted", "begin each item with a dash")
        return []
    return [((*path, index), item) for index, item in enumerate(value)]


def _fields(value: Json, path: Path, known: str) -> Iterator[FieldFault]:
    """Fields that are not known; a value that is no object at all."""
    if not isinstance(value, dict):
        got = "nothing" if value is None else "a list" if isinstance(value, list) else f'"{value}"'
        yield FieldFault(path, f"an object is wanted, got {got}", "write its fields below it")
        return
    names = known.split()
    for key in value:
        if key in names:
            continue
        folded = {name.lower(): name for name in names}
        near = difflib.get_close_matches(key.lower(), folded, n=1)
        mend = (
            f'did you mean "{folded[near[0]]}"?'
            if near
            else "remove it or move it where it belongs"
        )
        yield FieldFault((*path, key), "unknown field", mend, of_key=True)


def _text(value: Json, path: Path) -> Iterator[FieldFault]:
    if isinstance(value, str):
        return
    if isinstance(value, dict | list):
        yield FieldFault(path, "text is wanted, got an object or a list", "write one text")
        return
    shown = "nothing" if value is None else str(value).lower()
    yield FieldFault(path, f"text is wanted, got {shown}", f'put it in quotes: "{shown}"')
