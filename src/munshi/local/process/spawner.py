"""The engine's hand: asks the fork server to start trials, and starts the fork server.

Called by the local launcher, one `Spawner` per engine. Losing the fork server loses nothing: trials
belong to their supervisors, and the next `spawn` starts another. A repeated `spawn` is safe too: the
folder's `identity.json` can be claimed once only.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from munshi.errors import AlreadyExists, LaunchRefused, Retryable
from munshi.local.process import watch
from munshi.local.process.forked.ledger import PLAN
from munshi.local.process.records import Identity, ProcessPlan

_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); from forked import zygote; zygote.main(sys.argv[2:])"
)
_READY_S = 20.0
_ANSWER_S = 30.0
_CLOSE_S = 5.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether private absolute paths can be had on this machine, and if not, why not."""

    ok: bool
    why: str = ""


@functools.cache
def namespaces_available(python: str = "") -> Availability:
    """Try a private view once, in a process of its own, and remember the answer. Costs ~50 ms.

    Args:
        python: The interpreter for the attempt; empty means this one.
    """
    if sys.platform != "linux":
        return Availability(False, f"{sys.platform} has no mount namespaces")
    try:
        done = subprocess.run(
            [*_command(python), "probe", gettempdir()],
            capture_output=True,
            timeout=_READY_S,
            check=True,
        )
        why = str(json.loads(done.stdout))
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode("utf-8", "replace").strip().splitlines() or ["no answer"]
        return Availability(False, f"the attempt failed: {words[-1]}")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Availability(False, f"the attempt failed: {error}")
    return Availability(not why, why)


