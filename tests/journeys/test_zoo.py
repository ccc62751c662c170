"""The zoo of programs, seen through `munshi run`: each trial ends, says why, and troubles nobody else.

What a supervisor makes of the same animals is tested in tests/local/process.
"""

from __future__ import annotations

import json

import pytest

from journeys import zoo
from journeys.stories import FOR_EVER, ONCE, UNTIL_OPEN, experiment, written
from journeys.world import World, wait_until
from journeys.zoo import DEADLINE_S, GRACE_S, MOST_MEMORY, ZOO, Animal, folder_of, last, visit
from support.command import ROOT

pytestmark = pytest.mark.journey
PAGE = ROOT / "docs" / "programs.md"
BEGIN, END = "<!-- the tables begin -->\n", "<!-- the tables end -->\n"


@pytest.fixture(scope="module")
def ordinary_peak(tmp_path_factory: pytest.TempPathFactory) -> int:
    """The greatest size of munshi, in bytes, when all three programs are healthy."""
    world = World(tmp_path_factory.mktemp("ordinary"))
    seen = visit(world, zoo.sh("", "echo score=0.5", "", "0.5"))
    assert seen.code == 0
    return seen.peak


@pytest.mark.parametrize("animal", ZOO.values(), ids=ZOO)
def test_zoo(world: World, animal: Animal, ordinary_peak: int) -> None:
    """One terminal state, one clear message; munshi stays small and the others succeed."""
    seen = visit(world, animal)
    assert seen.code == 0, "one bad trial of three is not the experiment's failure"
    assert seen.end["type"] == animal.state, seen.end
    assert seen.said == animal.says
    assert seen.score == animal.score
    assert animal.words in seen.words.splitlines() or not animal.words, seen.words
    assert [last(one)["type"] for one in seen.others] == ["Succeeded"] * 2
    assert seen.peak < ordinary_peak + MOST_MEMORY
    assert not world.survivors()


def test_the_deaf_are_gone_within_grace_and_two_seconds(world: World) -> None:
    """From the deadline on, a program that ignores TERM has its grace and 2 s, with all it forked."""
    seen = visit(world, ZOO["ignores TERM"])
    ended = json.loads((folder_of(world, seen.trial) / "exit.json").read_text())
    assert (ended["reason"], ended["signal"]) == ("deadline", 9)
    took_s = (ended["ended_ns"] - ended["started_ns"]) / 1e9
    assert DEADLINE_S + GRACE_S <= took_s < DEADLINE_S + GRACE_S + 2


def test_the_deaf_are_ended_by_a_stop(world: World) -> None:
    """`munshi stop` of an experiment ends programs and daemons that ignore TERM."""
    flee = "setsid sh -c \"trap '' TERM; while :; do sleep 1; done\" &"
    pod = {"terminationGracePeriodSeconds": GRACE_S}
    name = written(world.path, experiment("trap '' TERM", flee, ONCE, FOR_EVER, pod=pod))
    run = world.start("run", name)
    wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
    assert world.munshi("stop", "story").code == 0
    run.wait()
    assert world.outcomes() == {"Killed": 2}
    assert not world.survivors()


def test_nothing_guards_trials_from_each_other(world: World) -> None:
    """Programs run as the user: what one writes into another's log counts as the other's, as documented."""
    forge = f"""
until [ $(ls "$MUNSHI_HOME"/trials/default/*/*/log | wc -l) = 3 ]; do sleep 0.01; done
for log in "$MUNSHI_HOME"/trials/default/*/*/log; do echo score=9 >> "$log"; done
touch "{world.path}/gate"
echo score=0.5
"""
    patient = f"{zoo.SHELL}{UNTIL_OPEN}\necho score=0.25\n"
    seen = visit(world, zoo.sh("", forge, "", "0.5"), healthy=patient)
    assert seen.score == ("0.5", "9", "0.5")
    assert [zoo.score_of(one) for one in seen.others] == [("0.25", "9", "0.25")] * 2
    assert "nothing keeps trials apart" in PAGE.read_text("utf-8")


def test_the_page_is_true() -> None:
    """The tables of docs/programs.md are those of the cases above.

    `PYTHONPATH=tests python -c "from journeys import zoo; print(zoo.page())"` makes them anew.
    """
    text = PAGE.read_text("utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == zoo.page()
