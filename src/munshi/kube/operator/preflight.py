"""What must be there before the operator begins, asked once: the kinds, and the rights.

Without it the first refusal would come from somewhere in the middle, for the first of many things.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from munshi.errors import Forbidden, NotFound, Terminal
from munshi.kube.operator.settings import Settings
from munshi.kube.wire import kinds
from munshi.kube.wire.api import Api

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True, slots=True)
class Right:
    """Something one may or may not do in a namespace; an empty one means everywhere."""

    verb: str
    group: str
    resource: str
    namespace: str = ""

    def __str__(self) -> str:
        of = f"{self.resource}.{self.group}" if self.group else self.resource
        where = f"in namespace {self.namespace}" if self.namespace else "in every namespace"
        return f"{self.verb} {of} {where}"


async def check(api: Api, settings: Settings) -> None:
    """See that the operator can begin.

    Raises:
        Terminal: Something is missing that the user must mend; says what, all of it.
        ClusterUnreachable: Nobody answers.
    """
    await _see_the_kinds(api)
    asked = needed(settings, api.namespace)
    answers = await asyncio.gather(*(_has(api, right) for right in asked))
    missing = [str(right) for right, has in zip(asked, answers, strict=True) if not has]
    if missing:
        raise Forbidden(
            f"the operator's account has not all its rights; it may not {', nor '.join(missing)}; "
            "give it those of deploy/munshi.yaml: kubectl apply -f deploy/munshi.yaml"
        )


def needed(settings: Settings, own: str) -> list[Right]:
    """The rights without which nothing works; kinds of jobs are another matter, each on its own."""
    group = "kubeflow.org"
    wanted = [
        *(Right("watch", group, each) for each in ("experiments", "suggestions", "trials")),
        *(Right("create", group, each) for each in ("suggestions", "trials")),
        Right("patch", group, "trials/status"),
        Right("watch", "", "pods"),
        Right("get", "", "pods/log"),
    ]
    namespaces = settings.namespaces or ("",)
    found = [
        Right(one.verb, one.group, one.resource, namespace)
        for namespace in namespaces
        for one in wanted
    ]
    if settings.leader_election:
        lease = settings.lease_namespace or own
        found.append(Right("create", "coordination.k8s.io", "leases", lease))
    return found


async def _see_the_kinds(api: Api) -> None:
    wanted = {each.kind for each in (kinds.EXPERIMENTS, kinds.SUGGESTIONS, kinds.TRIALS)}
    version = kinds.EXPERIMENTS.api_version
    try:
        answer = await api.get(kinds.root(version))
    except NotFound:
        answer = {}
    there = {str(each["kind"]) for each in answer.get("resources") or []}
    if missing := sorted(wanted - there):
        raise Terminal(
            f"the cluster at {api.server} does not know the kinds {', '.join(missing)} of {version}; "
            "install them: kubectl apply -f deploy/crds"
        )


async def _has(api: Api, right: Right) -> bool:
    resource, _, subresource = right.resource.partition("/")
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": right.namespace,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        answer = await api.create(_REVIEWS, body)
    except Forbidden:
        return True  # a cluster that does not tell; the work itself will
    return bool((answer.get("status") or {}).get("allowed"))
