"""SQLite's own driver, for the few statements that every trial runs.

Building a statement with SQLAlchemy, or only sending its text through it, costs some 60 µs; the driver
itself needs five, and the writes of one short trial are thirty statements. So what is done for each
trial (`writer`, `objects`, `logs`) goes straight to the driver's connection, which SQLAlchemy has opened
and keeps; whatever is done seldom stays in SQLAlchemy's words. This is for SQLite alone: a store on
another database has its own rows module, and shares `semantics`, `marks` and `series`.
"""

from __future__ import annotations

import sqlite3
from typing import cast

from sqlalchemy import Connection


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's connection, in autocommit; `failures` translates what it raises as well."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)
