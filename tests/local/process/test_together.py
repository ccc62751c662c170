"""Trials of several programs: setup, those that decide, those that do not, companions, cleanups."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.process.trials import (
    PATIENCE_S,
    SOURCES,
    Place,
    engine_command,
    log,
    run,
    until,
    wait_until,
)
from munshi.local.process import (
    Ended,
    Exit,
    Lost,
    Program,
    Reason,
    Spawner,
    ended,
    inspect,
    read_exit,
    stop,
    sweep,
)
from munshi.local.process.forked import cleanup, proc

LONG = ("sh", "-c", "echo ready; exec sleep 600")


def shell(place: Place, script: str, name: str = "", **changes: Any) -> Program:
    """A program that is one line of shell."""
    return place.program("sh", "-c", script, name=name, **changes)


def told(outcome: Exit) -> tuple[int | None, int | None, str, str]:
    """What decides: code, signal, reason and whose they are."""
    return outcome.code, outcome.signal, outcome.reason.value, outcome.program


# -- setup ------------------------------------------------------------------------------------------


def test_setup_runs_before_in_order(place: Place) -> None:
    """Each program of the setup ends before the next begins; each has its own log."""
    order = f"echo $0 >>{place.home}/order; echo said $0"
    setup = (
        shell(place, f"sleep 0.1; {order.replace('$0', 'one')}", "one"),
        shell(place, order.replace("$0", "two"), "two"),
    )
    plan = place.plans(shell(place, order.replace("$0", "main")), setup=setup)
    outcome = run(plan)
    assert told(outcome) == (0, None, "exited", "")
    assert (place.home / "order").read_text().split() == ["one", "two", "main"]
    assert [log(plan, name) for name in ("one", "two", "")] == [
        "said one\n",
        "said two\n",
        "said main\n",
    ]


FAILED_SETUP: dict[str, tuple[str, tuple[int | None, int | None, str, str]]] = {
    "it exits with 3": ("exit 3", (3, None, "exited", "init")),
    "it is killed": ("kill -9 $$", (None, 9, "signal", "init")),
    "it cannot be started": ("", (None, None, "not-started", "init")),
}


@pytest.mark.parametrize(("script", "wanted"), FAILED_SETUP.values(), ids=FAILED_SETUP)
def test_failed_setup(
    place: Place, script: str, wanted: tuple[int | None, int | None, str, str]
) -> None:
    """A setup that fails is the outcome of the trial, and nothing after it is started."""
    init = shell(place, script, "init") if script else place.program("pythn", name="init")
    plan = place.plans(shell(place, "echo main"), setup=(init, shell(place, "echo 2", "second")))
    assert told(run(plan)) == wanted
    assert not Path(plan.programs[0].log).exists()
    assert not Path(plan.setup[1].log).exists()


def test_setup_leaves_nothing_behind(place: Place) -> None:
    """What a setup program leaves running is ended before the next program starts."""
    init = shell(place, "setsid sleep 600 & exit 0", "init")
    look = f"grep -lz MUNSHI_TRIAL_UID=$MUNSHI_TRIAL_UID /proc/[0-9]*/environ 2>/dev/null >{place.home}/seen"
    outcome = run(place.plans(shell(place, f"{look}; exit 0"), setup=(init,)))
    assert told(outcome) == (0, None, "exited", "")
    assert "it left behind 1 process" in outcome.message
    seen = (place.home / "seen").read_text().split()
    assert 1 <= len(seen) <= 2  # the shell, and grep itself if it got that far


def test_stopped_in_setup(place: Place) -> None:
    """A stop during setup ends the trial there."""

    async def story() -> None:
        spawner = Spawner()
        init = place.program(*LONG, name="init")
        plan = place.plans(shell(place, "echo main"), setup=(init,))
        identity = await spawner.spawn(plan)
        await until(lambda: "ready" in log(plan, "init"))
        stop(identity)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        outcome = read_exit(plan.folder)
        assert outcome is not None
        assert told(outcome) == (None, 15, "stopped", "init")
        assert not Path(plan.programs[0].log).exists()
        await spawner.close()

    asyncio.run(story())


def test_stopped_between_setup_and_programs(place: Place) -> None:
    """A stop that comes when the setup is over, but not what it left behind, is not lost."""

    async def story() -> None:
        spawner = Spawner()
        deaf = "(trap '' TERM; echo $$ >pid; while :; do sleep 600; done) & while [ ! -s pid ]; do :; done"
        plan = place.plans(place.program(*LONG), setup=(shell(place, deaf, "init"),), grace_s=60)
        identity = await spawner.spawn(plan)
        await until((place.home / "pid").exists)
        pid = int((place.home / "pid").read_text())
        await until(lambda: not Path(f"/proc/{pid}").exists())
        stop(identity)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        outcome = read_exit(plan.folder)
        assert outcome is not None
        assert (outcome.reason, outcome.program) == (Reason.STOPPED, "")
        assert outcome.message.startswith("stopped before it started; it left behind")
        assert not Path(plan.programs[0].log).exists()
        await spawner.close()

    asyncio.run(story())


# -- several at once --------------------------------------------------------------------------------


class Case:
    """Programs by name, and the outcome: `+` before a name marks one that decides."""

    def __init__(self, outcome: tuple[int | None, int | None, str, str], **scripts: str) -> None:
        self.outcome, self.scripts = outcome, scripts


TOGETHER = {
    "without a mark the first decides": Case(
        (0, None, "exited", "chief"), chief="exit 0", worker="sleep 600"
    ),
    "a mark decides, not the place": Case(
        (0, None, "exited", "worker"), chief="sleep 600", decides_worker="exit 0"
    ),
    "all that are marked must succeed": Case(
        (0, None, "exited", "a"),
        decides_a="exit 0",
        decides_b="sleep 0.2; echo late; exit 0",
        ps="sleep 600",
    ),
    "one that fails ends all, whether it decides": Case(
        (7, None, "exited", "b"), decides_a="sleep 600", decides_b="exit 7"
    ),
    "or not": Case((7, None, "exited", "b"), decides_a="sleep 600", b="exit 7"),
    "or is killed": Case((None, 9, "signal", "b"), decides_a="sleep 600", b="kill -9 $$"),
    "a failure counts though another succeeded before": Case(
        (7, None, "exited", "b"), decides_a="exit 0", decides_b="sleep 0.2; exit 7"
    ),
    "one that does not decide may end early": Case(
        (0, None, "exited", "a"), decides_a="sleep 0.2; exit 0", b="exit 0"
    ),
    "one that cannot be started ends all": Case(
        (None, None, "not-started", "b"), decides_a="sleep 600", b=""
    ),
}


@pytest.mark.parametrize("case", TOGETHER.values(), ids=TOGETHER)
def test_together(place: Place, case: Case) -> None:
    """The programs' ends make one outcome, which names its program; the others are ended quietly."""
    programs = []
    for key, script in case.scripts.items():
        name = key.removeprefix("decides_")
        made = shell(place, f"exec 2>&1; {script}", name)
        if not script:
            made = place.program("pythn", name=name)
        programs.append(replace(made, decides=key.startswith("decides_")))
    outcome = run(place.plans(*programs))
    assert told(outcome) == case.outcome
    wanted = "no such program: pythn" if outcome.reason is Reason.NOT_STARTED else ""
    assert outcome.message == wanted


