"""The suggester in worker processes keeps the port's contract."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from munshi.engine.ports import Suggester
from munshi.suggester.pool import WorkerSuggester
from munshi.testing.suggesters import SuggesterContract


class TestWorkerSuggester(SuggesterContract):
    """WorkerSuggester against the suite."""

    def opened(self) -> AbstractAsyncContextManager[Suggester]:
        """A new one."""
        return WorkerSuggester()
