"""Rows of the observation log: functions over a connection, for `sqlite` to run in its threads.

A trial's output may hold millions of values. What is known already is passed over by `marks`, what is
kept of the rest is chosen by `series`; here both are loaded, asked and written back, a call being one
piece of the writer's transaction. Rows go in by the driver's own `executemany` (`direct`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from munshi.api.trial import Trial
from munshi.errors import FieldFault, Invalid
from munshi.metrics.log import MetricLog, Report
from munshi.metrics.observation import MetricSummary, Observation
from munshi.store import marks
from munshi.store.direct import driver
from munshi.store.marks import Place
from munshi.store.series import KEPT_VALUES, Series, Value
from munshi.store.tables import OBSERVATION_LOGS as LOGS
from munshi.store.tables import SERIES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**63 - 1

_FIELDS = Series.__slots__[1:]  # all but the id
_LOAD = f"SELECT metric, id, {', '.join(_FIELDS)} FROM series WHERE trial_uid = ?"  # noqa: S608 - constants
_MAKE = f"""
    INSERT INTO series (trial_uid, metric, namespace, experiment, trial_name, {", ".join(_FIELDS)})
    VALUES ({", ".join("?" * (5 + len(_FIELDS)))})
"""  # noqa: S608
_UPDATE = f"UPDATE series SET {', '.join(f'{field} = ?' for field in _FIELDS)} WHERE id = ?"  # noqa: S608
_MARK = "SELECT position, match FROM marks WHERE series = ? AND source = ?"
_SET_MARK = "INSERT OR REPLACE INTO marks (series, source, position, match) VALUES (?, ?, ?, ?)"
_KEEP = """
    INSERT INTO observation_logs (series, place, arrival, time_ns, step, value, origin)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_DROP = "DELETE FROM observation_logs WHERE series = ? AND place = ?"
_THIN = """
    DELETE FROM observation_logs
    WHERE series = ? AND place % ? != 0 AND place NOT IN (?, ?, ?, ?)
"""
_OURS = "series IN (SELECT id FROM series WHERE trial_uid = ?)"
_FORGET = (
    f"DELETE FROM observation_logs WHERE {_OURS}",  # noqa: S608 - constants
    f"DELETE FROM marks WHERE {_OURS}",  # noqa: S608
    "DELETE FROM series WHERE trial_uid = ?",
)


def append(
    connection: Connection,
    trial: Trial,
    logs: Sequence[MetricLog],
    arrived: datetime,
    most: int = KEPT_VALUES,
) -> int:
    """See `engine.ports.ObservationLog.append`; a value without an origin is always new.

    Args:
        connection: Inside a transaction, which must be undone when this raises.
        trial: Whose values they are.
        logs: As a collector handed them out.
        arrived: The date of the undated.
        most: How many values of one metric are kept (`series`).
    """
    try:
        return _Account(connection, trial, nanoseconds(arrived)).take(logs, most)
    except UnicodeEncodeError as error:
        problem = f"a value of {trial.name} holds half a character ({error})"
        raise Invalid([FieldFault((), problem, "report text in UTF-8")]) from error


def read(
    connection: Connection, trial_uid: str, metric: str | None, limit: int | None
) -> list[MetricLog]:
    """See `engine.ports.ObservationLog.read`; `limit` keeps the first ones."""
    columns = select(SERIES.c.metric, LOGS.c.value, LOGS.c.time_ns, LOGS.c.step, LOGS.c.origin)
    rows = columns.join_from(SERIES, LOGS, SERIES.c.id == LOGS.c.series)
    rows = rows.where(SERIES.c.trial_uid == trial_uid).order_by(LOGS.c.time_ns, LOGS.c.arrival)
    if metric is not None:
        rows = rows.where(SERIES.c.metric == metric)
    if limit is not None:
        rows = rows.limit(max(limit, 0))
    return [MetricLog(*row) for row in connection.execute(rows)]


def reports(connection: Connection, trial_uid: str, metric: str) -> list[Report]:
    """See `engine.ports.ObservationLog.reports`."""
    columns = select(LOGS.c.place, LOGS.c.value, LOGS.c.time_ns, LOGS.c.step, LOGS.c.origin)
    rows = columns.join_from(SERIES, LOGS, SERIES.c.id == LOGS.c.series).order_by(LOGS.c.place)
    rows = rows.where(SERIES.c.trial_uid == trial_uid, SERIES.c.metric == metric)
    found = connection.execute(rows)
    return [Report(place + 1, MetricLog(metric, *said)) for place, *said in found]


