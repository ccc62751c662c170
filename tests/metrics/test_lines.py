"""Blocks of output into lines."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from munshi.metrics import lines

NAME = re.compile(b"loss")
OUTPUT = st.lists(st.sampled_from([b"loss", b"x", b"\n", b"\r", b" "])).map(b"".join)


@given(OUTPUT)
def test_finds_exactly_the_lines_that_hold_a_name(block: bytes) -> None:
    """The lines found are those of a plain split that mention the name, at their places."""
    plain, at = [], 0
    for line in block.replace(b"\r", b"\n").split(b"\n"):
        if b"loss" in line:
            plain.append((at, line))
        at += len(line) + 1
    assert list(lines.holding(block, NAME)) == plain


@given(OUTPUT)
def test_every_line_is_where_it_says(block: bytes) -> None:
    """All lines together are the block, each at its place."""
    assert all(block.startswith(line, at) for at, line in lines.every(block))
    assert b"".join(line for _, line in lines.every(block)) == block


def test_redraws_of_a_progress_bar_cost_no_more_than_lines() -> None:
    """A megabyte of carriage returns is read in linear time."""
    block = b"loss\r" * 200_000
    assert sum(1 for _ in lines.holding(block, NAME)) == 200_000


def test_a_long_line_is_read_up_to_its_last_whole_word() -> None:
    """The head of a long line never ends in half a number; a line at the limit is whole."""
    at_limit = b"y" * (lines.MAX_LINE - 7) + b" x=0.12"
    assert lines.head(at_limit) == at_limit
    assert lines.head(at_limit + b"3") == at_limit.removesuffix(b"0.12")


def test_removes_terminal_controls() -> None:
    """Colours, cursor moves, titles and links disappear; what they dress stays."""
    dressed = b"\x1b[1;31ma\x1b[0m\x1b[2K\x1b]8;;http://x\x1b\\b\x1b]0;t\x07c\x1bMd"
    assert lines.plain(dressed) == b"abcd"


def test_shows_pieces_short_and_printable() -> None:
    """A piece quoted in a sentence holds no control characters and is bounded."""
    assert lines.shown(b"a\x07b\xff") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    assert len(lines.shown(b"x" * 10_000, limit=40)) == 40
