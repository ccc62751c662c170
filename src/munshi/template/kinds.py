"""What a kind of job implies when the author does not say: conditions, pod labels, the container.

The table of Katib api contract §7, and Pod. `admission` fills these defaults where the kind is written in the
Experiment; `trial` where it is known only once the template is rendered (ConfigMaps, goTemplate).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from munshi.api.wire import Json

_ROLE = {"training.kubeflow.org/job-role": "master"}


@dataclass(frozen=True, slots=True)
class KindDefaults:
    """Defaults of one kind; empty where it has none.

    Attributes:
        success: The success condition, a GJSON path.
        failure: The failure condition likewise.
        pod_labels: Which pods report.
        container: The container that trains, by the operator's convention.
    """

    success: str = ""
    failure: str = ""
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    container: str = ""


def _condition(kind: str) -> str:
    return f'status.conditions.#(type=="{kind}")#|#(status=="True")#'


def _of(success: str, pod_labels: Mapping[str, str], container: str = "") -> KindDefaults:
    return KindDefaults(_condition(success), _condition("Failed"), pod_labels, container)


_NONE = KindDefaults()
_PHASE = 'status.[@this].#(phase=="{}")#'
_KINDS = {
    # munshi's own: a Pod says its phase, and Katib's table leaves the author to find this out.
    "Pod": KindDefaults(_PHASE.format("Succeeded"), _PHASE.format("Failed")),
    "Job": _of("Complete", {}),
    "TFJob": _of("Succeeded", _ROLE, "tensorflow"),
    "PyTorchJob": _of("Succeeded", _ROLE, "pytorch"),
    "XGBoostJob": _of("Succeeded", _ROLE, "xgboost"),
    "MPIJob": _of("Succeeded", _ROLE),
    "JAXJob": _of("Succeeded", _ROLE, "jax"),
    "PaddleJob": _of("Succeeded", _ROLE, "paddle"),
    "TrainJob": _of(
        "Complete",
        {
            "jobset.sigs.k8s.io/replicatedjob-name": "node",
            "batch.kubernetes.io/job-completion-index": "0",
        },
        "node",
    ),
}


def known() -> tuple[str, ...]:
    """The kinds that have defaults."""
    return tuple(_KINDS)


def defaults(kind: object) -> KindDefaults:
    """The defaults of a kind, by its name alone as in Katib."""
    return _KINDS.get(kind, _NONE) if isinstance(kind, str) else _NONE


def container_names(tree: Json) -> list[str]:
    """The names of the first list of `containers` in a job, outermost first, in order."""
    level: list[Json] = [tree]
    while level:
        for node in level:
            found = node.get("containers") if isinstance(node, dict) else None
            if isinstance(found, list):
                names = [item.get("name") for item in found if isinstance(item, dict)]
                return [name for name in names if isinstance(name, str)]
        level = [inner for node in level for inner in _below(node)]
    return []


def primary_container(job: Mapping[str, Json]) -> str:
    """Which container trains, when nobody says: the operator's convention, else the first one."""
    said = defaults(job.get("kind")).container
    names = container_names(dict(job))
    return said or (names[0] if names else "")


def _below(node: Json) -> list[Json]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []
