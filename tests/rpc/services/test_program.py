"""Services that munshi starts itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from munshi.errors import Invalid, Terminal
from munshi.rpc.services import program, tether
from munshi.rpc.services.target import Target

LISTEN = """
import os, socket, sys
listening = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
print("at", sys.argv[1:], os.getpid(), flush=True)
while True:
    listening.accept()
"""


def a_target(code: str, *words: str) -> Target:
    """A service written in Python."""
    return Target("mine", command=(sys.executable, "-c", code, *words))


async def pid_of(log: Path, nth: int) -> int:
    """The process id that the nth start of LISTEN wrote down."""
    async with asyncio.timeout(30):
        while len(lines := log.read_text().splitlines() if log.exists() else []) < nth:
            await asyncio.sleep(0.02)
    return int(lines[nth - 1].split()[-1])


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_it_is_told_its_port_in_two_ways(tmp_path: Path) -> None:
    """By {port} in its words and by PORT; what it prints is in its log; with us it ends."""

    async def story() -> int:
        log = tmp_path / "logs" / "mine.log"
        async with program.running(a_target(LISTEN, "--port={port}"), log) as mine:
            await mine.ready()
            port = mine.address.rpartition(":")[2]
            pid = await pid_of(log, 1)
            assert f"--port={port}" in log.read_text()
            return pid

    assert not is_alive(asyncio.run(story()))


def test_one_that_is_killed_is_begun_again_at_the_same_port(tmp_path: Path) -> None:
    """Whoever knows its address finds it there again."""

    async def story() -> None:
        log = tmp_path / "mine.log"
        async with program.running(a_target(LISTEN), log) as mine:
            await mine.ready()
            first = await pid_of(log, 1)
            os.kill(first, signal.SIGKILL)
            second = await pid_of(log, 2)
            assert second != first
            await mine.ready()

    asyncio.run(story())


def test_one_that_ends_at_once_says_why(tmp_path: Path) -> None:
    """With its exit code, its last lines, and where the rest is."""

    async def story() -> None:
        target = a_target("import sys; print('no licence'); sys.exit(7)")
        async with program.running(target, tmp_path / "mine.log") as mine:
            with pytest.raises(Terminal, match=r"(?s)exit code 7.*mine\.log.*no licence"):
                await mine.ready()

    asyncio.run(story())


def test_one_that_never_listens_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time that a start may take."""
    monkeypatch.setattr(program, "READY_S", 0.2)

    async def story() -> None:
        target = a_target("import signal; signal.pause()")
        async with program.running(target, tmp_path / "mine.log") as mine:
            with pytest.raises(Terminal, match="did not listen"):
                await mine.ready()

    asyncio.run(story())


def test_a_program_that_is_not_there_is_the_authors_fault(tmp_path: Path) -> None:
    """Said before anything is started."""

    async def story() -> None:
        target = Target("mine", command=("no-such-program-anywhere",))
        async with program.running(target, tmp_path / "mine.log"):
            pytest.fail("nothing can run")

    with pytest.raises(Invalid, match="no-such-program-anywhere"):
        asyncio.run(story())


def test_one_that_does_not_hear_term_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its grace, so munshi always comes to its end."""
    monkeypatch.setattr(program, "GRACE_S", 0.2)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LISTEN

    async def story() -> int:
        log = tmp_path / "mine.log"
        async with program.running(a_target(deaf), log) as mine:
            await mine.ready()
            return await pid_of(log, 1)

    assert not is_alive(asyncio.run(story()))


STARTER = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, sys.argv[1], str(os.getpid()), *sys.argv[2:]])
print(child.pid, flush=True)
child.wait()
"""


def test_it_ends_when_its_starter_is_killed() -> None:
    """Even by KILL, which leaves nobody to tell it."""
    sleeper = (sys.executable, "-c", "import signal; signal.pause()")
    words = [sys.executable, "-c", STARTER, str(Path(tether.__file__)), *sleeper]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        watched = os.pidfd_open(pid)
        starter.kill()
    asyncio.run(_ended(watched))
    os.close(watched)


async def _ended(watched: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(watched, ended.set)
    async with asyncio.timeout(30):
        await ended.wait()
    asyncio.get_running_loop().remove_reader(watched)
