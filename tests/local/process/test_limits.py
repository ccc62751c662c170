"""Deadlines, memory and cores: what a supervisor without rights can hold a program to."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from local.process.trials import PATIENCE_S, USERS, Place, log, python_for_nobody, run, until
from munshi.local.process import (
    Bind,
    Identity,
    Limits,
    Reason,
    Spawner,
    ended,
    read_exit,
    stop,
)

PYTHON = (sys.executable, "-I", "-S", "-c")
MIB = 1 << 20


# -- deadlines --------------------------------------------------------------------------------------


def test_deadline(place: Place) -> None:
    """A trial that runs longer than its deadline is ended like a stopped one, and the record says so."""
    program = place.program("sh", "-c", "trap 'echo saved; exit 9' TERM; sleep 600 & wait")
    outcome = run(place.plans(program, deadline_s=0.3, grace_s=20))
    assert (outcome.code, outcome.signal, outcome.reason) == (9, None, Reason.DEADLINE)
    assert outcome.message == "it ran longer than its deadline of 0.3 s"
    assert 0.3e9 <= outcome.ended_ns - outcome.started_ns < 10e9


def test_deadline_in_setup(place: Place) -> None:
    """The deadline counts from the start of the setup, and names the program it met."""
    setup = tuple(place.program("sleep", "0.4", name=f"init-{n}") for n in range(3))
    outcome = run(place.plans(place.program("true"), setup=setup, deadline_s=0.6))
    assert (outcome.reason, outcome.program) == (Reason.DEADLINE, "init-1")


def test_deadline_of_the_deaf(place: Place) -> None:
    """A program that ignores TERM is killed after the grace."""
    program = place.program("sh", "-c", "trap '' TERM; while :; do sleep 600; done")
    outcome = run(place.plans(program, deadline_s=0.1))
    assert (outcome.signal, outcome.reason) == (9, Reason.DEADLINE)


def test_in_time(place: Place) -> None:
    """A trial that ends before its deadline knows nothing of it."""
    outcome = run(place.plans(place.program("sh", "-c", "exit 5"), deadline_s=60))
    assert (outcome.code, outcome.reason, outcome.message) == (5, Reason.EXITED, "")


# -- memory -----------------------------------------------------------------------------------------

HOARD = "held = bytearray({mib} << 20)\nprint('full', flush=True)\nimport time; time.sleep(600)"
GROW = """
import time
held = []
while True:
    held.append(b"x" * (1 << 20))
    time.sleep(0.002)
"""
IN_CHILDREN = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            held = b"x" * (20 << 20)
            time.sleep(600)
        os._exit(0)
time.sleep(600)
"""
SHARED_MEMORY = """
import mmap, time
held = mmap.mmap(-1, 80 << 20)
held.write(b"x" * (80 << 20))
time.sleep(600)
"""
GREEDY = {
    "at once": HOARD.format(mib=80),
    "little by little": GROW,
    "in orphans of sessions of their own": IN_CHILDREN,
    "in shared memory": SHARED_MEMORY,
}


@pytest.mark.parametrize("script", GREEDY.values(), ids=GREEDY)
def test_out_of_memory(place: Place, script: str) -> None:
    """A program that, with all its descendants, uses more than its limit is killed; both are told."""
    program = place.program(*PYTHON, script, limits=Limits(memory_bytes=64 * MIB))
    outcome = run(place.plans(program, grace_s=60))
    assert (outcome.signal, outcome.reason) == (9, Reason.OUT_OF_MEMORY)
    assert outcome.message.startswith("it used ")
    assert outcome.message.endswith(" MiB of memory; its limit is 64 MiB")
    used = float(outcome.message.split()[2])
    assert 64 < used < 200


MODEST = {
    "below it": "import time\nheld = bytearray(40 << 20)\ntime.sleep(0.4)",
    "what children share counts once": """
import os, time
held = b"x" * (40 << 20)
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        time.sleep(0.4)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
""",
    "what is only reserved does not count": """
import mmap, time
held = mmap.mmap(-1, 4 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
time.sleep(0.4)
""",
    "a file that is read does not count": """
import mmap, tempfile, time
with tempfile.TemporaryFile(dir=".") as file:
    for _ in range(100):
        file.write(b"x" * (1 << 20))
    file.flush()
    held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    sum(held[at] for at in range(0, len(held), 4096))
    time.sleep(0.4)
""",
}


@pytest.mark.parametrize("script", MODEST.values(), ids=MODEST)
def test_within_memory(place: Place, script: str) -> None:
    """Only memory that is really the program's own counts towards the limit."""
    program = place.program(*PYTHON, script, limits=Limits(memory_bytes=64 * MIB))
    outcome = run(place.plans(program))
    assert (outcome.code, outcome.reason, outcome.message) == (0, Reason.EXITED, "")


@pytest.mark.parametrize("user", USERS)
def test_memory_in_a_private_view(place: Place, user: str) -> None:
    """The limit holds in a private view and for an ordinary user."""
    source = place.home / "source"
    source.mkdir()
    python = python_for_nobody() if os.geteuid() == 0 else sys.executable
    program = place.program(
        python,
        *PYTHON[1:],
        HOARD.format(mib=80),
        limits=Limits(memory_bytes=64 * MIB),
        binds=(Bind(str(source), "/munshi-test"),),
    )
    outcome = run(place.plans(program), user)
    assert (outcome.reason, outcome.program) == (Reason.OUT_OF_MEMORY, "")


