"""An experiment whose munshi is killed again and again, each time at another moment, until it has ended.

Used by the tests and by `benchmarks/kills.py`. What came of it is for `witness` to say. The moments follow
from a seed, which is printed; the machine adds chance of its own.
"""

from __future__ import annotations

import json
import math
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from journeys import witness
from journeys.stories import X, experiment, whole, written
from journeys.world import Command, World, wait_until

TRIALS = 30
PARALLEL = 4
LONGEST_LATER, LONGEST_BESIDE = 1.25, 0.4
"""A moment of time is at most so many idle starts after the start of a munshi; less, when one is there."""
MOST_MARKS = 12
"""Whatever the moment: after so many beginnings and ends of programs it has come."""
LONGEST_IN_VAIN = 8
"""So many idle starts are waited for another kind of moment, which may never come."""
POLL_S = 0.002

_MARK = 'read up _ < /proc/uptime; echo "{what} $KATIB_TRIAL_NAME $up" >> marks'
BEGIN, END = _MARK.format(what="start"), _MARK.format(what="end")
"""The first and the last line of every program; no process is needed for either."""


def story(algorithm: str, *, push: bool = False, wait: str = "sleep 0.0$K", **spec: Any) -> Any:
    """Thirty short trials that differ in length; each reports a score and three beats.

    Args:
        algorithm: Its name.
        push: Report by a file instead of the output.
        wait: What a program does between its beats, a line of shell.
        spec: Further fields of the spec.
    """
    say = 'echo "{} = {}"'
    if push:
        say = 'echo "{{\\"{}\\": {}}}" >> "$MUNSHI_METRICS_FILE"'
        spec["metricsCollectorSpec"] = {"collector": {"kind": "Push"}}
    beats = [say.format("beat", beat) for beat in witness.BEATS]
    script = (BEGIN, beats[0], wait, beats[1], wait, say.format("score", "$X$K"), beats[2], END)
    grid = (whole("x", 1, 5), whole("k", 1, 6))
    sizes = {"maxTrialCount": TRIALS, "parallelTrialCount": PARALLEL, "maxFailedTrialCount": 1}
    return experiment(
        *script,
        parameters=grid if algorithm == "grid" else (X, whole("k", 1, 9)),
        algorithm=algorithm,
        objective={
            "type": "maximize",
            "objectiveMetricName": "score",
            "additionalMetricNames": ["beat"],
        },
        **(sizes | spec),
    )


@dataclass(slots=True)
class Ordeal:
    """One experiment under attack.

    Attributes:
        file: The Experiment.
        idle_s: What an undisturbed munshi needs from its start to its first trial; see `idle_start`.
        chance: Where the moments come from.
        kills: How many munshis were killed.
        recoveries_s: From each later start to the first change that was committed.
    """

    world: World
    file: str
    idle_s: float
    chance: Random
    kills: int = 0
    recoveries_s: list[float] = field(default_factory=list)
    _longest: float = LONGEST_LATER

    def endure(self, kills: int, also: Callable[[Command], object] = lambda _: None) -> None:
        """Kill munshi so many times, then let it come to its end.

        Args:
            kills: Fewer if the experiment has ended before.
            also: What else is done in the moment of each kill, just before it; told of the munshi.
        """
        while self.kills < kills:
            run = self.start()
            if not self.strike(run, also):
                break
            self.look()
        else:
            run = self.start()
        done = run.wait()
        assert done.code == 0, done.err

    def endure_in_pairs(self, kills: int) -> None:
        """Always have two munshis, one of which drives; kill one of them, whichever it is."""
        pair, self._longest = [self.start(), self.start()], LONGEST_BESIDE
        while self.kills < kills and self.strike(victim := self.chance.choice(pair)):
            self.look()
            pair = [one for one in pair if one is not victim] + [self.start()]
        for run in pair:
            done = run.wait()
            assert done.code == 0, done.err

    def start(self) -> Command:
        """Start munshi."""
        return self.world.start("run", self.file, "--no-progress")

    def strike(self, run: Command, also: Callable[[Command], object] = lambda _: None) -> bool:
        """Kill it at some moment; False when it has ended before.

        Until then it is seen how soon it drives again.
        """
        began, before = time.monotonic(), witness.version(self.world)
        is_due, recovered = self._moment(began, before), False
        while run.process.poll() is None:
            if not recovered and witness.version(self.world) > before:
                recovered = True
                if self.kills:
                    self.recoveries_s.append(time.monotonic() - began)
            if is_due():
                also(run)
                run.kill()
                self.kills += run.process.returncode == -signal.SIGKILL
                return True
            time.sleep(POLL_S)
        return False

    def look(self) -> None:
        """The machine must not run more programs than allowed, now that nobody looks after it."""
        alive = witness.live_programs(self.world)
        assert len(alive) <= PARALLEL, f"these run at once: {sorted(alive)}"

    def _moment(self, began: float, before: int) -> Callable[[], bool]:
        """Some time, some number of commits, or some number of programs after the start."""
        end = began + LONGEST_IN_VAIN * self.idle_s
        begun = len(self.world.lines(witness.MARKS))
        version, most = math.inf, begun + MOST_MARKS
        match self.chance.choice(("time", "commit", "program")):
            case "time":
                end = began + self.chance.uniform(0, self._longest) * self.idle_s
            case "commit":
                version = before + self.chance.randint(1, 16)
            case _:
                most = begun + self.chance.randint(1, 6)
        return lambda: (
            time.monotonic() >= end
            or len(self.world.lines(witness.MARKS)) >= most
            or witness.version(self.world) >= version
        )


def chance_of(seed: int) -> Random:
    """Where moments come from; the seed is shown when a test fails."""
    print(f"the moments follow from seed {seed}")  # noqa: T201
    return Random(seed)  # noqa: S311 - nothing is kept secret by it


def idle_start(world: World) -> float:
    """Seconds from the start of an undisturbed munshi to the first act of its first trial."""
    file = written(world.path, story("random", maxTrialCount=1, parallelTrialCount=1))
    began = time.monotonic()
    run = world.start("run", file)
    wait_until(lambda: bool(world.lines(witness.MARKS)), "for a trial")
    took = time.monotonic() - began
    assert run.wait().code == 0
    return took


def fork_server(world: World, munshi: Command) -> int | None:
    """The pid of the fork server of a munshi; None when it has none just now."""
    for pid in world.running(but=munshi.process.pid):
        try:
            parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if parent == munshi.process.pid and b"zygote" in words and b"serve" in words:
            return pid
    return None


def supervisors(world: World) -> list[tuple[Path, int]]:
    """Folder and pid of every supervisor that has not recorded an outcome."""
    alive, found = set(world.running()), []
    for path in sorted(world.home.glob("trials/*/*/*/identity.json")):
        pid = json.loads(path.read_text())["pid"]
        if pid in alive and not (path.parent / "exit.json").exists():
            found.append((path.parent, pid))
    return found


def kill(pid: int) -> None:
    """SIGKILL; one that has ended just now is all right."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def reboot(world: World) -> None:
    """End every process at once, and let the records of those that ran be of an earlier boot."""
    while running := world.running():
        for pid in running:
            kill(pid)
    for path in world.home.glob("trials/*/*/*/identity.json"):
        if not (path.parent / "exit.json").exists():
            path.write_text(json.dumps({**json.loads(path.read_text()), "boot": "an earlier one"}))
