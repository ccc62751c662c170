"""What may be removed from a home, and what may not."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from munshi.api.trial import Trial
from munshi.errors import StoreBusy, Terminal
from munshi.local import cleaning
from munshi.local.cleaning import Leftover, What
from munshi.store import compact
from munshi.testing.builders import a_trial, an_experiment, failed, running
from support.real_home import RealHome


@pytest.fixture
def real(tmp_path: Path) -> RealHome:
    """A home with one experiment, a completed and an active trial, each with a folder."""
    real = RealHome(tmp_path / "home")
    owner = real.holds(an_experiment())
    for at, fate in enumerate((failed(), running())):
        folder(real, real.owned(a_trial(f"e-{at}", fate), owner))
    return real


def folder(real: RealHome, trial: Trial, name: str = "") -> Path:
    """The folder of a start, with a log in it."""
    home = real.home.trials / trial.namespace / trial.name
    path = home / (name or f"{trial.uid[:8]}-1")
    path.mkdir(parents=True)
    (path / "log").write_text("words\n" * 1000)
    return path


def found(real: RealHome, before: datetime | None = None, logs: bool = False) -> list[Leftover]:
    """What may go."""
    return real.ask(lambda store: cleaning.leftovers(real.home, store, before=before, logs=logs))


def trial(real: RealHome, at: int) -> Trial:
    """A stored trial."""
    return real.get(a_trial(f"e-{at}"))


def test_nothing_is_left_over_at_first(real: RealHome) -> None:
    """Folders of trials that exist stay, whatever their state; so does what is not ours."""
    (real.home.trials / "default" / "e-0" / "notes-of-mine").mkdir()
    (real.home.path / "my.txt").write_text("mine")
    assert found(real) == []


CASES: dict[str, tuple[Callable[[RealHome], Path], What]] = {
    "a trial that was deleted": (
        lambda real: folder(real, a_trial("gone"), "0a1b2c3d-1"),
        What.ORPHAN,
    ),
    "an earlier trial of that name": (
        lambda real: folder(real, trial(real, 0), "00000000-3"),
        What.ORPHAN,
    ),
    "an interrupted start": (
        lambda real: folder(real, trial(real, 1), f"{trial(real, 1).uid[:8]}-1.interrupted.2"),
        What.INTERRUPTED,
    ),
    "a crash report": (
        lambda real: written(real.home.path / "crash-20260131T120000-7.txt"),
        What.CRASH,
    ),
    "the lock of a deleted experiment": (
        lambda real: written(real.home.path / "locks" / "default.gone"),
        What.LOCK,
    ),
}


def written(path: Path) -> Path:
    """A file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("words")
    return path


@pytest.mark.parametrize("case", CASES)
def test_leftovers_are_found_and_removed(real: RealHome, case: str) -> None:
    """Each with the bytes it takes; afterwards nothing is left over, and all else is there."""
    make, what = CASES[case]
    before = Counter(real.home.path.rglob("*"))
    path = make(real)
    [one] = found(real)
    assert (one.what, one.path) == (what, path)
    assert one.size > 0
    assert cleaning.remove(real.home, one)
    assert found(real) == []
    gone = before - Counter(real.home.path.rglob("*"))
    assert all(path.name.startswith("munshi.db-") for path in gone)
    assert not (real.home.trials / "default" / "gone").exists(), "empty folders go too"


def test_logs_only_when_asked(real: RealHome) -> None:
    """`logs` adds the folders of completed trials, never those of active ones."""
    [one] = found(real, logs=True)
    assert one.what is What.LOG
    assert one.path.parent.name == "e-0"


def test_only_what_is_old(real: RealHome) -> None:
    """`before` leaves younger leftovers alone."""
    path = CASES["an interrupted start"][0](real)
    assert found(real, before=datetime.now(UTC) - timedelta(hours=1)) == []  # noqa: TID251 - files' time
    os.utime(path, (0, 0))
    assert len(found(real, before=datetime.now(UTC) - timedelta(hours=1))) == 1  # noqa: TID251


def test_a_driven_experiment_is_left_alone(real: RealHome) -> None:
    """Of an experiment that a process drives nothing goes, and a held lock stays."""
    CASES["an interrupted start"][0](real)
    with real.home.driving("default", "e"):
        assert found(real, logs=True) == []
    with real.home.driving("default", "gone"):
        [one] = [one for one in found(real) if one.what is What.LOCK]
        assert not cleaning.remove(real.home, one)
        assert one.path.exists()


def test_a_lock_that_was_removed_is_no_lock(real: RealHome) -> None:
    """One who locked the removed file and one who locks the new file are never both drivers."""
    path = real.home.path / "locks" / "default.e"
    with real.home.driving("default", "e") as first:
        assert first
        path.unlink()
        with real.home.driving("default", "e") as second:
            assert second, "the file is another one"
            with real.home.driving("default", "e") as third:
                assert not third


def test_links_are_removed_and_not_followed(real: RealHome, tmp_path: Path) -> None:
    """A link in a trial's folder costs its target nothing."""
    path = CASES["a trial that was deleted"][0](real)
    mine = written(tmp_path / "precious")
    (path / "link").symlink_to(mine)
    (path / "folder").symlink_to(tmp_path)
    (real.home.trials / "default" / "gone" / "0a1b2c3d-9").symlink_to(tmp_path)
    [one] = found(real)
    assert cleaning.remove(real.home, one)
    assert mine.exists()


def test_the_database_is_compacted(real: RealHome) -> None:
    """Space of deleted objects is given back, while another program has the file open."""
    for at in range(300):
        real.holds(an_experiment(f"many-{at}", uid=f"uid-{at}"))

    async def delete_all() -> int:
        async with real.home.store() as store:
            for at in range(300):
                await store.delete(type(an_experiment()), "default", f"many-{at}")
            return compact.compact(real.home.path / "munshi.db")

    before = compact.size(real.home.path / "munshi.db")
    won = asyncio.run(delete_all())
    assert won > 0
    assert compact.size(real.home.path / "munshi.db") < before
    assert real.get(an_experiment()).name == "e"
    assert compact.compact(real.home.path / "nothing.db") == 0


def test_a_database_in_use_is_not_compacted(
    real: RealHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another program writes, it is a StoreBusy; a file that is no database is Terminal."""
    monkeypatch.setattr(compact, "PATIENCE", timedelta(milliseconds=10))
    path = real.home.path / "munshi.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            compact.compact(path)
    (real.home.path / "odd.db").write_bytes(b"words " * 1000)
    with pytest.raises(Terminal):
        compact.compact(real.home.path / "odd.db")
