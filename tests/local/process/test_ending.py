"""Ending a trial: whatever it does, nothing of it is left, and there is a record."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from local.process.trials import PATIENCE_S, USERS, Place, log, run, until
from munshi.local.process import (
    Ended,
    Exit,
    Lost,
    ProcessPlan,
    Reason,
    Spawner,
    ended,
    inspect,
    is_alive,
    stop,
    sweep,
)
from munshi.local.process.forked import proc
from munshi.local.process.forked.ledger import Ledger

GRACE_S = 0.3
PYTHON = (sys.executable, "-I", "-S", "-c")

FORKED = """
import os, signal, sys
for _ in range({count}):
    if os.fork() == 0:
        {child}
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
print("ready", flush=True)
while True:
    signal.pause()
"""

STUBBORN: dict[str, tuple[str, ...]] = {
    "it does as it is told": ("sh", "-c", "echo ready; exec sleep 600"),
    "it ignores TERM": ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 600; done"),
    "it answers TERM with more children": (
        "sh",
        "-c",
        "trap 'setsid sleep 600 & setsid sleep 600 &' TERM; echo ready; while :; do sleep 1; done",
    ),
    "its children lead sessions of their own": (
        *PYTHON,
        FORKED.format(count=5, child="os.setsid()"),
    ),
    "its children are daemons": (
        *PYTHON,
        FORKED.format(count=5, child="os.setsid(); os.fork() and os._exit(0)"),
    ),
    "it has 2,000 children": (*PYTHON, FORKED.format(count=2000, child="pass")),
    "its children join the supervisor's group": (
        *PYTHON,
        FORKED.format(count=5, child="os.setpgid(0, os.getsid(0))"),
    ),
    "its daemons cleared their environment": (
        "sh",
        "-c",
        "trap '' TERM; env -i setsid sleep 600 & echo ready; wait; sleep 600",
    ),
    "it is frozen": ("sh", "-c", "echo ready; kill -STOP $$; sleep 600"),
    "it is frozen and ignores TERM": (
        "sh",
        "-c",
        "trap '' TERM; echo ready; kill -STOP $$; while :; do sleep 600; done",
    ),
    "its child is frozen": ("sh", "-c", "setsid sh -c 'echo ready; kill -STOP $$' & wait; wait"),
    "it closed its output": ("sh", "-c", "echo ready; exec >&- 2>&-; while :; do sleep 600; done"),
}


@pytest.mark.parametrize("argv", STUBBORN.values(), ids=STUBBORN)
def test_stop(place: Place, argv: tuple[str, ...]) -> None:
    """A stopped trial is gone, with all it started, within its grace and two seconds."""
    plan = place.plan(*argv, grace_s=GRACE_S)
    outcome, took_s = asyncio.run(_stopped(plan))
    assert outcome.reason is Reason.STOPPED
    assert (outcome.code is None) != (outcome.signal is None)
    assert took_s < GRACE_S + 2
    assert outcome.message == ""


async def _stopped(plan: ProcessPlan, ready: str = "ready") -> tuple[Exit, float]:
    spawner = Spawner()
    identity = await spawner.spawn(plan)
    await until(lambda: ready in log(plan))
    began = time.monotonic()
    stop(identity)
    stop(identity)
    await asyncio.wait_for(ended(identity), PATIENCE_S)
    took_s = time.monotonic() - began
    stop(identity)
    await spawner.close()
    state = inspect(plan.folder)
    assert isinstance(state, Ended)
    assert sweep(plan.marker) == 0
    return state.exit, took_s


def test_obedient_trials_end_before_their_grace(place: Place) -> None:
    """The grace is a limit, not a delay."""
    plan = place.plan("sh", "-c", "echo ready; exec sleep 600", grace_s=60)
    outcome, took_s = asyncio.run(_stopped(plan))
    assert outcome.signal == 15
    assert took_s < 5


def test_a_program_may_use_its_grace(place: Place) -> None:
    """A program that saves its work on TERM is given the time, and its code is recorded."""
    saving = "trap 'sleep 0.2; echo saved; exit 7' TERM; echo ready; while :; do sleep 0.02; done"
    plan = place.plan("sh", "-c", saving, grace_s=20)
    outcome, _ = asyncio.run(_stopped(plan))
    assert (outcome.code, outcome.reason) == (7, Reason.STOPPED)
    assert log(plan).endswith("saved\n")


def test_stop_before_the_start(place: Place) -> None:
    """A stop that comes as early as can be is never lost: the program is over at once."""

    async def story() -> None:
        spawner = Spawner()
        plan = place.plan("sleep", "600", grace_s=60)
        identity = await spawner.spawn(plan)
        stop(identity)
        await asyncio.wait_for(ended(identity), 5)
        state = inspect(plan.folder)
        assert isinstance(state, Ended)
        assert state.exit.reason is Reason.STOPPED
        await spawner.close()

    asyncio.run(story())


LEFT_BEHIND: dict[str, tuple[str, ...]] = {
    "a background process": ("sh", "-c", "sleep 600 & exit 5"),
    "a session of its own": ("sh", "-c", "setsid sleep 600 & exit 5"),
    "one that ignores TERM": ("sh", "-c", "(trap '' TERM; sleep 600; sleep 600) & exit 5"),
    "one without our environment": ("sh", "-c", "env -i setsid sleep 600 & exit 5"),
    "a frozen one": ("sh", "-c", "sh -c 'kill -STOP $$' & exit 5"),
}


@pytest.mark.parametrize("argv", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
def test_leftovers(place: Place, argv: tuple[str, ...]) -> None:
    """When the program ends, what it left behind ends too, and the record names it."""
    began = time.monotonic()
    outcome = run(place.plan(*argv))
    assert time.monotonic() - began < 4
    assert (outcome.code, outcome.reason) == (5, Reason.EXITED)
    assert re.match(r"it left behind [12] process(es)?: \d+ \(\w+\)", outcome.message)


def test_a_bomb_of_leftovers(place: Place) -> None:
    """Children that breed faster than they are counted are ended all the same."""
    breed = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "until = time.monotonic() + 0.6\n"
        "if os.fork() == 0:\n"
        "    while time.monotonic() < until:\n"
        "        if os.fork() == 0:\n"
        "            os.setsid()\n"
        "            time.sleep(0.01)\n"
        "    time.sleep(600)\n"
    )
    outcome = run(place.plan(*PYTHON, breed))
    assert outcome.code == 0


DESTROYERS = {
    "its own folder": "rm -rf {folder}",
    "its folder's parent": "rm -rf {parent}",
    "its records": "rm -f {folder}/*.json",
    "the right to write there": "chmod 0 {folder}",
}


@pytest.mark.parametrize("command", DESTROYERS.values(), ids=DESTROYERS)
@pytest.mark.parametrize("user", USERS)
def test_destroyed_folders(place: Place, command: str, user: str) -> None:
    """A program that destroys its folder is recorded there like any other."""
    (place.home / "home").mkdir()
    (place.home / "home").chmod(0o777)
    plan = place.plan("true", name="home/trial")
    script = command.format(folder=plan.folder, parent=place.home / "home") + "; exit 3"
    plan = place.plan("sh", "-c", script, name="home/trial")
    outcome = run(plan, user)
    assert (outcome.code, outcome.reason) == (3, Reason.EXITED)
    assert (Path(plan.folder) / "identity.json").exists()


def test_a_deleted_identity_comes_back(tmp_path: Path) -> None:
    """While a program runs in a folder it has emptied, nobody takes it for unused; the plan is back too."""
    (tmp_path / "trial").mkdir()
    book = Ledger(str(tmp_path / "trial"), b"the plan")
    assert book.claim({"pid": os.getpid(), "start": 1, "boot": proc.boot_id()})
    shutil.rmtree(tmp_path / "trial")
    book.restore()
    assert (tmp_path / "trial" / "plan.json").read_text() == "the plan"
    assert isinstance(inspect(tmp_path / "trial"), Lost)
    assert not Ledger(str(tmp_path / "trial")).claim({"pid": 1, "start": 1, "boot": ""})


def test_a_killed_supervisor_is_a_lost_trial(place: Place) -> None:
    """A program that kills its supervisor is lost, and a sweep ends it and its kin."""

    async def story() -> None:
        spawner = Spawner()
        script = "setsid sleep 600 & env -i sleep 600 & kill -9 $PPID; sleep 600"
        plan = place.plan("sh", "-c", script)
        identity = await spawner.spawn(plan)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        state = inspect(plan.folder)
        assert isinstance(state, Lost)
        assert f"process {identity.pid}, was killed" in state.why
        await until(lambda: len(place.alive()) >= 3)
        assert await asyncio.to_thread(sweep, plan.marker) == 4
        assert place.survivors() == []
        await spawner.close()

    asyncio.run(story())


def test_a_supervisor_killed_at_any_moment(place: Place) -> None:
    """Wherever the kill falls, even between fork and exec, after one sweep nothing is left."""

    async def one(spawner: Spawner, number: int) -> None:
        plan = place.plan("sh", "-c", "sleep 600 & sleep 600", name=f"trial-{number}")
        identity = await spawner.spawn(plan)
        await asyncio.sleep(number * 0.0002)
        os.kill(identity.pid, 9)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        assert isinstance(inspect(plan.folder), Lost)
        await asyncio.to_thread(sweep, plan.marker)

    async def story() -> None:
        spawner = Spawner()
        await spawner.start()
        for first in range(0, 40, 4):
            await asyncio.gather(*(one(spawner, first + at) for at in range(4)))
        await spawner.close()

    asyncio.run(story())
    assert place.alive() == []


def test_sweep_spares_everybody_else(place: Place) -> None:
    """Only whole markers count: neither a longer one nor one in another variable is touched."""
    near = {"MUNSHI_TRIAL_UID": "abc-1", "OTHER": "MUNSHI_TRIAL_UID=abc"}
    with subprocess.Popen(["sleep", "600"], env={**os.environ, **near}) as other:
        assert sweep("abc") == 0
        assert other.poll() is None
        assert sweep("abc-1") == 1
    assert other.returncode == -9
    with pytest.raises(ValueError, match="empty marker"):
        sweep("")


def test_reused_pid(place: Place) -> None:
    """A live process with the same pid but another birth, or of another boot, is not the trial."""

    async def story() -> None:
        spawner = Spawner()
        plan = place.plan("sh", "-c", "echo ready; exec sleep 600")
        identity = await spawner.spawn(plan)
        await until(lambda: "ready" in log(plan))
        for other in (replace(identity, start=identity.start - 1), replace(identity, boot="x")):
            assert not is_alive(other)
            stop(other)
            await asyncio.wait_for(ended(other), 5)
        assert is_alive(identity)
        stop(identity)
        await asyncio.wait_for(ended(identity), 5)
        await spawner.close()

    asyncio.run(story())
