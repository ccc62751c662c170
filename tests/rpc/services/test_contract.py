"""Services that speak Katib's gRPC keep the port's contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from munshi.engine.ports import Services
from munshi.rpc.services import katib
from munshi.rpc.services.target import Target, Targets
from munshi.testing.services import ALGORITHM, EARLY_STOPPING, ServicesContract
from rpc.services.scripted import Scripted, points, rules, serving


class TestKatibServices(ServicesContract):
    """KatibServices against the suite, with a service at a port."""

    def opened(self) -> AbstractAsyncContextManager[Services]:
        """One that answers for both names."""
        return _at_a_port()


@asynccontextmanager
async def _at_a_port() -> AsyncIterator[Services]:
    script = Scripted({"GetSuggestions": points, "GetEarlyStoppingRules": rules})
    async with serving(script) as address:
        targets = Targets(
            {ALGORITHM: Target(ALGORITHM, address)},
            {EARLY_STOPPING: Target(EARLY_STOPPING, address)},
        )
        async with katib.opened(targets, Path()) as services:
            yield services
