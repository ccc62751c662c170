"""Giving the space of deleted rows back to the disk; called by `munshi gc`, never by a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from munshi.store import sentences

PATIENCE = timedelta(seconds=2)
"""How long to wait for a database that another program is writing to."""


def size(path: Path) -> int:
    """Bytes of the database with its write-ahead log; 0 without one."""
    return sum(part.stat().st_size for part in _parts(path) if part.exists())


def spare(path: Path) -> int:
    """About how many bytes `compact` would give back."""
    if not path.exists():
        return 0
    with _opened(path) as database:
        (pages,) = database.execute("PRAGMA freelist_count").fetchone()
        (bytes_each,) = database.execute("PRAGMA page_size").fetchone()
    log = _parts(path)[1]
    return int(pages) * int(bytes_each) + (log.stat().st_size if log.exists() else 0)


def compact(path: Path) -> int:
    """Rewrite the file without its gaps; programs that read it go on meanwhile.

    Returns:
        How many bytes were given back; a file that is not there gives none.

    Raises:
        StoreBusy: Another program writes, or there is no room for the copy; nothing was changed.
        Terminal: The file is damaged or cannot be written.
    """
    if not path.exists():
        return 0
    before = size(path)
    with _opened(path) as database:
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return max(0, before - size(path))


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        database = sqlite3.connect(path, timeout=PATIENCE.total_seconds(), isolation_level=None)
        with closing(database):
            yield database
    except sqlite3.Error as error:
        code = str(getattr(error, "sqlite_errorname", ""))
        raise sentences.error_for(code, error, path) from error


def _parts(path: Path) -> tuple[Path, Path]:
    return path, path.with_name(f"{path.name}-wal")
