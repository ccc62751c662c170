"""What the database complains of, in plain sentences: what is wrong, with which file, what to do.

Called wherever `store` touches the database; nobody outside this room sees an exception of SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from munshi.errors import MunshiError, StoreBusy, Terminal

_AGAIN = timedelta(seconds=1)


@contextmanager
def in_plain_words(path: Path) -> Iterator[None]:
    """Run a block of database work; its failures come out as `translated`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translated(error, path) from error


def translated(error: SQLAlchemyError, path: Path) -> MunshiError:
    """The error to raise instead, told apart by SQLite's own error code."""
    code = _code(error)
    match code.split("_")[1] if code.startswith("SQLITE_") else "":
        case "BUSY" | "LOCKED":
            return StoreBusy(
                f"the database {path} is locked by another program; "
                "if that lasts, look who has it open (a backup, a database browser?)",
                _AGAIN,
            )
        case "FULL":
            return StoreBusy(f"no space is left for the database {path}; free some", _AGAIN)
        case "IOERR":
            return StoreBusy(
                f"the disk failed under the database {path} ({code}); "
                "see that there is space and that the disk is well",
                _AGAIN,
            )
        case "READONLY" | "CANTOPEN" | "PERM" | "AUTH":
            return Terminal(
                f"the database {path} cannot be written; make the file and its folder writable "
                "for you, or choose another place"
            )
        case "NOTADB":
            return Terminal(
                f"{path} is not a munshi database; choose another place, or move the file away"
            )
        case "CORRUPT":
            return Terminal(
                f"the database {path} is damaged; move it away (with its -wal and -shm files) and "
                f"restore a backup, or rescue what can be read: sqlite3 {path.name} .recover"
            )
        case _:
            return Terminal(f"the database {path} refused: {error}")


def _code(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else None
    return str(getattr(cause, "sqlite_errorname", ""))
