"""How long a changed count may wait for its write."""

from __future__ import annotations

from munshi.engine.thrift import Rest, Rests

IDLE = Rest(0.3, 3.0)


def test_the_first_change_waits_for_others() -> None:
    """After a long quiet a change waits for as long as changes are gathered, and the second one with it.

    A timer that rings a little early has rung.
    """
    rests = Rests[str]()
    assert round(rests.left_s("e", IDLE, 100.0), 6) == 0.3
    assert round(rests.left_s("e", IDLE, 100.2), 6) == 0.1
    assert rests.left_s("e", IDLE, 100.2995) == 0.0


def test_writes_stay_apart() -> None:
    """A change soon after a write waits until the two are far enough apart; a late one only for others."""
    rests = Rests[str]()
    rests.wrote("e", 100.0)
    assert rests.left_s("e", IDLE, 100.5) == 2.5
    rests.wrote("e", 103.0)
    assert round(rests.left_s("e", IDLE, 105.9), 6) == 0.3


def test_without_a_rest_nothing_waits() -> None:
    """Where nothing is gathered and no write was lately, the write is due now."""
    rests = Rests[str]()
    assert rests.left_s("e", Rest(0.0, 0.1), 100.0) == 0.0


def test_everything_rests_by_itself() -> None:
    """A write of one makes no other wait, and what was forgotten has never been written."""
    rests = Rests[str]()
    rests.wrote("e", 100.0)
    assert rests.left_s("f", Rest(0.0, 3.0), 100.0) == 0.0
    rests.forget("e")
    assert rests.left_s("e", Rest(0.0, 3.0), 100.0) == 0.0
