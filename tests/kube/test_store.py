"""KubeStore against the store contract, and what is its own, beside a fake API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import ClassVar

from munshi.engine.ports import Store
from munshi.kube.store import KubeStore
from munshi.testing.stores import StoreContract
from support.fake_api import FakeApi


class TestKubeStore(StoreContract):
    """The contract; `tests/cluster/test_store.py` runs it against a real API server."""

    cascades_at_once: ClassVar[bool] = False
    counts_alone: ClassVar[bool] = False

    def opened(self, folder: Path, keep: int = 1_000) -> AbstractAsyncContextManager[Store]:
        """A store on a server of its own."""
        return _alone(keep)


@asynccontextmanager
async def _alone(keep: int) -> AsyncIterator[KubeStore]:
    async with FakeApi() as server, opened(server, keep=keep) as store:
        yield store


@asynccontextmanager
async def opened(
    server: FakeApi, *, namespaces: tuple[str, ...] = (), keep: int = 1_000
) -> AsyncIterator[KubeStore]:
    """A store that follows the server."""
    async with server.api() as api:
        store = KubeStore(api, namespaces=namespaces, keep=keep)
        running = asyncio.create_task(store.run())
        try:
            yield await store.synced()
        finally:
            running.cancel()
            await asyncio.wait([running])
