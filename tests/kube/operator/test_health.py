"""The three pages over a real socket: what probes ask for, and what is no HTTP."""

from __future__ import annotations

import asyncio
import socket

import pytest

from munshi.errors import Terminal
from munshi.kube.operator import health
from munshi.kube.operator.health import Page


def broken() -> Page:
    """A page with a bug."""
    raise ZeroDivisionError


PAGES = {
    "/healthz": lambda: Page("ok\n"),
    "/readyz": lambda: Page("not yet\n", good=False),
    "/metrics": lambda: Page("값 1\n", content_type="text/plain; version=0.0.4"),
    "/broken": broken,
}


def asked(request: bytes) -> bytes:
    """The whole answer to some bytes."""

    async def story() -> bytes:
        async with health.serving("127.0.0.1", 0, PAGES) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer

    return asyncio.run(story())


ANSWERS = {
    "a page": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK", b"\r\n\r\nok\n"),
    "not now": (b"GET /readyz HTTP/1.1\r\n\r\n", b"HTTP/1.1 503 ", b"\r\n\r\nnot yet\n"),
    "a query": (b"GET /healthz?verbose HTTP/1.0\r\n\r\n", b"HTTP/1.1 200 OK", b"ok\n"),
    "Korean": (b"GET /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK", "값 1\n".encode()),
    "only the head": (b"HEAD /healthz HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK", b"\r\n\r\n"),
    "another page": (b"GET /secrets HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 ", b"/healthz"),
    "a bug": (b"GET /broken HTTP/1.1\r\n\r\n", b"HTTP/1.1 503 ", b"log says why\n"),
    "a write": (b"POST /healthz HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 ", b"only GET"),
    "no HTTP": (b"hello\r\n\r\n", b"HTTP/1.1 405 ", b"only GET"),
}


@pytest.mark.parametrize(("request_", "begins", "holds"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_answered(request_: bytes, begins: bytes, holds: bytes) -> None:
    """Each request gets the status that a probe understands, with a length that is right."""
    answer = asked(request_)
    assert answer.startswith(begins)
    assert holds in answer
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert length == len(body) or request_.startswith(b"HEAD")


@pytest.mark.parametrize("request_", [b"", b"GET /healthz", b"x" * 20_000], ids=str)
def test_what_is_no_request_is_not_answered(request_: bytes) -> None:
    """Half a head, nothing, or a head without an end: the connection is closed."""
    assert asked(request_[:20_000]) == b""


def test_an_address_in_use_is_a_sentence() -> None:
    """The error names the address and the option that changes it."""

    async def story(port: int) -> None:
        async with health.serving("127.0.0.1", port, PAGES):
            pass

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Terminal, match=rf"127\.0\.0\.1:{port} .*--listen"):
            asyncio.run(story(port))
