"""Engines and fork servers come and go; trials stay."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.process.trials import (
    PATIENCE_S,
    SOURCES,
    Place,
    engine_command,
    log,
    mounts_of_the_host,
    until,
    wait_until,
)
from munshi.errors import AlreadyExists, LaunchRefused, Retryable
from munshi.local.process import (
    Ended,
    Exit,
    Identity,
    Limits,
    Lost,
    NotStarted,
    Reason,
    Running,
    Spawner,
    ended,
    inspect,
    is_alive,
    read_exit,
    stop,
)
from munshi.local.process.forked import ledger, proc
from munshi.local.process.records import ExitRecord
from munshi.local.process.watch import read_identity

WAITING = "echo ready; while [ ! -e go ]; do sleep 0.01; done; echo done; exit 4"


def test_a_killed_engine(place: Place) -> None:
    """After kill -9 of an engine its trial runs on, and the next engine reads how it ended."""
    plan = place.plan("sh", "-c", WAITING)
    engine = subprocess.Popen(
        engine_command(plan), env={**os.environ, "PYTHONPATH": SOURCES}, stdout=subprocess.PIPE
    )
    with engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"spawned\n"
        children = [one for one in proc.table().values() if one.parent == engine.pid]
        servers = [Identity(one.pid, one.start, proc.boot_id()) for one in children]
        assert servers
        engine.kill()
    wait_until(lambda: not any(is_alive(one) for one in servers))
    state = inspect(plan.folder)
    assert isinstance(state, Running)
    wait_until(lambda: "ready" in log(plan))

    async def next_engine() -> None:
        spawner = Spawner()
        assert await spawner.spawn(plan) == state.identity
        (place.home / "go").touch()
        await asyncio.wait_for(ended(state.identity), PATIENCE_S)
        with pytest.raises(AlreadyExists):
            await spawner.spawn(plan)
        await spawner.close()

    asyncio.run(next_engine())
    outcome = read_exit(plan.folder)
    assert outcome is not None
    assert (outcome.code, outcome.reason) == (4, Reason.EXITED)
    assert log(plan) == "ready\ndone\n"


def test_a_killed_fork_server(place: Place) -> None:
    """After kill -9 of the fork server trials run on, and the same spawner starts new ones."""

    async def story() -> None:
        spawner = Spawner()
        plan = place.plan("sh", "-c", WAITING)
        identity = await spawner.spawn(plan)
        for number in range(3):
            os.kill(_server_of(spawner), signal.SIGKILL)
            other = place.plan("true", name=f"other-{number}")
            await ended(await spawner.spawn(other))
            state = inspect(other.folder)
            assert isinstance(state, Ended)
            assert state.exit.code == 0
        assert inspect(plan.folder) == Running(identity)
        (place.home / "go").touch()
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        state = inspect(plan.folder)
        assert isinstance(state, Ended)
        assert state.exit.code == 4
        await spawner.close()

    asyncio.run(story())


def test_a_fork_server_killed_amid_requests(place: Place) -> None:
    """Requests in flight when the fork server dies are carried out, once each."""

    async def story() -> None:
        spawner = Spawner()
        await spawner.start()
        plans = [place.plan("sh", "-c", "echo once", name=f"trial-{n}") for n in range(60)]
        asked = [asyncio.create_task(spawner.spawn(plan)) for plan in plans]
        for _ in range(3):
            await asyncio.wait(asked, timeout=0.01)
        os.kill(_server_of(spawner), signal.SIGKILL)
        identities = await asyncio.gather(*asked)
        for plan, identity in zip(plans, identities, strict=True):
            assert read_identity(plan.folder) == identity
            await until(lambda plan=plan: read_exit(plan.folder) is not None)  # type: ignore[misc]
            assert log(plan) == "once\n"
        await spawner.close()

    asyncio.run(story())


def test_closing(place: Place) -> None:
    """`close` ends the fork server, leaves the trials, and may be followed by another start."""

    async def story() -> None:
        spawner = Spawner()
        await spawner.close()
        plan = place.plan("sleep", "600")
        identity = await spawner.spawn(plan)
        server = _server_of(spawner)
        await spawner.close()
        await spawner.close()
        assert proc.process(server) is None
        assert is_alive(identity)
        assert await spawner.spawn(plan) == identity
        stop(identity)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        await spawner.close()

    asyncio.run(story())


def test_the_terminal_is_the_engines(place: Place) -> None:
    """Ctrl-C and a closed terminal reach neither fork server nor supervisor nor program."""

    async def story() -> None:
        spawner = Spawner()
        identity = await spawner.spawn(place.plan("sleep", "600"))
        sessions = {os.getsid(0), os.getsid(_server_of(spawner)), os.getsid(identity.pid)}
        assert len(sessions) == 3
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            os.kill(identity.pid, number)
        assert is_alive(identity)
        stop(identity)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        await spawner.close()

    asyncio.run(story())


def test_a_broken_interpreter(place: Place) -> None:
    """A fork server that cannot start is told by its last words, and nothing hangs."""

    async def story() -> None:
        with pytest.raises(LaunchRefused, match="fork server cannot be started"):
            await Spawner("/no/such/python").start()
        with pytest.raises(LaunchRefused, match="did not come up: it ended with status 1"):
            await Spawner("false").spawn(place.plan("true"))

    asyncio.run(story())


def test_a_fork_server_that_is_killed_on_its_way(place: Place) -> None:
    """That says nothing of the trial: it is to be tried again, and does not fail it."""
    deadly = place.home / "deadly"
    deadly.write_text("#!/bin/sh\nkill -9 $$\n")
    deadly.chmod(0o700)

    async def story() -> None:
        with pytest.raises(Retryable, match="did not come up: it ended with status -9"):
            await Spawner(str(deadly)).spawn(place.plan("true"))

    asyncio.run(story())


OUTCOME = Exit(0, None, 1, 2, Reason.EXITED)


def found_in(folder: Path, **files: str) -> Ended | Lost | NotStarted | Running:
    """The state of a folder that holds these records."""
    for name, text in files.items():
        (folder / f"{name}.json").write_text(text)
    return inspect(folder)


def test_states_of_a_folder(tmp_path: Path) -> None:
    """Every mixture of records reads as exactly one state, and damage is told rather than raised."""
    ours = proc.process(os.getpid())
    assert ours is not None
    me = Identity(os.getpid(), ours.start, proc.boot_id())
    assert inspect(tmp_path / "none") == NotStarted()
    assert found_in(tmp_path) == NotStarted()
    assert found_in(tmp_path, plan="{}") == NotStarted()
    assert found_in(tmp_path, identity=me.to_json()) == Running(me)
    rebooted = found_in(tmp_path, identity=replace(me, boot="another").to_json())
    assert isinstance(rebooted, Lost)
    assert "restarted" in rebooted.why
    killed = found_in(tmp_path, identity=replace(me, start=me.start - 1).to_json())
    assert isinstance(killed, Lost)
    assert "killed before" in killed.why
    assert isinstance(found_in(tmp_path, identity=""), Lost)
    assert isinstance(found_in(tmp_path, identity='{"pid": "x"'), Lost)
    assert isinstance(found_in(tmp_path, exit='{"code": 0}'), Lost)
    assert found_in(tmp_path, exit=OUTCOME.to_json()) == Ended(OUTCOME)


WITHOUT_PROC = """
import os
from munshi.local.process.forked import linux, mounts
mounts._leave_host()
linux.mount("tmpfs", "/proc", "tmpfs", 0)
"""


@pytest.mark.parametrize(
    ("script", "reason"),
    {"exit 4": Reason.EXITED, "kill -9 $$": Reason.SIGNAL}.items(),
)
def test_without_a_process_table(place: Place, script: str, reason: Reason) -> None:
    """Where there is no /proc, as on macOS, trials still run, and their end is recorded."""
    before = mounts_of_the_host()
    plan = place.plan("sh", "-c", script)
    command = engine_command(plan)
    command[command.index("-c") + 1] = WITHOUT_PROC + command[command.index("-c") + 1]
    subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": SOURCES},
        timeout=PATIENCE_S,
        check=True,
        capture_output=True,
    )
    state = inspect(plan.folder)
    assert isinstance(state, Ended)
    assert state.exit.reason is reason
    assert mounts_of_the_host() == before


def test_several_without_a_process_table(place: Place) -> None:
    """Without /proc several programs still make one outcome; limits are let pass, the deadline is not."""
    before = mounts_of_the_host()
    plans = []
    for name, deadline_s in (("done", None), ("late", 0.3)):
        script = "exit 0" if deadline_s is None else "sleep 600"
        plans.append(
            place.plans(
                place.program("sh", "-c", script, folder=name, limits=Limits(1 << 40, 1.0)),
                place.program("sleep", "600", name="other", folder=name),
                setup=(place.program("true", name="init", folder=name),),
                companions=(place.program("sh", "-c", "echo read", name="c", folder=name),),
                name=name,
                deadline_s=deadline_s,
                log_bytes=1 << 20,
            )
        )
        command = engine_command(plans[-1])
        command[command.index("-c") + 1] = WITHOUT_PROC + command[command.index("-c") + 1]
        subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": SOURCES},
            timeout=PATIENCE_S,
            check=True,
            capture_output=True,
        )
    done, late = [read_exit(plan.folder) for plan in plans]
    assert done is not None
    assert late is not None
    assert (done.code, done.reason, done.message) == (0, Reason.EXITED, "")
    assert (late.signal, late.reason) == (15, Reason.DEADLINE)
    assert log(plans[0], "c") == "read\n"
    assert mounts_of_the_host() == before


STOP_WITHOUT_PROC = """
import asyncio, os, sys, time
from munshi.local.process import ProcessPlan, Spawner, ended, stop
async def main():
    plan = ProcessPlan.from_json(sys.argv[1])
    spawner = Spawner(sys.executable)
    identity = await spawner.spawn(plan)
    assert (identity.start, identity.boot) == (0, ""), identity
    while not os.path.exists(plan.programs[0].log) or "ready" not in open(plan.programs[0].log).read():
        await asyncio.sleep(0.01)
    stop(identity)
    await ended(identity)
    await spawner.close()
