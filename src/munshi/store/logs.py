"""Rows of the observation log: functions over a connection, for `sqlite` to run in its threads.

A trial's output may hold a million values, so rows go in by the driver's own `executemany`, in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import Connection, bindparam, delete, select

from munshi.api.trial import Trial
from munshi.errors import FieldFault, Invalid
from munshi.metrics.log import MetricLog
from munshi.store.tables import OBSERVATION_LOGS as LOGS

_PIECE = 5_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**63 - 1

_INSERT = """
    INSERT OR IGNORE INTO observation_logs
    (trial_uid, namespace, experiment, trial_name, metric, time_ns, step, value, origin)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FORGET = delete(LOGS).where(LOGS.c.trial_uid == bindparam("uid"))

_Row = tuple[str, str, str, str, str, int, int | None, str, str | None]


def append(
    connection: Connection, trial: Trial, logs: Sequence[MetricLog], arrived: datetime
) -> int:
    """See `engine.ports.ObservationLog.append`; a value without an origin is always new."""
    new = 0
    rows = _rows(trial, logs, nanoseconds(arrived))
    try:
        while piece := list(islice(rows, _PIECE)):
            new += connection.exec_driver_sql(_INSERT, piece).rowcount
    except UnicodeEncodeError as error:
        problem = f"a value of {trial.name} holds half a character ({error})"
        raise Invalid([FieldFault((), problem, "report text in UTF-8")]) from error
    return new


def read(
    connection: Connection, trial_uid: str, metric: str | None, limit: int | None
) -> list[MetricLog]:
    """See `engine.ports.ObservationLog.read`; `limit` keeps the first ones."""
    columns = select(LOGS.c.metric, LOGS.c.value, LOGS.c.time_ns, LOGS.c.step, LOGS.c.origin)
    rows = columns.where(LOGS.c.trial_uid == trial_uid).order_by(LOGS.c.time_ns, LOGS.c.id)
    if metric is not None:
        rows = rows.where(LOGS.c.metric == metric)
    if limit is not None:
        rows = rows.limit(max(limit, 0))
    return [
        MetricLog(metric, value, time_ns, step, origin or "")
        for metric, value, time_ns, step, origin in connection.execute(rows)
    ]


def forget(connection: Connection, trial_uid: str) -> None:
    """See `engine.ports.ObservationLog.forget`."""
    connection.execute(_FORGET, {"uid": trial_uid})


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970, without the rounding of floats."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def _rows(trial: Trial, logs: Sequence[MetricLog], arrived_ns: int) -> Iterator[_Row]:
    whose = (trial.uid, trial.namespace, trial.experiment_name, trial.name)
    for log in logs:
        time_ns = arrived_ns if log.time_ns is None else _bounded(log.time_ns)
        step = None if log.step is None else _bounded(log.step)
        yield *whose, log.metric, time_ns, step, log.value, log.origin or None


def _bounded(number: int) -> int:
    """What a 64-bit column can hold: a program may date its values in the year 9999."""
    return number if -_LARGEST <= number <= _LARGEST else max(-_LARGEST, min(number, _LARGEST))
