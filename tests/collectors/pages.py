"""Programs that serve a page, some of them badly."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

Answer = tuple[int, dict[str, str], bytes]


class Pages:
    """A server whose answer a test sets; it remembers what it was asked."""

    def __init__(self, certificate: Path | None = None, key: Path | None = None) -> None:
        self.answer: Answer = (200, {}, b"")
        self.asked: list[tuple[str, dict[str, str]]] = []
        pages = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            timeout: ClassVar[float] = 5

            def do_GET(self) -> None:
                pages.asked.append((self.path, dict(self.headers.items())))
                status, headers, body = pages.answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/metrics"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")

    def show(self, page: str, content_type: str = "text/plain; version=0.0.4") -> None:
        """Serve this page from now on."""
        self.answer = (200, {"Content-Type": content_type}, page.encode())

    @contextmanager
    def serving(self) -> Iterator[Pages]:
        """Answer while this context lasts."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@contextmanager
def raw(speak: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """The address of a server that speaks on each connection as it likes, until the event is set."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.02)

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    try:
                        speak(connection, over)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/metrics"
        finally:
            over.set()
            thread.join()
