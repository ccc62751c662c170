"""The web of a home with an experiment: one that is only looked at, and one of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.real_home import RealHome
from support.web_world import Client, furnished, served


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that no test changes anything of."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("home")
        patch.setenv("MUNSHI_HOME", str(path))
        with served(furnished(path)) as client:
            yield client


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealHome:
    """A home of the test's own, as $MUNSHI_HOME."""
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    return furnished(tmp_path / "home")


@pytest.fixture
def client(home: RealHome) -> Iterator[Client]:
    """Its server."""
    with served(home) as client:
        yield client
