"""What the database complains of, in plain sentences: what is wrong, with which file, what to do.

Called wherever `store` touches the database; nobody outside this room sees an exception of SQLAlchemy
or of the driver below it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from munshi.errors import MunshiError
from munshi.store import sentences


@contextmanager
def in_plain_words(path: Path) -> Iterator[None]:
    """Run a block of database work; its failures come out as `translated`."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise translated(error, path) from error


def translated(error: SQLAlchemyError | sqlite3.Error, path: Path) -> MunshiError:
    """The error to raise instead, told apart by SQLite's own error code."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return sentences.error_for(str(getattr(cause, "sqlite_errorname", "")), error, path)


def roll_back(connection: Connection) -> None:
    """End the transaction, unless SQLite did already (a full disk may make it)."""
    try:
        connection.exec_driver_sql("ROLLBACK")
    except SQLAlchemyError:
        connection.invalidate()
