"""The one thread that writes: whatever waits in the queue becomes one transaction, and one fsync.

A commit that reaches the disk costs milliseconds, whether it holds one write or two hundred; so the
writes that arrive while one commit is under way share the next (group commit). A write that is refused
(`Conflict`, `NotFound`, …) is refused alone, and what it did by then is undone: the transaction is begun
anew with a savepoint for each, which most never need. When one breaks for any other reason, its writes are
tried again one by one, so that one of them cannot spoil the rest. `sqlite` owns the only Writer of a
store; what a write *does* is a function.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine

from munshi.errors import MunshiError, StoreBusy
from munshi.store import failures
from munshi.store.direct import driver
from munshi.store.sentences import NoSpace

log = logging.getLogger("munshi.store")

S = TypeVar("S")
T = TypeVar("T")

_MOST = 256
"""Writes in one transaction; a batch of metric rows counts as one. A guess: some 50 ms of work."""


_Do: TypeAlias = Callable[[sqlite3.Connection, Callable[[S], object], S], object]


class _Refused(Exception):
    """A write was refused in a transaction that could not undo it alone."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[S, T]):
    work: Callable[[S], T]
    future: asyncio.Future[T]
    loop: asyncio.AbstractEventLoop

    def settle(self, outcome: T | BaseException) -> None:
        """Hand the outcome to who waits, if anybody still does; called in the loop's thread."""
        if self.future.done():
            return
        if isinstance(outcome, BaseException):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class Writer(Generic[S]):
    """Takes writes from any event loop and makes them durable, in order.

    Args:
        engine: Its connections are in autocommit.
        path: The file, for messages.
        begin: Makes a transaction's working state from the connection, just after BEGIN.
        end: Writes what is left of that state, just before COMMIT.
        committed: Called in the writer's thread after each commit.
    """

    def __init__(
        self,
        engine: Engine,
        path: Path,
        begin: Callable[[Connection], S],
        end: Callable[[S], None],
        committed: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._path = path
        self._begin = begin
        self._end = end
        self._committed = committed
        self._queue: queue.SimpleQueue[_Job[S, object] | None] = queue.SimpleQueue()
        self._closed = False
        self._connection: Connection | None = None  # the thread's own
        self._thread = threading.Thread(target=self._work, name="munshi-store-writer")
        self._thread.start()

    async def do(self, work: Callable[[S], T]) -> T:
        """Run `work` inside a transaction; returns its result once that is on the disk.

        A caller that is cancelled may or may not have written, as after a lost answer.

        Raises:
            MunshiError: What `work` raised, or what the database complained of.
        """
        if self._closed:
            raise StoreBusy(f"the database {self._path} is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Job(work, future, loop))  # type: ignore[arg-type] # one queue, many results
        return await future

    def close(self) -> None:
        """Finish what is queued and end the thread; blocks until both are done."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        last = False
        while not last:
            jobs, last = self._take()
            if jobs:
                self._attempt(jobs)
        self._hang_up()

    def _take(self) -> tuple[list[_Job[S, object]], bool]:
        """All that waits, up to `_MOST`, and whether the end was among it; waits for the first."""
        jobs: list[_Job[S, object]] = []
        item = self._queue.get()
        while item is not None:
            jobs.append(item)
            if len(jobs) == _MOST:
                return jobs, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _attempt(self, jobs: Sequence[_Job[S, object]]) -> None:
        try:
            try:
                outcomes = self._transaction(jobs, _result)
            except _Refused:
                outcomes = self._transaction(jobs, _refusal_or_result)
        except Exception as error:  # noqa: BLE001,RUF100 - whatever it is, nobody may wait for ever
            if isinstance(error, NoSpace):
                self._begin_the_log_anew()
            if len(jobs) > 1 and not isinstance(error, StoreBusy):
                for job in jobs:
                    self._attempt([job])
                return
            _answer([(job, error) for job in jobs])
            return
        # The answers first: they are owed whatever becomes of the watchers.
        _answer(list(zip(jobs, outcomes, strict=True)))
        try:
            self._committed()
        except Exception:
            log.exception("the watchers of %s were not woken; they look by themselves", self._path)

    def _transaction(self, jobs: Sequence[_Job[S, object]], do: _Do[S]) -> list[object]:
        with failures.in_plain_words(self._path):
            if self._connection is None:
                self._connection = self._engine.connect()
            connection, run = self._connection, driver(self._connection)
            try:
                run.execute("BEGIN IMMEDIATE")
                state = self._begin(connection)
                outcomes = [do(run, job.work, state) for job in jobs]
                self._end(state)
                run.execute("COMMIT")
            except BaseException as error:
                failures.roll_back(connection)
                if not isinstance(error, _Refused):
                    self._hang_up()
                raise
            return outcomes

    def _begin_the_log_anew(self) -> None:
        """Move what the write-ahead log holds into the database, so that the next write grows neither.

        SQLite does so by itself at 4 MB, which a full disk may never let the log reach.
        """
        with (
            contextlib.suppress(MunshiError),
            failures.in_plain_words(self._path),
            self._engine.connect() as connection,
        ):
            driver(connection).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _answer(answers: Sequence[tuple[_Job[S, object], object]]) -> None:
    """Hand all outcomes over; a loop is woken once, for waking it costs more than most writes."""
    for loop in {job.loop for job, _ in answers}:
        try:
            loop.call_soon_threadsafe(_settle, [one for one in answers if one[0].loop is loop])
        except RuntimeError:
            continue  # the loop was closed: nobody is left to be told


def _settle(answers: Sequence[tuple[_Job[S, object], object]]) -> None:
    for job, outcome in answers:
        job.settle(outcome)


def _result(_: sqlite3.Connection, work: Callable[[S], object], state: S) -> object:
    try:
        return work(state)
    except MunshiError as refusal:
        raise _Refused from refusal


def _refusal_or_result(run: sqlite3.Connection, work: Callable[[S], object], state: S) -> object:
    run.execute("SAVEPOINT one_write")
    try:
        return work(state)
    except MunshiError as refusal:
        run.execute("ROLLBACK TO one_write")
        return refusal
    finally:
        run.execute("RELEASE one_write")
