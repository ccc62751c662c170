"""Files that an earlier munshi wrote are brought forward with all that is in them."""

import asyncio
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from munshi.api.trial import Trial
from munshi.metrics.log import MetricLog
from munshi.metrics.observation import observe
from munshi.store import semantics
from munshi.store.glance import open_glance
from munshi.store.sqlite import SqlStore
from munshi.testing.logs import NOON, NOON_NS, a_value
from munshi.testing.stores import a_trial

_INSERT_LOG = """
    INSERT INTO observation_logs
    (trial_uid, namespace, experiment, trial_name, metric, time_ns, step, value, origin)
    VALUES (?, 'default', 'e', 't', ?, ?, ?, ?, ?)
"""


def written_at(revision: str, path: Path) -> None:
    """An empty file as that schema had it."""
    config = Config()
    config.set_main_option("script_location", "munshi.store:migrations")
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def fill_0001(path: Path, trial: Trial, logs: Sequence[tuple[str, MetricLog]]) -> None:
    """One trial, and values of trials by uid, in the order they came."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO objects VALUES ('Trial', 'default', 't', ?, '', 1, ?)",
            (trial.uid, semantics.body_of(trial)),
        )
        connection.execute("UPDATE counter SET version = 1")
        connection.executemany(
            _INSERT_LOG,
            [
                (uid, log.metric, log.time_ns, log.step, log.value, log.origin or None)
                for uid, log in logs
            ],
        )
        connection.commit()


def test_values_of_the_first_schema_are_summed_up(tmp_path: Path) -> None:
    """Objects, values, order, summaries and what is known of each source survive; a flood is thinned.

    The values came from two trials in turn, dated and all of one moment, with and without origins.
    """
    path = tmp_path / "x.db"
    trial = semantics.created(a_trial("t"), uid="uid-1", version=1, now=NOON)
    ours = [
        a_value("nan", NOON_NS, "loss", "out:0:0"),
        a_value("3", NOON_NS, "acc", "out:0:1"),
        a_value("0.50", NOON_NS, "loss", "out:40:0"),
        a_value("genotype", NOON_NS, "acc"),
        a_value(".5", NOON_NS - 1, "loss", "out:80:0"),
    ]
    flood = [a_value(f"0.{i}", NOON_NS + i, "loss", f"out:{i * 9}:0") for i in range(25_000)]
    mixed = [("uid-1", log) for log in ours[:3]] + [("uid-2", log) for log in flood]
    written_at("0001", path)
    fill_0001(path, trial, [*mixed, *(("uid-1", log) for log in ours[3:])])

    async def story() -> None:
        assert open_glance(path) is None
        async with SqlStore.open(path, lambda: NOON, lambda: str(uuid.uuid4())) as store:
            assert await store.get(Trial, "default", "t") == trial
            assert list(await store.read("uid-1")) == [ours[4], *ours[:4]]
            assert await store.summarise("uid-1", ["acc", "loss"]) == observe(ours, ["acc", "loss"])
            assert await store.append(trial, [ours[0], ours[1], ours[2], ours[4]], NOON) == 0
            more = [a_value("9", NOON_NS, "loss", "out:120:0"), a_value("8", NOON_NS, "acc")]
            assert await store.append(trial, more, NOON) == 2
            assert list(await store.read("uid-1")) == [ours[4], *ours[:4], *more]
            assert await store.summarise("uid-2", ["loss"]) == observe(flood, ["loss"])
            kept = await store.read("uid-2")
            assert len(kept) < 10_005
            other = trial.model_copy(
                update={"metadata": trial.metadata.model_copy(update={"uid": "uid-2"})}
            )
            assert await store.append(other, flood, NOON) == 0
            assert list(await store.read("uid-2")) == list(kept)

    asyncio.run(story())
    with closing(sqlite3.connect(path)) as connection:
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert "old_logs" not in {name for (name,) in named}


def test_a_file_brought_forward_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    """Whichever way a file came to be, its schema is the same."""

    def schema_of(path: Path) -> list[tuple[str, str]]:
        async def story() -> None:
            async with SqlStore.open(path, lambda: NOON, lambda: str(uuid.uuid4())):
                pass

        asyncio.run(story())
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(
                "SELECT name, sql FROM sqlite_master ORDER BY name"
            ).fetchall()

    written_at("0001", tmp_path / "old.db")
    assert schema_of(tmp_path / "old.db") == schema_of(tmp_path / "new.db")
