"""The collector beside the program: what is added to a pod whose metrics are not on standard output.

A native sidecar with munshi's image (an init container that is always restarted, Kubernetes 1.29 and later).
It is the last of the init containers, so those of the author run as written; it shares one folder with the
program, ends when the program has ended, and satisfies the `restricted` Pod Security level. A Custom
collector's container is added as it was written: beside the program, as Katib does, where it ends by itself;
or as a sidecar too, if it says `restartPolicy: Always`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from munshi.api.common import CollectorKind
from munshi.api.meta import TRIAL_NAME_VARIABLE
from munshi.api.trial import Trial
from munshi.api.wire import Object
from munshi.collectors import push_file, wishes
from munshi.errors import LaunchRefused
from munshi.kube.sidecar import plan
from munshi.kube.trials import templates
from munshi.rpc import address

NAME = "metrics-collector"
VOLUME = "munshi-metrics"
REPORTS = "munshi-reports"
HOSTS = (address.HOST, f"{address.HOST}.svc", f"{address.HOST}.svc.cluster.local")
USER = 65532
"""Whom munshi's image runs as; said where the pod says root."""
_COMMAND = ["python", "-m", plan.MODULE]
_PROBE = "import os, sys; sys.exit(not os.path.exists(sys.argv[1]))"


@dataclass(frozen=True, slots=True)
class Image:
    """munshi's own image.

    Attributes:
        name: As a pod names it.
        pull_policy: `imagePullPolicy`.
    """

    name: str
    pull_policy: str = "IfNotPresent"


def name_in(template: Object, trial: Trial) -> str:
    """What the sidecar is called in a pod: NAME, unless the author has a container of that name.

    Args:
        template: The pod's, before `add`.
        trial: Whose Custom collector has a name, too.
    """
    wish, spec = trial.spec.metrics_collector, template["spec"]
    custom = (wish.collector.custom_collector if wish else None) or {}
    theirs = [*spec["containers"], *(spec.get("initContainers") or []), custom]
    taken = any(isinstance(each, dict) and each.get("name") == NAME for each in theirs)
    return f"munshi-{NAME}" if taken else NAME


def add(template: Object, container: Object, trial: Trial, image: Image) -> None:
    """Add the collector of a trial to a pod template.

    Args:
        template: The pod's; changed.
        container: The primary one in it; changed.
        trial: With a collector of kind File, TensorFlowEvent, Push or Custom.
        image: What the sidecar runs.

    Raises:
        LaunchRefused: This pod cannot take it; says what to do.
    """
    spec = template["spec"]
    _look_at(spec)
    wish = trial.spec.metrics_collector
    kind, name = wishes.kind_of(wish), name_in(template, trial)
    objective = trial.spec.objective
    pushes, path = kind in wishes.PUSHING, wishes.path_of(wish)
    shared = _shared(spec, container, wish) if path else None
    told = plan.Plan(
        trial=trial.name,
        kind=kind.value,
        metrics=objective.metric_names if objective else (),
        path=plan.PUSH_FOLDER if pushes else path,
        root=plan.PUSH_FOLDER if pushes or shared is None else str(shared["mountPath"]),
        filters=wishes.filters_of(wish),
        file_format=wishes.file_system(wish).format.value or "TEXT",
        answers=pushes and not spec.get("hostNetwork"),
    )
    mounts = [] if shared is None or pushes else [{**shared, "readOnly": True}]
    if pushes:
        mounts.append(_reports(spec))
        _reporting(container, plan.PUSHED, answered=told.answers)
        if told.answers:
            _hosts(spec)
    sidecar = _sidecar(name, told, image, mounts, container, spec)
    templates.listed(spec, "initContainers").append(sidecar)
    if kind is CollectorKind.CUSTOM:
        _custom(spec, trial, shared, answered=told.answers)


def _look_at(spec: Object) -> None:
    """What keeps a pod from taking a sidecar."""
    systems = {
        (spec.get("os") or {}).get("name"),
        (spec.get("nodeSelector") or {}).get("kubernetes.io/os"),
    }
    if "windows" in systems:
        raise LaunchRefused(
            "the metrics collector beside the program runs on Linux only; on Windows nodes print the "
            "metrics and use the collector StdOut"
        )


def _shared(spec: Object, container: Object, wish: Any) -> Object:  # noqa: ANN401  a MetricsCollectorSpec
    """The mount by which the program and its collector see the path; made unless the author has one."""
    path = PurePosixPath(wishes.path_of(wish))
    folder = path if wishes.is_folder(wish) else path.parent
    covering = [
        each
        for each in container.get("volumeMounts") or []
        if isinstance(each, dict) and path.is_relative_to(PurePosixPath(str(each.get("mountPath"))))
    ]
    if covering:
        mount = max(covering, key=lambda each: len(str(each["mountPath"])))
        if "$(" in str(mount.get("subPathExpr", "")):
            raise LaunchRefused(
                f"the collector cannot share the volume at {mount['mountPath']}, as its subPathExpr is made "
                "of variables; write subPath"
            )
        return copy.deepcopy(mount)
    if folder == PurePosixPath("/"):
        raise LaunchRefused(
            f"the collector's path {path} lies in /, which cannot be shared; "
            "let the program write into a folder of its own, such as /train"
        )
    mount = {"name": _volume(spec, VOLUME), "mountPath": str(folder)}
    templates.listed(container, "volumeMounts").append(mount)
    return mount