def test_a_success_comes_first(place: Place) -> None:
    """When the one that decides and another end at once, the failure of the other is no failure."""

    async def story() -> None:
        spawner = Spawner()
        wait = "echo ready; while [ ! -e go ]; do sleep 0.01; done"
        plan = place.plans(
            shell(place, f"{wait}; exit 3", "worker"),
            replace(shell(place, f"{wait}; exit 0", "chief"), decides=True),
        )
        identity = await spawner.spawn(plan)
        await until(lambda: all("ready" in log(plan, name) for name in ("worker", "chief")))
        os.kill(identity.pid, signal.SIGSTOP)
        children = Path(f"/proc/{identity.pid}/task/{identity.pid}/children")
        pids = [int(pid) for pid in children.read_text().split()]
        (place.home / "go").touch()
        await until(lambda: all(is_over(pid) for pid in pids))
        os.kill(identity.pid, signal.SIGCONT)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        outcome = read_exit(plan.folder)
        assert outcome is not None
        assert told(outcome) == (0, None, "exited", "chief")
        await spawner.close()

    asyncio.run(story())


def is_over(pid: int) -> bool:
    """Whether a process is dead, reaped or not."""
    found = proc.process(pid)
    return found is None or found.dead


def test_the_others_may_save_their_work(place: Place) -> None:
    """After the success the other programs get TERM and their grace."""
    saving = "trap 'sleep 0.2; echo saved; exit 3' TERM; touch go; while :; do sleep 0.01; done"
    chief = shell(place, "while [ ! -e go ]; do sleep 0.01; done", "chief")
    plan = place.plans(chief, shell(place, saving, "worker"), grace_s=20)
    outcome = run(plan)
    assert told(outcome) == (0, None, "exited", "chief")
    assert log(plan, "worker").endswith("saved\n")
    assert outcome.message == ""


