"""The zoo of programs: each ends in one documented outcome, and nothing of it is left.

What the zoo's metrics collectors see is another room's; how each animal is stopped is told in
`test_ending`, how it floods its log in `test_logs`.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from local.process.trials import (
    PATIENCE_S,
    USERS,
    Place,
    log,
    python_for_nobody,
    run,
    until,
    wait_until,
)
from munshi.local.process import Ended, Exit, Reason, Spawner, ended, inspect, read_exit, stop
from munshi.local.process.forked import proc

GRACE_S = 0.3
PTRACE_SEIZE = 0x4206
LIBC = ctypes.CDLL(None, use_errno=True)
PYTHON = (python_for_nobody() if os.geteuid() == 0 else sys.executable, "-I", "-S", "-c")


@dataclass(frozen=True)
class Animal:
    """A program that means no good, and what is recorded of it.

    Attributes:
        argv: What it is; `{folder}` is the trial's.
        ends: Code or signal (negative), reason, and what the message must match.
        said: What its log holds afterwards; None if that is no matter.
    """

    argv: tuple[str, ...]
    ends: tuple[int | None, str, str]
    said: str | None = ""


def sh(script: str, *ends: object, said: str | None = "") -> Animal:
    """An animal that is a line of shell."""
    return Animal(("sh", "-c", script), ends, said)  # type: ignore[arg-type]


DEADLINE = "it ran longer than its deadline of 0.5 s"
LEFT = r"it left behind \d+ process(es)?: .*, ended by munshi"
ZOO = {
    "it is not found": Animal(("pythn",), (None, "not-started", "no such program: pythn")),
    "it exits with 1": sh("exit 1", 1, "exited", ""),
    "it is killed by a signal": sh("kill -SEGV $$", -11, "signal", ""),
    "it prints nothing": sh(":", 0, "exited", ""),
    "it closes its output": sh("exec >&- 2>&-; echo lost; exit 0", 0, "exited", ""),
    "it says what is no text": sh(r"printf 'a\000\377\376b'", 0, "exited", "", said="a\0��b"),
    "it ignores TERM and never ends": sh(
        "trap '' TERM; while :; do sleep 600; done", -9, "deadline", DEADLINE
    ),
    "it forks, leads a session and goes": sh(
        "setsid sh -c \"trap '' TERM; sleep 600; sleep 600\" & exit 0", 0, "exited", LEFT
    ),
    "it becomes a daemon without our environment": Animal(
        (
            *PYTHON,
            """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 99)
        os.execve("/bin/sleep", ["sleep", "600"], {})
    os._exit(0)
""",
        ),
        (0, "exited", LEFT),
    ),
    "it forks 2,000 children": Animal(
        (
            *PYTHON,
            """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(2000):
    if os.fork() == 0:
        time.sleep(600)
""",
        ),
        (0, "exited", r"it left behind [12]\d{3} processes: "),
    ),
    "it flees: each process lives only until it has a successor": Animal(
        (
            *PYTHON,
            """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
until = time.monotonic() + 10
if os.fork() == 0:
    while time.monotonic() < until:
        if os.fork():
            os._exit(0)
        os.setsid()
