"""Floods of values are thinned beside an exact summary; events are kept.

The values of before are summed up and thinned as if they came today, in the order they came.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any

import sqlalchemy as sa
from alembic import op

from munshi.store import marks
from munshi.store.series import KEPT_VALUES, Series

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PIECE = 5_000


def upgrade() -> None:
    """Build the new tables, move the values over, and drop their old table."""
    op.rename_table("observation_logs", "old_logs")
    series, logs, places = _build()
    _move(op.get_bind(), series, logs, places)
    op.drop_table("old_logs")


def _build() -> tuple[sa.Table, sa.Table, sa.Table]:
    series = op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("trial_uid", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("trial_name", sa.Text, nullable=False),
        sa.Column("arrivals", sa.BigInteger, nullable=False),
        sa.Column("stride", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("non_finite", sa.BigInteger, nullable=False),
        sa.Column("first_ns", sa.BigInteger, nullable=False),
        sa.Column("first_place", sa.BigInteger, nullable=False),
        sa.Column("low", sa.Text),
        sa.Column("low_place", sa.BigInteger, nullable=False),
        sa.Column("high", sa.Text),
        sa.Column("high_place", sa.BigInteger, nullable=False),
        sa.Column("latest", sa.Text),
        sa.Column("latest_ns", sa.BigInteger, nullable=False),
        sa.Column("latest_place", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("trial_uid", "metric", name="series_metric"),
    )
    logs = op.create_table(
        "observation_logs",
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("arrival", sa.BigInteger, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("step", sa.BigInteger),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("series", "place"),
        sqlite_with_rowid=False,
    )
    places = op.create_table(
        "marks",
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("match", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("series", "source"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("experiment_uid", sa.Text, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("uid", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("warning", sa.Integer, nullable=False),
    )
    op.create_index("events_experiment", "events", ["experiment_uid", "id"])
    return series, logs, places


def _move(
    connection: sa.Connection, series_table: sa.Table, logs: sa.Table, places: sa.Table
) -> None:
    """Every old value into its series; only one piece is held at a time, however many there are."""
    rows = connection.exec_driver_sql(
        "SELECT trial_uid, metric, namespace, experiment, trial_name, "
        "row_number() OVER (PARTITION BY trial_uid ORDER BY id) - 1, time_ns, step, value, origin "
        "FROM old_logs ORDER BY trial_uid, metric, id"
    )
    for number, (_, values) in enumerate(groupby(rows, key=lambda row: row[:2]), 1):
        series, sources = Series(number), dict[str, marks.Place]()
        whose: tuple[Any, ...] = ()
        for piece in _pieces(values):
            whose = piece[0][:5]
            chosen = series.take([(*row[5:9], row[9] or "") for row in piece], KEPT_VALUES)
            _keep(connection, logs, series, chosen.rows, chosen.dropped, thinned=chosen.thinned)
            for origin in (row[9] for row in piece if row[9]):
                source, place = marks.place_of(origin)
                sources[source] = max(place, sources.get(source, marks.NOWHERE))
        names = ("trial_uid", "metric", "namespace", "experiment", "trial_name")
        state = {field: getattr(series, field) for field in Series.__slots__}
        connection.execute(sa.insert(series_table), dict(zip(names, whose, strict=True)) | state)
        found = [
            {"series": number, "source": source, "position": place[0], "match": place[1]}
            for source, place in sources.items()
        ]
        if found:
            connection.execute(sa.insert(places), found)


def _pieces(values: Iterator[Any]) -> Iterator[list[Any]]:
    while piece := list(islice(values, _PIECE)):
        yield piece


def _keep(
    connection: sa.Connection,
    logs: sa.Table,
    series: Series,
    rows: list[tuple[Any, ...]],
    dropped: list[int],
    *,
    thinned: bool,
) -> None:
    if rows:
        names = [column.name for column in logs.columns]
        connection.execute(sa.insert(logs), [dict(zip(names, row, strict=True)) for row in rows])
    ours = sa.delete(logs).where(logs.c.series == series.id)
    off_stride = logs.c.place % series.stride != 0
    if thinned:
        connection.execute(ours.where(off_stride, logs.c.place.not_in(series.four())))
    elif dropped:
        connection.execute(ours.where(logs.c.place.in_(dropped)))
