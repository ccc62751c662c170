"""What a program finds when it starts, and what is recorded when it ends."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.process.trials import Place, but, log, run, said
from munshi.errors import AlreadyExists, LaunchRefused
from munshi.local.process import (
    Bind,
    Exit,
    ProcessPlan,
    Reason,
    Running,
    Spawner,
    ended,
    inspect,
    read_exit,
)

OUTCOMES = {
    "it exits with 0": (("true",), 0, None, Reason.EXITED),
    "it exits with 3": (("sh", "-c", "exit 3"), 3, None, Reason.EXITED),
    "it exits with 255": (("sh", "-c", "exit 255"), 255, None, Reason.EXITED),
    "it is killed": (("sh", "-c", "kill -9 $$"), None, 9, Reason.SIGNAL),
    "it kills its own group": (("sh", "-c", "sleep 60 & kill -9 0"), None, 9, Reason.SIGNAL),
    "it aborts": (("sh", "-c", "kill -ABRT $$"), None, 6, Reason.SIGNAL),
    "TERM ends it, though nobody stopped the trial": (
        ("sh", "-c", "kill -TERM $$"),
        None,
        15,
        Reason.SIGNAL,
    ),
}


@pytest.mark.parametrize(("argv", "code", "signum", "reason"), OUTCOMES.values(), ids=OUTCOMES)
def test_outcomes(
    place: Place, argv: tuple[str, ...], code: int | None, signum: int | None, reason: Reason
) -> None:
    """The record tells an exit code from a signal, and either from a stop."""
    outcome = run(place.plan(*argv))
    assert (outcome.code, outcome.signal, outcome.reason) == (code, signum, reason)
    assert outcome.started_ns < outcome.ended_ns
    assert outcome.message == ""


def test_length_of_a_trial(place: Place) -> None:
    """`ended_ns - started_ns` is the time the program took."""
    outcome = run(place.plan("sleep", "0.2"))
    assert 0.2e9 <= outcome.ended_ns - outcome.started_ns < 5e9


LOOK = """
import json, os, resource
print(json.dumps({
    "stdin": os.readlink("/proc/self/fd/0"),
    "leader": os.getpgid(0) == os.getpid(),
    "cwd": os.getcwd(),
    "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd")),
    "umask": os.umask(0),
    "oom": open("/proc/self/oom_score_adj").read(),
    "core": list(resource.getrlimit(resource.RLIMIT_CORE)),
    "env": dict(os.environ),
}))
"""


@pytest.mark.parametrize("bound", [False, True], ids=["on the host", "in a private view"])
def test_what_a_program_finds(place: Place, bound: bool) -> None:
    """A clean start: default signals, empty mask, null input, its own group, no stray descriptor."""
    binds = (Bind(str(place.home), "/munshi-test-home"),) if bound else ()
    # Python as the program would change its signals before we could look: ask /proc through cat.
    plan = place.plan("cat", "/proc/self/status", name="status", binds=binds)
    run(plan)
    status = dict(line.split(":\t", 1) for line in log(plan).splitlines())
    # 32 and 33 are glibc's own; its posix_spawn ignores them in every program it starts.
    assert int(status["SigIgn"], 16) & ~(0b11 << 31) == 0
    assert int(status["SigBlk"], 16) == int(status["SigCgt"], 16) == 0
    plan = place.plan(sys.executable, "-I", "-S", "-c", LOOK, name="look", binds=binds)
    plan = but(plan, env={"A": "1", "키": "값", "LC_ALL": "C.UTF-8"})
    run(plan)
    found = said(plan)
    assert found["stdin"] == "/dev/null"
    assert found["leader"] is True
    assert found["cwd"] == plan.programs[0].cwd
    assert found["fds"] == [0, 1, 2, 3]  # 3 is the listing of the folder itself
    mask = os.umask(0o22)
    os.umask(mask)
    assert found["umask"] == mask
    assert found["core"] == list(resource.getrlimit(resource.RLIMIT_CORE))
    ours = int(Path("/proc/self/oom_score_adj").read_text("ascii"))
    assert int(str(found["oom"])) == min(ours + 200, 1000)
    wanted = {**plan.programs[0].env, "MUNSHI_TRIAL_UID": plan.marker}
    assert found["env"] == wanted


def test_arguments_are_not_read_by_a_shell(place: Place) -> None:
    """Blanks, quotes, newlines, non-ASCII and bytes that are no text arrive as they were given."""
    bytes_only = b"\xff\xfe".decode("utf-8", "surrogateescape")
    odd = ["a b", "'", '"$HOME`id`', "line\nline", "값", bytes_only, ""]
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    plan = place.plan(sys.executable, "-X", "utf8", "-I", "-S", "-c", show, *odd)
    run(plan)
    assert json.loads(log(plan)) == odd


def test_log_is_appended(place: Place) -> None:
    """Both outputs go to one file, behind what it held already."""
    plan = place.plan("sh", "-c", "echo out; echo err >&2")
    Path(plan.folder).mkdir()
    Path(plan.programs[0].log).write_text("before\n")
    run(plan)
    assert log(plan) == "before\nout\nerr\n"


def test_records_are_private(place: Place) -> None:
    """Plan and log may hold secrets: only their owner may read them."""
    plan = place.plan("echo", "hi")
    run(plan)
    for path in Path(plan.folder).iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def not_started(place: Place, name: str) -> ProcessPlan:
    """A plan that cannot be started, by the sentence that says so."""
    home = place.home
    (home / "script").write_text("#!/no/such/python\n")
    (home / "plain").write_bytes(b"\x00\x01 no program")
    (home / "locked").write_text("#!/bin/sh\n")
    (home / "script").chmod(0o755)
    (home / "plain").chmod(0o755)
    (home / "locked").chmod(0o644)
    match name:
        case "no such program: pythn":
            return place.plan("pythn", "train.py")
        case "no such program: ./pythn":
            return place.plan("./pythn")
        case "no such interpreter: /no/such/python":
            return place.plan(str(home / "script"))
        case "neither a program for this machine nor a script":
            return place.plan("./plain")
        case "Permission denied (is it executable?)":
            return place.plan("./locked")
        case "longer than this machine allows":
            return place.plan("true", *["x" * 100_000] * 100)
        case "cannot work in /no/such/folder":
            return but(place.plan("true"), cwd="/no/such/folder")
        case "cannot write the log /no/such/log":
            return but(place.plan("true"), log="/no/such/log")
    raise AssertionError(name)


SENTENCES = [
    "no such program: pythn",
    "no such program: ./pythn",
    "no such interpreter: /no/such/python",
    "neither a program for this machine nor a script",
    "Permission denied (is it executable?)",
    "longer than this machine allows",
    "cannot work in /no/such/folder",
    "cannot write the log /no/such/log",
]


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("bound", [False, True], ids=["on the host", "in a private view"])
def test_not_started(place: Place, sentence: str, bound: bool) -> None:
    """What cannot be started is recorded as such, with a sentence and without a code."""
    plan = not_started(place, sentence)
    if bound:
        plan = but(plan, binds=(Bind(str(place.home), "/munshi-test-home"),))
    outcome = run(plan)
    assert outcome.reason is Reason.NOT_STARTED
    assert sentence in outcome.message
    assert (outcome.code, outcome.signal) == (None, None)


def test_path_of_the_program(place: Place) -> None:
    """A bare name is looked up along the plan's PATH, past folders that do not hold it."""
    tool = place.home / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho found\n")
    tool.chmod(0o755)
    plan = but(place.plan("tool"), env={"PATH": f"/no/such:/dev/null:{tool.parent}:/bin"})
    run(plan)
    assert log(plan) == "found\n"


