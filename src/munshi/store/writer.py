"""The one thread that writes: whatever waits in the queue becomes one transaction, and one fsync.

A commit that reaches the disk costs milliseconds, whether it holds one write or two hundred; so the
writes that arrive while one commit is under way share the next (group commit). A write that is refused
(`Conflict`, `NotFound`, …) is refused alone, and what it did by then is undone (a savepoint each). When
a transaction breaks for any other reason, its writes are tried again one by one, so that one of them
cannot spoil the rest. `sqlite` owns the only Writer of a store; what a write *does* is a function.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine

from munshi.errors import MunshiError, StoreBusy
from munshi.store import failures

log = logging.getLogger("munshi.store")

S = TypeVar("S")
T = TypeVar("T")

_MOST = 256
"""Writes in one transaction; a batch of metric rows counts as one. A guess: some 50 ms of work."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[S, T]):
    work: Callable[[S], T]
    future: asyncio.Future[T]
    loop: asyncio.AbstractEventLoop

    def settle(self, outcome: T | BaseException) -> None:
        """Hand the outcome to the waiting loop, if it still waits."""
        try:
            self.loop.call_soon_threadsafe(self._settle_here, outcome)
        except RuntimeError:
            return  # the loop was closed: nobody is left to be told

    def _settle_here(self, outcome: T | BaseException) -> None:
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
            outcomes = self._transaction(jobs)
        except Exception as error:  # noqa: BLE001,RUF100 - whatever it is, nobody may wait for ever
            if len(jobs) > 1 and not isinstance(error, StoreBusy):
                for job in jobs:
                    self._attempt([job])
                return
            for job in jobs:
                job.settle(error)
            return
        # The answers first: they are owed whatever becomes of the watchers.
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.settle(outcome)
        try:
            self._committed()
        except Exception:
            log.exception("the watchers of %s were not woken; they look by themselves", self._path)

    def _transaction(self, jobs: Sequence[_Job[S, object]]) -> list[object]:
        with failures.in_plain_words(self._path), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                state = self._begin(connection)
                outcomes = [_refusal_or_result(connection, job.work, state) for job in jobs]
                self._end(state)
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                failures.roll_back(connection)
                raise
            return outcomes


def _refusal_or_result(connection: Connection, work: Callable[[S], object], state: S) -> object:
    connection.exec_driver_sql("SAVEPOINT one_write")
    try:
        return work(state)
    except MunshiError as refusal:
        connection.exec_driver_sql("ROLLBACK TO one_write")
        return refusal
    finally:
        connection.exec_driver_sql("RELEASE one_write")