def test_the_deaf_are_killed(place: Place) -> None:
    """A program that ignores TERM after the others' success is gone after the grace."""
    deaf = "trap '' TERM; touch go; while :; do sleep 600; done"
    chief = shell(place, "while [ ! -e go ]; do sleep 0.01; done", "chief")
    outcome = run(place.plans(chief, shell(place, deaf, "worker")))
    assert told(outcome) == (0, None, "exited", "chief")
    assert outcome.ended_ns - outcome.started_ns < 5e9


def test_stopping_several(place: Place) -> None:
    """A stop ends programs and companions alike."""

    async def story() -> None:
        spawner = Spawner()
        programs = [place.program(*LONG, name=name) for name in ("a", "b")]
        plan = place.plans(*programs, companions=(place.program(*LONG, name="c"),), settle_s=600)
        identity = await spawner.spawn(plan)
        await until(lambda: all("ready" in log(plan, name) for name in "abc"))
        stop(identity)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        outcome = read_exit(plan.folder)
        assert outcome is not None
        assert told(outcome) == (None, 15, "stopped", "a")
        assert outcome.message == ""
        await spawner.close()

    asyncio.run(story())


# -- companions -------------------------------------------------------------------------------------

COMPANIONS: dict[str, tuple[str, str]] = {
    "it ends well": ("exit 0", ""),
    "it ends before the programs, badly": ("exit 3", "c ended with exit code 3"),
    "it is killed": ("kill -9 $$", "c was ended by signal 9"),
    "it ends well once the program is gone": (
        "while [ -e here ]; do sleep 0.01; done; echo read",
        "",
    ),
    "it ends badly once the program is gone": (
        "while [ -e here ]; do sleep 0.01; done; exit 9",
        "c ended with exit code 9",
    ),
    "it never ends": ("echo read; exec sleep 600", "c did not end by itself"),
    "it never ends and ignores TERM": (
        "trap '' TERM; while :; do sleep 600; done",
        "c did not end by itself",
    ),
    "it cannot be started": ("", "c could not be started: no such program: pythn"),
    "it stops itself again and again": (
        "while :; do kill -STOP $$; done",
        "c stopped itself (SIGSTOP, process",
    ),
}


@pytest.mark.parametrize(("script", "message"), COMPANIONS.values(), ids=COMPANIONS)
def test_companions(place: Place, script: str, message: str) -> None:
    """A companion decides nothing: it is waited for, then ended, and its failure is a note."""
    companion = shell(place, script, "c") if script else place.program("pythn", name="c")
    main = shell(place, "touch here; sleep 0.3; rm here")
    outcome = run(place.plans(main, companions=(companion,), settle_s=0.5))
    assert told(outcome) == (0, None, "exited", "")
    assert outcome.message.startswith(message) if message else outcome.message == ""


