"""Letting go of objects that are being deleted and wait for a Katib that is not there any more.

Katib puts a finalizer on every Experiment and Trial, to count a metric and to empty its database. We put
none on anything. Where munshi takes over from Katib, nobody else would ever remove those, and deleted
objects, and their namespaces, would stay for ever.
"""

from __future__ import annotations

from munshi.api.meta import Resource
from munshi.errors import Conflict, NotFound
from munshi.kube.wire import kinds
from munshi.kube.wire.api import Api

FORSAKEN = ("update-prometheus-metrics", "clean-metrics-in-db")
_PLURALS = {each.kind: each for each in (kinds.EXPERIMENTS, kinds.TRIALS, kinds.SUGGESTIONS)}


async def release(api: Api, resource: Resource) -> None:
    """Remove Katib's finalizers from an object that is being deleted; others stay."""
    left = [each for each in resource.metadata.finalizers if each not in FORSAKEN]
    if len(left) == len(resource.metadata.finalizers):
        return
    path = _PLURALS[resource.kind].path(resource.namespace, resource.name)
    metadata = {
        "finalizers": left,
        "uid": resource.uid,
        "resourceVersion": resource.metadata.resource_version,
    }
    try:
        await api.patch(path, {"metadata": metadata})
    except (Conflict, NotFound):
        return  # somebody else was at it; its next version, if there is one, is on the way
