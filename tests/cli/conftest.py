"""A home with whatever objects a test puts there, and a clock that stands still."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from munshi.cli import group, home
from support.cli_world import NOW, World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty home in place of $MUNSHI_HOME."""
    world = World(tmp_path)
    monkeypatch.setattr(home, "open_home", lambda: world)
    monkeypatch.setattr(home, "deleting", world.deleting)
    monkeypatch.setattr(home, "now", lambda: NOW)
    return world


class Munshi:
    """`munshi …` in this process; stdout and stderr apart."""

    def __call__(self, *words: str, given: bytes | None = None) -> Result:
        """Run one command line."""
        return CliRunner().invoke(group.munshi, list(words), prog_name="munshi", input=given)


@pytest.fixture
def munshi() -> Munshi:
    """The command line."""
    return Munshi()
