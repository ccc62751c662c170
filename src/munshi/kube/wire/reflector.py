"""A collection of the API server, held in memory and followed for ever.

A reflector lists once, then watches from there. Whatever happens to server, network or watch, what is held
becomes again what the server has, and every difference is told as a change: what was deleted while nobody
listened is told as deleted, and an object that was replaced by another of its name as deleted and added.
The known clients lose one or the other (dependencies weighed: facts 1 and 2), so this is our own.

It never turns in a hot loop: what brings no news is followed by a pause that grows, with some chance in it,
so that not everybody returns at once to a server that comes back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from munshi.errors import ClusterUnreachable, Gone, MunshiError, Retryable
from munshi.kube.wire import answers
from munshi.kube.wire.api import Api

if TYPE_CHECKING:
    from munshi.api.wire import Object  # as in `api`

log = logging.getLogger("munshi.kube")

T = TypeVar("T")

Name = tuple[str, str]
"""Namespace and name; the first is empty for what has no namespace."""

_WATCH_S = (300, 600)  # as long as one watch lasts: client-go's bounds, so that watchers spread out
_STALL_S = 150.0  # the server sends a bookmark about every minute; one may be late
_LONGEST = 16 * 1024 * 1024  # bytes of an event; the server keeps objects of up to 1.5 MiB
_PAUSE_S = (
    0.1,
    15.0,
)  # the first and the longest pause: soon back, and gentle with a server in trouble
_WORTH_S = 30.0  # a watch that lasted so long was no failure, even if it brought nothing
_BREATH = 50  # objects decoded before others have their turn


@dataclass(frozen=True, slots=True)
class _Mark:
    """Which object is held, in which version; `ahead`: as our own write's answer showed it."""

    uid: str
    version: int
    ahead: bool = False


