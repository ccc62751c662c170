"""What a program may ask about its own pod: `fieldRef` and `resourceFieldRef`.

There is no pod on this machine, yet most of the answers exist: its name, namespace, labels and
annotations follow from the job, and its address is this machine's. `PodFacts` is filled by the
adapter of each kind, because each operator names and labels its pods in its own way. Used for
environment values and for downwardAPI volumes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from munshi.local.jobs.fields import Field, guess, shown
from munshi.local.jobs.model import Surroundings
from munshi.local.jobs.quantities import read_quantity, whole_up

_LOOPBACK = "127.0.0.1"
_SUBSCRIPT = re.compile(r"metadata\.(?P<which>labels|annotations)\['(?P<key>[^']*)'\]")
_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels['KEY']",
    "metadata.annotations['KEY']", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
    "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_NO_ANNOTATIONS: Mapping[str, str] = {}
_RESOURCES = ("limits.cpu", "limits.memory", "requests.cpu", "requests.memory")


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What can be known of a pod without a cluster.

    Attributes:
        name: As the operator would name it; of a Job's pod, whose end is random, the job's own
            name.
        labels: Of the template, of the operator and of the surroundings.
        scalars: Answers by fieldPath; a path that is missing here has no answer on this machine.
        containers: Each container by name, init containers too, for its resources.
    """

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    scalars: Mapping[str, str]
    containers: Mapping[str, Field]


def pod_facts(
    job: Field,
    template: Field,
    name: str,
    labels: Mapping[str, str],
    here: Surroundings,
    annotations: Mapping[str, str] = _NO_ANNOTATIONS,
) -> PodFacts:
    """Gather the facts of the pod that `template` describes.

    Args:
        job: The whole job, for namespace and uid.
        template: A mapping with `metadata` and `spec`.
        name: Of the pod; empty when the job has no name.
        labels: What the operator adds; it wins over the template, as on a cluster.
        here: Gives further labels, the uid and the node's name.
        annotations: What the operator adds, likewise.
    """
    own = template.at("metadata")
    uid = job.at("metadata", "uid").text() or here.uid
    answers = {
        "metadata.name": name,
        "metadata.namespace": namespace_of(job),
        "metadata.uid": uid or "",
        "spec.nodeName": here.node_name,
        "spec.serviceAccountName": template.at("spec", "serviceAccountName").text() or "default",
        **dict.fromkeys(
            ("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"), _LOOPBACK
        ),
    }
    return PodFacts(
        name=name,
        labels={**_texts(own.at("labels")), **labels, **here.pod_labels},
        annotations={**_texts(own.at("annotations")), **annotations},
        scalars={path: answer for path, answer in answers.items() if answer},
        containers={
            container.at("name").text(): container
            for kind in ("initContainers", "containers")
            for container in template.at("spec", kind).items()
        },
    )


def namespace_of(job: Field) -> str:
    """Where the job lives; `default` when it does not say."""
    return job.at("metadata", "namespace").text() or "default"


def answer_field(ref: Field, facts: PodFacts, *, whole_maps: bool = False) -> str:
    """Answer a `fieldRef`.

    Args:
        ref: The mapping that holds `fieldPath`.
        facts: Of the pod.
        whole_maps: Also answer `metadata.labels` and `metadata.annotations`, one `key="value"` line
            each; only files may ask so.

    Returns:
        The answer. A label or annotation that the pod has not is "", as on a cluster; so is a
        fault's answer.
    """
    field = ref.at("fieldPath")
    path = field.required_text(f"name one of: {', '.join(_FIELDS)}")
    maps = {"labels": facts.labels, "annotations": facts.annotations}
    if match := _SUBSCRIPT.fullmatch(path):
        return maps[match["which"]].get(match["key"], "")
    if whole_maps and path in {"metadata.labels", "metadata.annotations"}:
        lines = sorted(maps[path.removeprefix("metadata.")].items())
        return "\n".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in lines)
    if path in _FIELDS and path not in facts.scalars:
        field.fault(
            f"{shown(path)} is not known on this machine", "write the value itself (value: …)"
        )
    elif path and path not in facts.scalars:
        field.fault(f"{shown(path)} is not a field a pod can ask for", guess(path, _FIELDS))
    return facts.scalars.get(path, "")


def answer_resource(ref: Field, facts: PodFacts, own_container: str) -> str:
    """Answer a `resourceFieldRef` in units of its `divisor`, rounded up, as Kubernetes does.

    A request that is not written is the limit. A limit that is not written would be the whole node;
    here it is a fault, because the program would size itself by a number nobody chose.
    """
    resource = ref.at("resource").required_text(f"name one of: {', '.join(_RESOURCES)}")
    owner = ref.at("containerName").text() or own_container
    divisor = read_quantity(ref.at("divisor")) or Fraction(1)
    if not resource:
        return ""
    if resource not in _RESOURCES:
        ref.at("resource").fault(
            f"{shown(resource)} cannot be answered here", guess(resource, _RESOURCES)
        )
        return ""
    if owner not in facts.containers:
        ref.at("containerName").fault(
            f"no container is named {shown(owner)}", guess(owner, facts.containers)
        )
        return ""
    side, what = resource.split(".")
    written = facts.containers[owner].at("resources")
    amount = read_quantity(written.at(side, what))
    if amount is None and side == "requests":
        amount = read_quantity(written.at("limits", what))
    if amount is None:
        written.at(side, what).fault(
            f"is missing, and {resource} is asked for", 'set it, e.g. to "1"'
        )
        return ""
    return str(whole_up(amount / divisor))


def _texts(mapping: Field) -> dict[str, str]:
    return {key: value.text() for key, value in mapping.entries().items()}
