"""The first tables: objects, tombstones, the version counter, the observation log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the tables and the counter's only row."""
    op.create_table(
        "objects",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("uid", sa.Text, nullable=False),
        sa.Column("owner_uid", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("kind", "namespace", "name"),
    )
    op.create_index("objects_version", "objects", ["version"], unique=True)
    op.create_index("objects_owner_uid", "objects", ["owner_uid"])
    op.create_table(
        "tombstones",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("uid", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    counter = op.create_table(
        "counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("forgotten", sa.BigInteger, nullable=False),
    )
    op.execute(sa.insert(counter).values(id=1, version=0, forgotten=0))
    op.create_table(
        "observation_logs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("trial_uid", sa.Text, nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("trial_name", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("step", sa.BigInteger),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("origin", sa.Text),
        sa.UniqueConstraint("trial_uid", "origin", name="observation_logs_origin"),
    )
    op.create_index(
        "observation_logs_order", "observation_logs", ["trial_uid", "metric", "time_ns", "id"]
    )