time.sleep(600)
""",
        ),
        (-9, "deadline", DEADLINE),
    ),
    "it stops itself once": sh(
        "kill -STOP $$; echo on; exit 4",
        4,
        "exited",
        r"it stopped itself \(SIGSTOP\) once and was continued",
        said="on\n",
    ),
    "it stops itself for ever": sh(
        "while :; do kill -STOP $$; done",
        -19,
        "signal",
        r"it stopped itself \(SIGSTOP, process \d+, sh\) again and again",
    ),
    "it deletes its own folder": sh("rm -rf {folder}; exit 3", 3, "exited", "", said=None),
    "it locks its own folder": sh("chmod 0 {folder}; exit 3", 3, "exited", ""),
    "it replaces its folder by a file": sh(
        "rm -rf {folder}; echo more > {folder}; exit 3", 3, "exited", "", said=None
    ),
    "it kills its own group": sh("sleep 600 & kill -9 0", -9, "signal", ""),
    "a child of it writes after its end": sh(
        "(trap '' TERM; sleep 0.01; while :; do echo more; done) & exit 0",
        0,
        "exited",
        LEFT,
        said=None,
    ),
}


@pytest.mark.parametrize("animal", ZOO.values(), ids=ZOO)
@pytest.mark.parametrize("user", USERS)
def test_zoo(place: Place, animal: Animal, user: str) -> None:
    """Whatever the program does, the trial ends, its record tells the story, and nothing survives."""
    (place.home / "home").mkdir()
    (place.home / "home").chmod(0o777)
    folder = place.home / "home" / "trial"
    argv = [part.replace("{folder}", str(folder)) for part in animal.argv]
    program = place.program(*argv, folder="home/trial")
    deadline_s = 0.5 if animal.ends[1] == "deadline" else 60.0
    plan = place.plans(program, name="home/trial", deadline_s=deadline_s, log_bytes=1 << 20)
    outcome = run(plan, user)
    code, reason, message = animal.ends
    assert (outcome.code if outcome.signal is None else -outcome.signal) == code
    assert outcome.reason == reason
    assert re.match(message or "$", outcome.message), outcome.message
    if animal.said is not None:
        assert log(plan) == animal.said


BOMB = """
import os, resource, signal, sys
count = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NPROC, (count, count))
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
os.close(0), os.close(1), os.close(2)
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        pass
"""


def test_a_fork_bomb(place: Place) -> None:
    """A bomb whose every process forks as fast as it can is gone, though it keeps all cores busy."""
    plan = place.plans(place.program(*PYTHON, BOMB, "150"), deadline_s=0.5)
    outcome = run(plan, USERS[-1])  # of an ordinary user, whose processes are counted
    assert outcome.reason is Reason.DEADLINE
    assert outcome.message == DEADLINE


def test_a_bomb_beside_others(place: Place) -> None:
    """While 2,000 processes of a trial are being ended, another trial is stopped within its grace."""

    async def story() -> None:
        spawner = Spawner()
        script = (
            ZOO["it forks 2,000 children"].argv[-1]
            + "\nprint('ready', flush=True)\nwhile True: time.sleep(600)"
        )
        bomb = place.plans(
            place.program(*PYTHON, script, folder="bomb"), name="bomb", grace_s=GRACE_S
        )
        good = place.plans(
            place.program(
                "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 600; done", folder="good"
            ),
            name="good",
            grace_s=GRACE_S,
        )
        both = [await spawner.spawn(plan) for plan in (bomb, good)]
        for plan in (bomb, good):
            await until(lambda plan=plan: "ready" in log(plan))  # type: ignore[misc]
        began = time.monotonic()
        for identity in both:
            stop(identity)
        took = []
        for identity in both:
            await asyncio.wait_for(ended(identity), PATIENCE_S)
            took.append(time.monotonic() - began)
        assert max(took) < GRACE_S + 2
        for plan in (bomb, good):
            state = inspect(plan.folder)
            assert isinstance(state, Ended)
            assert state.exit.reason is Reason.STOPPED
        await spawner.close()

    asyncio.run(story())


def test_a_child_that_stops_itself(place: Place) -> None:
    """A descendant that stops itself is continued as well, within a rest of the supervisor."""
    plan = place.plan("sh", "-c", "sh -c 'kill -STOP $$; echo on'; exit 4")
    outcome = run(plan)
    said = "it stopped itself (SIGSTOP) once and was continued"
    assert (outcome.code, outcome.message, log(plan)) == (4, said, "on\n")


def test_stopped_while_it_stops_itself(place: Place) -> None:
    """A trial that is frozen when the stop comes is ended within its grace."""

    async def story() -> Exit | None:
        spawner = Spawner()
        plan = place.plan("sh", "-c", "echo ready; while :; do kill -STOP $$; sleep 0.2; done")
        identity = await spawner.spawn(plan)
        await until(lambda: "ready" in log(plan))
        stop(identity)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        await spawner.close()
        return read_exit(plan.folder)

    outcome = asyncio.run(story())
    assert outcome is not None
    assert outcome.reason is Reason.STOPPED


def test_a_debugger_may_stop_a_program() -> None:
    """A process that stopped itself is told from one that a debugger holds."""
    with subprocess.Popen(["sleep", "600"]) as child:
        try:
            assert not is_frozen(child.pid)
            os.kill(child.pid, signal.SIGSTOP)
            wait_until(lambda: is_frozen(child.pid))
            assert LIBC.ptrace(PTRACE_SEIZE, child.pid, None, None) == 0
            assert not is_frozen(child.pid)
        finally:
            child.kill()


def is_frozen(pid: int) -> bool:
    """What the supervisor would think of it."""
    found = proc.process(pid)
    assert found is not None
    return found.frozen
