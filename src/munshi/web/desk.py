"""The one thread that reads documents: SQLite's connections belong to threads, and so does what is read.

Answers are also written and compressed there, so that the event loop stays free for those who watch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from munshi.web.ledger import Ledger
from munshi.web.ports import Glance

T = TypeVar("T")


class Desk:
    """A `Ledger` behind a thread.

    Args:
        glance: Makes the way to the documents, in the thread.
    """

    def __init__(self, glance: Callable[[], Glance]) -> None:
        self._make = glance
        self._ledger: Ledger | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="munshi-web")

    async def ask(self, question: Callable[[Ledger], T]) -> T:
        """Ask the ledger something; raises what the question raises."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._answer, question
        )

    def close(self) -> None:
        """Let go of the database and end the thread; waits for the question it is at."""
        if self._ledger is not None:
            self._thread.submit(self._ledger.close)
        self._thread.shutdown(cancel_futures=False)

    def _answer(self, question: Callable[[Ledger], T]) -> T:
        if self._ledger is None:
            self._ledger = Ledger(self._make())
        return question(self._ledger)
