"""The tables as the code of today sees them; `migrations` says how they came to be.

    objects            one row an object, its last form; `version` is its resourceVersion
    tombstones         the last form of what was deleted, for watches that look later
    counter            one row: the last version given, and the last deletion that was forgotten
    series             one row a metric of a trial: the exact summary of all its values
    observation_logs   one row a value that is kept (`series` says which); `place` counts the values of
                       its series as they came, `arrival` those of the whole trial
    marks              how far each source of a series was taken: what stands before is known
    events             one row an event; `id` is the order of recording

A test holds this file to what the migrations build.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

OBJECTS = Table(
    "objects",
    METADATA,
    Column("kind", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("uid", Text, nullable=False),
    Column("owner_uid", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("kind", "namespace", "name"),
    Index("objects_version", "version", unique=True),
    Index("objects_owner_uid", "owner_uid"),
)

TOMBSTONES = Table(
    "tombstones",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("uid", Text, nullable=False),
    Column("body", Text, nullable=False),
)

COUNTER = Table(
    "counter",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("forgotten", BigInteger, nullable=False),
)

SERIES = Table(
    "series",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("trial_uid", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("experiment", Text, nullable=False),
    Column("trial_name", Text, nullable=False),
    Column("arrivals", BigInteger, nullable=False),
    Column("stride", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("non_finite", BigInteger, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("first_place", BigInteger, nullable=False),
    Column("low", Text),
    Column("low_place", BigInteger, nullable=False),
    Column("high", Text),
    Column("high_place", BigInteger, nullable=False),
    Column("latest", Text),
    Column("latest_ns", BigInteger, nullable=False),
    Column("latest_place", BigInteger, nullable=False),
    UniqueConstraint("trial_uid", "metric", name="series_metric"),
)

OBSERVATION_LOGS = Table(
    "observation_logs",
    METADATA,
    Column("series", Integer, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("arrival", BigInteger, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("step", BigInteger),
    Column("value", Text, nullable=False),
    Column("origin", Text, nullable=False),
    PrimaryKeyConstraint("series", "place"),
    sqlite_with_rowid=False,
)

MARKS = Table(
    "marks",
    METADATA,
    Column("series", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("match", BigInteger, nullable=False),
    PrimaryKeyConstraint("series", "source"),
    sqlite_with_rowid=False,
)

EVENTS = Table(
    "events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("experiment_uid", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("uid", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("warning", Integer, nullable=False),
    Index("events_experiment", "experiment_uid", "id"),
)
