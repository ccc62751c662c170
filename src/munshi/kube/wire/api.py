"""The verbs of the Kubernetes API over plain objects: dicts in, dicts out, paths from the root.

This is all the rest of the room knows of HTTP. What fails becomes one of our errors (`answers`), named by
what the caller does next. Reads are tried again for a moment; a write is sent once, for its answer may be
lost after it was done: whoever wrote looks whether it is there (creates carry names settled before).

Two clients lie below: one for requests, with few connections that stay open, and one for streams, with as
many as there are watches and logs to follow. So a thousand followed logs never make a write wait.
"""

from __future__ import annotations

import asyncio
import copy
import json
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from munshi.errors import ClusterUnreachable, FieldFault, Gone, Invalid, MissingExtra
from munshi.kube.wire import answers

if TYPE_CHECKING:
    from munshi.api.wire import Object  # `munshi get` does without models

INSTALL = "pip install 'munshi[kubernetes]'"

try:
    import httpx2
except ImportError as missing:
    raise MissingExtra("Kubernetes", INSTALL) from missing

MANAGER = "munshi"
"""Our field manager: whose fields are whose in server-side apply."""

PAGE = 500
"""Objects in one page of a list, as kubectl asks for."""

_READS = 4
_LONGEST_PAUSE_S = 5.0
_CONNECT_S = 10.0
_ANSWER_S = 70.0  # the server's own limit for a request is 60 s
_JSON = "application/json"
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a collection.

    Attributes:
        items: The objects; without apiVersion and kind where the server leaves them out.
        resource_version: Of the whole collection: a watch from here misses nothing that comes later.
        first: The list begins (again): what came in pages before is to be dropped.
        last: No page follows.
    """

    items: list[Object]
    resource_version: str
    first: bool
    last: bool


class Api:
    """One API server.

    Args:
        requests: The client for requests; closed with us.
        streams: The client for watches and followed logs; closed with us.
        namespace: The one that the kubeconfig context or the service account names.
        pause: How to wait before a read is tried again.
    """

    def __init__(
        self,
        requests: httpx2.AsyncClient,
        streams: httpx2.AsyncClient,
        *,
        namespace: str = "default",
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """Requests sent, by verb (`get`, `list`, `watch`, `log`, `create`, …): every attempt counts."""
        self.answers: Counter[tuple[str, int]] = Counter()
        """Answers that came, by verb and HTTP status."""
        self.namespace = namespace
        self.server = str(requests.base_url)
        self._requests = requests
        self._streams = streams
        self._pause = pause
        self._check: Callable[[], None] | None = None

    def fenced(self, check: Callable[[], None]) -> Api:
        """The same server, connections and counts, for somebody who may not always write.

        Args:
            check: Called right before each write is sent; it raises to stop it.
        """
        other = copy.copy(self)
        vars(other)["_check"] = check
        return other

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; streams that are open end with an error."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._requests.aclose)
            stack.push_async_callback(self._streams.aclose)

    async def get(self, path: str, **query: str) -> Object:
        """The object at a path, as the server has it now.

        Raises:
            NotFound: There is none.
            ClusterUnreachable: Also after some more tries.
            Forbidden: We may not read it.
        """
        return await self._read("get", path, query)

    async def create(self, path: str, body: Mapping[str, object], **query: str) -> Object:
        """POST a new object to its collection.

        Raises:
            AlreadyExists: The name is taken.
            NotFound: The namespace, or the kind, is not there.
            Invalid: The server's validation refuses it, with all its faults; or it is too large.
            ClusterUnreachable: It may have been created all the same.
            Forbidden: We may not.
        """
        return await self._write("create", "POST", path, query | _managed(), body)

    async def replace(self, path: str, body: Mapping[str, object], **query: str) -> Object:
        """PUT an object, or its status where the path ends in `/status`.

        Raises:
            Conflict: `metadata.resourceVersion` is not the stored one.
        """
        return await self._write("replace", "PUT", path, query | _managed(), body)

    async def apply(
        self, path: str, body: Mapping[str, object], *, force: bool = True, **query: str
    ) -> Object:
        """Server-side apply: the object shall have these fields, whoever set the others; created if need be.

        Args:
            path: Of the object itself.
            body: With apiVersion, kind and `metadata.name`; a resourceVersion must be the stored one.
            force: Take over fields that another manager owns.
            query: More of the query.

        Raises:
            Conflict: Another manager owns a field, or the resourceVersion is stale.
        """
        query = query | _managed() | {"force": "true" if force else "false"}
        return await self._write("apply", "PATCH", path, query, body, _APPLY)

    async def patch(self, path: str, body: Mapping[str, object], **query: str) -> Object:
        """JSON merge patch: these fields change, null removes one, lists are replaced whole."""
        return await self._write("patch", "PATCH", path, query | _managed(), body, _MERGE)

    async def delete(
        self,
        path: str,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "Background",
    ) -> Object:
        """Delete an object; with finalizers, or in the foreground, it is there for a while yet.

        Raises:
            NotFound: There is none.
            Conflict: It is another object than the one with this uid or resourceVersion.
        """
        must = {"uid": uid, "resourceVersion": resource_version}
        body: dict[str, object] = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": propagation,
        }
        if preconditions := {key: value for key, value in must.items() if value}:
            body["preconditions"] = preconditions
        return await self._write("delete", "DELETE", path, {}, body)

    async def pages(self, path: str, **query: str) -> AsyncGenerator[Page, None]:
        """A collection, page by page, all of one moment.

        A list that takes the server too long expires midway; then it begins again, which the page says.

        Raises:
            ClusterUnreachable: Also after some more tries.
            Gone: It expired again and again.
        """
        limit = query.pop("limit", str(PAGE))
        onward, first, restarts = "", True, 0
        while True:
            asked = query | {"limit": limit} | ({"continue": onward} if onward else {})
            try:
                body = await self._read("list", path, asked)
            except Gone:
                restarts += 1
                if not onward or restarts > _READS:
                    raise
                onward, first = "", True
                continue
            meta = body.get("metadata") or {}
            onward = meta.get("continue") or ""
            version = meta.get("resourceVersion") or ""
            yield Page(body.get("items") or [], version, first, not onward)
            if not onward:
                return
            first = False

    async def stream(
        self,
        path: str,
        *,
        stall_s: float | None = None,
        longest: int = 16 * 1024 * 1024,
        **query: str,
    ) -> AsyncGenerator[bytes, None]:
        r"""What the server sends for as long as it sends, line by line: a watch, a followed log.

        Lines come with their `\n`; a last one without was cut off, or is all there is. Close the iterator
        (`contextlib.aclosing`) to let go of the connection at once.

        Args:
            path: A collection with `watch="true"`, or a pod's `/log` with `follow="true"`.
            stall_s: After so long without a byte the stream counts as broken; None: it may be silent for ever
                (a vanished peer is found by TCP's keep-alive).
            longest: A line with more bytes than this comes in pieces, of which the last ends with `\n`.
            query: The rest of the query.

        Raises:
            Gone: The resourceVersion to watch from is no longer kept.
            ClusterUnreachable: It broke off.
        """
        rest = bytearray()
        async with aclosing(self.chunks(path, stall_s=stall_s, **query)) as chunks:
            async for chunk in chunks:
                begin = 0
                end = chunk.find(b"\n") + 1
                while end:
                    if rest:
                        rest += chunk[begin:end]
                        yield bytes(rest)
                        rest.clear()
                    else:
                        yield chunk[begin:end]
                    begin, end = end, chunk.find(b"\n", end) + 1
                rest += chunk[begin:]
                if len(rest) >= longest:
                    yield bytes(rest)
                    rest.clear()
        if rest:
            yield bytes(rest)

    async def chunks(
        self, path: str, *, stall_s: float | None = None, **query: str
    ) -> AsyncGenerator[bytes, None]:
        """What the server sends as it comes, for readers of bulk; otherwise as `stream`."""
        verb = (
            "watch" if query.get("watch") == "true" else "log" if path.endswith("/log") else "get"
        )
        self.counts[verb] += 1
        timeout = httpx2.Timeout(_CONNECT_S, read=stall_s)
        try:
            async with self._streams.stream("GET", path, params=query, timeout=timeout) as answer:
                self.answers[verb, answer.status_code] += 1
                if not answer.is_success:
                    body = await answer.aread()
                    raise answers.refusal(verb, path, answer.status_code, answer.headers, body)
                async for chunk in answer.aiter_raw():
                    yield chunk
        except _TROUBLE as trouble:
            raise _unreachable(verb, path, trouble) from trouble

    async def _read(self, verb: str, path: str, query: Mapping[str, str]) -> Object:
        """GET, and again for a moment when the server is away or busy."""
        for attempt in range(1, _READS):
            try:
                return await self._send(verb, "GET", path, query)
            except ClusterUnreachable as away:
                told = away.after or timedelta(seconds=0.1 * 3**attempt * random.uniform(0.5, 1))  # noqa: S311
                if told.total_seconds() > _LONGEST_PAUSE_S:
                    raise
                await self._pause(told.total_seconds())
        return await self._send(verb, "GET", path, query)

    async def _write(
        self,
        verb: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, object],
        content_type: str = _JSON,
    ) -> Object:
        try:
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        except (ValueError, TypeError, RecursionError) as error:
            problem = f"{answers.thing(path)} cannot be written as JSON in UTF-8 ({error})"
            raise Invalid([FieldFault((), problem, "remove what is not plain text")]) from error
        if self._check is not None:
            self._check()
        return await self._send(verb, method, path, query, text, content_type)

    async def _send(
        self,
        verb: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        text: bytes | None = None,
        content_type: str = _JSON,
    ) -> Object:
        self.counts[verb] += 1
        headers = {} if text is None else {"Content-Type": content_type}
        try:
            answer = await self._requests.request(
                method, path, params=query, content=text, headers=headers
            )
            self.answers[verb, answer.status_code] += 1
            if not answer.is_success:
                raise answers.refusal(
                    verb, path, answer.status_code, answer.headers, answer.content
                )
            read = json.loads(answer.content)
        except _TROUBLE as trouble:
            raise _unreachable(verb, path, trouble) from trouble
        except ValueError as garbled:
            raise ClusterUnreachable(f"{verb} {answers.thing(path)}: {garbled}") from garbled
        if not isinstance(read, dict):
            raise ClusterUnreachable(f"{verb} {answers.thing(path)}: the answer is no object")
        return read


_TROUBLE = (httpx2.TransportError, httpx2.DecodingError, OSError)


def timeout() -> httpx2.Timeout:
    """How long a request may take, bit by bit."""
    return httpx2.Timeout(_ANSWER_S, connect=_CONNECT_S)


def _managed() -> dict[str, str]:
    return {"fieldManager": MANAGER}


def _unreachable(verb: str, path: str, trouble: Exception) -> ClusterUnreachable:
    why = str(trouble) or type(trouble).__name__
    return ClusterUnreachable(
        f"{verb} {answers.thing(path)}: the API server did not answer ({why})"
    )
