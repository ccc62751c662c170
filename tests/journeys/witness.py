"""Somebody who trusts no code of munshi: reads the database by sqlite3, the programs' own marks, and /proc.

Every finding is a sentence; an experiment that went well gives none. Programs leave two marks in one file,
by appending: `start NAME UPTIME` as their first act and `end NAME UPTIME` as their last. So the order of
the lines is the order of what happened, whoever was killed meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeys.world import World

INDEX, NEWS = "munshi/suggestion-index", "munshi/new-results"
MARKS = "marks"
BEATS = ["1", "2", "3"]
"""The values of the metric `beat`, as every program reports them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A line that a program wrote: it began, or it is about to end."""

    what: str
    trial: str
    uptime_s: float


def marks(world: World) -> list[Mark]:
    """What the programs wrote, in the order in which they did."""
    found = []
    for line in world.lines(MARKS):
        what, trial, uptime = line.split()
        found.append(Mark(what, trial, float(uptime)))
    return found


def ledger(world: World) -> sqlite3.Connection:
    """The database, for reading."""
    return sqlite3.connect(f"file:{world.home / 'munshi.db'}?mode=ro", uri=True, timeout=10)


def version(world: World) -> int:
    """The number of the last change that was committed; 0 before there is a database."""
    try:
        with closing(ledger(world)) as db:
            row = db.execute("SELECT version FROM counter").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(row[0]) if row else 0


def objects(world: World, kind: str) -> list[dict[str, Any]]:
    """All objects of a kind as they are stored; trials in the order of their suggestions."""
    with closing(ledger(world)) as db:
        rows = db.execute("SELECT body FROM objects WHERE kind = ?", (kind,)).fetchall()
    found = [json.loads(body) for (body,) in rows]
    return sorted(found, key=index) if kind == "Trial" else found


def index(trial: dict[str, Any]) -> int:
    """The number of the trial's suggestion."""
    return int(trial["metadata"]["annotations"][INDEX])


def settings(trial: dict[str, Any]) -> dict[str, str]:
    """Parameter -> value of a trial."""
    return {pair["name"]: pair["value"] for pair in trial["spec"]["parameterAssignments"]}


def live_programs(world: World) -> set[tuple[str, int]]:
    """Trial and process group of every program of the world that is alive just now."""
    return {(name, group) for name, group in _programs(world) if name}


def _programs(world: World) -> Iterator[tuple[str, int]]:
    for pid in world.running():
        try:
            said = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            group = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[2])
        except OSError:
            continue  # it ended just now
        for entry in said:
            if entry.startswith(b"KATIB_TRIAL_NAME="):
                yield entry.partition(b"=")[2].decode(), group


def lost(world: World, wanted: int) -> int:
    """How many of the wanted trials have not succeeded."""
    states = [trial["status"]["conditions"][-1]["type"] for trial in objects(world, "Trial")]
    return wanted - states.count("Succeeded")


def twice(world: World) -> int:
    """How many starts were one too many: of a trial whose process was not lost before."""
    starts = Counter(mark.trial for mark in marks(world) if mark.what == "start")
    for trial in objects(world, "Trial"):
        folder = world.home / "trials" / trial["metadata"]["namespace"] / trial["metadata"]["name"]
        ended = len(list(folder.glob("*/exit.json")))
        starts[trial["metadata"]["name"]] -= trial["status"]["attempts"] - ended + 1
    return sum(extra for extra in starts.values() if extra > 0)


def findings(world: World, wanted: int, *, lost: bool = False) -> list[str]:
    """What is wrong with an experiment that should have ended with `wanted` successes; best read whole.

    Args:
        world: Where it ran; nothing of it may run any more.
        wanted: Its maxTrialCount.
        lost: Supervisors were killed too, so attempts may have been lost and begun anew.
    """
    return [
        *_of_the_database(world),
        *_of_the_counts(world, wanted),
        *_of_the_starts(world, lost=lost),
        *_of_the_folders(world, lost=lost),
        *findings_of_values(world),
        *_of_the_best(world),
        *(f"still alive: {one}" for one in world.survivors()),
        *_of_munshi(world),
    ]


def _of_the_database(world: World) -> Iterator[str]:
    with closing(ledger(world)) as db:
        said = [row[0] for row in db.execute("PRAGMA integrity_check")]
        gone = db.execute("SELECT name FROM tombstones WHERE kind = 'Trial'").fetchall()
    if said != ["ok"]:
        yield f"the database is damaged: {said}"
    if gone:
        yield f"trials were created and deleted again: {gone}"


def _of_the_counts(world: World, wanted: int) -> Iterator[str]:
    found = objects(world, "Trial")
    if [index(trial) for trial in found] != list(range(wanted)):
        yield f"suggestions are not 0 to {wanted - 1}: {[index(trial) for trial in found]}"
    states = Counter(trial["status"]["conditions"][-1]["type"] for trial in found)
    if states != {"Succeeded": wanted}:
        yield f"not every trial has succeeded: {dict(states)}"
    (experiment,) = objects(world, "Experiment")
    status = experiment["status"]
    if (status["trials"], status["trialsSucceeded"]) != (wanted, wanted):
        yield f"the experiment counts otherwise: {status}"
    (suggestion,) = objects(world, "Suggestion")
    given = suggestion["status"]["suggestionCount"], suggestion["status"].get("suggestions", [])
    if given != (wanted, []):
        yield f"the suggestion counts otherwise: {given}"


