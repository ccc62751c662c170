"""A home with whatever objects a test puts there, and a clock that stands still."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from munshi.cli import group, home
from support.cli_world import NOW, World, a_suggestion, a_trial, an_experiment, condition
from support.ledger import Ledger

FIRST = a_trial("random-a1", "Succeeded", accuracy="0.91")
SECOND = a_trial("random-b2", "Running")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty home in place of $MUNSHI_HOME."""
    world = World(tmp_path)
    monkeypatch.setattr(home, "open_home", lambda: world)
    monkeypatch.setattr(home, "look", world.look)
    monkeypatch.setattr(home, "trials", lambda: world.path / "trials")
    monkeypatch.setattr(home, "delete", world.delete)
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


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an Experiment, its Suggestion and two Trials, to be copied."""
    path = tmp_path_factory.mktemp("written")
    random = an_experiment("random", condition("Running"))
    Ledger(path).put(random, a_suggestion(), FIRST, SECOND)
    return path


@pytest.fixture
def ledger(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A home of the test's own with those objects."""
    home_ = tmp_path / "home"
    shutil.copytree(written, home_)
    monkeypatch.setenv("MUNSHI_HOME", str(home_))
    return Ledger(home_)