class Spawner:
    """Starts trials through a fork server; a hundred and more a second.

    Args:
        python: The interpreter of the fork server; empty means this one.
    """

    def __init__(self, python: str = "") -> None:
        self._python = python
        self._server: _Server | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the fork server; harmless when it runs already.

        Raises:
            LaunchRefused: It does not come up; the message holds its last words.
            Retryable: It was killed on its way.
        """
        async with self._starting:
            if self._server is None or self._server.gone:
                if self._server is not None:
                    await self._server.close()
                self._server = await _Server.start(self._python)

    async def spawn(self, plan: ProcessPlan, *, fresh: bool = False) -> Identity:
        """Start the plan's program under a supervisor that outlives this engine.

        Returns as soon as the supervisor has claimed the folder; whether the program could be
        started at all is told by its `Exit`. Starts the fork server if need be. May be repeated:
        for a folder whose supervisor lives, that supervisor is returned and nothing is started.

        Args:
            plan: What to run.
            fresh: The caller has just made the folder: nobody can have claimed it before.

        Raises:
            LaunchRefused: The plan cannot be carried out anywhere, or the folder cannot be written.
            AlreadyExists: The trial in this folder has ended or was lost; nothing was started.
            Retryable: The machine has no room for another process, or the fork server keeps dying.
        """
        if faults := plan.faults():
            raise LaunchRefused("; ".join(faults))
        for attempt in range(_ATTEMPTS):
            known = None if fresh and not attempt else _settled(plan.folder, asked=attempt > 0)
            if known is not None:
                return known
            _write_plan(plan)
            await self.start()
            if self._server is None:
                continue  # closed meanwhile by somebody else
            answer = await self._server.ask(plan.folder)
            if answer is None:
                continue  # the fork server died; whether before or after the fork, the folder tells
            if "error" in answer:
                raise Retryable(f"the trial could not be started: {answer['error']}")
            if "identity" in answer:
                return Identity(**answer["identity"])
        known = _settled(plan.folder, asked=True)
        if known is not None:
            return known
        raise Retryable("the trial could not be started: the fork server keeps dying")

    async def close(self) -> None:
        """End the fork server. Trials go on."""
        async with self._starting:
            server, self._server = self._server, None
            if server is not None:
                await server.close()


class _Server:
    """One fork server and the questions it has not answered yet."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[dict[str, Any] | None]] = {}
        self._asked = 0
        self._listening: asyncio.Task[None] | None = None
        self.gone = False

    @classmethod
    async def start(cls, python: str) -> _Server:
        """Start the process and wait until it answers.

        Raises:
            LaunchRefused: It cannot run here; the message holds its last words.
            Retryable: It was killed before it answered, or is too slow.
        """
        ours, theirs = socket.socketpair()
        try:
            process = subprocess.Popen(
                [*_command(python), "serve", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C in the terminal is the engine's to hear
            )
        except OSError as error:
            ours.close()
            raise LaunchRefused(f"the fork server cannot be started: {error}") from error
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours)
        server = cls(process, reader, writer)
        try:
            first = await asyncio.wait_for(reader.readline(), _READY_S)
        except TimeoutError:
            first = b""
        if not first:
            words = await server._last_words()
            said = f"the fork server did not come up: {words}"
            # A signal came from outside, or from us when it was too slow: it says nothing of the trial.
            raise Retryable(said) if (process.returncode or 0) < 0 else LaunchRefused(said)
        if process.stderr is not None:
            process.stderr.close()
        server._listening = asyncio.create_task(server._listen())
        return server

    async def ask(self, folder: str) -> dict[str, Any] | None:
        """Have a supervisor forked for `folder`; None when the server or the supervisor died."""
        self._asked += 1
        number = self._asked
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            if self.gone:
                return None
            request = json.dumps({"id": number, "folder": folder})
            self._writer.write(request.encode("ascii") + b"\n")
            return await asyncio.wait_for(future, _ANSWER_S)
        except TimeoutError:
            return None
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Hang up, and wait until the process is gone."""
        self.gone = True
        if self._writer.can_write_eof():
            with suppress(OSError):
                self._writer.write_eof()
        await self._reap()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()

    async def _listen(self) -> None:
        try:
            with suppress(OSError):
                while line := await self._reader.readline():
                    answer = json.loads(line)
                    future = self._waiting.get(answer["id"])
                    if future is not None and not future.done():
                        future.set_result(answer)
        finally:
            self.gone = True
            for future in self._waiting.values():
                if not future.done():
                    future.set_result(None)

    async def _last_words(self) -> str:
        self._writer.close()
        self._process.kill()
        _, said = await asyncio.to_thread(self._process.communicate)
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with status {self._process.returncode}"

    async def _reap(self) -> None:
        try:
            await asyncio.to_thread(self._process.wait, _CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)


def _command(python: str) -> list[str]:
    here = str(Path(__file__).parent)
    return [python or sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, here]


def _settled(folder: str, *, asked: bool) -> Identity | None:
    """Who has claimed `folder`; None when it is free.

    Once we have `asked`, a trial that is over by now was started on our behalf, not before: then its
    supervisor is the answer, alive or not.

    Raises:
        AlreadyExists: The trial was over before we asked.
    """
    match watch.inspect(folder):
        case watch.NotStarted():
            return None
        case watch.Running(identity):
            return identity
        case watch.Ended():
            found = f"the trial in {folder} has ended already"
        case watch.Lost(why):
            found = f"the trial in {folder} was started already and lost: {why}"
    claimed = watch.read_identity(folder) if asked else None
    if claimed is None:
        raise AlreadyExists(found)
    return claimed


def _write_plan(plan: ProcessPlan) -> None:
    """Write plan.json; it may hold secrets, so only its owner may read it.

    In place, and not synced: it is read by who is asked afterwards. A supervisor asked before, by a fork
    server that died, cannot take half a plan for a whole one; it gives up before it claims the folder.
    """
    folder = Path(plan.folder)
    flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        try:
            file = os.open(f"{folder}/{PLAN}", flags, 0o600)
        except FileNotFoundError:
            folder.mkdir(0o700, parents=True, exist_ok=True)
            file = os.open(f"{folder}/{PLAN}", flags, 0o600)
        with os.fdopen(file, "wb") as whole:
            whole.write(plan.to_json().encode("ascii"))
    except OSError as error:
        raise LaunchRefused(f"{folder} cannot be written: {error.strerror}") from error