class Reflector(Generic[T]):
    """One collection.

    Everything happens in the event loop that calls `run`; what is heard is heard in order, each object's
    changes one by one, and `items` is already as it is told.

    Args:
        api: Where to ask.
        path: The collection: `Resource.path(namespace)`.
        keep: Makes of an object what is held of it: little, where objects are many. The object is fresh and
            may be changed. What it raises of our errors leaves the object out, with a warning.
        heard: Is told each change: the item as it is now, or with `gone` as it was last.
        query: A `labelSelector`, a `fieldSelector`.
        pause: How to wait.
        chance: A number between 0 and 1 at each call.
    """

    def __init__(
        self,
        api: Api,
        path: str,
        keep: Callable[[Object], T],
        heard: Callable[[T, bool], None] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.path = path
        self.synced = asyncio.Event()
        """Set once the first list is in; it stays set."""
        self.trouble: MunshiError | None = None
        """Why what is held may be old: the server is away, we may not read, the kind is not there."""
        self._api, self._keep, self._query = api, keep, dict(query or {})
        self._heard = heard or (lambda item, gone: None)
        self._pause, self._chance = pause, chance
        self._items: dict[Name, T] = {}
        self._marks: dict[Name, _Mark] = {}
        self._version = ""
        self._fruitless = 0

    @property
    def version(self) -> str:
        """The collection's resourceVersion up to which everything is held; empty while it is read anew."""
        return self._version

    @property
    def items(self) -> Mapping[Name, T]:
        """What is held, by (namespace, name); a live view."""
        return MappingProxyType(self._items)

    async def run(self) -> None:
        """Follow the collection until cancelled; no trouble ends it."""
        while True:
            began = asyncio.get_running_loop().time()
            after = 0.0
            self._fruitless += 1
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except Gone as forgotten:
                log.info("%s is read anew: %s", self.path, forgotten)
                self._version = ""
            except MunshiError as trouble:
                if isinstance(trouble, Retryable) and trouble.after is not None:
                    after = trouble.after.total_seconds()
                self._complain(trouble)
            if asyncio.get_running_loop().time() - began > _WORTH_S:
                self._fruitless = 0
            first, longest = _PAUSE_S
            growing = min(first * 2.0 ** min(self._fruitless, 30), longest)
            await self._pause(max(after, growing * (0.5 + 0.5 * self._chance())))

    def put(self, document: Object) -> None:
        """Take in an object as the answer to a write shows it, ahead of the watch.

        An answer may arrive after the news of the object's deletion: what the watch has passed already and is
        not held any more stays away.
        """
        name, mark = _named(document)
        held = self._marks.get(name)
        is_here = held is not None and held.uid == mark.uid
        if is_here or mark.version > _number(self._version):
            self._take(document, ahead=True)

    async def _list(self) -> None:
        """Hold what the server has now, and tell what that changes: at once, or not at all."""
        fresh: dict[Name, tuple[_Mark, T | None]] = {}
        version = ""
        async with aclosing(self._api.pages(self.path, **self._query)) as pages:
            async for page in pages:
                if page.first:
                    fresh.clear()
                for nth, document in enumerate(page.items, 1):
                    name, mark = _named(document)
                    same = self._holds(name, mark)
                    fresh[name] = (mark, self._items.get(name) if same else self._kept(document))
                    if nth % _BREATH == 0:
                        await asyncio.sleep(0)
                version = page.resource_version
        at = _number(version)
        for name, mark in list(self._marks.items()):
            if mark.ahead and mark.version > at:
                fresh.pop(name, None)  # written after the list; the watch will tell of it
            elif name not in fresh or fresh[name][0].uid != mark.uid:
                self._drop(name, mark.uid)
        for name, (mark, item) in sorted(fresh.items(), key=lambda one: one[1][0].version):
            if self._holds(name, mark):
                self._marks[name] = mark
            else:  # newer; or older, where an etcd was restored from a backup: the list is right
                self._hold(name, mark, item)
        self._version = version
        self.trouble = None
        self.synced.set()

    async def _watch(self) -> None:
        """Follow from the version that is held, until the server ends the watch."""
        shortest, longest = _WATCH_S
        lasting = round(shortest + (longest - shortest) * self._chance())
        query = self._query | {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(lasting),
        }
        stream = self._api.stream(self.path, stall_s=_STALL_S, longest=_LONGEST, **query)
        async with aclosing(stream) as lines:
            async for line in lines:
                if not line.endswith(b"\n"):
                    return  # cut off; the next watch will say it whole
                self._heed(line)

    def _heed(self, line: bytes) -> None:
        """Take in one event of a watch; after one that makes no sense the collection is read anew."""
        try:
            kind, document, name, mark = _event(line)
        except (ValueError, LookupError, TypeError, RecursionError) as broken:
            self._version = ""
            raise ClusterUnreachable(f"watch {self.path}: an event makes no sense") from broken
        if kind == "ERROR":
            self._version = ""
            code = int(document.get("code") or 500)
            raise answers.refusal("watch", self.path, code, {}, json.dumps(document).encode())
        if kind == "DELETED":
            self._drop(name, mark.uid, document)
        elif kind != "BOOKMARK":
            self._take(document)
        self._version = document["metadata"]["resourceVersion"]
        self.trouble, self._fruitless = None, 0

    def _take(self, document: Object, *, ahead: bool = False) -> None:
        """Hold an object if it is newer than what is held."""
        name, mark = _named(document, ahead=ahead)
        held = self._marks.get(name)
        if held is None or held.version < mark.version:
            self._hold(name, mark, self._kept(document))
        elif self._holds(name, mark) and not ahead:
            self._marks[name] = mark  # the watch has caught up with our own write

    def _holds(self, name: Name, mark: _Mark) -> bool:
        """Whether this very version is held."""
        held = self._marks.get(name)
        return held is not None and (held.uid, held.version) == (mark.uid, mark.version)

    def _hold(self, name: Name, mark: _Mark, item: T | None) -> None:
        held = self._marks.get(name)
        if held is not None and held.uid != mark.uid:
            self._drop(name, held.uid)
        self._marks[name] = mark
        if item is None:
            self._items.pop(name, None)
        else:
            self._items[name] = item
            self._heard(item, False)

    def _drop(self, name: Name, uid: str, document: Object | None = None) -> None:
        """Hold an object no more; its last form is told where it is known."""
        held = self._marks.get(name)
        if held is None or held.uid != uid:
            return
        del self._marks[name]
        item = self._items.pop(name, None)
        if item is not None:
            last = self._kept(document) if document is not None else None
            self._heard(item if last is None else last, True)

    def _kept(self, document: Object) -> T | None:
        try:
            return self._keep(document)
        except MunshiError as broken:
            log.warning("%s: an object is left out: %s", self.path, broken)
            return None

    def _complain(self, trouble: MunshiError) -> None:
        if str(trouble) != str(self.trouble):
            log.warning("%s cannot be followed for now: %s", self.path, trouble)
        self.trouble = trouble


def _event(line: bytes) -> tuple[str, Object, Name, _Mark]:
    """A watch event's type and object, and what names it, where it is an object of the collection."""
    event = json.loads(line)
    kind, document = event["type"], event["object"]
    if kind == "ERROR":
        return kind, document, ("", ""), _Mark("", 0)
    if kind == "BOOKMARK":
        return kind, document, ("", ""), _Mark("", _number(document["metadata"]["resourceVersion"]))
    return kind, document, *_named(document)


def _named(document: Object, *, ahead: bool = False) -> tuple[Name, _Mark]:
    meta = document["metadata"]
    mark = _Mark(meta.get("uid") or "", _number(meta.get("resourceVersion") or ""), ahead)
    return (meta.get("namespace") or "", meta["name"]), mark


def _number(version: str) -> int:
    """A resourceVersion as a number: Kubernetes promises since 1.35 what etcd always kept."""
    return int(version) if version.isdecimal() else 0
