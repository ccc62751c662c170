"""What is left in $MUNSHI_HOME that nothing needs any more, and removing it.

Results are in the database and are never leftovers. Nothing is touched that a living process uses: not the
folder of a program that runs, nor anything of an experiment that some process drives.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.local import place, process
from munshi.local.home import Home
from munshi.store.sqlite import SqlStore

_ATTEMPT = re.compile(r"([0-9a-f]{8})-\d+(\.interrupted\.\d+)?")


class What(StrEnum):
    """Kinds of leftovers, in the words of a report: one, then several."""

    ORPHAN = "folder of a deleted trial"
    INTERRUPTED = "interrupted start"
    LOG = "completed trial's files"
    CRASH = "crash report"
    LOCK = "stale lock"


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that may go, and the bytes it takes on the disk."""

    what: What
    path: Path
    size: int


async def leftovers(
    home: Home, store: SqlStore, *, before: datetime | None = None, logs: bool = False
) -> list[Leftover]:
    """All that may go.

    Args:
        home: Where to look.
        store: What there is.
        before: Only what was last changed before that.
        logs: Also what completed trials ran and printed.
    """
    # Folders first: a trial is in the store before it has a folder, and what is seen here and not in the
    # store afterwards was deleted.
    attempts = list(_attempts(home.trials))
    locks = sorted((home.path / "locks").glob("*"))
    experiments = await store.list(Experiment)
    trials = {(one.namespace, one.name): one for one in await store.list(Trial)}
    driven = {
        (one.namespace, one.name) for one in experiments if home.is_driven(one.namespace, one.name)
    }
    found = [
        *_of_attempts(attempts, trials, driven, logs=logs),
        *((What.CRASH, path) for path in sorted(home.path.glob("crash-*.txt"))),
        *((What.LOCK, path) for path in locks if _is_stale(path, experiments)),
    ]
    return [
        Leftover(what, path, size(path))
        for what, path in found
        if before is None or _changed_before(path, before)
    ]


def is_in_use(home: Home) -> bool:
    """Whether any process drives an experiment of this home."""
    names = (path.name.partition(".") for path in (home.path / "locks").glob("*.*"))
    return any(home.is_driven(namespace, name) for namespace, _, name in names)


def remove(home: Home, one: Leftover) -> bool:
    """Remove it, unless it came into use meanwhile; says whether it is gone."""
    if one.what is What.LOCK:
        namespace, _, name = one.path.name.partition(".")
        with home.driving(namespace, name) as free:
            if free:
                one.path.unlink(missing_ok=True)
        return free
    if one.path.is_dir() and not one.path.is_symlink():
        if isinstance(process.inspect(one.path), process.Running):
            return False
        _remove_tree(one.path)
        _remove_empty(one.path.parent, home.trials)
        return not one.path.exists()
    one.path.unlink(missing_ok=True)
    return True


def size(path: Path) -> int:
    """Bytes that a file or folder takes on the disk; holes in files take none."""
    try:
        total = path.lstat().st_blocks * 512
        if path.is_dir() and not path.is_symlink():
            total += sum(size(Path(entry.path)) for entry in os.scandir(path))
    except OSError:
        return 0
    return total


def _attempts(trials: Path) -> Iterator[Path]:
    """Folders of starts; whatever else lies there is not ours to judge."""
    for path in sorted(trials.glob("*/*/*")):
        if _ATTEMPT.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            yield path


def _of_attempts(
    attempts: Iterable[Path],
    trials: dict[tuple[str, str], Trial],
    driven: Collection[tuple[str, str]],
    *,
    logs: bool,
) -> Iterator[tuple[What, Path]]:
    for path in attempts:
        namespace, name = path.parent.parent.name, path.parent.name
        trial = trials.get((namespace, name))
        if isinstance(process.inspect(path), process.Running):
            continue
        if trial is None or trial.uid[:8] != path.name[:8]:
            yield What.ORPHAN, path
        elif (namespace, trial.experiment_name) in driven:
            continue
        elif place.INTERRUPTED in path.name:
            yield What.INTERRUPTED, path
        elif logs and trial.is_completed:
            yield What.LOG, path


def _is_stale(lock: Path, experiments: Iterable[Experiment]) -> bool:
    """Whether no experiment has that name; one that is held is found out when it is removed."""
    return "." in lock.name and lock.name not in {f"{e.namespace}.{e.name}" for e in experiments}


def _changed_before(path: Path, when: datetime) -> bool:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC) < when
    except FileNotFoundError:
        return False


def _remove_empty(folder: Path, top: Path) -> None:
    """The trial's folder and its namespace's, once nothing is in them."""
    while folder != top and folder.is_relative_to(top):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _remove_tree(folder: Path) -> None:
    """A program may have closed folders to everybody, their owner included."""
    try:
        shutil.rmtree(folder)
    except PermissionError:
        for parent, folders, _ in os.walk(folder):
            for name in folders:
                below = Path(parent, name)
                if not below.is_symlink():
                    below.chmod(0o700)
        shutil.rmtree(folder)
