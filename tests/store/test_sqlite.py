"""SqlStore keeps the ports' contracts, and what a file shared by programs promises besides."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.engine.ports import EventLog, ObservationLog, Store
from munshi.errors import Invalid, NotFound, StoreBusy, Terminal
from munshi.metrics.observation import observe
from munshi.store.sqlite import SqlStore
from munshi.testing.events import EventLogContract
from munshi.testing.logs import NOON, NOON_NS, ObservationLogContract, a_value
from munshi.testing.logs import a_trial as a_reporter
from munshi.testing.stores import StoreContract, a_trial, an_experiment, heard, with_attempts


def opened(
    path: Path, keep: int = 1_000, busy_timeout: timedelta = timedelta(seconds=5)
) -> AbstractAsyncContextManager[SqlStore]:
    """A store on that file."""
    return SqlStore.open(
        path, lambda: NOON, lambda: str(uuid.uuid4()), keep=keep, busy_timeout=busy_timeout
    )


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Closing joins every thread the store made."""
    yield
    assert [t.name for t in threading.enumerate() if t.name.startswith("munshi-store")] == []


class TestSqlStore(StoreContract):
    """SqlStore against the suite of stores."""

    def opened(self, folder: Path, keep: int = 1_000) -> AbstractAsyncContextManager[Store]:
        """A new file."""
        return opened(folder / "munshi.db", keep)


class TestSqlLog(ObservationLogContract):
    """SqlStore against the suite of observation logs."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[ObservationLog]:
        """A new file."""
        return opened(folder / "munshi.db")


class TestSqlEvents(EventLogContract):
    """SqlStore against the suite of event logs."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[tuple[Store, EventLog]]:
        """A new file."""
        return _store_with_events(folder / "munshi.db")


@asynccontextmanager
async def _store_with_events(path: Path) -> AsyncIterator[tuple[Store, EventLog]]:
    async with opened(path) as store:
        yield store, store


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    """Objects, values and the version outlive the store."""
    path = tmp_path / "a folder" / "자료.db"

    async def story() -> None:
        async with opened(path) as store:
            trial = await store.create(a_trial("t"))
            await store.append(trial, [a_value("1", 1)], NOON)
        async with opened(path) as store:
            assert await store.get(Trial, "default", "t") == trial
            assert list(await store.read(trial.uid)) == [a_value("1", 1)]
            assert str(await store.version()) == trial.metadata.resource_version

    asyncio.run(story())


def test_deleting_an_experiment_drops_what_its_trials_reported(tmp_path: Path) -> None:
    """Gone means gone: the values go with their trial, and only those."""

    async def story() -> None:
        async with opened(tmp_path / "x.db") as store:
            owner = await store.create(an_experiment("e"))
            mine = await store.create(a_trial("mine", owner=owner))
            other = await store.create(a_trial("other"))
            for trial in (mine, other):
                await store.append(trial, [a_value("1", 1, at="out:0:0")], NOON)
            await store.delete(Experiment, "default", "e")
            assert list(await store.read(mine.uid)) == []
            assert await store.summarise(mine.uid, ["loss"]) == observe([], ["loss"])
            assert await store.append(mine, [a_value("1", 1, at="out:0:0")], NOON) == 1
            assert list(await store.read(other.uid)) == [a_value("1", 1, at="out:0:0")]

    asyncio.run(story())


def test_two_stores_on_one_file_see_each_other(tmp_path: Path) -> None:
    """A write of one is read, conflicted with and watched by the other."""

    async def story() -> None:
        async with opened(tmp_path / "x.db") as one, opened(tmp_path / "x.db") as two:
            watching = asyncio.create_task(heard(two, 0, 1))
            made = await one.create(a_trial("t"))
            assert [change.resource for change in await watching] == [made]
            assert await two.get(Trial, "default", "t") == made
            await asyncio.gather(
                *(store.create(a_trial(f"{i}")) for i, store in enumerate([one, two] * 50))
            )
            assert await one.version() == await two.version() == 101
            assert len(await one.list(Trial)) == 101

    asyncio.run(story())


def test_a_refused_write_is_refused_alone(tmp_path: Path) -> None:
    """Writes that share a commit with refused ones are kept."""

    async def story() -> None:
        async with opened(tmp_path / "x.db") as store:
            names = ["a", "b", "a", "c", "b", "d"]
            answers = await asyncio.gather(
                *(store.create(a_trial(name)) for name in names), return_exceptions=True
            )
            assert [isinstance(answer, Trial) for answer in answers] == [
                True, True, False, True, False, True,
            ]  # fmt: skip
            assert [trial.name for trial in await store.list(Trial)] == ["a", "b", "c", "d"]

    asyncio.run(story())


def test_a_write_that_breaks_does_not_spoil_its_neighbours(tmp_path: Path) -> None:
    """A value no column can hold fails its own caller, though it shares the transaction."""

    async def story() -> None:
        async with opened(tmp_path / "x.db") as store:
            trial = await store.create(a_trial("t"))
            broken = store.append(trial, [a_value("ok", 1), a_value("\ud800", 1)], NOON)
            made, failed, more = await asyncio.gather(
                store.create(a_trial("a")),
                broken,
                store.create(a_trial("b")),
                return_exceptions=True,
            )
            assert isinstance(made, Trial)
            assert isinstance(failed, Invalid)
            assert isinstance(more, Trial)
            assert {t.name for t in await store.list(Trial)} == {"t", "a", "b"}
            assert list(await store.read(trial.uid)) == []

    asyncio.run(story())