def _reports(spec: Object) -> Object:
    return {"name": _volume(spec, REPORTS), "mountPath": plan.PUSH_FOLDER}


def _volume(spec: Object, name: str) -> str:
    volumes = templates.listed(spec, "volumes")
    if not any(isinstance(each, dict) and each.get("name") == name for each in volumes):
        volumes.append({"name": name, "emptyDir": {}})
    return name


def _reporting(container: Object, file: str, *, answered: bool) -> None:
    """What a program that reports by a call must see."""
    mounts = templates.listed(container, "volumeMounts")
    mounts.append({"name": REPORTS, "mountPath": plan.PUSH_FOLDER})
    env = templates.listed(container, "env")
    taken = {each.get("name") for each in env if isinstance(each, dict)}
    said = {push_file.VARIABLE: f"{plan.PUSH_FOLDER}/{file}"}
    if answered:
        said[address.VARIABLE] = f"127.0.0.1:{address.PORT}"
    env.extend({"name": key, "value": value} for key, value in said.items() if key not in taken)


def _hosts(spec: Object) -> None:
    """Katib's DB manager is found in the pod itself; a name that the author has given stays theirs."""
    aliases = templates.listed(spec, "hostAliases")
    taken = {
        name for each in aliases if isinstance(each, dict) for name in each.get("hostnames") or []
    }
    names = [name for name in HOSTS if name not in taken]
    if names:
        aliases.append({"ip": "127.0.0.1", "hostnames": names})


def _custom(spec: Object, trial: Trial, shared: Object | None, *, answered: bool) -> None:
    """The author's collector, as it was written."""
    wish = trial.spec.metrics_collector
    container = copy.deepcopy((wish.collector.custom_collector if wish else None) or {})
    if not container:
        raise LaunchRefused("customCollector is missing; write the container that collects")
    mounts = templates.listed(container, "volumeMounts")
    paths = {str(each.get("mountPath")) for each in mounts if isinstance(each, dict)}
    if shared is not None and shared["mountPath"] not in paths:
        mounts.append(copy.deepcopy(shared))
    _reporting(container, plan.COLLECTED, answered=answered)
    env = container["env"]
    if not any(each.get("name") == TRIAL_NAME_VARIABLE for each in env if isinstance(each, dict)):
        env.insert(0, {"name": TRIAL_NAME_VARIABLE, "value": trial.name})
    stays = container.get("restartPolicy") == "Always"
    templates.listed(spec, "initContainers" if stays else "containers").append(container)
    if (
        not stays
    ):  # Katib's collectors look for the program among the pod's processes, to see it end
        spec.setdefault("shareProcessNamespace", True)


def _sidecar(
    name: str,
    told: plan.Plan,
    image: Image,
    mounts: list[Object],
    primary: Object,
    spec: Object,
) -> Object:
    sidecar: Object = {
        "name": name,
        "image": image.name,
        "imagePullPolicy": image.pull_policy,
        "command": list(_COMMAND),
        "args": told.arguments(),
        "restartPolicy": "Always",
        "resources": _resources(primary),
        "securityContext": _security(spec),
        "volumeMounts": mounts,
    }
    if told.answers:
        # The program may call at once; it is not started before somebody answers.
        probe = ["python", "-S", "-E", "-c", _PROBE, f"{plan.PUSH_FOLDER}/{plan.READY}"]
        sidecar["startupProbe"] = {
            "exec": {"command": probe},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
            "failureThreshold": 120,
        }
    return sidecar


def _resources(primary: Object) -> Object:
    """Little; with limits where the program has them, so that quotas and classes of service stay met."""
    said = primary.get("resources") or {}
    limits = said.get("limits") or {}
    memory, processor = "256Mi", "250m"
    if limits and {"cpu", "memory"} <= limits.keys():
        asked = said.get("requests") or limits
        if all(asked.get(key, limits[key]) == limits[key] for key in ("cpu", "memory")):
            both = {"cpu": processor, "memory": memory}
            return {"requests": both, "limits": dict(both)}
    bound = {"memory": memory, **({"cpu": "1"} if "cpu" in limits else {})}
    return {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": bound}


def _security(spec: Object) -> Object:
    """What the `restricted` level asks for; the image's own user, or the pod's unless that is root."""
    context: Object = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if not (spec.get("securityContext") or {}).get("runAsUser"):
        context["runAsUser"] = USER
    return context
