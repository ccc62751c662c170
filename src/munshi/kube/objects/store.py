"""The engine's Store on a cluster: Experiments, Suggestions and Trials live in the API server.

Lists and watches are answered from memory, which reflectors keep level with the server; `get` asks the
server, and so do writes, whose answers are taken into memory at once: who wrote reads what it wrote. Where
Kubernetes differs from a store of our own: what a deleted object owns goes a little later, when the garbage
collector has seen it, and an object with finalizers stays until they are gone.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Self, TypeVar, cast

from munshi.api.experiment import Experiment
from munshi.api.meta import ConfigMap, Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.api.wire import Object
from munshi.engine.ports import Change
from munshi.errors import Conflict, FieldFault, Invalid, MunshiError, NotFound
from munshi.kube.objects import documents
from munshi.kube.objects.changes import Changes
from munshi.kube.objects.documents import Reading
from munshi.kube.wire import kinds
from munshi.kube.wire.api import Api
from munshi.kube.wire.reflector import Reflector
from munshi.store import semantics
from munshi.store.semantics import KEPT_TOMBSTONES, Key

R = TypeVar("R", bound=Resource)
Followed = Experiment | Suggestion | Trial

_SERVED: Mapping[type[Resource], kinds.Resource] = {
    Experiment: kinds.EXPERIMENTS,
    Suggestion: kinds.SUGGESTIONS,
    Trial: kinds.TRIALS,
    ConfigMap: kinds.CONFIG_MAPS,
}
_FOLLOWED: tuple[type[Followed], ...] = (Experiment, Suggestion, Trial)
_NEWS_S = 5.0  # the news of our own deletion is on its way; a list may be a little old after that


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object whose author must mend it before it can be read at all.

    Attributes:
        key: What names it.
        uid: Of the object.
        faults: All of them.
    """

    key: Key
    uid: str
    faults: tuple[FieldFault, ...]


