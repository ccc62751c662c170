"""Giving space back to the disk: less on it, the same in it."""

import asyncio
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.errors import StoreBusy, Terminal
from munshi.store import compact
from munshi.store.sqlite import SqlStore
from munshi.testing.logs import NOON
from munshi.testing.stores import a_trial, an_experiment


async def filled(path: Path) -> None:
    """A database of which most was deleted."""
    async with SqlStore.open(path, lambda: NOON, lambda: str(uuid.uuid4()), keep=1) as store:
        owner = await store.create(an_experiment("e"))
        names = [f"t{i}" for i in range(500)]
        await asyncio.gather(*(store.create(a_trial(name, owner=owner)) for name in names))
        await store.create(a_trial("kept"))
        await store.delete(Experiment, "default", "e")


def test_a_compact_file_is_smaller_and_whole(tmp_path: Path) -> None:
    """What is spare goes, what is kept stays; a file that is not there has nothing to give."""
    path = tmp_path / "x.db"
    assert (compact.size(path), compact.spare(path), compact.compact(path)) == (0, 0, 0)
    asyncio.run(filled(path))
    before, spare = compact.size(path), compact.spare(path)
    won = compact.compact(path)
    assert won == before - compact.size(path)
    assert 0 < won <= 2 * spare
    assert compact.spare(path) == 0

    async def look() -> None:
        async with SqlStore.open(path, lambda: NOON, lambda: "") as store:
            assert [trial.name for trial in await store.list(Trial)] == ["kept"]

    asyncio.run(look())


def test_a_file_in_use_or_damaged_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """StoreBusy while another program writes, Terminal for what is no database: sentences, both."""
    monkeypatch.setattr(compact, "PATIENCE", compact.PATIENCE / 100)
    path, text = tmp_path / "x.db", tmp_path / "text"
    asyncio.run(filled(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="locked"):
            compact.compact(path)
    text.write_text("not a database, but long enough to have a header of its own\n" * 20)
    for look in (compact.compact, compact.spare):
        with pytest.raises(Terminal, match="not a munshi database"):
            look(text)
