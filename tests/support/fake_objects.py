"""Collections of objects with an API server's manners, in memory: versions, history, conflicts, owners.

Only what the tests of `munshi.kube` lean on; the same tests run against a real API server in
`tests/cluster`, which keeps this one honest.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, code: int, reason: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
            "details": details,
        }


@dataclass(frozen=True)
class Event:
    """One entry of the history."""

    version: int
    kind: str
    collection: str
    document: Document


class Objects:
    """All objects of one server, by collection (`/apis/kubeflow.org/v1beta1/trials`), namespace and name."""

    def __init__(self) -> None:
        self.version = 100
        self.history: list[Event] = []
        self.oldest = 100
        """Watches from before this version are told that it is gone."""
        self.changed = asyncio.Condition()
        self._stored: dict[tuple[str, str, str], Document] = {}
        self._uids = itertools.count(1)
        self._collecting: set[asyncio.Task[None]] = set()

    def list(self, collection: str, namespace: str = "") -> list[Document]:
        """The objects of a collection, ordered by namespace and name."""
        return [
            copy.deepcopy(document)
            for (where, place, _), document in sorted(self._stored.items())
            if where == collection and namespace in ("", place)
        ]

    def get(self, collection: str, namespace: str, name: str) -> Document:
        """One object."""
        return copy.deepcopy(self._find(collection, namespace, name))

    async def create(self, collection: str, namespace: str, document: Document) -> Document:
        """A new object; without a status, where a real server has the subresource."""
        name = document["metadata"]["name"]
        if (collection, namespace, name) in self._stored:
            raise Refused(409, "AlreadyExists", f'{collection} "{name}" already exists')
        made = copy.deepcopy(document)
        made.pop("status", None)
        made["metadata"] |= {
            "namespace": namespace,
            "uid": f"uid-{next(self._uids)}",
            "generation": 1,
            "creationTimestamp": "2026-01-31T12:00:00Z",
            "managedFields": [{"manager": "munshi"}],
        }
        return await self._store("ADDED", collection, made)

    async def put(self, collection: str, document: Document) -> Document:
        """An object as it is, with its status; it only gets a version of ours."""
        return await self._store("ADDED", collection, copy.deepcopy(document))

    async def patch(
        self, collection: str, namespace: str, name: str, patch: Mapping[str, Any], *, status: bool
    ) -> Document:
        """A merge patch of all but the status, or of the status only."""
        stored = self._find(collection, namespace, name)
        wanted = (patch.get("metadata") or {}).get("resourceVersion")
        if wanted is not None and wanted != stored["metadata"]["resourceVersion"]:
            raise Refused(409, "Conflict", "the object has been modified")
        merged = _merged(stored, patch)
        if status:
            new = {**stored, "status": merged.get("status") or {}}
        else:
            new = {**merged, "status": stored.get("status") or {}}
            new["metadata"] = merged["metadata"] | _servers(stored["metadata"])
            if _spec(new) != _spec(stored):
                new["metadata"]["generation"] = stored["metadata"].get("generation", 1) + 1
        if new == {"status": {}} | stored:
            return copy.deepcopy(stored)
        return await self._store("MODIFIED", collection, copy.deepcopy(new))

    async def delete(
        self, collection: str, namespace: str, name: str, must: Mapping[str, str]
    ) -> Document:
        """Delete an object; a garbage collector takes what it owns, a moment later."""
        stored = self._find(collection, namespace, name)
        for field, value in must.items():
            if stored["metadata"][field] != value:
                raise Refused(409, "Conflict", f"precondition failed: {field}")
        uid = stored["metadata"]["uid"]
        del self._stored[collection, namespace, name]
        await self._store("DELETED", collection, copy.deepcopy(stored))
        task = asyncio.get_running_loop().create_task(self._collect(uid))
        self._collecting.add(task)
        task.add_done_callback(self._collecting.discard)
        return {"kind": "Status", "status": "Success", "details": {"uid": uid}}

    async def forget_history(self) -> None:
        """Compact: watches from before now are told that it is gone."""
        self.oldest = self.version
        self.history.clear()

    async def _collect(self, uid: str) -> None:
        for (collection, namespace, name), document in list(self._stored.items()):
            owners = document["metadata"].get("ownerReferences") or []
            if any(owner["uid"] == uid for owner in owners):
                await self.delete(collection, namespace, name, {})

    def _find(self, collection: str, namespace: str, name: str) -> Document:
        found = self._stored.get((collection, namespace, name))
        if found is None:
            raise Refused(404, "NotFound", f'{collection} "{name}" not found')
        return found

    async def _store(self, kind: str, collection: str, document: Document) -> Document:
        meta = document["metadata"]
        self.version += 1
        meta["resourceVersion"] = str(self.version)
        if kind != "DELETED":
            self._stored[collection, meta["namespace"], meta["name"]] = document
        self.history.append(Event(self.version, kind, collection, copy.deepcopy(document)))
        async with self.changed:
            self.changed.notify_all()
        return copy.deepcopy(document)


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _servers(meta: Document) -> Document:
    fields = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")
    return {field: meta[field] for field in fields if field in meta}


def _spec(document: Document) -> Document:
    return {key: value for key, value in document.items() if key not in ("metadata", "status")}
