"""Whether the witness of the other journeys would see it: what a good run leaves, forged in many ways."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from journeys import kills, retold, witness
from journeys.kills import TRIALS
from journeys.stories import written
from journeys.world import World

pytestmark = pytest.mark.journey


def start_again(world: World) -> None:
    """A program is started a second time after its end."""
    lines = world.lines(witness.MARKS)
    (world.path / witness.MARKS).write_text("\n".join([*lines, lines[0], lines[-1]]))


def start_all_at_once(world: World) -> None:
    """Every program begins before any other ends."""
    lines = sorted(world.lines(witness.MARKS), reverse=True)
    (world.path / witness.MARKS).write_text("\n".join(lines))


def lose_a_mark(world: World) -> None:
    """A trial is said to have succeeded whose program was never started."""
    lines = world.lines(witness.MARKS)
    gone = lines[0].split()[1]
    kept = [line for line in lines if gone not in line]
    (world.path / witness.MARKS).write_text("\n".join(kept))


def lose_an_outcome(world: World) -> None:
    """A trial has succeeded without a record."""
    next(world.home.glob("trials/*/*/*/exit.json")).unlink()


def begin_another_attempt(world: World) -> None:
    """There is a folder that no attempt accounts for."""
    folder = next(world.home.glob("trials/*/*/*"))
    (folder.parent / (folder.name[:-1] + "2")).mkdir()


def crash(world: World) -> None:
    """A bug was caught and written down."""
    (world.home / "crash-20260101T000000-1.txt").write_text("Traceback")


def edited(kind: str, change: Callable[[dict[str, Any]], object]) -> Callable[[World], None]:
    """Change the last object of a kind in the ledger."""

    def forge(world: World) -> None:
        body = witness.objects(world, kind)[-1]
        change(body)
        with contextlib.closing(sqlite3.connect(world.home / "munshi.db")) as db, db:
            db.execute(
                "UPDATE objects SET body = ? WHERE uid = ?",
                (json.dumps(body), body["metadata"]["uid"]),
            )

    return forge


def sql(text: str) -> Callable[[World], None]:
    """Change something else in the ledger."""

    def forge(world: World) -> None:
        with contextlib.closing(sqlite3.connect(world.home / "munshi.db")) as db, db:
            assert db.execute(text).rowcount == 1

    return forge


def other_settings(trial: dict[str, Any]) -> None:
    """The trial was given something that no algorithm had proposed."""
    trial["spec"]["parameterAssignments"][0]["value"] = "0.5"


def knows_the_future(trial: dict[str, Any]) -> None:
    """The trial's suggestion is said to have known a result that it cannot have known."""
    trial["metadata"]["annotations"][witness.NEWS] = trial["metadata"]["name"]


FORGERIES: dict[str, tuple[str, Callable[[World], None]]] = {
    "a trial is lost": (
        "are not 0 to",
        sql("DELETE FROM objects WHERE uid = (SELECT min(uid) FROM objects WHERE kind = 'Trial')"),
    ),
    "a trial has failed": (
        "not every trial",
        edited("Trial", lambda one: one["status"]["conditions"][-1].update(type="Failed")),
    ),
    "a trial was begun twice": (
        "begun 2 times",
        edited("Trial", lambda one: one["status"].update(attempts=2)),
    ),
    "one trial too few is counted": (
        "the experiment counts",
        edited("Experiment", lambda one: one["status"].update(trialsSucceeded=29)),
    ),
    "one suggestion too many was given": (
        "the suggestion counts",
        edited("Suggestion", lambda one: one["status"].update(suggestionCount=31)),
    ),
    "another one is called the best": (
        "the best is said",
        edited(
            "Experiment",
            lambda one: one["status"]["currentOptimalTrial"].update(bestTrialName="story"),
        ),
    ),
    "a value is kept twice": (
        "reported the beats",
        sql(
            "INSERT INTO observation_logs SELECT series, place + 1000, arrival + 1000, time_ns, step, "
            "value, origin FROM observation_logs WHERE series = "
            "(SELECT min(id) FROM series WHERE metric = 'beat') LIMIT 1"
        ),
    ),
    "a trial was withdrawn": (
        "deleted again",
        sql("INSERT INTO tombstones VALUES (1, 'Trial', 'default', 'x', 'x', '{}')"),
    ),
    "a suggestion has no explanation": ("retold", edited("Trial", other_settings)),
    "a suggestion knew the future": ("before they were begun", edited("Trial", knows_the_future)),
    "a program is started twice": ("was started 2 times", start_again),
    "too many run at once": ("programs at once", start_all_at_once),
    "a program was never started": ("was started 0 times", lose_a_mark),
    "an outcome is lost": ("have an outcome", lose_an_outcome),
    "an attempt is forgotten": ("and the folders", begin_another_attempt),
    "munshi has a bug": ("munshi crashed", crash),
}


def test_the_witness_finds_what_is_wrong(world: World) -> None:
    """Every forgery of what a good run leaves is found, and nothing is found in the good run."""
    made = kills.story("tpe")
    assert world.munshi("run", written(world.path, made)).code == 0
    assert witness.findings(world, TRIALS) + retold.findings(world) == []
    assert (witness.lost(world, TRIALS), witness.twice(world)) == (0, 0)
    for number, (what, (words, forge)) in enumerate(FORGERIES.items()):
        shutil.copytree(world.path, folder := world.path.with_name(f"forged-{number}"))
        forged = World(folder)
        forge(forged)
        found = witness.findings(forged, TRIALS) + retold.findings(forged)
        assert any(words in one for one in found), f"{what}: {found}"
