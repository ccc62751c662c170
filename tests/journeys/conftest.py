"""The real `munshi` command with a home of its own, and the promise that nothing outlives its test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from journeys.world import World
from support.command import Munshi


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home, a folder to work in, and commands; afterwards no process of theirs may be left."""
    here = World(tmp_path)
    try:
        yield here
        here.wait_for_commands()
        left = here.survivors()
        assert not left, f"these outlived their test: {left}"
    finally:
        here.clear()


@pytest.fixture
def munshi(world: World) -> Munshi:
    """Runs a command of the test's world to its end."""
    return world.munshi
