"""Colours of a real run: on a terminal that wants them, and nowhere else."""

from __future__ import annotations

import re

import pytest

from journeys.stories import FOR_EVER, REPORT, experiment, written
from journeys.world import World
from support.terminal import command

pytestmark = pytest.mark.journey

_STYLE = re.compile(rb"\x1b\[[0-9;]*m")
_ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")
_XTERM = {"TERM": "xterm-256color"}
CASES: dict[str, tuple[dict[str, str], bool, bool]] = {
    "a terminal": ({}, True, True),
    "a terminal with NO_COLOR": ({"NO_COLOR": "1"}, True, False),
    "a terminal with both wishes": ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
    "a pipe": ({}, False, False),
    "a pipe with FORCE_COLOR": ({"FORCE_COLOR": "1"}, False, False),
}


@pytest.mark.parametrize(("env", "terminal", "coloured"), CASES.values(), ids=CASES.keys())
def test_a_run_is_coloured_where_it_may(
    world: World, env: dict[str, str], terminal: bool, coloured: bool
) -> None:
    """Progress is styled on a terminal unless NO_COLOR is set; in a pipe there is no escape at all."""
    name = written(world.path, experiment(REPORT, maxTrialCount=2))
    line = ("run", str(world.path / name))
    with command(*line, home=world.home, env={**_XTERM, **env}, terminal=terminal) as munshi:
        assert munshi.end() == 0
        said = munshi.out + (munshi.process.stderr.read() if munshi.process.stderr else b"")
    assert b"2/2" in said
    assert bool(_STYLE.search(said)) is coloured
    assert terminal or b"\x1b" not in said


def test_what_is_said_at_ctrl_c_stands_below_the_bar(world: World) -> None:
    """The live area is closed first: the sentence has a line of its own, and no bar is drawn behind it."""
    name = written(world.path, experiment(FOR_EVER))
    line = ("run", str(world.path / name))
    with command(*line, home=world.home, env=_XTERM, terminal=True) as munshi:
        munshi.until(b"2 running")
        munshi.interrupt()
        assert munshi.end() == 130
    before, _, sentence = munshi.out.rpartition(b"munshi: interrupted")
    assert _ESCAPE.sub(b"", before).endswith(b"\n"), before[-80:]
    assert b"running" not in sentence
    assert b"trials were stopped" in sentence
