"""Pages that are programs: every line of Python on them is run, and prints what the page says."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"study.md": 15}
"""Page -> the fewest examples it has."""


@pytest.mark.parametrize(("page", "fewest"), PAGES.items(), ids=PAGES)
def test_what_a_page_shows_happens(page: str, fewest: int) -> None:
    """The Python lines of the page, run in order, print what stands below them."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, page, f"docs/{page}", 0)
    heard: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=heard.append)
    assert result.failed == 0, "".join(heard)
    assert result.attempted >= fewest
