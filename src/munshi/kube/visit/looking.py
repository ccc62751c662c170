"""Objects of the cluster as documents, the way `kubectl get -o json` shows them.

Every question goes to the server, so an answer is as true as it can be; a watch is the API's own, held by
a reflector, which outlives whatever happens to server and network.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from munshi.errors import Forbidden, NotFound, Terminal
from munshi.kube.wire import kinds
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import Resource
from munshi.kube.wire.reflector import Reflector

if TYPE_CHECKING:
    from munshi.api.wire import Object  # `munshi get` does without models

SERVED: Mapping[str, Resource] = {
    each.kind: each for each in (kinds.EXPERIMENTS, kinds.SUGGESTIONS, kinds.TRIALS)
}
_SOON_S = 0.05

News: TypeAlias = "list[tuple[Object, bool]]"
"""Objects as they are now; or, with True, the last forms of those that are gone."""


async def listed(api: Api, kind: str, namespace: str = "", labels: str = "") -> list[Object]:
    """All of a kind in (namespace, name) order.

    Args:
        api: The cluster.
        kind: `Experiment`, `Suggestion` or `Trial`.
        namespace: Empty means every namespace.
        labels: Only those that fit this selector.

    Raises:
        Terminal: The cluster does not know the kind; says what to install.
        Forbidden: We may not.
        ClusterUnreachable: Nobody answers.
    """
    query = {"labelSelector": labels} if labels else {}
    found: list[Object] = []
    try:
        pages = api.pages(SERVED[kind].path(namespace), **query)
        async with contextlib.aclosing(pages):
            async for page in pages:
                found = page.items if page.first else [*found, *page.items]
    except NotFound as missing:
        raise _unknown(api, kind) from missing
    return sorted((_shown(one, kind) for one in found), key=_name)


async def found(api: Api, kind: str, namespace: str, name: str) -> Object | None:
    """The object of that name; None when there is none. Raises as `listed`, but for the kind."""
    try:
        return _shown(await api.get(SERVED[kind].path(namespace, name)), kind)
    except NotFound:
        return None


async def names(api: Api, kind: str, namespace: str, name: str) -> list[tuple[str, str]]:
    """Namespaces and names of what may be meant by a name that is not there.

    The first page of its namespace, and whatever has this very name elsewhere, as far as we may look.

    Raises:
        Terminal: As `listed`.
    """
    path = SERVED[kind].path
    try:
        near = await _page(api, path(namespace))
    except NotFound as missing:
        raise _unknown(api, kind) from missing
    far: list[Object] = []
    with contextlib.suppress(Forbidden):
        far = await _page(api, path(), fieldSelector=f"metadata.name={name}")
    return list(dict.fromkeys(map(_name, (*near, *far))))


async def followed(
    api: Api, kind: str, namespace: str = "", labels: str = ""
) -> AsyncGenerator[News, None]:
    """What is there, even if that is nothing; then what changed, whenever something did, for ever.

    Raises:
        MunshiError: The first look failed, as that of `listed`. Later troubles are gone through in silence.
    """
    news: News = []
    some = asyncio.Event()

    def heard(one: Object, gone: bool) -> None:
        news.append((one, gone))
        some.set()

    query = {"labelSelector": labels} if labels else {}
    path = SERVED[kind].path(namespace)
    reflector = Reflector(api, path, lambda one: _shown(one, kind), heard, query=query)
    running = asyncio.ensure_future(reflector.run())
    try:
        while not reflector.synced.is_set():
            if reflector.trouble is not None:
                is_unknown = isinstance(reflector.trouble, NotFound)
                raise _unknown(api, kind) if is_unknown else reflector.trouble
            await asyncio.sleep(_SOON_S)
        first, news[:] = sorted(news, key=lambda each: _name(each[0])), ()
        yield first
        while True:
            while news:
                told, news[:] = list(news), ()
                yield told
            some.clear()
            await some.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _page(api: Api, path: str, **query: str) -> list[Object]:
    """The first page of a collection."""
    async with contextlib.aclosing(api.pages(path, **query)) as pages:
        return (await anext(pages)).items


def _unknown(api: Api, kind: str) -> Terminal:
    version = SERVED[kind].api_version
    return Terminal(
        f"the cluster at {api.server} does not know the kind {kind} of {version}; "
        "install munshi there: kubectl apply --server-side -f deploy/munshi.yaml"
    )


def _shown(one: Object, kind: str) -> Object:
    """As `kubectl get -o json` shows it: with its kind, without the fields' managers."""
    meta = one.get("metadata") or {}
    meta.pop("managedFields", None)
    said = {"apiVersion": SERVED[kind].api_version, "kind": kind}
    return said | one


def _name(one: Object) -> tuple[str, str]:
    meta = one["metadata"]
    return meta.get("namespace") or "", meta["name"]
