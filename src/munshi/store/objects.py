"""Rows of objects: functions over a connection, for `sqlite` to run in its threads.

Writing functions take a `Ledger`, the working state of one transaction: versions are counted there and
written once, at the end. A write that is refused half way is undone by `writer`. What the
object becomes is decided in `semantics`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, select

from munshi.api.decode import KINDS
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.trial import Trial
from munshi.errors import Gone, Terminal
from munshi.store import events, logs, semantics
from munshi.store.direct import driver
from munshi.store.semantics import Key
from munshi.store.tables import OBJECTS, TOMBSTONES

R = TypeVar("R", bound=Resource)

_MOST_KEPT = 20_000

_GET = "SELECT version, body FROM objects WHERE kind = ? AND namespace = ? AND name = ?"
_INSERT = """
    INSERT INTO objects (kind, namespace, name, uid, owner_uid, version, body)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE = """
    UPDATE objects SET owner_uid = ?, version = ?, body = ?
    WHERE kind = ? AND namespace = ? AND name = ?
"""
_DELETE = "DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?"
_OWNED = "SELECT kind, namespace, name FROM objects WHERE owner_uid = ?"
_COUNTER = "SELECT version, forgotten FROM counter"
_COUNT = "UPDATE counter SET version = ?, forgotten = ?"
_CHANGES = """
    SELECT version, kind, body, 0 AS gone FROM objects WHERE version > ?
    UNION ALL SELECT version, kind, body, 1 FROM tombstones WHERE version > ?
    UNION ALL SELECT -1, '', forgotten, 0 FROM counter
    ORDER BY version LIMIT ?
"""


class Shelf:
    """Objects that were read lately, by version: the database gives no version twice.

    Every pass of the engine lists an Experiment's trials; reading again only what changed makes that
    cheap. Filled from committed rows only, since the version of a lost transaction is given again.
    """

    def __init__(self) -> None:
        self._kept: dict[int, Resource] = {}

    def read(self, kind: type[R], version: int, body: str) -> R:
        """The object of a row, parsed unless it is kept."""
        known = self._kept.get(version)
        if isinstance(known, kind):
            return known
        read = _parsed(kind, body)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[version] = read
        return read

    def keep(self, written: R, before: str = "") -> R:
        """Keep what was just committed, in place of the version it was made from; hands it back."""
        if before:
            self._kept.pop(int(before), None)
        if len(self._kept) < _MOST_KEPT:
            self._kept[int(written.metadata.resource_version)] = written
        return written

    def peek(self, kind: type[R], version: int, body: str) -> R:
        """As `read`, but keeps nothing; for the writer's thread."""
        known = self._kept.get(version)
        return known if isinstance(known, kind) else _parsed(kind, body)


@dataclass(slots=True)
class Ledger:
    """One transaction's working state: the connection, the counter, and what is lent from outside."""

    connection: Connection
    version: int
    forgotten: int
    shelf: Shelf
    now: Callable[[], datetime]
    new_uid: Callable[[], str]
    keep: int
    deleted: bool = False
    run: sqlite3.Connection = field(init=False)
    _began_at: int = field(init=False)

    def __post_init__(self) -> None:
        self.run = driver(self.connection)
        self._began_at = self.version

    def close(self) -> None:
        """Forget the oldest tombstones and write the counter, if anything changed."""
        if self.deleted:
            last = select(TOMBSTONES.c.version).order_by(TOMBSTONES.c.version.desc())
            cut = self.connection.execute(last.limit(1).offset(self.keep)).scalar()
            if cut is not None:
                self.connection.execute(delete(TOMBSTONES).where(TOMBSTONES.c.version <= cut))
                self.forgotten = cut
        if self.version != self._began_at:
            self.run.execute(_COUNT, (self.version, self.forgotten))


def create(ledger: Ledger, resource: R) -> R:
    """See `engine.ports.Writer.create`."""
    key = semantics.key_of(resource)
    if _row(ledger.run, key) is not None:
        raise semantics.already_exists(key)
    new = semantics.created(
        resource, uid=ledger.new_uid(), version=ledger.version + 1, now=ledger.now()
    )
    body = semantics.body_of(new)
    ledger.version += 1
    row = (new.uid, semantics.owner_uid_of(new), ledger.version, body)
    ledger.run.execute(_INSERT, (*_named(key), *row))
    return new


