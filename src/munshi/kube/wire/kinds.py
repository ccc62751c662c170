"""Where a kind is served: its plural, whether it has a namespace. Found by asking, for any kind there is.

Answers are kept; what was not there is asked for again, for a CRD may be installed later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from munshi.errors import FieldFault, Invalid, LaunchRefused, NotFound
from munshi.kube.wire.api import Api

if TYPE_CHECKING:
    from munshi.api.wire import Object  # as in `api`

_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/%\x00-\x20]+")

_BRINGERS = {
    "kubeflow.org": "the Kubeflow Training Operator (MPIJob v2beta1: the MPI Operator)",
    "trainer.kubeflow.org": "Kubeflow Trainer",
    "argoproj.io": "Argo Workflows",
    "tekton.dev": "Tekton Pipelines",
    "ray.io": "KubeRay",
    "jobset.x-k8s.io": "JobSet",
    "batch.volcano.sh": "Volcano",
    "sparkoperator.k8s.io": "the Spark Operator",
    "workload.codeflare.dev": "AppWrapper",
}
"""Who serves the kinds that trials are made of: what to install."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API server serves it.

    Attributes:
        api_version: `batch/v1`, or `v1` of the core.
        kind: `Job`.
        plural: `jobs`, its word in paths and roles.
        namespaced: Its objects live in namespaces.
        subresources: `status`, `log`, `scale`, …, as far as it has them.
    """

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True
    subresources: frozenset[str] = frozenset()

    @property
    def group(self) -> str:
        """`batch`; empty for the core."""
        return group_of(self.api_version)

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of an object, of its subresource, or (without a name) of a collection.

        Args:
            namespace: Empty for all namespaces together.
            name: The object's.
            subresource: `status`, `log`.

        Raises:
            Invalid: A name could not stand in a path, and so is no object's.
        """
        steps = [root(self.api_version)]
        if namespace and self.namespaced:
            steps += ["namespaces", _step(namespace)]
        steps.append(self.plural)
        if name:
            steps.append(_step(name))
        if subresource:
            steps.append(subresource)
        return "/".join(steps)


PODS = Resource("v1", "Pod", "pods", subresources=frozenset({"status", "log"}))
CONFIG_MAPS = Resource("v1", "ConfigMap", "configmaps")
EXPERIMENTS = Resource(
    "kubeflow.org/v1beta1", "Experiment", "experiments", True, frozenset({"status"})
)
SUGGESTIONS = Resource(
    "kubeflow.org/v1beta1", "Suggestion", "suggestions", True, frozenset({"status"})
)
TRIALS = Resource("kubeflow.org/v1beta1", "Trial", "trials", True, frozenset({"status"}))


class Kinds:
    """Discovery: which kinds this API server serves.

    Args:
        api: Where to ask.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, dict[str, Resource]] = {}

    async def resource(self, api_version: str, kind: str) -> Resource:
        """How a kind is served.

        Raises:
            LaunchRefused: It is not; says what is missing, or what else was meant.
            ClusterUnreachable: Nobody answers.
        """
        found = self._known.get(api_version, {}).get(kind)
        if found is None:
            self._known[api_version] = await self._served(api_version)
            found = self._known[api_version].get(kind)
        if found is None:
            raise LaunchRefused(await self._missing(api_version, kind))
        return found

    async def _served(self, api_version: str) -> dict[str, Resource]:
        if not all(map(_SEGMENT.fullmatch, api_version.split("/"))):
            return {}
        try:
            answer = await self._api.get(root(api_version))
        except NotFound:
            return {}
        return read(api_version, answer.get("resources") or [])

    async def _missing(self, api_version: str, kind: str) -> str:
        from munshi.api.decode import suggest  # noqa: PLC0415 - models, for bad days only

        sentence = f"this cluster does not know the kind {kind} of {api_version}"
        if near := self._known.get(api_version):
            return f"{sentence}; {suggest(kind, near)}"
        group = group_of(api_version)
        for version in await self._versions(group):
            served = await self._served(other := f"{group}/{version}")
            if kind in served:
                return f"{sentence}; it has the kind as {other}: write that in the trial template"
        bringer = _BRINGERS.get(group, f"the operator that brings {group or 'it'}")
        return f"{sentence}; install {bringer} and its CRDs, or use a kind the cluster has, such as a Job"

    async def _versions(self, group: str) -> list[str]:
        if not group or not _SEGMENT.fullmatch(group):
            return []
        try:
            answer = await self._api.get(f"/apis/{group}")
        except NotFound:
            return []
        return [str(each["version"]) for each in answer.get("versions") or []]


def read(api_version: str, listed: list[Object]) -> dict[str, Resource]:
    """An APIResourceList's resources by kind."""
    below: dict[str, set[str]] = {}
    for each in listed:
        plural, _, subresource = str(each["name"]).partition("/")
        below.setdefault(plural, set()).update({subresource} - {""})
    return {
        str(each["kind"]): Resource(
            api_version,
            str(each["kind"]),
            str(each["name"]),
            bool(each.get("namespaced")),
            frozenset(below[str(each["name"])]),
        )
        for each in listed
        if "/" not in str(each["name"])
    }


def root(api_version: str) -> str:
    """Where a group's version lives: `/apis/batch/v1`; the core's is `/api/v1`."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def group_of(api_version: str) -> str:
    """`batch` of `batch/v1`; empty for the core's `v1`."""
    return api_version.rpartition("/")[0]


def _step(name: str) -> str:
    if not _SEGMENT.fullmatch(name):
        raise Invalid([FieldFault((), f'"{name}" is no name of an object', "names hold no / or %")])
    return quote(name, safe=":")