asyncio.run(main())
"""


def test_stop_without_a_process_table(place: Place) -> None:
    """Without /proc a stop still ends the program's group, deaf members included."""
    plan = place.plan("sh", "-c", "trap '' TERM; sleep 600 & echo ready; sleep 600; sleep 600")
    subprocess.run(
        [sys.executable, "-S", "-B", "-c", WITHOUT_PROC + STOP_WITHOUT_PROC, plan.to_json()],
        env={**os.environ, "PYTHONPATH": SOURCES},
        timeout=PATIENCE_S,
        check=True,
        capture_output=True,
    )
    outcome = read_exit(plan.folder)
    assert outcome is not None
    assert (outcome.signal, outcome.reason) == (9, Reason.STOPPED)


def _server_of(spawner: Spawner) -> int:
    assert spawner._server is not None
    return spawner._server._process.pid


FULL_DISK = """
import os, sys, threading
from munshi.local.process.forked import ledger, linux, mounts
mounts._leave_host()
linux.mount("tmpfs", sys.argv[1], "tmpfs", 0, "size=64k")
folder = sys.argv[1] + "/trial"
os.mkdir(folder)
book = ledger.Ledger(folder)
assert book.claim({"pid": 1, "start": 1, "boot": "x"})
filler = sys.argv[1] + "/filler"
try:
    with open(filler, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
except OSError:
    pass
refusals = []
def give_up():
    refusals.append(1)
    if len(refusals) == 1:
        os.unlink(filler)
    return False
book.close({"code": 0}, give_up)
print(len(refusals), sorted(os.listdir(folder)), open(folder + "/exit.json").read())
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """An outcome that finds no room is kept until there is some, then written whole."""
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", FULL_DISK, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        timeout=PATIENCE_S,
        check=False,
        capture_output=True,
    )
    tried, _, rest = done.stdout.decode().partition(" ")
    assert tried == "1", done.stderr.decode()
    assert "'exit.json', 'identity.json'] {\"code\": 0}" in rest


def test_a_home_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    """A record whose home was removed is given up at once; one whose trial's folders were is kept."""
    folder = tmp_path / "trials" / "default" / "trial" / "uid-1"
    folder.mkdir(parents=True)
    book = ledger.Ledger(str(folder))
    assert book.claim({"pid": 1, "start": 1, "boot": ""})
    record: ExitRecord = {
        "code": 0, "signal": None, "started_ns": 0, "ended_ns": 1,
        "reason": "exited", "message": "", "program": "",
    }  # fmt: skip
    shutil.rmtree(tmp_path / "trials" / "default")
    book.close(record, give_up=lambda: True)
    assert (folder / "exit.json").exists()
    shutil.rmtree(tmp_path / "trials")
    with pytest.raises(ledger.HomeIsGone):
        book.close(record, give_up=lambda: False)
    assert list(tmp_path.iterdir()) == []
