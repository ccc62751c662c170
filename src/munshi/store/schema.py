"""Opening a database file: is it ours, of which version, and forward with it.

Called by `sqlite` once, before anything is read or written. A current file costs one small query and
never loads Alembic; an older one is brought forward under the database's own write lock, so that two
programs that open it at once do the work once; a newer one, or somebody else's, is refused untouched.
"""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from munshi.errors import MunshiError, Terminal
from munshi.store import failures, revisions, sentences

_WAL_TRIES = 50


def open_engine(path: Path, busy_timeout: timedelta, *, reading: bool = False) -> Engine:
    """Open the file, make it if need be, and bring it to the newest schema.

    Args:
        path: The database file; missing folders above it are made.
        busy_timeout: How long one statement waits for other programs' locks.
        reading: Nothing is to be written: a file of the newest schema that cannot be, because of its
            rights or a full disk, will do.

    Returns:
        An engine whose connections are in autocommit: transactions are begun and ended in words.

    Raises:
        Terminal: The file cannot be used; the message says what to do.
        StoreBusy: It is locked, or the disk is full.
    """
    try:
        return _for_writing(path, busy_timeout)
    except (sentences.Unwritable, sentences.NoSpace):
        found = _for_reading(path, busy_timeout) if reading else None
        if found is None:
            raise
        return found


def _for_writing(path: Path, busy_timeout: timedelta) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Terminal(
            f"the folder {path.parent} for the database cannot be made ({error.strerror}); "
            "choose another place"
        ) from error
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": busy_timeout.total_seconds()},
    )
    event.listen(engine, "connect", _prepare_connection)
    try:
        with failures.in_plain_words(path), engine.connect() as connection:
            if not _is_current(connection, path):
                _upgrade(connection, path)
            _use_wal(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _for_reading(path: Path, busy_timeout: timedelta) -> Engine | None:
    """An engine that writes nothing, the file's shared memory included; None where that fails.

    As in `glance`: with the shared memory that a writer has left beside the file, or, where there is
    neither that nor anything in the write-ahead log, of the file alone.
    """
    log = Path(f"{path}-wal")
    ways = [{"mode": "ro"}]
    if path.is_file() and not (log.exists() and log.stat().st_size):
        ways.append({"immutable": "1"})
    for way in ways:
        engine = create_engine(
            URL.create("sqlite", database=path.absolute().as_uri(), query={**way, "uri": "true"}),
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": busy_timeout.total_seconds()},
        )
        try:
            with failures.in_plain_words(path), engine.connect() as connection:
                if _is_current(connection, path):
                    return engine
        except MunshiError:
            pass  # the next way; after the last, what kept us from writing is the better answer
        engine.dispose()
    return None


def _prepare_connection(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    """Every commit reaches the disk: measured at 4 % of the throughput, and it loses nothing."""
    connection.execute("PRAGMA synchronous=FULL").close()


def _is_current(connection: Connection, path: Path) -> bool:
    """Whether the schema is the newest known.

    Raises:
        Terminal: It is newer than that, or the file belongs to another program.
    """
    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    if not revisions.is_munshis(set(found.scalars()), path):
        return False
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revisions.is_newest(version, path)


def _upgrade(connection: Connection, path: Path) -> None:
    """Run the missing steps, all or none of them, unless somebody else just did."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        if not _is_current(connection, path):
            _run_alembic(connection)
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        failures.roll_back(connection)
        raise


def _run_alembic(connection: Connection) -> None:
    """Alembic takes a quarter of a second to load, so only those who need it do."""
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "munshi.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _use_wal(connection: Connection) -> None:
    """Readers and the writer do not wait for each other in WAL mode; a file keeps the mode.

    A file system without shared memory stays in its old mode, which is slower and as safe.
    SQLite does not wait for locks on this one statement, so the wait is asked for by taking one.
    """
    for attempt in range(_WAL_TRIES):
        try:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except OperationalError:
            if attempt == _WAL_TRIES - 1:
                raise
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("COMMIT")
        else:
            return
