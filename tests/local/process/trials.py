"""Builders and bounded waits for tests with real processes."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from munshi.local import process
from munshi.local.process import Bind, Exit, ProcessPlan, Program, Spawner
from munshi.local.process.forked import proc

PATIENCE_S = 60.0
NOBODY = 65534
SOURCES = str(Path(process.__file__).parents[3])
USERS = ["root", "nobody"] if os.geteuid() == 0 else ["myself"]
"""As whom the tests of private paths run: both when we may choose."""

ENGINE = """
import asyncio, sys
from munshi.local.process import ProcessPlan, Spawner, ended
async def main():
    spawner = Spawner(sys.executable)
    identity = await spawner.spawn(ProcessPlan.from_json(sys.argv[1]))
    print("spawned", flush=True)
    await ended(identity)
    await spawner.close()
asyncio.run(main())
"""
"""An engine in a process of its own: spawns one plan and waits for its end."""


class Place:
    """A home for one test's trials, readable by everybody, below the system's temporary folder."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="munshi-process-"))
        self.home.chmod(0o777)
        self._family = uuid.uuid4().hex
        self._plans: list[ProcessPlan] = []

    def plan(
        self, *argv: str, name: str = "trial", binds: tuple[Bind, ...] = (), grace_s: float = 0.3
    ) -> ProcessPlan:
        """A plan of one program, whose folder is `name`."""
        return self.plans(self.program(*argv, folder=name, binds=binds), name=name, grace_s=grace_s)

    def program(
        self, *argv: str, name: str = "", folder: str = "trial", **changes: object
    ) -> Program:
        """A program with our PATH and nothing else in its environment, and a log of its own."""
        whole: dict[str, object] = {
            "argv": argv,
            "env": {"PATH": os.environ["PATH"]},
            "cwd": str(self.home),
            "log": str(self.home / folder / (f"{name}.log" if name else "log")),
            "name": name,
        }
        return Program(**{**whole, **changes})  # type: ignore[arg-type]

    def plans(self, *programs: Program, name: str = "trial", **changes: object) -> ProcessPlan:
        """A plan of these programs, whose folder is `name`."""
        whole: dict[str, object] = {
            "folder": str(self.home / name),
            "marker": f"{self._family}-{name}",
            "programs": programs,
            "grace_s": 0.3,
        }
        made = ProcessPlan(**{**whole, **changes})  # type: ignore[arg-type]
        self._plans.append(made)
        return made

    def alive(self) -> list[str]:
        """Names of the live processes of this test's trials."""
        ours = f"{process.MARKER}={self._family}".encode()
        found = [one for one in proc.table().values() if not one.dead]
        return [one.name for one in found if ours in _environment(one.pid)]

    def survivors(self) -> list[str]:
        """The same, after a moment for those just killed."""
        until = time.monotonic() + 1
        while (left := self.alive()) and time.monotonic() < until:
            time.sleep(0.01)
        return left

    def sweep(self) -> None:
        """End all trials of this test, and their supervisors' wait for them."""
        for plan in self._plans:
            process.sweep(plan.marker)
        for plan in self._plans:
            wait_until(lambda at=plan: not isinstance(process.inspect(at.folder), process.Running))  # type: ignore[misc]

    def remove(self) -> None:
        """End whatever a failed test left, then delete the folder."""
        for plan in self._plans:
            state = process.inspect(plan.folder)
            if isinstance(state, process.Running):
                process.stop(state.identity)
                wait_until(lambda it=state.identity: not process.is_alive(it))  # type: ignore[misc]
        for plan in self._plans if self.alive() else ():
            process.sweep(plan.marker)
        shutil.rmtree(self.home, ignore_errors=True)


def but(plan: ProcessPlan, **changes: object) -> ProcessPlan:
    """The same plan with another first program."""
    first, *others = plan.programs
    return replace(plan, programs=(replace(first, **changes), *others))  # type: ignore[arg-type]


def log(plan: ProcessPlan, name: str = "") -> str:
    """What the program of this name has said so far; the first one, if no other is named."""
    named = [one for one in plan.everything if one.name == name]
    path = Path((named or plan.programs)[0].log)
    return path.read_text("utf-8", "replace") if path.exists() else ""


def wait_until(fact: Callable[[], bool]) -> None:
    """Look until it is so; a test that waits in vain fails."""
    until = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


async def until(fact: Callable[[], bool]) -> None:
    """The same, while other tasks run."""
    await asyncio.wait_for(asyncio.to_thread(wait_until, fact), PATIENCE_S + 1)


def run(plan: ProcessPlan, user: str = "myself") -> Exit:
    """Carry out a plan to its end as `user`, and read the outcome."""
    if user == "nobody":
        done = subprocess.run(
            engine_command(plan, python_for_nobody()),
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            env={"PYTHONPATH": SOURCES},
            cwd="/",
            timeout=PATIENCE_S,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
    else:
        asyncio.run(asyncio.wait_for(_run(plan), PATIENCE_S))
    state = process.inspect(plan.folder)
    assert isinstance(state, process.Ended), state
    return state.exit


def engine_command(plan: ProcessPlan, python: str = sys.executable) -> list[str]:
    """The argv of an engine in a process of its own."""
    return [python, "-S", "-B", "-c", ENGINE, plan.to_json()]


def mounts_of_the_host() -> list[str]:
    """Where something is mounted in our own view; nothing a trial does may change it.

    What container tools mount meanwhile, perhaps for other tests, is their own business.
    """
    lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    targets = sorted(line.split()[4] for line in lines)
    return [one for one in targets if "/containers/" not in one and "/netns" not in one]


def said(plan: ProcessPlan) -> dict[str, object]:
    """What a program printed as one JSON object."""
    found = json.loads(log(plan))
    assert isinstance(found, dict)
    return found


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


async def _run(plan: ProcessPlan) -> None:
    spawner = Spawner()
    try:
        await process.ended(await spawner.spawn(plan))
    finally:
        await spawner.close()


@functools.cache
def python_for_nobody() -> str:
    """An interpreter that another user may execute: ours may live in somebody's home."""
    tried = [sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"]
    for python in tried:
        try:
            done = subprocess.run(
                [python, "-S", "-B", "-c", "import asyncio, enum, sys; enum.StrEnum"],
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                cwd="/",
                timeout=PATIENCE_S,
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return python
    raise AssertionError(f"none of {tried} is a Python 3.11 that user {NOBODY} may run")