def test_companions_have_time(place: Place) -> None:
    """A companion may go on after the success, with children of its own; what the program left may not."""
    main = shell(place, f"setsid sh -c 'sleep 600; touch {place.home}/left' & exit 0")
    reader = "(sleep 0.4; echo child) & wait; echo done"
    plan = place.plans(main, companions=(shell(place, reader, "c"),), settle_s=30)
    outcome = run(plan)
    assert told(outcome) == (0, None, "exited", "")
    assert log(plan, "c") == "child\ndone\n"
    assert "it left behind" in outcome.message
    assert "did not end" not in outcome.message


def test_a_failure_does_not_wait_for_companions(place: Place) -> None:
    """When the program fails its companions are told to end at once."""
    companion = place.program(*LONG, name="c")
    plan = place.plans(shell(place, "sleep 0.2; exit 4"), companions=(companion,), settle_s=600)
    outcome = run(plan)
    assert told(outcome) == (4, None, "exited", "")
    assert outcome.message == ""


def test_a_stop_shortens_the_wait_for_companions(place: Place) -> None:
    """The success stands; the companions are told to end at once."""

    async def story() -> None:
        spawner = Spawner()
        main = shell(place, "echo gone")
        companion = place.program(*LONG, name="c")
        plan = place.plans(main, companions=(companion,), settle_s=600)
        identity = await spawner.spawn(plan)
        await until(lambda: "gone" in log(plan) and "ready" in log(plan, "c"))
        stop(identity)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        outcome = read_exit(plan.folder)
        assert outcome is not None
        assert outcome.reason in (
            Reason.EXITED,
            Reason.STOPPED,
        )  # STOPPED: it came before the reaping
        assert outcome.ended_ns - outcome.started_ns < 10e9
        await spawner.close()

    asyncio.run(story())


# -- cleanups ---------------------------------------------------------------------------------------


def tidied(place: Place, name: str) -> tuple[str, ...]:
    """A cleanup that leaves a trace."""
    return ("sh", "-c", f"echo $MUNSHI_TRIAL_UID $A >>{place.home}/tidied-{name}")


ENDS = {
    "it succeeds": "exit 0",
    "it fails": "exit 3",
    "it is killed": "kill -9 $$",
    "it leaves a daemon": "setsid sleep 600 & exit 0",
}


@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS)
def test_cleanup(place: Place, script: str) -> None:
    """Whatever the end, the cleanup runs once, with the program's environment, and after it."""
    env = {"PATH": os.environ["PATH"], "A": "값"}
    main = shell(place, script, env=env, cleanup=tidied(place, "main"))
    init = shell(place, "exit 0", "init", cleanup=tidied(place, "init"))
    plan = place.plans(main, setup=(init,))
    outcome = run(plan)
    assert outcome.reason in (Reason.EXITED, Reason.SIGNAL)
    assert (place.home / "tidied-main").read_text() == f"{plan.marker} 값\n"
    assert (place.home / "tidied-init").read_text() == f"{plan.marker}\n"


def test_cleanup_after_a_stop(place: Place) -> None:
    """A stopped trial is tidied up as well."""

    async def story() -> None:
        spawner = Spawner()
        plan = place.plans(place.program(*LONG, cleanup=tidied(place, "main")))
        identity = await spawner.spawn(plan)
        await until(lambda: "ready" in log(plan))
        stop(identity)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        assert (place.home / "tidied-main").read_text() == f"{plan.marker}\n"
        await spawner.close()

    asyncio.run(story())


def test_no_cleanup_for_what_never_started(place: Place) -> None:
    """Only programs that were started are tidied up behind."""
    run(place.plans(place.program("pythn", cleanup=tidied(place, "main"))))
    assert not (place.home / "tidied-main").exists()


