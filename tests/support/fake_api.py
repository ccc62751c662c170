"""A small API server over HTTP that can be told to fail: late, early, halfway, or in the wrong words.

    async with FakeApi() as server, server.api() as api:
        server.next("watch", answer(410, "Expired"))

Faults are used up in order, each by the next request of its verb.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx2

from munshi.kube.wire.api import Api, timeout
from support.fake_objects import Document, Objects, Refused


@dataclass(frozen=True)
class Request:
    """What was asked."""

    verb: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Document


Fault = Callable[["Call"], Awaitable[bool]]
"""Does something in the stead of the server, or before it does its own; says whether all is said."""


class FakeApi:
    """The server; `objects` is what it holds, `asked` what it was asked."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.asked: list[Request] = []
        self.logs: dict[str, bytes] = {}
        """What a path answers that ends in /log."""
        self.documents: dict[str, Document] = {}
        """What other paths answer: discovery."""
        self.pauses: list[float] = []
        """How long clients made by `api` paused, if they had."""
        self.port = 0
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Drop every connection and listen no more, as killed."""
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)  # what was just accepted becomes a call
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await asyncio.sleep(0)  # and their sockets are closed

    @asynccontextmanager
    async def api(self) -> AsyncIterator[Api]:
        """A client whose pauses are short."""

        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            await asyncio.sleep(0)

        base = f"http://127.0.0.1:{self.port}"
        clients = [httpx2.AsyncClient(base_url=base, timeout=timeout()) for _ in range(2)]
        async with Api(clients[0], clients[1], pause=pause) as api:
            yield api

    @property
    def counts(self) -> Counter[str]:
        """Requests by verb."""
        return Counter(request.verb for request in self.asked)

    def next(self, verb: str, *faults: Fault) -> None:
        """The next requests of that verb fail so."""
        self._faults[verb].extend(faults)

    def always(self, verb: str, fault: Fault | None) -> None:
        """Every request of that verb fails so, until None is given."""
        self._always.pop(verb, None)
        if fault is not None:
            self._always[verb] = fault

    def fault(self, verb: str) -> Fault | None:
        """The fault that meets the next request of that verb."""
        faults = self._faults[verb]
        return faults.popleft() if faults else self._always.get(verb)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        try:
            while (request := await _request(reader)) is not None:
                self.asked.append(request)
                if not await Call(self, request, writer).run():
                    return
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


class Call:
    """One request being answered."""

    def __init__(self, server: FakeApi, request: Request, writer: asyncio.StreamWriter) -> None:
        self.server, self.request, self.writer = server, request, writer
        self.open = True

    async def run(self) -> bool:
        """Answer; says whether the connection may go on."""
        fault = self.server.fault(self.request.verb)
        if fault is None or not await fault(self):
            await self.answer()
        return self.open

    async def answer(self) -> None:
        """As a sound server would."""
        try:
            if self.request.verb == "watch":
                await self.watch()
            elif self.request.verb == "log":
                await self.send(200, self.server.logs[self.request.path])
            else:
                await self.send(200, await self.result())
        except Refused as refused:
            await self.send(refused.code, refused.status)

    async def result(self) -> Document:
        """What the objects make of it."""
        request, objects = self.request, self.server.objects
        if request.path in self.server.documents:
            return self.server.documents[request.path]
        collection, namespace, name, subresource = place(request.path)
        match request.verb:
            case "list":
                found = objects.list(collection, namespace)
                return self._page([each for each in found if fits(each, request.query)])
            case "get":
                return objects.get(collection, namespace, name)
            case "create":
                return await objects.create(collection, namespace, request.body)
            case "patch" | "replace":
                status = subresource == "status"
                return await objects.patch(collection, namespace, name, request.body, status=status)
            case "delete":
                must = request.body.get("preconditions") or {}
                return await objects.delete(collection, namespace, name, must)
            case _:
                raise Refused(405, "MethodNotAllowed", request.verb)

    def _page(self, found: list[Document]) -> Document:
        begin = int(self.request.query.get("continue") or 0)
        limit = int(self.request.query.get("limit") or 0) or len(found)
        onward = str(begin + limit) if begin + limit < len(found) else ""
        meta = {"resourceVersion": str(self.server.objects.version), "continue": onward}
        return {"kind": "List", "metadata": meta, "items": found[begin : begin + limit]}

    async def watch(self) -> None:
        """Events from the version asked for, until the connection breaks."""
        objects = self.server.objects
        collection, namespace, *_ = place(self.request.path)
        since = int(self.request.query["resourceVersion"])
        if since < objects.oldest:
            raise Refused(410, "Expired", f"too old resource version: {since}")
        self.begin()
        while True:
            for event in [each for each in objects.history if each.version > since]:
                since = event.version
                meta = event.document["metadata"]
                here = event.collection == collection and namespace in ("", meta["namespace"])
                if here and fits(event.document, self.request.query):
                    self.event(event.kind, event.document)
            self.event("BOOKMARK", {"metadata": {"resourceVersion": str(since)}})
            await self.writer.drain()
            async with objects.changed:
                if objects.version == since:
                    await objects.changed.wait()

    def begin(self, code: int = 200) -> None:
        """The head of a stream."""
        self.writer.write(b"HTTP/1.1 %d .\r\nTransfer-Encoding: chunked\r\n\r\n" % code)

    def event(self, kind: str, document: Document) -> None:
        """One event of a watch."""
        self.chunk(json.dumps({"type": kind, "object": document}).encode() + b"\n")

    def chunk(self, data: bytes) -> None:
        """One piece of a stream; an empty one ends it."""
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))

    def abort(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()
        self.open = False

    async def send(
        self, code: int, body: Document | bytes, headers: dict[str, str] | None = None
    ) -> None:
        """A whole answer."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {"Content-Length": str(len(text)), **(headers or {})}
        head = "".join(f"{key}: {value}\r\n" for key, value in said.items())
        self.writer.write(f"HTTP/1.1 {code} .\r\n{head}\r\n".encode() + text)
        await self.writer.drain()


