"""The tables as the code of today sees them; `migrations` says how they came to be.

    objects            one row an object, its last form; `version` is its resourceVersion
    tombstones         the last form of what was deleted, for watches that look later
    counter            one row: the last version given, and the last deletion that was forgotten
    observation_logs   one row a reported value; `id` is the order of arrival

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

OBSERVATION_LOGS = Table(
    "observation_logs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("trial_uid", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("experiment", Text, nullable=False),
    Column("trial_name", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("step", BigInteger),
    Column("value", Text, nullable=False),
    Column("origin", Text),
    UniqueConstraint("trial_uid", "origin", name="observation_logs_origin"),
    Index("observation_logs_order", "trial_uid", "metric", "time_ns", "id"),
)
