"""What becomes of an experiment whose munshi is killed again and again, and how soon it goes on.

    python benchmarks/kills.py [--kills 200] [--seed 1]

Experiments of 30 short trials, 4 at once, by random, grid and tpe, from output and from reports. Each is
killed (SIGKILL) some ten times at moments that follow from the seed, started again each time, and comes
to its end; in turns munshi alone is killed, one of two munshis, munshi with its fork server, all
supervisors with it, and everything with a new boot. After each experiment a witness that shares no code
with munshi goes through the database, the programs' own marks, the folders and /proc.

Recovery is the time from the start of the next munshi to its first commit, interpreter and imports
included; an undisturbed start, up to the first act of its first trial, stands beside it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from journeys import kills, retold, witness
from journeys.stories import written
from journeys.world import Command, World

ALGORITHMS = ("random", "tpe", "grid", "tpe by reports")
WAYS = ("munshi", "one of two munshis", "munshi and fork server", "and supervisors", "a reboot")
LOSING = ("and supervisors", "a reboot")
"""Where attempts are really lost, and trials begin anew."""
KILLS = {"a reboot": 4, "and supervisors": 4}
"""In one experiment; a trial that vanishes five times is given up, and rightly so."""
OFTEN = 10


@dataclass(slots=True)
class Row:
    """What came of one way to kill."""

    runs: int = 0
    kills: int = 0
    lost: int = 0
    twice: int = 0
    findings: list[str] = field(default_factory=list)
    recoveries_s: list[float] = field(default_factory=list)
    idle_s: list[float] = field(default_factory=list)


def experience(way: str, algorithm: str, seed: int, row: Row) -> None:
    """Run one experiment through its ordeal, and add what came of it to the row."""
    with tempfile.TemporaryDirectory() as folder:
        world, idle = World(Path(folder)), World(Path(folder) / "idle")
        idle.path.mkdir()
        method, _, by_reports = algorithm.partition(" by ")
        file = written(world.path, kills.story(method, push=bool(by_reports)))
        ordeal = kills.Ordeal(world, file, kills.idle_start(idle), kills.chance_of(seed))
        try:
            if way == "one of two munshis":
                ordeal.endure_in_pairs(OFTEN)
            else:
                ordeal.endure(KILLS.get(way, OFTEN), _besides(way, world))
            found = witness.findings(world, kills.TRIALS, lost=way in LOSING)
            row.findings += [f"seed {seed}, {algorithm}: {one}" for one in found]
            row.findings += [f"seed {seed}, {algorithm}: {one}" for one in retold.findings(world)]
        except AssertionError as broken:
            row.findings.append(f"seed {seed}, {algorithm}: {broken}")
        finally:
            world.clear()
        row.runs += 1
        row.kills += ordeal.kills
        row.lost += witness.lost(world, kills.TRIALS)
        row.twice += witness.twice(world)
        row.idle_s.append(ordeal.idle_s)
        if way != "one of two munshis":
            row.recoveries_s += ordeal.recoveries_s


def _besides(way: str, world: World) -> Callable[[Command], object]:
    """What dies in the same moment."""

    def fork_server(run: Command) -> None:
        if (pid := kills.fork_server(world, run)) is not None:
            kills.kill(pid)

    def supervisors(_: Command) -> None:
        for _folder, pid in kills.supervisors(world):
            kills.kill(pid)

    def everything(_: Command) -> None:
        kills.reboot(world)

    chosen = {
        "munshi and fork server": fork_server,
        "and supervisors": supervisors,
        "a reboot": everything,
    }
    return chosen.get(way, lambda _: None)


def main() -> None:
    """Print what was found, a line for each way to kill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows = {way: Row() for way in WAYS}
    began = time.monotonic()
    for number in count():
        if sum(row.kills for row in rows.values()) >= asked.kills:
            break
        way = WAYS[number % len(WAYS)]
        algorithm = ALGORITHMS[(number + number // len(WAYS)) % len(ALGORITHMS)]
        experience(way, algorithm, asked.seed + number, rows[way])
        told = sum(row.kills for row in rows.values()), time.monotonic() - began
        print(f"{way}, {algorithm}: {told[0]} kills so far, {told[1]:.0f} s", flush=True)
    print(_table(rows))
    for row in rows.values():
        for finding in row.findings:
            print("FOUND:", finding)


def _table(rows: dict[str, Row]) -> str:
    head = f"{'killed':24} {'runs':>5} {'kills':>6} {'lost':>5} {'twice':>6} {'found':>6}"
    lines = [head + f" {'median':>8} {'worst':>8} {'idle':>8}"]
    for way, row in rows.items():
        said = (
            f"{way:24} {row.runs:5} {row.kills:6} {row.lost:5} {row.twice:6} {len(row.findings):6}"
        )
        spans = (row.recoveries_s and median(row.recoveries_s), max(row.recoveries_s, default=0))
        idle = row.idle_s and median(row.idle_s)
        lines.append(said + "".join(f" {span or 0:6.2f} s" for span in (*spans, idle)))
    total = sum(row.kills for row in rows.values())
    lines.append(f"{'all':24} {sum(row.runs for row in rows.values()):5} {total:6}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
