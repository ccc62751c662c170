"""The Lease of an API server, in memory: versions, conflicts, and whatever goes wrong."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

from munshi.errors import AlreadyExists, ClusterUnreachable, Conflict, NotFound


class LeaseServer:
    """Answers as an API server does.

    Attributes:
        lease: What is stored.
        away: Nobody answers.
        takes_s: How long an answer takes.
    """

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.away = False
        self.takes_s = 0.01
        self.writes = 0
        self._version = 0

    @property
    def holder(self) -> str:
        """Who holds the Lease, as it is written."""
        return str(self.lease["spec"]["holderIdentity"]) if self.lease else ""

    async def get(self, path: str) -> dict[str, Any]:
        """The Lease."""
        await self._answer()
        assert path.endswith("/leases/munshi-operator")
        if self.lease is None:
            raise NotFound(path)
        return copy.deepcopy(self.lease)

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A new one."""
        await self._answer()
        assert path.endswith("/leases")
        if self.lease is not None:
            raise AlreadyExists(path)
        return self._store(body)

    async def replace(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Over the version that was read."""
        await self._answer()
        if self.lease is None:
            raise NotFound(path)
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise Conflict(path)
        return self._store(body)

    def _store(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._version += 1
        self.writes += 1
        lease = copy.deepcopy(dict(body))
        lease["metadata"]["resourceVersion"] = str(self._version)
        self.lease = lease
        return copy.deepcopy(lease)

    async def _answer(self) -> None:
        await asyncio.sleep(self.takes_s)
        if self.away:
            raise ClusterUnreachable("the API server did not answer")