def test_bad_cleanups(place: Place) -> None:
    """A cleanup that fails, is missing, or leaves something behind changes nothing."""
    leaving = ("sh", "-c", "setsid sh -c 'trap \"\" TERM; sleep 600' & exit 1")
    for number, argv in enumerate((("false",), ("pythn",), leaving)):
        main = shell(place, "exit 0", folder=f"trial-{number}", cleanup=argv)
        outcome = run(place.plans(main, name=f"trial-{number}"))
        assert (told(outcome), outcome.message) == ((0, None, "exited", ""), "")


def test_endless_cleanups(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cleanup that never ends is killed when its time is over, deaf or not."""
    monkeypatch.setattr(cleanup, "PATIENCE_S", 0.2)
    deaf = ("sh", "-c", "trap '' TERM; while :; do sleep 600; done")
    plan = place.plans(place.program("true", cleanup=deaf), place.program("true", name="other"))
    Path(plan.folder).mkdir()
    (Path(plan.folder) / "plan.json").write_text(plan.to_json())
    began = time.monotonic()
    assert sweep(plan.marker, plan.folder) == 0
    assert 0.2 <= time.monotonic() - began < PATIENCE_S


def test_sweep_without_a_plan(place: Place) -> None:
    """A folder without a plan, or with a damaged one, is swept all the same."""
    folder = place.home / "trial"
    for text in (None, "", "{}", "[1]", '{"folder": 1}'):
        if text is not None:
            folder.mkdir(exist_ok=True)
            (folder / "plan.json").write_text(text)
        assert sweep("nobody-has-this-marker", folder) == 0


def test_sweep_cleans_up(place: Place) -> None:
    """After a killed supervisor the sweep runs the cleanups that the plan names."""

    async def story() -> None:
        spawner = Spawner()
        plan = place.plans(place.program(*LONG, cleanup=tidied(place, "main")))
        identity = await spawner.spawn(plan)
        await until(lambda: "ready" in log(plan))
        os.kill(identity.pid, 9)
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        assert isinstance(inspect(plan.folder), Lost)
        assert await asyncio.to_thread(sweep, plan.marker, plan.folder) >= 1
        assert (place.home / "tidied-main").read_text() == f"{plan.marker}\n"
        await spawner.close()

    asyncio.run(story())


def test_adopting_several(place: Place) -> None:
    """A trial of several programs goes on, through setup and programs, when its engine is killed."""
    wait = "while [ ! -e go ]; do sleep 0.01; done"
    plan = place.plans(
        shell(place, "echo main; exit 0"),
        shell(place, "sleep 600", "worker"),
        setup=(shell(place, f"echo ready; {wait}", "init"),),
        companions=(shell(place, "sleep 0.1; echo read", "reader"),),
    )
    engine = subprocess.Popen(
        engine_command(plan, sys.executable),
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdout=subprocess.PIPE,
    )
    with engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"spawned\n"
        wait_until(lambda: "ready" in log(plan, "init"))
        engine.kill()
    (place.home / "go").touch()
    wait_until(lambda: isinstance(inspect(plan.folder), Ended))
    outcome = read_exit(plan.folder)
    assert outcome is not None
    assert told(outcome) == (0, None, "exited", "")
    assert (log(plan), log(plan, "reader")) == ("main\n", "read\n")


def test_many_workers(place: Place) -> None:
    """Fifty programs that all decide are one trial; they may share a log."""
    log_ = str(place.home / "trial" / "log")
    workers = [
        shell(place, f"echo {number}; exit 0", f"worker-{number}", log=log_, decides=True)
        for number in range(50)
    ]
    outcome = run(place.plans(*workers, log_bytes=1 << 20))
    assert told(outcome) == (0, None, "exited", "worker-0")
    assert sorted(map(int, Path(log_).read_text().split())) == list(range(50))


def test_time_is_counted_from_the_setup(place: Place) -> None:
    """`started_ns` is when the first program of all was started."""
    began = time.time_ns()
    outcome = run(place.plans(shell(place, "exit 0"), setup=(shell(place, "sleep 0.3", "init"),)))
    assert began <= outcome.started_ns
    assert outcome.ended_ns - outcome.started_ns >= 0.3e9