def summarise(connection: Connection, trial_uid: str, metrics: Sequence[str]) -> Observation:
    """See `engine.ports.ObservationLog.summarise`; one row a metric is read."""
    there = _series(connection, trial_uid)
    return Observation(
        tuple(
            there[name].summary(name) if name in there else MetricSummary(name)
            for name in dict.fromkeys(metrics)
        )
    )


def forget(connection: Connection, trial_uid: str) -> None:
    """See `engine.ports.ObservationLog.forget`."""
    for statement in _FORGET:
        driver(connection).execute(statement, (trial_uid,))


def trials(connection: Connection) -> list[str]:
    """The uids of all trials that have values."""
    return list(connection.scalars(select(SERIES.c.trial_uid).distinct()))


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970, without the rounding of floats."""
    return (moment - EPOCH) // timedelta(microseconds=1) * 1_000


class _Account:
    """What is known of one trial, for the length of one call."""

    def __init__(self, connection: Connection, trial: Trial, arrived_ns: int) -> None:
        self._run = driver(connection)
        self._trial = trial
        self._arrived_ns = arrived_ns
        self._series = _series(connection, trial.uid)
        self._marks: dict[tuple[str, str], Place] = {}
        self._new: dict[str, list[Value]] = {}

    def take(self, logs: Sequence[MetricLog], most: int) -> int:
        """Write what is new; how many that were."""
        count = self._sort_out(logs)
        for metric, values in self._new.items():
            self._write(self._known_or_made(metric), values, most)
        moved = [
            (self._series[metric].id, source, *place)
            for (metric, source), place in self._marks.items()
            if metric in self._new
        ]
        if moved:
            self._run.executemany(_SET_MARK, moved)
        return count

    def _sort_out(self, logs: Sequence[MetricLog]) -> int:
        """Gather the new values by metric and move the marks behind them."""
        arrival = began = sum(each.arrivals for each in self._series.values())
        for log in logs:
            if log.origin:
                source, place = marks.place_of(log.origin)
                account = (log.metric, source)
                mark = self._marks.get(account) or self._mark(*account)
                if place <= mark:
                    continue
                self._marks[account] = place
            time_ns = self._arrived_ns if log.time_ns is None else _bounded(log.time_ns)
            step = None if log.step is None else _bounded(log.step)
            self._new.setdefault(log.metric, []).append(
                (arrival, time_ns, step, log.value, log.origin)
            )
            arrival += 1
        return arrival - began

    def _mark(self, metric: str, source: str) -> Place:
        """Up to where the values of a source were taken; looked up once."""
        known = self._series.get(metric)
        row = known and self._run.execute(_MARK, (known.id, source)).fetchone()
        mark = (row[0], row[1]) if row else marks.NOWHERE
        self._marks[metric, source] = mark
        return mark

    def _known_or_made(self, metric: str) -> Series:
        if metric not in self._series:
            trial, empty = self._trial, Series(0)
            row = (trial.uid, metric, trial.namespace, trial.experiment_name, trial.name)
            made = self._run.execute(_MAKE, (*row, *(getattr(empty, each) for each in _FIELDS)))
            self._series[metric] = Series(made.lastrowid or 0)
        return self._series[metric]

    def _write(self, series: Series, values: Sequence[Value], most: int) -> None:
        chosen = series.take(values, most)
        if chosen.rows:
            self._run.executemany(_KEEP, chosen.rows)
        if chosen.thinned:
            self._run.execute(_THIN, (series.id, series.stride, *series.four()))
        elif chosen.dropped:
            self._run.executemany(_DROP, [(series.id, place) for place in chosen.dropped])
        self._run.execute(_UPDATE, (*(getattr(series, field) for field in _FIELDS), series.id))


def _series(connection: Connection, trial_uid: str) -> dict[str, Series]:
    """The trial's series by metric."""
    rows = driver(connection).execute(_LOAD, (trial_uid,))
    return {metric: Series(*fields) for metric, *fields in rows}


def _bounded(number: int) -> int:
    """What a 64-bit column can hold: a program may date its values in the year 9999."""
    return number if -_LARGEST <= number <= _LARGEST else max(-_LARGEST, min(number, _LARGEST))