def _of_the_starts(world: World, *, lost: bool) -> Iterator[str]:
    seen = marks(world)
    starts = Counter(mark.trial for mark in seen if mark.what == "start")
    ends = Counter(mark.trial for mark in seen if mark.what == "end")
    for trial in objects(world, "Trial"):
        name, attempts = trial["metadata"]["name"], trial["status"]["attempts"]
        began, ended = starts.pop(name, 0), ends.pop(name, 0)
        if attempts > 1 and not lost:
            yield f"{name} was begun {attempts} times though none of its processes was lost"
        if not (1 <= began <= attempts) or (began < attempts and not lost):
            yield f"{name} was started {began} times in {attempts} attempts"
        if not 1 <= ended <= began:
            yield f"{name} came to its end {ended} times after {began} starts"
    yield from (f"{name} was started, and no trial is called so" for name in starts)
    yield from _of_the_crowd(world, seen)


def _of_the_crowd(world: World, seen: list[Mark]) -> Iterator[str]:
    """At most parallelTrialCount at once. A lost start counts until its trial begins anew."""
    (experiment,) = objects(world, "Experiment")
    limit, alive = experiment["spec"]["parallelTrialCount"], set()
    for mark in seen:
        if mark.what == "start":
            alive.add(mark.trial)
        else:
            alive.discard(mark.trial)
        if len(alive) > limit:
            yield f"{len(alive)} programs at once at {mark.uptime_s}: {sorted(alive)}"


def _of_the_folders(world: World, *, lost: bool) -> Iterator[str]:
    """Every attempt has its own folder, and only a lost one has no outcome."""
    for trial in objects(world, "Trial"):
        name, uid = trial["metadata"]["name"], trial["metadata"]["uid"]
        attempts = trial["status"]["attempts"]
        folder = world.home / "trials" / trial["metadata"]["namespace"] / name
        there = sorted(path.name for path in folder.iterdir())
        if there != sorted(f"{uid[:8]}-{number + 1}" for number in range(attempts)):
            yield f"{name} has {attempts} attempts and the folders {there}"
            continue
        exits = [(folder / each / "exit.json").exists() for each in there]
        if not exits[-1] or (lost and any(exits[:-1])):
            yield f"{name}: of its attempts have an outcome: {exits}"
        elif json.loads((folder / there[-1] / "exit.json").read_text())["code"] != 0:
            yield f"{name} has succeeded with an exit code other than 0"


def findings_of_values(world: World) -> Iterator[str]:
    """Every value is known exactly once, and none of a lost attempt."""
    with closing(ledger(world)) as db:
        for trial in objects(world, "Trial"):
            name, uid = trial["metadata"]["name"], trial["metadata"]["uid"]
            beats = [value for (value,) in db.execute(_VALUES, (uid, "beat"))]
            if beats != BEATS:
                yield f"{name} reported the beats {beats}"
            scores = [value for (value,) in db.execute(_VALUES, (uid, "score"))]
            judged = {one["name"]: one for one in trial["status"]["observation"]["metrics"]}
            wanted = score(trial)
            if len(scores) != 1 or float(scores[0]) != wanted:
                yield f"{name} reported the scores {scores}, not {wanted}"
            if float(judged["score"]["latest"]) != wanted:
                yield f"{name} is judged by {judged['score']}, not {wanted}"


def beats(world: World) -> int:
    """How many beats are known by now."""
    with closing(ledger(world)) as db:
        said = (
            "SELECT count(*) FROM observation_logs JOIN series ON series = id WHERE metric = 'beat'"
        )
        return int(db.execute(said).fetchone()[0])


_VALUES = """
    SELECT value FROM observation_logs JOIN series ON observation_logs.series = series.id
    WHERE trial_uid = ? AND metric = ? ORDER BY arrival
"""


def score(trial: dict[str, Any]) -> float:
    """What its program reports: the digits of `x`, and those of `k` behind them."""
    given = settings(trial)
    return float(given["x"] + given["k"])


def _of_the_best(world: World) -> Iterator[str]:
    (experiment,) = objects(world, "Experiment")
    best = max(objects(world, "Trial"), key=score)  # the earliest of several
    said = experiment["status"]["currentOptimalTrial"]["bestTrialName"]
    if said != best["metadata"]["name"]:
        yield f"the best is said to be {said}, and is {best['metadata']['name']}"


def _of_munshi(world: World) -> Iterator[str]:
    """No bug of munshi's own was caught on the way."""
    if crashes := world.crashes():
        yield f"munshi crashed: {crashes}"
    for line in world.lines("home/munshi.log"):
        if "pass broke" in line or "pass failed" in line:
            yield f"munshi.log: {line}"