def test_a_companion_out_of_memory(place: Place) -> None:
    """A companion over its limit is killed alone, and noted."""
    companion = place.program(*PYTHON, GROW, name="c", limits=Limits(memory_bytes=64 * MIB))
    main = place.program("sh", "-c", "while kill -0 $PPID && [ ! -e go ]; do sleep 0.01; done")

    async def story() -> None:
        spawner = Spawner()
        plan = place.plans(main, companions=(companion,))
        identity = await spawner.spawn(plan)
        gone = f"/proc/{identity.pid}/task/{identity.pid}/children"
        await until(lambda: len(Path(gone).read_text().split()) == 2)
        await until(lambda: len(Path(gone).read_text().split()) == 1)
        (place.home / "go").touch()
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        outcome = read_exit(plan.folder)
        assert outcome is not None
        assert (outcome.code, outcome.reason) == (0, Reason.EXITED)
        assert outcome.message.startswith("c used ")
        assert outcome.message.endswith("its limit is 64 MiB; c was ended by signal 9")
        await spawner.close()

    asyncio.run(story())


def test_each_program_has_its_own_memory(place: Place) -> None:
    """Of two programs each is held to its own limit; the outcome names the greedy one."""
    wide = place.program(
        *PYTHON, HOARD.format(mib=80), name="wide", limits=Limits(memory_bytes=300 * MIB)
    )
    narrow = place.program(*PYTHON, GROW, name="narrow", limits=Limits(memory_bytes=64 * MIB))
    free = place.program(*PYTHON, HOARD.format(mib=80), name="free")
    outcome = run(place.plans(wide, narrow, free))
    assert (outcome.signal, outcome.reason, outcome.program) == (9, Reason.OUT_OF_MEMORY, "narrow")
    assert outcome.message.startswith("narrow used ")


def test_whom_the_kernel_kills_first(place: Place) -> None:
    """When memory runs out the kernel takes a trial before its supervisor or the engine."""

    async def story() -> None:
        spawner = Spawner()
        plan = place.plan("sh", "-c", "cat /proc/self/oom_score_adj; exec sleep 600")
        identity = await spawner.spawn(plan)
        await until(lambda: log(plan).endswith("\n"))
        supervisor = Path(f"/proc/{identity.pid}/oom_score_adj").read_text("ascii")
        assert int(log(plan)) > int(supervisor)
        assert supervisor == Path("/proc/self/oom_score_adj").read_text("ascii")
        stop(identity)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        await spawner.close()

    asyncio.run(story())


# -- cores ------------------------------------------------------------------------------------------

CORES = sorted(os.sched_getaffinity(0))
AFFINITY = "import json, os; print(json.dumps(sorted(os.sched_getaffinity(0))))"


@pytest.mark.parametrize("bound", [False, True], ids=["on the host", "in a private view"])
@pytest.mark.parametrize(("limit", "cores"), [(0.1, 1), (1.0, 1), (1.5, 2), (1000.0, None)])
def test_cores(place: Place, limit: float, cores: int | None, bound: bool) -> None:
    """A program finds as many cores as its limit, rounded up, and never more than the machine has."""
    binds = (Bind(str(place.home), "/munshi-test"),) if bound else ()
    program = place.program(*PYTHON, AFFINITY, limits=Limits(cpu=limit), binds=binds)
    plan = place.plans(program)
    run(plan)
    found = json.loads(log(plan))
    assert set(found) <= set(CORES)
    assert len(found) == min(cores or len(CORES), len(CORES))


def test_concurrent_trials_spread(place: Place) -> None:
    """Trials that run at once are confined to different cores as long as there are any."""

    async def story() -> Counter[int]:
        spawner = Spawner()
        used: Counter[int] = Counter()
        identities = []
        for number in range(2 * len(CORES)):
            program = place.program(
                *PYTHON,
                f"{AFFINITY}; import sys, time; sys.stdout.flush(); time.sleep(600)",
                folder=f"trial-{number}",
                limits=Limits(cpu=1),
            )
            plan = place.plans(program, name=f"trial-{number}")
            identities.append(await spawner.spawn(plan))
            await until(lambda plan=plan: log(plan).endswith("\n"))  # type: ignore[misc]
            used.update(json.loads(log(plan)))
        for identity in identities:
            stop(identity)
            await asyncio.wait_for(ended(identity), PATIENCE_S)
        await spawner.close()
        return used

    assert asyncio.run(story()) == dict.fromkeys(CORES, 2)


def test_cores_are_free_again(place: Place) -> None:
    """A core whose trial is over, even by a kill of its supervisor, is taken before a busy one."""

    async def begin(spawner: Spawner, name: str, script: str) -> tuple[Identity, int]:
        program = place.program(*PYTHON, script, folder=name, limits=Limits(cpu=1))
        plan = place.plans(program, name=name)
        identity = await spawner.spawn(plan)
        await until(lambda: log(plan).endswith("\n"))
        return identity, json.loads(log(plan))[0]

    async def story() -> None:
        spawner = Spawner()
        staying = f"{AFFINITY}; import sys, time; sys.stdout.flush(); time.sleep(600)"
        _, busy = await begin(spawner, "first", staying)
        for number in range(3 * len(CORES)):
            identity, core = await begin(spawner, f"trial-{number}", AFFINITY)
            assert core != busy or len(CORES) == 1
            await asyncio.wait_for(ended(identity), PATIENCE_S)
        killed, core = await begin(spawner, "killed", staying)
        os.kill(killed.pid, 9)
        await asyncio.wait_for(ended(killed), PATIENCE_S)
        taken = {(await begin(spawner, f"last-{n}", staying))[1] for n in range(len(CORES) - 1)}
        assert taken == {*CORES} - {busy} or len(CORES) == 1
        assert core in taken or len(CORES) == 1
        await asyncio.to_thread(place.sweep)
        await spawner.close()

    asyncio.run(story())
