"""One page over HTTP from a program on this machine, within bounds.

The program is nobody's friend: it may not listen yet, answer with an error, never finish, send
gigabytes, or point elsewhere. Only loopback addresses and the trial's own pod are asked, redirects are not
followed, and what comes back is a page or a sentence about why there is none.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from munshi.collectors import listeners
from munshi.collectors.contract import Endpoint
from munshi.errors import LaunchRefused

MAX_PAGE = 16 << 20
"""Bytes of a page; a longer one is not read."""
TIMEOUT_S = 2.0
"""How long the program may be silent."""
PAGE_S = 10.0
"""How long a page may take in all."""

_PIECE = 64 << 10
_ACCEPT = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"
_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\xa0-\xff]*", re.ASCII)
_LOCALHOST = ("127.0.0.1", "::1")


class Page(NamedTuple):
    """What the program served."""

    content: bytes
    content_type: str


class Scraper:
    """Asks one program for its page, again and again; `abort` may be called from another thread.

    Raises:
        LaunchRefused: The address is not on this machine or is no address, or a header cannot be sent.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        try:
            address = urlsplit(endpoint.url)
            host, port = address.hostname or "localhost", address.port
        except ValueError as fault:
            raise LaunchRefused(f'"{endpoint.url}" is no address to scrape: {fault}') from fault
        if address.scheme not in ("http", "https"):
            raise LaunchRefused(f'"{endpoint.url}" cannot be scraped; use http or https')
        if host not in ("localhost", endpoint.host) and not _is_loopback(host):
            raise LaunchRefused(
                f'"{host}" is not this machine; leave httpGet.host out, and the trial itself is meant'
            )
        self._secure = address.scheme == "https"
        self._hosts = _LOCALHOST if host == "localhost" else (host,)
        self._port = port or (443 if self._secure else 80)
        query = f"?{address.query}" if address.query else ""
        self._target = quote((address.path or "/") + query, safe="/?&=%;:@+$,!*'()[]~")
        self._headers = _headers(endpoint)
        self._socket: socket.socket | None = None
        self._aborted = False

    def fetch(self) -> Page | str:
        """The page, or why there is none, as the end of a sentence that begins with its address."""
        said = "does not answer"
        for host in self._hosts:
            try:
                with self._connected(host) as connection:
                    if self._is_anothers():
                        return "is served by a program that is not part of this trial"
                    connection.request("GET", self._target, headers=self._headers)
                    return _page(connection.getresponse())
            except ConnectionRefusedError:
                said = "does not answer: nobody listens there"
            except TimeoutError:
                return f"does not answer within {TIMEOUT_S:g} s"
            except (OSError, HTTPException, ValueError) as fault:
                return f"does not answer: {str(fault) or type(fault).__name__}"
        return said

    def abort(self) -> None:
        """Give up for good: a `fetch` under way returns at once, and later ones too."""
        self._aborted = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it is closed already
                self._socket.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _connected(self, host: str) -> Iterator[HTTPConnection]:
        connection = HTTPConnection(host, self._port, timeout=TIMEOUT_S)
        if self._secure:
            # As a kubelet does: the certificate is the program's own, and this machine is trusted.
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = HTTPSConnection(host, self._port, timeout=TIMEOUT_S, context=context)
        try:
            if not self._aborted:
                connection.connect()
                self._socket = connection.sock
            if self._aborted:  # asked again: it may have come while the socket was unknown
                raise ConnectionAbortedError("given up")
            yield connection
        finally:
            self._socket = None
            connection.close()

    def _is_anothers(self) -> bool:
        processes = self._endpoint.processes
        return processes is not None and listeners.holds(processes(), self._port) is False


def _page(response: HTTPResponse) -> Page | str:
    if 300 <= response.status < 400:
        return f"answers with status {response.status}; redirects are not followed"
    if response.status != 200:
        return f"answers with status {response.status} {response.reason}".rstrip()
    pieces, size, until = list[bytes](), 0, time.monotonic() + PAGE_S
    while piece := response.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_PAGE:
            return f"is longer than {MAX_PAGE >> 20} MiB, and is not read"
        if time.monotonic() > until:
            return f"takes longer than {PAGE_S:g} s to arrive"
    return Page(b"".join(pieces), response.headers.get("Content-Type", ""))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _headers(endpoint: Endpoint) -> dict[str, str]:
    """What is sent along.

    Raises:
        LaunchRefused: A header that HTTP cannot carry.
    """
    given = {name: value for name, value in endpoint.headers if name.lower() != "accept-encoding"}
    for name, value in given.items():
        if not _HEADER.fullmatch(f"{name}:{value}"):
            mend = "use letters, digits and - in its name, and one line of Latin-1 as its value"
            raise LaunchRefused(f'the header "{name}" cannot be sent; {mend}')
    accepts = {} if "accept" in map(str.lower, given) else {"Accept": _ACCEPT}
    return {**accepts, **given, "Connection": "close"}