def test_faults_are_refused_before_anything_happens(place: Place) -> None:
    """An impossible plan is refused with all its faults, and no folder is made."""

    async def story() -> None:
        plan = but(place.plan("true"), argv=(), cwd="here")
        with pytest.raises(LaunchRefused, match=r'cwd "here".*argv names no program'):
            await Spawner().spawn(plan)
        assert not Path(plan.folder).exists()

    asyncio.run(story())


def test_unwritable_folder(place: Place) -> None:
    """A folder that cannot be made is refused by name."""

    async def story() -> None:
        with pytest.raises(LaunchRefused, match="/dev/null/trial cannot be written"):
            await Spawner().spawn(replace(place.plan("true"), folder="/dev/null/trial"))

    asyncio.run(story())


def test_one_folder_one_program(place: Place) -> None:
    """However often and from wherever a plan is spawned, its program starts once."""

    async def story() -> None:
        plan = place.plan("sh", "-c", "echo once; exec sleep 60")
        one, other = Spawner(), Spawner()
        got = await asyncio.gather(*((one, other)[n % 2].spawn(plan) for n in range(20)))
        assert len(set(got)) == 1
        state = inspect(plan.folder)
        assert state == Running(got[0])
        os.kill(got[0].pid, signal.SIGTERM)
        await ended(got[0])
        assert log(plan) == "once\n"
        with pytest.raises(AlreadyExists, match="has ended already"):
            await one.spawn(plan)
        await one.close()
        await other.close()

    asyncio.run(story())


def test_many_at_once(place: Place) -> None:
    """Two hundred trials asked for at the same moment all run, each with its own outcome."""

    async def story() -> list[Exit | None]:
        spawner = Spawner()
        plans = [place.plan("sh", "-c", f"exit {n}", name=f"trial-{n}") for n in range(200)]
        identities = await asyncio.gather(*(spawner.spawn(plan) for plan in plans))
        await asyncio.gather(*(ended(identity) for identity in identities))
        await spawner.close()
        return [read_exit(plan.folder) for plan in plans]

    outcomes = asyncio.run(story())
    assert [outcome.code if outcome else None for outcome in outcomes] == list(range(200))
