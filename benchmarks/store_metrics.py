"""How fast reported values are kept, thinned and summed up.

    python benchmarks/store_metrics.py [--values 1000000]

The reference, measured in the same run on the same disk: the same rows into a plain table by sqlite3's
`executemany`, in transactions of the same size, without marks, summaries or thinning.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from munshi.api.meta import ObjectMeta
from munshi.api.trial import Trial
from munshi.metrics.log import MetricLog
from munshi.metrics.observation import observe
from munshi.store.sqlite import SqlStore

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
BATCH = 5_000
KEPT = 10_000


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=1_000_000)
    count = parser.parse_args().values
    print(f"{'what':44}{'reference':>14}{'munshi':>14}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), count))


async def measure(folder: Path, count: int) -> None:
    """All rows of the table."""
    flood = series("loss", count)
    many = [log for i in range(count // KEPT // 10) for log in series(f"metric-{i}", KEPT)]
    plain = rate(len(many), lambda: plain_sqlite(folder, many))
    async with SqlStore.open(
        folder / "munshi.db", lambda: NOON, lambda: str(uuid.uuid4())
    ) as store:

        async def keep(name: str, logs: Sequence[MetricLog], batch: int = BATCH) -> None:
            for at in range(0, len(logs), batch):
                await store.append(a_trial(name), logs[at : at + batch], NOON)

        async def again(name: str) -> None:
            for _ in range(200):
                await store.summarise(name, ["loss"])

        row("values, every one kept", plain, await rates(len(many), keep("many", many)))
        row("a flood of one metric", plain, await rates(count, keep("flood", flood)))
        row("the same read again after a crash", plain, await rates(count, keep("flood", flood)))
        one_by_one = flood[:2_000]
        slow = rate(len(one_by_one), lambda: plain_sqlite(folder, one_by_one, 1))
        row("one value a call", slow, await rates(2_000, keep("slow", one_by_one, 1)))
        folded = rate(10, lambda: [observe(flood[:KEPT], ["loss"]) for _ in range(10)])
        row(
            f"summaries (reference: folds of {KEPT:,} values)",
            folded,
            await rates(200, again("flood")),
        )
    size = (folder / "munshi.db").stat().st_size / 2**20
    print(f"{len(many) + 2 * KEPT + 2_000:,} rows at most: {size:.1f} MiB on disk")


def row(what: str, reference: float, ours: float) -> None:
    """One line: items a second of both, and their ratio."""
    print(f"{what:44}{reference:>12,.0f}/s{ours:>12,.0f}/s{ours / reference:>8.2f}")


def rate(count: int, work: Callable[[], object]) -> float:
    """Items a second, the better of two runs."""
    best = float("inf")
    for _ in range(2):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return count / best


async def rates(count: int, work: Awaitable[None]) -> float:
    """Items a second; the store remembers, so there is one run."""
    began = time.perf_counter()
    await work
    return count / (time.perf_counter() - began)


def series(metric: str, count: int) -> list[MetricLog]:
    """What a reader of standard output hands over."""
    start = 1_769_860_800_000_000_000
    return [
        MetricLog(metric, f"0.{i}", start + i * 1_000_000, i, f"stdout:{i * 24}:0")
        for i in range(count)
    ]


def a_trial(name: str) -> Trial:
    """A trial whose uid is its name."""
    return Trial(metadata=ObjectMeta(namespace="default", name=name, uid=name))


def plain_sqlite(folder: Path, logs: Sequence[MetricLog], batch: int = BATCH) -> None:
    """The reference: rows into a table with one index, every commit on the disk."""
    path = folder / f"plain-{uuid.uuid4()}.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE logs (trial, metric, time_ns, step, value, origin)")
        connection.execute("CREATE INDEX logs_order ON logs (trial, metric, time_ns)")
        for at in range(0, len(logs), batch):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?)",
                [
                    ("uid", log.metric, log.time_ns, log.step, log.value, log.origin)
                    for log in logs[at : at + batch]
                ],
            )
            connection.execute("COMMIT")


if __name__ == "__main__":
    main()
