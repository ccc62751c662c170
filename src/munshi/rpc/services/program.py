"""A service that munshi starts: a command, its port, its log; begun again when it ends.

Its words may hold `{port}`, and the variable PORT says the same number: a free one of the loopback address,
kept for as long as we run, so that a service that comes back is found where it was. It stands in a session
of its own, so Ctrl-C is for munshi to hear; it ends with us, even if we are killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from munshi.errors import FieldFault, Invalid, Terminal, printable
from munshi.rpc.services import tether
from munshi.rpc.services.target import PORT_VARIABLE, PORT_WORD, Target

HOST = "127.0.0.1"
READY_S = 60.0
"""How long a service may take until it listens; those that load a framework take half a minute."""
GRACE_S = 3.0
"""Between TERM and KILL."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
"""Before a service that ended is begun again; doubles each time, and starts over with one that listened."""
_LOOK_S = 0.05
_LAST_LINES = 5
_KEPT_BYTES = 1 << 20


class Program:
    """One service, started and kept going.

    Attributes:
        address: Where it listens, or will.

    Args:
        target: With a command.
        log: Where its output goes; what earlier ones wrote stays while it is short.
    """

    def __init__(self, target: Target, log: Path) -> None:
        self._target, self._log = target, log
        self._port = _free_port()
        self.address = f"{HOST}:{self._port}"
        self._process: asyncio.subprocess.Process | None = None
        self._ended: int | None = None
        self._listened = False

    async def ready(self) -> None:
        """Wait until it listens.

        Raises:
            Terminal: It ended before, or takes too long; with its last lines.
        """
        try:
            async with asyncio.timeout(READY_S):
                while not await self._listens():
                    if self._ended is not None:
                        raise self._trouble(f"ended at once with exit code {self._ended}")
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            said = f"did not listen at port {self._port} within {READY_S:g} s"
            raise self._trouble(said) from None
        self._listened = True

    async def keep_going(self) -> None:
        """Start it, and start it again when it ends, until cancelled; then end it."""
        pause_s = FIRST_PAUSE_S
        while True:
            self._process = process = await self._start()
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                await self._end(process)
                raise
            self._ended = code
            await asyncio.sleep(pause_s)
            pause_s = FIRST_PAUSE_S if self._listened else min(2 * pause_s, LONGEST_PAUSE_S)

    async def _start(self) -> asyncio.subprocess.Process:
        words = [word.replace(PORT_WORD, str(self._port)) for word in self._target.command]
        self._log.parent.mkdir(0o700, parents=True, exist_ok=True)
        long = self._log.exists() and self._log.stat().st_size > _KEPT_BYTES
        with self._log.open("wb" if long else "ab") as output:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", tether.__file__, str(os.getpid()), *words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, PORT_VARIABLE: str(self._port), "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE_S):
                    await process.wait()
                    return

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(HOST, self._port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    def _trouble(self, what: str) -> Terminal:
        with contextlib.suppress(OSError):
            lines = self._log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]
            said = "".join(f"\n  {printable(line)}" for line in lines)
            return Terminal(
                f'the service of "{self._target.name}" {what}; its output is in {self._log}{said}'
            )
        return Terminal(f'the service of "{self._target.name}" {what}')


@contextlib.asynccontextmanager
async def running(target: Target, log: Path) -> AsyncIterator[Program]:
    """A service that runs within this context; it need not listen yet.

    Raises:
        Invalid: There is no such program.
    """
    if shutil.which(target.command[0]) is None:
        mend = "write a program that can be found, or HOST:PORT of a service that runs already"
        problem = f'there is no program "{target.command[0]}"'
        raise Invalid([FieldFault(("--algorithm-service", target.name), problem, mend)])
    program = Program(target, log)
    work = asyncio.create_task(program.keep_going())
    try:
        yield program
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind((HOST, 0))
        port: int = tried.getsockname()[1]
        return port
