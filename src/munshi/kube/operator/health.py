"""One port for those who look after the operator: `/healthz`, `/readyz` and `/metrics`.

A few dozen lines of HTTP on asyncio, for three pages that kubelet and Prometheus ask for: GET and HEAD, one
request a connection, nothing is read but the request's head. What does not look like that is closed.
Knows nothing of what the pages say.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from munshi.errors import Terminal

log = logging.getLogger("munshi.operator")

PATIENCE_S = 5.0
"""For a whole request: whoever sends slower is no probe."""
_LONGEST_HEAD = 16 * 1024
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered.

    Attributes:
        body: As text.
        good: Otherwise the status is 503, which probes take for "not now".
        content_type: Of the body.
    """

    body: str
    good: bool = True
    content_type: str = TEXT


Pages = Mapping[str, Callable[[], Page]]
"""Each path with what makes its page; called in the event loop, so it must be quick."""


@contextlib.asynccontextmanager
async def serving(host: str, port: int, pages: Pages) -> AsyncIterator[int]:
    """Answer as long as the context is; yields the port, which the system chooses for 0.

    Raises:
        Terminal: The address cannot be listened on.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE_S):
                await _answer(reader, writer, pages)
        writer.close()

    try:
        server = await asyncio.start_server(answer, host, port, limit=_LONGEST_HEAD)
    except OSError as error:
        raise Terminal(
            f"{host}:{port} cannot be listened on ({error.strerror}); choose another with --listen"
        ) from error
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pages: Pages) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return
    method, path = _request(head)
    if method not in ("GET", "HEAD"):
        status, page = HTTPStatus.METHOD_NOT_ALLOWED, Page("only GET is answered here\n")
    elif (make := pages.get(path)) is None:
        known = ", ".join(pages)
        status, page = HTTPStatus.NOT_FOUND, Page(f"no such page; there are {known}\n")
    else:
        page = _made(path, make)
        status = HTTPStatus.OK if page.good else HTTPStatus.SERVICE_UNAVAILABLE
    body = page.body.encode()
    told = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: {page.content_type}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    writer.write(told.encode("ascii") + (b"" if method == "HEAD" else body))
    await writer.drain()


def _request(head: bytes) -> tuple[str, str]:
    """Method and path of a request; both empty where it is no HTTP."""
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return "", ""
    return words[0], words[1].partition("?")[0]


def _made(path: str, make: Callable[[], Page]) -> Page:
    """A page that breaks is an answer too: a probe must not be left waiting."""
    try:
        return make()
    except Exception:
        log.exception("the page %s cannot be made", path)
        return Page("this page cannot be made; the operator's log says why\n", good=False)
