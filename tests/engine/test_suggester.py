"""The suggester in a thread keeps the port's contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from munshi.engine.clock import ThreadSuggester
from munshi.engine.ports import Suggester
from munshi.testing.suggesters import SuggesterContract


class TestThreadSuggester(SuggesterContract):
    """ThreadSuggester against the suite."""

    def opened(self) -> AbstractAsyncContextManager[Suggester]:
        """A new one."""
        return _suggester()


@asynccontextmanager
async def _suggester() -> AsyncIterator[Suggester]:
    yield ThreadSuggester()