def answer(code: int, reason: str = "", message: str = "no", **headers: str) -> Fault:
    """An error in the stead of the answer."""

    async def fault(call: Call) -> bool:
        status = Refused(code, reason, message).status
        said = {key.replace("_", "-"): value for key, value in headers.items()}
        await call.send(code, status, said)
        return True

    return fault


async def reset(call: Call) -> bool:
    """The connection breaks before anything is done."""
    call.abort()
    return True


async def lost(call: Call) -> bool:
    """It is done, and the answer is lost."""
    await call.result()
    call.abort()
    return True


async def ended(call: Call) -> bool:
    """A watch that ends at once, politely."""
    call.begin()
    call.chunk(b"")
    return True


def said(*lines: bytes, then: Callable[[Call], object] = Call.abort) -> Fault:
    """A stream that says this, and then breaks off (or does something else)."""

    async def fault(call: Call) -> bool:
        call.begin()
        for line in lines:
            call.chunk(line)
        await call.writer.drain()
        await asyncio.sleep(0.02)  # let it arrive before the reset does
        then(call)
        return True

    return fault


def place(path: str) -> tuple[str, str, str, str]:
    """Collection, namespace, name and subresource of a path."""
    steps = path.split("/")[1:]
    at = 2 if steps[0] == "api" else 3
    root, steps = "/" + "/".join(steps[:at]), steps[at:]
    namespace = ""
    if steps[:1] == ["namespaces"] and len(steps) > 2:
        namespace, steps = steps[1], steps[2:]
    plural, name, subresource = [*steps, "", "", ""][:3]
    return f"{root}/{plural}", namespace, unquote(name), subresource


def fits(document: Document, query: dict[str, str]) -> bool:
    """Whether a list or a watch is about the object: `a=b,c` of its labels, its name of its fields."""
    meta = document["metadata"]
    labels = meta.get("labels") or {}
    for test in filter(None, query.get("labelSelector", "").split(",")):
        key, equals, value = test.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    field = query.get("fieldSelector", "")
    return not field or field == f"metadata.name={meta['name']}"


async def _request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    text = await reader.readexactly(int(headers.get("content-length") or 0))
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query))
    return Request(_verb(method, parts.path, query), parts.path, query, headers, _json(text))


def _verb(method: str, path: str, query: dict[str, str]) -> str:
    if method != "GET":
        return {"POST": "create", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"}[method]
    if query.get("watch") == "true":
        return "watch"
    if path.endswith("/log"):
        return "log"
    root = 2 if path.startswith("/api/") else 3
    return "get" if path.count("/") <= root or place(path)[2] else "list"


def _json(text: bytes) -> Any:
    return json.loads(text) if text else {}
