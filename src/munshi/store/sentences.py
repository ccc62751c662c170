"""SQLite's own words for what went wrong, as ours: what is wrong, with which file, what to do.

The codes are those of the SQLite library, whoever called it: `failures` asks here for SQLAlchemy,
`glance` for the standard library's driver.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from munshi.errors import MunshiError, StoreBusy, Terminal

_AGAIN = timedelta(seconds=1)


class NoSpace(StoreBusy):
    """The disk under the database is full: who can free some goes on after that."""


class Unwritable(Terminal):
    """The rights of the file, its folder or its disk allow no writing; reading may still work."""


def error_for(code: str, said: object, path: Path, *, reading: bool = False) -> MunshiError:
    """The error to raise for a failure of the database.

    Args:
        code: SQLite's name for it, e.g. `SQLITE_BUSY_SNAPSHOT`; empty when it has none.
        said: What the driver said, for what has no sentence here.
        path: The database file.
        reading: Nothing was to be written.
    """
    if (
        code == "SQLITE_IOERR_SHMSIZE"
    ):  # shared memory is a file beside the database: it is full, too
        code = "SQLITE_FULL"
    match code.split("_")[1] if code.startswith("SQLITE_") else "":
        case "BUSY" | "LOCKED":
            return StoreBusy(
                f"the database {path} is locked by another program; "
                "if that lasts, look who has it open (a backup, a database browser?)",
                _AGAIN,
            )
        case "FULL":
            return NoSpace(f"no space is left for the database {path}; free some", _AGAIN)
        case "IOERR":
            return StoreBusy(
                f"the disk failed under the database {path} ({code}); "
                "see that there is space and that the disk is well",
                _AGAIN,
            )
        case "READONLY" | "CANTOPEN" | "PERM" | "AUTH" if reading:
            return Terminal(
                f"the database {path} cannot be read; make the file and its folder readable for you"
            )
        case "READONLY" | "CANTOPEN" | "PERM" | "AUTH":
            return Unwritable(
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
            return Terminal(f"the database {path} refused: {said}")
