"""Rows of events: functions over a connection, for `sqlite` to run in its threads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select

from munshi.engine.ports import Event
from munshi.store.logs import EPOCH, nanoseconds
from munshi.store.tables import EVENTS

_EXPERIMENT = "SELECT 1 FROM objects WHERE kind = 'Experiment' AND uid = ?"


def record(connection: Connection, events: Sequence[Event], *, elsewhere: bool = False) -> None:
    """See `engine.ports.EventLog.record`; half a character in a message is written out, escaped.

    Events of an experiment that is deleted already are dropped: they would never be deleted again.

    Args:
        connection: Inside a transaction.
        events: In their order.
        elsewhere: Experiments are not kept in this database, so nobody can tell whether they are deleted.
    """
    uids = {event.experiment_uid for event in events}
    there = uids if elsewhere else {uid for uid in uids if _is_there(connection, uid)}
    rows = [
        {
            "experiment_uid": event.experiment_uid,
            "time_ns": nanoseconds(event.time),
            "kind": event.kind,
            "namespace": event.namespace,
            "name": event.name,
            "uid": event.uid,
            "reason": event.reason,
            "message": event.message.encode("utf-8", "backslashreplace").decode(),
            "warning": int(event.warning),
        }
        for event in events
        if event.experiment_uid in there
    ]
    if rows:
        connection.execute(insert(EVENTS), rows)


def read(connection: Connection, experiment_uid: str, name: str | None) -> list[Event]:
    """See `engine.ports.EventLog.events`."""
    columns = (
        EVENTS.c.time_ns, EVENTS.c.kind, EVENTS.c.namespace, EVENTS.c.name, EVENTS.c.uid,
        EVENTS.c.experiment_uid, EVENTS.c.reason, EVENTS.c.message, EVENTS.c.warning,
    )  # fmt: skip
    rows = select(*columns).where(EVENTS.c.experiment_uid == experiment_uid).order_by(EVENTS.c.id)
    if name is not None:
        rows = rows.where(EVENTS.c.name == name)
    return [
        Event(EPOCH + timedelta(microseconds=row.time_ns // 1_000), *row[1:-1], bool(row.warning))
        for row in connection.execute(rows)
    ]


def _is_there(connection: Connection, experiment_uid: str) -> bool:
    found = connection.exec_driver_sql(_EXPERIMENT, (experiment_uid,)).first()
    return found is not None


def forget(connection: Connection, experiment_uid: str) -> None:
    """Drop the events of a deleted Experiment."""
    connection.execute(delete(EVENTS).where(EVENTS.c.experiment_uid == experiment_uid))


def experiments(connection: Connection) -> list[str]:
    """The uids of all Experiments that have events."""
    return list(connection.scalars(select(EVENTS.c.experiment_uid).distinct()))