class KubeStore:
    """See `engine.ports.Store`. It answers once `run` runs and has read everything.

    Args:
        api: The server.
        namespaces: Only these; empty: all.
        reading: Makes of an Experiment what readers see of it (defaults filled in); None leaves it out.
            Writes say only what they change, so what is filled in here is never written.
        refused: Is told of every object that becomes unreadable, and whenever it changes and still is.
        keep: How many deletions are remembered for watches.
    """

    def __init__(
        self,
        api: Api,
        *,
        namespaces: tuple[str, ...] = (),
        reading: Callable[[Experiment], Experiment | None] = lambda experiment: experiment,
        refused: Callable[[Unreadable], None] = lambda unreadable: None,
        keep: int = KEPT_TOMBSTONES,
    ) -> None:
        self._api, self._reading, self._refused = api, reading, refused
        self._changes = Changes(keep)
        self._unreadable: dict[Key, Unreadable] = {}
        self._reflectors: dict[tuple[str, str], Reflector[Reading[Any]]] = {
            (kind.__name__, namespace): Reflector(
                api,
                _SERVED[kind].path(namespace),
                partial(documents.read, kind=kind),
                partial(self._heard, kind.__name__),
            )
            for kind in _FOLLOWED
            for namespace in namespaces or ("",)
        }

    @property
    def unreadable(self) -> Mapping[Key, Unreadable]:
        """What could not be read. One that was readable before goes on in its last readable form."""
        return MappingProxyType(self._unreadable)

    @property
    def is_synced(self) -> bool:
        """Everything was read once."""
        return all(each.synced.is_set() for each in self._reflectors.values())

    @property
    def troubles(self) -> tuple[MunshiError, ...]:
        """Why what is held may be old, or is not there yet; empty while all is well."""
        return tuple(each.trouble for each in self._reflectors.values() if each.trouble)

    async def run(self) -> None:
        """Follow the cluster until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in self._reflectors.values():
                tasks.create_task(reflector.run())

    async def synced(self) -> Self:
        """Wait until everything was read once."""
        for reflector in self._reflectors.values():
            await reflector.synced.wait()
        if not self._changes.version:
            at = [each.version for each in self._reflectors.values()]
            self._changes.reach(max(int(each) if each.isdecimal() else 0 for each in at))
        return self

    # -- reading --------------------------------------------------------------------------------

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """The object as the server has it now.

        Raises:
            NotFound: There is none.
            Invalid: Its author must mend it first.
        """
        document = await self._api.get(_SERVED[kind].path(namespace, name))
        return self._answer(kind, document)

    async def list(
        self, kind: type[R], namespace: str | None = None, owner_uid: str | None = None
    ) -> Sequence[R]:
        """All of a kind, from memory; ConfigMaps are not held, and read from the server."""
        found = await (self._held(kind) if kind in _FOLLOWED else self._listed(kind, namespace))
        return [
            resource
            for resource in found
            if namespace in (None, resource.namespace)
            and owner_uid in (None, semantics.owner_uid_of(resource))
        ]

    async def version(self) -> int:
        """The number of the last change, as counted here (see `changes`)."""
        await self.synced()
        return self._changes.version

    async def watch(self, since: int = 0) -> AsyncIterator[Change]:
        """What changed after `since`, oldest first, then whatever changes, for ever."""
        await self.synced()
        async for change in self._changes.watch(since):
            yield change

    # -- writing --------------------------------------------------------------------------------

    async def create(self, resource: R) -> R:
        """POST the object, without its status."""
        key, served = semantics.key_of(resource), _SERVED[type(resource)]
        semantics.body_of(resource)
        document = documents.new(resource, served.api_version)
        answer = await self._api.create(served.path(key.namespace), document)
        return self._answer(type(resource), answer)

    async def replace(self, resource: R) -> R:
        """Write what changed of spec and metadata, if anything did."""
        before = await self._before(resource)
        return await self._patch(before, documents.change(before, resource))

    async def replace_status(self, resource: R) -> R:
        """Write what changed of the status, if anything did."""
        before = await self._before(resource)
        semantics.check_has_status(resource)
        patch = documents.change_of_status(before, resource)
        return await self._patch(before, patch, "status")

    async def delete(self, kind: type[Resource], namespace: str, name: str, uid: str = "") -> None:
        """Delete the object; what it owns is deleted by the garbage collector, a little later."""
        key = Key(kind.__name__, namespace, name)
        try:
            answer = await self._api.delete(_SERVED[kind].path(namespace, name), uid=uid)
        except Conflict as other:
            raise NotFound(f"{key} with uid {uid} is not there ({other})") from other
        if answer.get("kind") == "Status" and (held := self._changes.get(key)) is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_NEWS_S):
                    await self._changes.until(lambda: not self._is_held(key, held.uid))

    # -- underneath -----------------------------------------------------------------------------

    def _heard(self, kind: str, reading: Reading[Any], gone: bool) -> None:
        """Take in what a reflector tells."""
        key = Key(kind, reading.namespace, reading.name)
        self._unreadable.pop(key, None)
        seen = self._seen(reading)
        if gone:
            self._changes.drop(key, seen)
        elif reading.resource is None:
            unreadable = Unreadable(key, reading.uid, reading.faults)
            self._unreadable[key] = unreadable
            self._refused(unreadable)
        elif seen is None:
            self._changes.drop(key, None)
        else:
            self._changes.put(key, seen)

    def _seen(self, reading: Reading[Any]) -> Resource | None:
        """What readers see of it."""
        found = reading.resource
        return self._reading(found) if isinstance(found, Experiment) else found

    def _answer(self, kind: type[R], document: Object) -> R:
        """What the server sent, as ours; in memory from now on."""
        meta = document["metadata"]
        key = Key(kind.__name__, meta.get("namespace") or "", meta["name"])
        for namespace in (key.namespace, ""):
            if reflector := self._reflectors.get((key.kind, namespace)):
                reflector.put(document)
        held = self._changes.get(key)
        if held is not None and _is_version(held, meta["uid"], meta["resourceVersion"]):
            return cast("R", held)
        reading = documents.read(document, kind)
        if reading.faults:
            raise Invalid(reading.faults)
        seen = self._seen(reading)
        if seen is None:
            raise NotFound(f"{key} is left out")
        return cast("R", seen)

    async def _held(self, kind: type[R]) -> builtins.list[R]:
        await self.synced()
        return [cast("R", resource) for _, resource in self._changes.of(kind.__name__)]

    async def _listed(self, kind: type[R], namespace: str | None) -> builtins.list[R]:
        found: builtins.list[Object] = []
        async with contextlib.aclosing(
            self._api.pages(_SERVED[kind].path(namespace or ""))
        ) as pages:
            async for page in pages:
                found = page.items if page.first else [*found, *page.items]
        read = [documents.read(document, kind).resource for document in found]
        return sorted((one for one in read if one is not None), key=semantics.key_of)

    async def _before(self, resource: R) -> R:
        """The stored object that the write starts from.

        Raises:
            Conflict: It is not the one that was read.
            NotFound: It is gone.
        """
        key, meta = semantics.key_of(resource), resource.metadata
        held = self._changes.get(key)
        if held is None or not _is_at_least(held, meta.uid, meta.resource_version):
            held = await self.get(type(resource), key.namespace, key.name)
        semantics.check_current(held, resource)
        return cast("R", held)

    async def _patch(self, before: R, patch: Object, subresource: str = "") -> R:
        if not patch:
            return before
        meta = {
            **(patch.get("metadata") or {}),
            "resourceVersion": before.metadata.resource_version,
        }
        path = _SERVED[type(before)].path(before.namespace, before.name, subresource)
        answer = await self._api.patch(path, {**patch, "metadata": meta})
        return self._answer(type(before), answer)

    def _is_held(self, key: Key, uid: str) -> bool:
        held = self._changes.get(key)
        return held is not None and held.uid == uid


def _is_version(held: Resource, uid: str, version: str) -> bool:
    return held.uid == uid and held.metadata.resource_version == version


def _is_at_least(held: Resource, uid: str, version: str) -> bool:
    """Whether what is held is that version of that object, or a later one, which makes a Conflict."""
    at = held.metadata.resource_version
    later = at.isdecimal() and version.isdecimal() and int(at) > int(version)
    return held.uid == uid and (at == version or later)
