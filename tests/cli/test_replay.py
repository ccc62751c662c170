"""`munshi replay`: what it prints of a comparison. The comparison itself is `reconcile`'s."""

from __future__ import annotations

import asyncio

import pytest

from munshi import algorithms
from munshi.algorithms import Pending, Reply, Request
from munshi.cli import replay
from munshi.cli.replay import Outcome
from munshi.errors import AlgorithmRefused
from munshi.reconcile.replay import Account, Difference, Given, Step
from munshi.space import Double, Space

LINE = Space((Double("x", 0.0, 1.0),))


def given(index: int, x: str = "0.5") -> Given:
    """Suggestion number `index` of experiment e."""
    return Given(f"e-{index}", index, {"x": x}, ())


def an_account(
    *points: str, gap: str = "", missing: int = 0, retried: tuple[str, ...] = ()
) -> Account:
    """An experiment that random search gave these, seeded with 1."""
    rows = tuple(given(index, x) for index, x in enumerate(points))
    request = Request(LINE, False, {}, 1, (), (), 0, len(rows))
    return Account("random", (Step(rows, request),), len(rows) + missing, gap, retried)


def drawn(count: int) -> list[str]:
    """What random search gives with seed 1."""
    request = Request(LINE, False, {}, 1, (), (), 0, count)
    return [point["x"] for point in algorithms.find("random").suggest(request).assignments]


class Directly:
    """A Suggester that asks here."""

    async def suggest(self, algorithm: str, request: Request) -> Reply:
        """Ask."""
        return algorithms.find(algorithm).suggest(request)


def outcome(account: Account) -> Outcome:
    """What comes of it."""
    return asyncio.run(replay.again(account, Directly()))


def test_what_agrees_is_one_line() -> None:
    """How many agree, and which algorithm gives the same again; nothing else is to be said."""
    found = outcome(an_account(*drawn(4)))
    assert replay.text(found) == "4 of 4 suggestions agree: random gives the same again\n"
    assert replay.notes(found) == []


def test_a_difference_shows_both_assignments() -> None:
    """Recorded and recomputed stand below each other, at the trial's name and number."""
    first, second, third = drawn(3)
    text = replay.text(outcome(an_account(first, "0.25", third)))
    assert text.splitlines() == [
        "2 of 3 suggestions agree",
        "TRIAL   SUGGESTION   WHAT         ASSIGNMENTS",
        "e-1     1            recorded     x=0.25",
        f"e-1     1            recomputed   x={second}",
    ]


def test_many_differences_are_not_all_shown() -> None:
    """Ten are; how many more there are, and how to see them, is said."""
    text = replay.text(outcome(an_account(*["0.25"] * 13)))
    assert text.count("recorded") == 10
    assert text.endswith("3 more that differ: add -o json\n")


def test_a_point_that_did_not_come_is_none() -> None:
    """What cannot be computed any more is told as such, for people and for programs."""
    found = Outcome(an_account("0.25"), 1, (Difference(given(0, "0.25"), None),))
    assert "recomputed   nothing" in replay.text(found)
    assert replay.entry(found)["differences"] == [  # type: ignore[index, call-overload]
        {"trial": "e-0", "index": 0, "recorded": {"x": "0.25"}, "recomputed": None}
    ]


def test_what_was_not_compared_is_said() -> None:
    """The sentence does not claim that all agree, and a note has the reason."""
    found = outcome(
        an_account(*drawn(2), gap="suggestion number 2 is not there any more", missing=2)
    )
    assert replay.text(found) == "2 of 4 suggestions agree\n"
    assert replay.notes(found) == [
        "2 suggestions were not compared: suggestion number 2 is not there any more"
    ]


def test_a_trial_that_ran_once_more_is_named_beside_a_difference() -> None:
    """Only there: it may be the reason."""
    assert replay.notes(outcome(an_account(*drawn(2), retried=("e-0",)))) == []
    [note] = replay.notes(outcome(an_account("0.25", "0.5", retried=("e-0",))))
    assert "e-0" in note


def test_programs_get_every_number() -> None:
    """`-o json` has the counts and each difference."""
    first, second = drawn(2)
    assert replay.entry(outcome(an_account("0.25", second, gap="lost", missing=1))) == {
        "algorithm": "random",
        "suggestions": 3,
        "agree": 1,
        "notCompared": 1,
        "differences": [
            {"trial": "e-0", "index": 0, "recorded": {"x": "0.25"}, "recomputed": {"x": first}}
        ],
    }


def test_an_algorithm_that_is_gone_is_refused() -> None:
    """A package that was uninstalled since is named by the registry's own sentence."""
    account = Account("gone", (Step((given(0),), Request(LINE, False, {}, 1, (), (), 0, 1)),), 1)
    with pytest.raises(AlgorithmRefused, match='"gone" is unknown'):
        outcome(account)


def test_pending_points_are_part_of_the_question() -> None:
    """What was handed out and not known is asked as pending, so a finite space is not walked twice."""
    space = Space((Double("x", 0.0, 1.0, 0.5),))
    pending = (Pending({"x": "0.0"}, 0), Pending({"x": "0.5"}, 1))
    step = Step((given(2, "1.0"),), Request(space, False, {}, 1, (), pending, 2, 1))
    assert outcome(Account("random", (step,), 1)).differences == ()
