"""Tables and ages as kubectl prints them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.cli import tables

SPANS = {
    "seconds are said up to two minutes": (119, "119s"),
    "then minutes and seconds": (130, "2m10s"),
    "whole minutes stand alone": (180, "3m"),
    "ten minutes need no seconds": (605, "10m"),
    "three hours begin the hours": (3 * 3600 + 120, "3h2m"),
    "eight hours need no minutes": (8 * 3600 + 600, "8h"),
    "two days begin the days": (5 * 86400 + 4 * 3600, "5d4h"),
    "eight days need no hours": (8 * 86400 + 3600, "8d"),
    "two years begin the years": (2 * 365 * 86400 + 86400, "2y1d"),
    "eight years need no days": (9 * 365 * 86400, "9y"),
    "a clock that is a little late is forgiven": (-1, "0s"),
    "a time in the future is not": (-5, "<invalid>"),
    "nothing is 0s": (0, "0s"),
}


@pytest.mark.parametrize(("seconds", "text"), SPANS.values(), ids=SPANS.keys())
def test_durations(seconds: int, text: str) -> None:
    """A span is said as Kubernetes' HumanDuration says it."""
    assert tables.duration(timedelta(seconds=seconds)) == text


def test_columns_are_three_blanks_apart() -> None:
    """Columns align, heads are upper case, empty cells are named, the last column is not padded."""
    text = tables.table(("name", "age"), [("a-long-name", "5s"), ("b", "")])
    assert text == "NAME          AGE\na-long-name   5s\nb             <none>\n"


def test_korean_takes_two_places() -> None:
    """Columns stay straight on the screen when a cell is Korean."""
    text = tables.table(("name", "x"), [("학습률", "1"), ("lr", "2")])
    assert text == "NAME     X\n학습률   1\nlr       2\n"


def test_a_cell_cannot_break_out() -> None:
    """Line breaks and escape sequences in a cell are shown, not obeyed."""
    text = tables.table(("message",), [("a\nb\x1b[31mred",)])
    assert text == "MESSAGE\na\\nb\\x1b[31mred\n"


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_a_row_is_a_line(rows: list[tuple[str, str]]) -> None:
    """Whatever stands in the cells, a table has one line a row and one for the head."""
    assert tables.table(("a", "b"), rows).count("\n") == len(rows) + 1
    assert len(tables.table(("a", "b"), rows).splitlines()) == len(rows) + 1


@given(st.text(), st.integers(1, 20))
def test_clipped_text_fits(text: str, size: int) -> None:
    """Clipped text is never wider than asked for."""
    assert tables.width(tables.clip(text, size)) <= size
