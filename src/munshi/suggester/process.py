"""A worker as its parent sees it: started, asked, watched, ended.

It runs in a session of its own, so Ctrl-C is the engine's to hear, and whatever an algorithm starts there is
ended with it. Nothing here decides what a death means: `ask` tells what happened, in words.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from munshi.errors import Retryable
from munshi.suggester import frames
from munshi.suggester.frames import Answer, Ready
from munshi.suggester.limits import Limits

log = logging.getLogger("munshi.suggester")

READY_S = 60.0
"""Until a new worker has said its first word: a Python on a very busy machine."""
WATCH_S = 0.05
"""Between two looks at a busy worker's memory; it fills some 100 MB meanwhile."""
LINES = 1_000
"""Of what one worker prints, so much is logged."""
_LINE = 1 << 14
_MODULE = "munshi.suggester.worker"
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Death:
    """The worker is gone.

    Attributes:
        how: What happened to it, after "it": "took longer than 60 s".
    """

    how: str


class Worker:
    """One process. `start` makes it; whoever has it ends it by `end`, and waits for that by `gone`."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process, self._reader, self._writer = process, reader, writer
        self._talk: asyncio.Task[None] | None = None
        self._killed_for = ""

    @classmethod
    async def start(cls) -> Worker:
        """A worker that is ready to be asked.

        Raises:
            Retryable: No process can be started just now, or it ended at once; the message has its words.
        """
        ours, theirs = socket.socketpair()
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env={**_ONE_THREAD, **os.environ},
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise Retryable(f"a worker for algorithms cannot be started: {error}") from error
        finally:
            theirs.close()
        worker: Worker | None = None
        try:
            reader, writer = await asyncio.open_connection(sock=ours)
            worker = cls(process, reader, writer)
            await worker._greeted()
        except BaseException:
            _kill(process.pid)
            if worker is None:  # given up before the line was open
                with process:
                    ours.close()
            else:
                await worker.gone()
            raise
        return worker

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether the process is there and its line is open."""
        return not self._reader.at_eof() and self._process.poll() is None

    async def ask(self, question: bytes, limits: Limits) -> Answer | Death:
        """Ask, and watch it compute.

        Args:
            question: A packed Question.
            limits: What the answer may cost. A worker that needs more is killed.
        """
        watch = asyncio.create_task(self._watch(limits.memory))
        try:
            async with asyncio.timeout(limits.time.total_seconds()):
                self._writer.write(question)
                answered = await self._next()
        except TimeoutError:
            return Death(f"took longer than {_seconds(limits)}")
        finally:
            watch.cancel()
        if answered is None:
            return Death(await self._how_it_ended())
        return answered  # type: ignore[return-value]  # Ready came at the start, and the rest are ours

    def end(self) -> None:
        """Kill it, and whatever it has started; at once."""
        _kill(self.pid)

    async def gone(self) -> None:
        """Wait until an ended worker is gone, and let go of what was held for it."""
        await asyncio.to_thread(self._process.wait)
        self.end()  # what it has started may outlive it
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        if self._talk is not None:
            await asyncio.wait([self._talk], timeout=1.0)  # unless something escaped holds the pipe
            self._talk.cancel()
            await asyncio.gather(self._talk, return_exceptions=True)
        if self._process.stdout is not None:
            self._process.stdout.close()

    async def _greeted(self) -> None:
        said = self._process.stdout
        assert said is not None  # noqa: S101 - a pipe was asked for
        self._talk = asyncio.create_task(_log(said, self.pid))
        try:
            async with asyncio.timeout(READY_S):
                first = await self._next()
        except TimeoutError:
            raise Retryable(f"a worker for algorithms did not start in {READY_S:g} s") from None
        if not isinstance(first, Ready):
            how = await self._how_it_ended()
            raise Retryable(f"a worker for algorithms {how} before it was ready; see the log")

    async def _next(self) -> frames.Message | None:
        """The next message; None when there will be none."""
        try:
            head = await self._reader.readexactly(frames.HEAD)
            body = await self._reader.readexactly(frames.length(head))
        except (asyncio.IncompleteReadError, OSError):
            return None
        return frames.unpack(body)

    async def _watch(self, memory: int) -> None:
        """Kill the worker when it holds more memory than it may; where that can be seen."""
        statm = Path(f"/proc/{self.pid}/statm")
        while True:
            try:
                held = int(statm.read_text("ascii").split()[1]) * _PAGE
            except (OSError, IndexError, ValueError):
                return
            if held > memory:
                self._killed_for = f"needed more than {memory / 1024**3:.3g} GiB of memory"
                self.end()
                return
            await asyncio.sleep(WATCH_S)

    async def _how_it_ended(self) -> str:
        """After the end of its line."""
        self.end()  # it may have closed its line and live on
        code = await asyncio.to_thread(self._process.wait)
        if self._killed_for:
            return self._killed_for
        if code >= 0:
            return f"ended its process with exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        hint = ", as the kernel does when memory is short" if name == "SIGKILL" else ""
        return f"lost its process to {name}{hint}"


_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Sums of many threads come out a little different each time, and trials want the cores."""


async def _log(said: IO[bytes], pid: int) -> None:
    """Write what a worker prints into our log, and drop what is too much."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LINE)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), said)
    try:
        for number in itertools.count():
            line = await _line(reader)
            if not line:
                break
            if number < LINES:
                log.info("worker %d: %s", pid, line.decode("utf-8", "replace").rstrip())
            elif number == LINES:
                log.warning("worker %d prints more than %d lines; no more is kept", pid, LINES)
    finally:
        transport.close()


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line, or the beginning of one that is too long; nothing at the end."""
    try:
        return await reader.readuntil()
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError as overrun:
        return await reader.readexactly(overrun.consumed)


def _kill(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _seconds(limits: Limits) -> str:
    return f"{limits.time.total_seconds():g} s"
