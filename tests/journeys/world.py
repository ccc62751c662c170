"""One test's home, its commands (each a process of its own) and the processes they leave.

Whatever belongs to a test carries its MUNSHI_HOME in the environment: commands, fork servers,
supervisors and programs, also those that fled into a session of their own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from support.command import Done

PATIENCE_S = 120.0
"""Far beyond what anything here takes; only a broken munshi waits so long."""


class World:
    """A folder with a home in it.

    Attributes:
        path: Where commands run; files of a test live here.
        home: $MUNSHI_HOME.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.home = path, path / "home"
        self._started: list[Command] = []

    def munshi(
        self,
        *args: str,
        stdin: str | None = None,
        cwd: Path | None = None,
        timeout: float = PATIENCE_S,
    ) -> Done:
        """Run `munshi args…` to its end."""
        done = subprocess.run(
            _argv(args),
            input=None if stdin is None else stdin.encode(),
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            cwd=cwd or self.path,
            env=self._env(),
            timeout=timeout,
            check=False,
        )
        finished = Done(done.returncode, _text(done.stdout), _text(done.stderr))
        assert "Traceback" not in finished.err, finished.err
        assert "this is a bug in munshi" not in finished.err, self.crashes() or finished.err
        return finished

    def start(self, *args: str) -> Command:
        """Start `munshi args…` and go on."""
        command = Command(args, self.path, self._env())
        self._started.append(command)
        return command

    def get(self, *args: str) -> Any:
        """What `munshi get args… -o json` says."""
        done = self.munshi("get", *args, "-o", "json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def trials(self) -> list[dict[str, Any]]:
        """All trials of namespace default, as they are stored."""
        found = self.get("trials")["items"]
        assert isinstance(found, list)
        return found

    def outcomes(self) -> Counter[str]:
        """How many trials are in which state: the type of their last condition; not those just made."""
        said = [trial.get("status", {}).get("conditions") for trial in self.trials()]
        return Counter(conditions[-1]["type"] for conditions in said if conditions)

    def lines(self, name: str) -> list[str]:
        """The lines that programs have written into a file of this world."""
        path = self.path / name
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def crashes(self) -> str:
        """Tracebacks that munshi has put into its home."""
        return "\n".join(path.read_text() for path in self.home.glob("crash-*"))

    def wait_for_commands(self) -> None:
        """Started commands that are about to end are given the time for it."""
        for command in self._started:
            command.wait()

    def survivors(self) -> list[str]:
        """Live processes of this world, after a moment for those just killed."""
        until = time.monotonic() + 2
        while (left := self._alive()) and time.monotonic() < until:
            time.sleep(0.02)
        return [f"{pid}: {_words(pid)}" for pid in left]

    def running(self, *, but: int = 0) -> list[int]:
        """Pids of all live processes of this world, except one."""
        return [pid for pid in self._alive() if pid != but]

    def clear(self) -> None:
        """End whatever a failed test left."""
        for command in self._started:
            command.process.kill()
            command.process.communicate()
        for pid in self._alive():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _alive(self) -> list[int]:
        mark = os.fsencode(f"MUNSHI_HOME={self.home}")
        numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [pid for pid in numbers if mark in _read(pid, "environ").split(b"\0")]

    def _env(self) -> dict[str, str]:
        interpreter = str(Path(sys.executable).parent)
        path = f"{interpreter}:{os.environ['PATH']}"
        return {**os.environ, "MUNSHI_HOME": str(self.home), "PATH": path}


class Command:
    """A `munshi` that runs beside the test; what it says goes to files."""

    def __init__(self, args: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> None:
        number = len(list(cwd.glob("command-*.out")))
        self._out, self._err = cwd / f"command-{number}.out", cwd / f"command-{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                _argv(args), stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd, env=env
            )

    @property
    def err(self) -> str:
        """What it has said so far."""
        return self._err.read_text("utf-8")

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self._out.read_text("utf-8")

    def kill(self) -> None:
        """End it as the machine's memory guard would: without a word."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def interrupt(self) -> Done:
        """Ctrl-C, and its end."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> Done:
        """Its end, however long until then."""
        code = self.process.wait(PATIENCE_S)
        done = Done(code, self._out.read_text("utf-8"), self.err)
        assert "Traceback" not in done.err, done.err
        return done


def wait_until(fact: Callable[[], bool], what: str = "") -> None:
    """Look until it is so; a test that waits in vain fails."""
    until = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < until, f"waited in vain {what}"
        time.sleep(0.02)


def _text(said: bytes) -> str:
    return said.decode("utf-8", "backslashreplace")


def _argv(args: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "munshi", *args]


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def _words(pid: int) -> str:
    return _read(pid, "cmdline").replace(b"\0", b" ").decode("utf-8", "replace")
