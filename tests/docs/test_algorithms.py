"""The page of each algorithm has its settings as the code has them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from munshi.algorithms import early_stopping, registry
from munshi.algorithms.settings import Setting, Word

PAGES = Path(__file__).resolve().parents[2] / "docs" / "algorithms"
SETTINGS: dict[str, tuple[Setting | Word, ...]] = {
    **{name: registry.find(name).settings for name in registry.known()},  # type: ignore[attr-defined]
    **{name: early_stopping.find(name).settings for name in early_stopping.known()},  # type: ignore[attr-defined]
}
_HEAD = "| setting | what may be written | default | meaning |"


def table(name: str) -> list[tuple[set[str], str, str]]:
    """The rows of a page's table of settings: spellings, limits, default."""
    _, head, after = (PAGES / f"{name}.md").read_text("utf-8").partition(_HEAD)
    assert head, f"{name}.md has no table of settings"
    lines = after.partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert all(len(row) == 4 and row[3] for row in cells)
    return [(set(re.findall(r"`([^`]+)`", row[0])), row[1], row[2]) for row in cells]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_settings_are_those_of_the_code(name: str) -> None:
    """Each setting stands in the table with its spellings, limits and default, and no other does."""
    assert table(name) == [
        (
            {setting.name, *setting.aliases},
            setting.limits,
            setting.default_text,
        )
        for setting in SETTINGS[name]
    ]


@pytest.mark.parametrize("name", SETTINGS)
def test_each_page_says_when_to_use_it(name: str) -> None:
    """A page is titled by the name as it is written, says when to use it, and is linked to."""
    text = (PAGES / f"{name}.md").read_text("utf-8")
    assert text.startswith(f"# `{name}`: ")
    assert "**When to use it.**" in text
    assert f"({name}.md)" in (PAGES / "README.md").read_text("utf-8")