def test_a_locked_database_is_busy_and_recovers(tmp_path: Path) -> None:
    """While another program holds the lock writes are StoreBusy, reads go on; afterwards all is well."""
    path = tmp_path / "x.db"

    async def story() -> None:
        async with opened(path, busy_timeout=timedelta(milliseconds=10)) as store:
            trial = await store.create(a_trial("t"))
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(StoreBusy):
                    await store.replace_status(with_attempts(trial, 1))
                assert await store.get(Trial, "default", "t") == trial
                other.execute("ROLLBACK")
            assert (await store.replace_status(with_attempts(trial, 1))).status.attempts == 1

    asyncio.run(story())


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """Late callers get an answer, and a watch ends."""

    async def story() -> None:
        async with opened(tmp_path / "x.db") as store:
            watch = store.watch()
            trial = await store.create(a_trial("t"))
            assert (await anext(watch)).resource == trial
        with pytest.raises(StoreBusy):
            await store.get(Trial, "default", "t")
        with pytest.raises(StoreBusy):
            await store.create(a_trial("u"))
        with pytest.raises(StopAsyncIteration):
            await anext(watch)

    asyncio.run(story())


WRITER = """
import asyncio, sys, uuid
from datetime import UTC, datetime
from pathlib import Path
from munshi.metrics.observation import observe
from munshi.store.sqlite import SqlStore
from munshi.testing.stores import a_trial

async def main():
    now = datetime(2026, 1, 31, tzinfo=UTC)
    async with SqlStore.open(Path(sys.argv[1]), lambda: now, lambda: str(uuid.uuid4())) as store:
        async def one(writer):
            for i in range(100_000):
                trial = await store.create(a_trial(f"{writer}-{i}"))
                print(trial.name, flush=True)
        await asyncio.gather(*(one(writer) for writer in range(8)))

asyncio.run(main())
"""


def test_a_killed_writer_keeps_all_it_acknowledged(tmp_path: Path) -> None:
    """After kill -9 in the midst of writing every name that was printed is there, and the file is whole."""
    path = tmp_path / "x.db"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(200)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.read().split("\n")[:-1]
    assert all(said)

    async def story() -> None:
        async with opened(path) as store:
            there = {trial.name for trial in await store.list(Trial)}
            assert set(said) <= there
            assert await store.version() == len(there)

    asyncio.run(story())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


FLOOD = """
import asyncio, sys, uuid
from pathlib import Path
from munshi.store.sqlite import SqlStore
from munshi.testing.logs import NOON, NOON_NS, a_trial, a_value

async def main():
    async with SqlStore.open(Path(sys.argv[1]), lambda: NOON, lambda: str(uuid.uuid4())) as store:
        for start in range(0, 10**8, 1_000):
            places = range(start, start + 1_000)
            flood = [a_value(f"0.{i * 7919 % 1000}", NOON_NS + i, at=f"out:{i}:0") for i in places]
            await store.append(a_trial(), flood, NOON)
            print(start + 1_000, flush=True)

asyncio.run(main())
"""


def test_a_flood_cut_off_by_a_kill_goes_on_from_the_start(tmp_path: Path) -> None:
    """After kill -9 a second reading from the first byte ends with the rows and summary of one reading."""
    path = tmp_path / "x.db"
    process = subprocess.Popen(
        [sys.executable, "-c", FLOOD, str(path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(25)]
        os.kill(process.pid, signal.SIGKILL)
        said += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    count = said[-1] + 5_500
    flood = [a_value(f"0.{i * 7919 % 1000}", NOON_NS + i, at=f"out:{i}:0") for i in range(count)]

    async def story() -> None:
        async with opened(path) as store:
            known = (await store.summarise("uid-1", ["loss"])).metrics[0].count
            assert known >= said[-1]
            assert await store.append(a_reporter("uid-1"), flood, NOON) == count - known
            assert await store.append(a_reporter("uid-2"), flood, NOON) == count
            assert await store.summarise("uid-1", ["loss"]) == observe(flood, ["loss"])
            assert list(await store.read("uid-1")) == list(await store.read("uid-2"))

    asyncio.run(story())


def test_a_flood_costs_the_same_to_its_end(tmp_path: Path) -> None:
    """The tenth 20,000 values of a metric cost no more than the first, which are all kept."""

    async def story() -> float:
        costs = []
        async with opened(tmp_path / "x.db") as store:
            for start in range(0, 200_000, 20_000):
                places = range(start, start + 20_000)
                flood = [a_value("0.5", NOON_NS + i, at=f"out:{i}:0") for i in places]
                began = time.process_time()
                await store.append(a_reporter("uid-1"), flood, NOON)
                costs.append(time.process_time() - began)
        return min(costs[5:]) / costs[0]

    assert asyncio.run(story()) < 1.5


def test_a_read_only_folder_is_refused_with_advice(tmp_path: Path) -> None:
    """Terminal, naming the file."""
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    # The administrator may write anywhere but in the kernel's own folder.
    path = (Path("/proc") if os.geteuid() == 0 else folder) / "x.db"

    async def story() -> None:
        async with opened(path):
            raise AssertionError("it was opened")

    with pytest.raises(Terminal, match=r"x\.db"):
        asyncio.run(story())


def test_an_absent_object_is_named(tmp_path: Path) -> None:
    """NotFound says the kind, the namespace and the name."""

    async def story() -> None:
        async with opened(tmp_path / "x.db") as store:
            with pytest.raises(NotFound, match="Trial default/t"):
                await store.get(Trial, "default", "t")

    asyncio.run(story())