def replace(ledger: Ledger, resource: R, change: Callable[[R, R, int], R]) -> R:
    """Write `change(stored, resource, version)`; see `engine.ports.Writer.replace`."""
    key = semantics.key_of(resource)
    stored = _stored(ledger, type(resource), key)
    new = change(stored, resource, ledger.version + 1)
    if new is stored:
        return stored
    body = semantics.body_of(new)
    ledger.version += 1
    row = (semantics.owner_uid_of(new), ledger.version, body)
    ledger.run.execute(_UPDATE, (*row, *_named(key)))
    return new


def remove(ledger: Ledger, key: Key, uid: str) -> None:
    """Delete the object, what it owns, what that owns, its trials' values and its events."""
    semantics.check_uid(key, _stored(ledger, KINDS[key.kind], key), uid)
    doomed = [key]
    while doomed:
        key = doomed.pop(0)
        found = _row(ledger.run, key)
        if found is None:
            continue  # two owners in a ring, and it went with the other
        stored = ledger.shelf.peek(KINDS[key.kind], *found)
        ledger.version += 1
        ledger.deleted = True
        ledger.run.execute(_DELETE, _named(key))
        row = {
            "version": ledger.version,
            "kind": key.kind,
            "namespace": key.namespace,
            "name": key.name,
            "uid": stored.uid,
            "body": semantics.text_of(semantics.last_form(stored, ledger.version)),
        }
        ledger.connection.execute(insert(TOMBSTONES), row)
        if isinstance(stored, Trial):
            logs.forget(ledger.connection, stored.uid)
        elif isinstance(stored, Experiment):
            events.forget(ledger.connection, stored.uid)
        doomed += [Key(*owned) for owned in ledger.run.execute(_OWNED, (stored.uid,))]


def get(connection: Connection, shelf: Shelf, kind: type[R], key: Key) -> R:
    """See `engine.ports.Reader.get`."""
    found = _row(driver(connection), key)
    if found is None:
        raise semantics.not_found(key)
    return shelf.read(kind, *found)


def find(
    connection: Connection,
    shelf: Shelf,
    kind: type[R],
    namespace: str | None,
    owner_uid: str | None,
) -> Sequence[R]:
    """See `engine.ports.Reader.list`."""
    rows = select(OBJECTS.c.version, OBJECTS.c.body).where(OBJECTS.c.kind == kind.__name__)
    if namespace is not None:
        rows = rows.where(OBJECTS.c.namespace == namespace)
    if owner_uid is not None:
        rows = rows.where(OBJECTS.c.owner_uid == owner_uid)
    found = connection.execute(rows.order_by(OBJECTS.c.namespace, OBJECTS.c.name))
    return [shelf.read(kind, row.version, row.body) for row in found]


def counter(connection: Connection) -> tuple[int, int]:
    """The last version given and the last deletion forgotten."""
    version, forgotten = driver(connection).execute(_COUNTER).fetchone()
    return version, forgotten


def changes(
    connection: Connection, shelf: Shelf, since: int, known: int, limit: int
) -> list[tuple[int, Resource, bool]]:
    """Up to `limit` changes after `since`, oldest first: version, object, whether it is gone.

    Args:
        connection: Where to read.
        shelf: What was read before.
        since: Changes up to here were seen.
        known: Deletions up to here do not matter to the watcher.
        limit: How many at once.

    Raises:
        Gone: A deletion that matters is forgotten.
    """
    asked = (since, max(since, known), limit + 1)
    head, *rows = driver(connection).execute(_CHANGES, asked).fetchall()
    forgotten = int(head[2])
    if forgotten > max(since, known):
        raise Gone(
            f"deletions up to version {forgotten} are no longer kept, the watch asks for those "
            f"after {max(since, known)}; list again"
        )
    return [
        (version, shelf.read(KINDS[kind], version, body), bool(gone))
        for version, kind, body, gone in rows
    ]


def _stored(ledger: Ledger, kind: type[R], key: Key) -> R:
    found = _row(ledger.run, key)
    if found is None:
        raise semantics.not_found(key)
    return ledger.shelf.peek(kind, *found)


def _row(run: sqlite3.Connection, key: Key) -> tuple[int, str] | None:
    """Version and body of the object; None when it is not there."""
    found: tuple[int, str] | None = run.execute(_GET, _named(key)).fetchone()
    return found


def _parsed(kind: type[R], body: str) -> R:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise Terminal(
            f"a stored {kind.__name__} cannot be read: {body[:200]}… "
            "Was it written by a newer munshi? pip install --upgrade munshi"
        ) from error


def _named(key: Key) -> tuple[str, str, str]:
    return key.kind, key.namespace, key.name
