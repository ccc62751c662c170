"""A look at the objects of a database with the standard library alone, for commands that answer at once.

`munshi get` prints a table and is gone; loading SQLAlchemy and pydantic for it takes longer than
everything else it does. So here the rows that `objects` writes are read by sqlite3, and an object is
the plain dict of its wire form (camelCase, as `kubectl get -o json` shows it). Nothing is ever
written: the file is opened read-only, a missing one is empty, and one of an older schema is left to
`SqlStore`, which brings it forward. Several programs may write the file meanwhile.
"""

from __future__ import annotations

import builtins
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from munshi.store import revisions

T = TypeVar("T")
Document = dict[str, Any]
"""An object in wire form."""

_LIST = (
    "SELECT body FROM objects WHERE kind = ? AND namespace = coalesce(?, namespace) "
    "AND owner_uid = coalesce(?, owner_uid) ORDER BY namespace, name"
)
_GET = "SELECT body FROM objects WHERE kind = ? AND namespace = ? AND name = ?"
_CHANGES = """
    SELECT version, body, 0 FROM objects WHERE version > :since
    UNION ALL SELECT version, body, 1 FROM tombstones WHERE version > :since AND :since > 0
    UNION ALL SELECT -1, forgotten, 0 FROM counter
    ORDER BY 1
"""
PATIENCE = timedelta(seconds=5)


class _Older(Exception):
    """The file must be brought forward first."""


def open_glance(path: Path, patience: timedelta = PATIENCE) -> Glance | None:
    """Open a database for reading; to be closed, or used as a context manager.

    Args:
        path: The database file; a missing one is empty.
        patience: How long to wait for the locks of other programs.

    Returns:
        None when the file has an older schema: open it once with `SqlStore`, which brings it forward.

    Raises:
        Terminal: The file cannot be read, is damaged, another program's, or of a newer munshi.
        StoreBusy: It is locked.
    """
    glance = Glance(path, patience)
    try:
        glance.version()
    except _Older:
        return None
    return glance


class Glance:
    """The objects of one file as they are now; made by `open_glance`.

    Every call sees whatever was committed before it, unless it stands inside `standing_still`. All of
    them raise as `open_glance` does.
    """

    def __init__(self, path: Path, patience: timedelta) -> None:
        self._path = path
        self._patience_s = patience.total_seconds()
        self._opened: sqlite3.Connection | None = None

    def __enter__(self) -> Glance:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the file; twice is fine."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """For the length of the block all calls see one moment: `version` is that of `list`."""
        self._ask(lambda rows: rows.execute("BEGIN"), None)
        try:
            yield
        finally:
            if self._opened is not None and self._opened.in_transaction:
                self._opened.execute("COMMIT")

    def list(
        self, kind: str, namespace: str | None = None, owner_uid: str | None = None
    ) -> builtins.list[Document]:
        """All of a kind in (namespace, name) order; None means every namespace, every owner."""
        asked = (kind, namespace, owner_uid)
        return self._ask(lambda rows: [_read(body) for (body,) in rows.execute(_LIST, asked)], [])

    def each(
        self, kind: str, namespace: str | None = None, owner_uid: str | None = None
    ) -> Iterator[Document]:
        """As `list`, one by one: ten thousand at once cost five times the time and all the memory.

        What is written meanwhile is not seen.
        """
        asked = (kind, namespace, owner_uid)
        rows: Iterator[tuple[str]] = self._ask(lambda rows: rows.execute(_LIST, asked), iter(()))
        while found := self._ask(lambda _: next(rows, None), None):
            yield _read(found[0])

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """The object as last written; None when there is none."""
        found = self._ask(lambda rows: rows.execute(_GET, (kind, namespace, name)).fetchone(), None)
        return None if found is None else _read(found[0])

    def version(self) -> int:
        """The version of the last write, to ask for `changes` from; 0 for an empty file."""
        count = "SELECT version FROM counter"
        return self._ask(lambda rows: int(rows.execute(count).fetchone()[0]), 0)

    def changes(self, since: int) -> builtins.list[tuple[int, Document, bool]]:
        """What changed after a version, of all kinds, oldest first: version, last form, whether it is gone.

        Several changes of one object come as the last of them. Who asks from 0 knows nothing yet, and is
        told what is there. Costs microseconds when there is nothing.

        Raises:
            Gone: Deletions after `since` are forgotten; list again.
        """
        asked = {"since": since}
        rows: builtins.list[Any] = self._ask(lambda rows: list(rows.execute(_CHANGES, asked)), [])
        if rows and rows[0][1] > since > 0:
            from munshi.errors import Gone  # noqa: PLC0415 - as below: for bad days only

            raise Gone(f"deletions up to version {rows[0][1]} are no longer kept; list again")
        return [(version, _read(body), bool(gone)) for version, body, gone in rows[1:]]

    def _ask(self, question: Callable[[sqlite3.Connection], T], of_nothing: T) -> T:
        """The answer; `of_nothing` while there is no file, or nothing in it yet."""
        try:
            if self._opened is None:
                self._opened = _connect(self._path, self._patience_s)
            return of_nothing if self._opened is None else question(self._opened)
        except sqlite3.Error as error:
            self.close()
            code = str(getattr(error, "sqlite_errorname", ""))
            raise _refusal(code, error, self._path) from error


def _connect(path: Path, patience_s: float) -> sqlite3.Connection | None:
    """A connection to a file of today's schema; None when it is missing or empty."""
    if not path.exists():
        return None
    if not path.is_file():
        raise _refusal("SQLITE_CANTOPEN", "not a file", path)
    where = path.absolute().as_uri()
    try:
        connection = _checked(f"{where}?mode=ro", path, patience_s)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise
        # Readers of a WAL file keep shared memory beside it. Where nobody may write (another person's
        # home, a backup) there is none, and no writer either: the file alone is the whole truth.
        log = Path(f"{path}-wal")
        if log.exists() and log.stat().st_size:
            raise
        connection = _checked(f"{where}?immutable=1", path, patience_s)
    return connection


def _checked(uri: str, path: Path, patience_s: float) -> sqlite3.Connection | None:
    connection = sqlite3.connect(uri, uri=True, timeout=patience_s, isolation_level=None)
    try:
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        there = revisions.is_munshis({name for (name,) in named}, path)
        if there:
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if not revisions.is_newest(version and version[0], path):
                raise _Older
    except BaseException:
        connection.close()
        raise
    if there:
        return connection
    connection.close()
    return None


def _refusal(code: str, said: object, path: Path) -> Exception:
    from munshi.store import sentences  # noqa: PLC0415

    return sentences.error_for(code, said, path, reading=True)


def _read(body: str) -> Document:
    document: Document = json.loads(body)
    return document
