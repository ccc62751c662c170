"""Objects of the API server as ours, and back: what is kept of a document, and what a write says.

Plain functions. A write is a merge patch of what changed, never the whole object: what munshi does not
know, or filled in by itself, stays as its author wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from munshi.api.decode import decode
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.wire import Object
from munshi.errors import FieldFault
from munshi.kube.objects import spoken

R = TypeVar("R", bound=Resource)

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_SERVERS = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
)
"""Of `metadata`: what only the server writes."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[R]):
    """A document as it was understood.

    Attributes:
        namespace: Of the object.
        name: Of the object.
        uid: Of the object.
        resource: The object; None where its author must mend it first.
        faults: What must be mended. A field that nobody knows is none, nor is anything in a status:
            both are passed over, for Katib and other versions of us may have written there.
    """

    namespace: str
    name: str
    uid: str
    resource: R | None
    faults: tuple[FieldFault, ...] = ()


def trimmed(document: Object) -> Object:
    """The document without what nobody here reads and everybody would have to hold; changed in place."""
    meta = document.get("metadata") or {}
    meta.pop("managedFields", None)
    annotations = meta.get("annotations")
    if isinstance(annotations, dict):
        annotations.pop(LAST_APPLIED, None)
    return document


def read(document: Object, kind: type[R]) -> Reading[R]:
    """A document of the server as our kind; changes the document.

    An Experiment has the apiVersion that its author wrote, not the one under which it was asked for.
    """
    meta = document["metadata"]
    if kind is Experiment and (version := spoken.version(document)):
        document["apiVersion"] = version
    decoded = decode(trimmed(document), kind)
    faults = tuple(
        fault for fault in decoded.faults if not fault.of_key and fault.path[:1] != ("status",)
    )
    return Reading(
        meta.get("namespace") or "",
        meta["name"],
        meta["uid"],
        None if faults else decoded.value,
        faults,
    )


def new(resource: Resource, api_version: str) -> Object:
    """The document that creates the object: without a status, and without what the server gives.

    Owners of its own group are named under its version, whichever their author spoke: the garbage collector
    has to find them for as long as they live.
    """
    document = {**resource.dump(), "apiVersion": api_version, "kind": type(resource).__name__}
    document.pop("status", None)
    document["metadata"] = meta = _written(document)
    group = api_version.rpartition("/")[0]
    if owners := meta.get("ownerReferences"):
        meta["ownerReferences"] = [
            {**one, "apiVersion": api_version} if _group(one) == group else one for one in owners
        ]
    return document


def change(before: Resource, after: Resource) -> Object:
    """The merge patch from one object to another, spec and metadata only; empty where nothing changed."""
    return difference(_ours(before), _ours(after))


def change_of_status(before: Resource, after: Resource) -> Object:
    """The merge patch from one object's status to another's; empty where nothing changed."""
    old, sent = ({"status": each.dump().get("status") or {}} for each in (before, after))
    return difference(old, sent)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Object:
    """The JSON merge patch (RFC 7386) that makes `after` of `before`.

    Lists are replaced whole. A null of `after` cannot be said in such a patch, and removes the field.

    >>> difference({"a": 1, "b": {"c": 1, "d": [1]}}, {"b": {"c": 2, "d": [1]}, "e": "new"})
    {'a': None, 'b': {'c': 2}, 'e': 'new'}
    """
    patch: Object = {key: None for key in before if key not in after}
    for key, value in after.items():
        known = before.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            if inner := difference(known, value):
                patch[key] = inner
        elif key not in before or not _same(known, value):
            patch[key] = value
    return patch


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON
    """Equal as JSON: in Python, true and 1 are equal, and so are 1 and 1.0."""
    return one is other or (one == other and repr(one) == repr(other))


def _ours(resource: Resource) -> Object:
    """What `replace` writes of it.

    What is empty is said all the same: its removal would take along what others wrote beside ours.
    """
    document = {"spec": {}, **resource.dump()}
    document["metadata"] = {"annotations": {}, "labels": {}, **_written(document)}
    return {key: document[key] for key in document if key not in ("apiVersion", "kind", "status")}


def _written(document: Object) -> Object:
    meta = document.get("metadata") or {}
    return {field: value for field, value in meta.items() if field not in _SERVERS}


def _group(owner: Mapping[str, Any]) -> str:
    return str(owner.get("apiVersion", "")).rpartition("/")[0]
