"""uvicorn around the application, on the loopback address and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from munshi.errors import Terminal
from munshi.web.app import application
from munshi.web.guard import Secrets
from munshi.web.live import Live
from munshi.web.pages import FOLDER
from munshi.web.ports import Place

log = logging.getLogger(__name__)
HOST = "127.0.0.1"
_LEAVE_S = 2
"""So long an answer on its way may take when the server ends."""


class Server:
    """The web of one place, listening.

    Args:
        place: Where experiments live.
        port: To listen at; 0 takes any that is free.
        folder: The built pages.

    Raises:
        Terminal: The port is taken, or may not be used.
    """

    def __init__(self, place: Place, port: int = 0, folder: Path = FOLDER) -> None:
        self._socket = _listening(port)
        self.port: int = self._socket.getsockname()[1]
        self.token = secrets.token_urlsafe(24)
        self._streams: tuple[asyncio.AbstractEventLoop, Live] | None = None
        names = (HOST, "localhost")
        app = application(
            place,
            Secrets(self.token),
            frozenset(f"{name}:{self.port}" for name in names),
            cookie=f"munshi_{self.port}",
            folder=folder,
            opened=self._opened,
        )
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # addresses may hold the token
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=_LEAVE_S,
        )
        self._uvicorn = _Uvicorn(config, self._hang_up)

    @property
    def address(self) -> str:
        """Where the first page is; without the token."""
        return f"http://{HOST}:{self.port}/"

    @property
    def link(self) -> str:
        """What lets a browser in."""
        return f"{self.address}?token={self.token}"

    def run(self) -> None:
        """Serve until Ctrl-C, TERM, or `stop`."""
        with self._socket, _in_our_log():
            self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._uvicorn.should_exit = True
        self._hang_up()

    def _opened(self, live: Live) -> None:
        self._streams = (asyncio.get_running_loop(), live)

    def _hang_up(self) -> None:
        """Streams have no end of their own, and a server waits for the end of its answers."""
        if self._streams is not None:
            loop, live = self._streams
            with contextlib.suppress(RuntimeError):  # it is all over already
                loop.call_soon_threadsafe(live.close)


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, hang_up: Callable[[], None]) -> None:
        super().__init__(config)
        self._hang_up = hang_up

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C or TERM: that is how one leaves, so it is not passed on when all is closed."""
        del sig, frame
        self.force_exit = self.should_exit  # who asks twice does not wait
        self.should_exit = True
        self._hang_up()


@contextlib.contextmanager
def _in_our_log() -> Iterator[None]:
    """What uvicorn has to say goes where munshi's own log goes, and not to the screen."""
    theirs = logging.getLogger("uvicorn.error")
    ours, propagate = _Passing(), theirs.propagate
    theirs.addHandler(ours)
    theirs.propagate = False
    try:
        yield
    finally:
        theirs.propagate = propagate
        theirs.removeHandler(ours)


class _Passing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Hand it on."""
        log.handle(record)


def _listening(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen(128)
    except (OSError, OverflowError) as error:
        made.close()
        said = getattr(error, "strerror", None) or str(error)
        mend = "name another with --port, or 0 for any that is free"
        raise Terminal(f"port {port} cannot be used: {said}; {mend}") from error
    return made
