"""Who acts: a Lease in the cluster that one replica holds and renews, as client-go's leader election does.

The times are client-go's: a Lease is good for 15 s, and its holder stops acting when it could not renew it
for 10 s. It is renewed every 4 s, half as often as client-go does, for each time is a write; what fails is
tried again after 2 s. So between the last deed of a holder that lost touch and the first of its successor
lie five seconds, measured on each side by its own monotonic clock; no two machines' clocks are compared.
A holder that ends well empties the Lease, and whoever stands by takes it within a retry.

`Elector.check` is the fence: it is asked before every write, for a process that was stopped (SIGSTOP, a
suspended machine) wakes up in the middle of its work and does not know how long it slept.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from munshi.errors import AlreadyExists, Conflict, MunshiError, NotFound, Retryable

log = logging.getLogger("munshi.operator")

NAME = "munshi-operator"
_VERSION = "coordination.k8s.io/v1"
_MICRO_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_JITTER = 0.2
"""Replicas that stand by ask at slightly different moments."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of a Lease, in seconds.

    Attributes:
        lease_s: How long it is good.
        renew_s: How long its holder acts without having renewed it.
        every_s: How often it is renewed.
        retry_s: How often it is asked for when that failed, or while it is another's.
    """

    lease_s: float = 15.0
    renew_s: float = 10.0
    every_s: float = 4.0
    retry_s: float = 2.0


class Requests(Protocol):
    """What is asked of the API server; see `api.Api`."""

    async def get(self, path: str) -> dict[str, Any]:
        """Read the object."""
        ...

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make one in the collection."""
        ...

    async def replace(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Write over the version that was read."""
        ...


class LeadershipLost(Retryable):
    """Another replica may be acting by now, so this one must not."""


def uptime() -> float:
    """Seconds on a clock that nobody sets and that goes on while the machine sleeps, where there is one."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class Elector:
    """Stands by until the Lease is free, leads, and stands by again.

    Args:
        api: For the Lease alone: its writes must not be fenced by the Lease.
        namespace: Where the Lease is.
        identity: What this process writes into it; no other process may have the same.
        now: The wall's time, written for people to read and never compared.
        uptime: The clock that counts.
        timing: How long and how often.
    """

    def __init__(
        self,
        api: Requests,
        namespace: str,
        identity: str,
        now: Callable[[], datetime],
        *,
        uptime: Callable[[], float] = uptime,
        timing: Timing = Timing(),
    ) -> None:
        self._api, self._identity, self._now = api, identity, now
        self._collection = f"/apis/{_VERSION}/namespaces/{namespace}/leases"
        self._path = f"{self._collection}/{NAME}"
        self._uptime, self._timing = uptime, timing
        self._renewed = float("-inf")
        self._leads = False
        self._seen: tuple[str, float] = ("", 0.0)
        self._held: dict[str, Any] | None = None
        self._told = ""

    @property
    def leads(self) -> bool:
        """Whether this process may act at this moment."""
        return self._leads and self._uptime() < self._renewed + self._timing.renew_s

    def check(self) -> None:
        """Let pass whoever may act.

        Raises:
            LeadershipLost: The Lease was not renewed in time, or is another's.
        """
        if not self.leads:
            raise LeadershipLost(
                "this replica does not hold the Lease (any more) and writes nothing"
            )

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Lead whenever the Lease is ours, until cancelled; then let go of it.

        Args:
            lead: Does the work of a leader. Cancelled when the Lease is lost; whatever it raises ends
                `run` too. While it cleans up after a clean stop the Lease is still renewed.
        """
        while True:
            await self._acquire()
            self._told = ""
            log.info("this replica leads", extra={"holder": self._identity})
            renewing = asyncio.ensure_future(self._keep())
            working = asyncio.ensure_future(lead())
            try:
                await asyncio.wait([renewing, working], return_when=asyncio.FIRST_COMPLETED)
            finally:
                lost = renewing.done()
                self._leads = not lost
                working.cancel()
                outcome = (await asyncio.gather(working, return_exceptions=True))[0]
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)
                self._leads = False
                if not lost:
                    await self._release()
            if isinstance(outcome, Exception):
                raise outcome
            if not lost:
                return
            log.warning("the Lease was lost; this replica stands by")

    async def _acquire(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timing.renew_s):
                    if await self._try_to_take():
                        return
            await asyncio.sleep(self._timing.retry_s * (1 + _JITTER * random.random()))  # noqa: S311

    async def _keep(self) -> None:
        """Renew until that was not possible for too long, or another holds the Lease."""
        began = self._renewed
        while True:
            well = self._renewed >= began
            pause = self._timing.every_s if well else self._timing.retry_s
            await asyncio.sleep(max(0.1, began + pause - self._uptime()))
            began = self._uptime()
            left = self._renewed + self._timing.renew_s - self._uptime()
            if left <= 0:
                return
            try:
                async with asyncio.timeout(left):
                    if not await self._try_to_take(renewing=True):
                        return
            except TimeoutError:
                return

    async def _try_to_take(self, *, renewing: bool = False) -> bool:
        """Take or renew the Lease if that is possible now.

        Returns:
            Whether it is ours. While renewing, trouble on the way leaves it so.
        """
        began = self._uptime()
        try:
            written = await self._write(began, known=self._held if renewing else None)
        except (Retryable, AlreadyExists) as trouble:
            log.log(
                logging.WARNING if renewing else logging.DEBUG,
                "the Lease could not be %s: %s", "renewed" if renewing else "taken", trouble,
            )  # fmt: skip
            return renewing
        if written is None:
            return False
        # Counted from before the request: the server may have written it at once.
        self._renewed, self._leads, self._held = began, True, written
        self._seen = (_version(written), began)
        return True

    async def _write(
        self, now: float, known: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Write our name and the time into the Lease; None when it is another's.

        Args:
            now: By the clock that counts.
            known: The Lease as we wrote it last: nobody else will have written it, so it need not be read.
        """
        if known is not None:
            with contextlib.suppress(Conflict, NotFound):
                return await self._api.replace(self._path, self._taken(known))
        found = await self._read()
        if found is None:
            return await self._api.create(self._collection, self._new())
        if self._is_mine(found) or self._is_free(found, now):
            return await self._api.replace(self._path, self._taken(found))
        self._tell(str(_spec(found).get("holderIdentity")))
        return None

    def _tell(self, holder: str) -> None:
        """Say whom we stand by for, once: an operator that was forgotten elsewhere is found by its name."""
        if holder != self._told:
            log.info("this replica stands by: the Lease %s is held by %s", self._path, holder)
        self._told = holder

    async def _read(self) -> dict[str, Any] | None:
        try:
            return await self._api.get(self._path)
        except NotFound:
            return None

    def _is_mine(self, lease: Mapping[str, Any]) -> bool:
        return bool(_spec(lease).get("holderIdentity") == self._identity)

    def _is_free(self, lease: Mapping[str, Any], now: float) -> bool:
        """Nobody holds it, or for its whole duration nobody has renewed it before our eyes."""
        spec, version = _spec(lease), _version(lease)
        if version != self._seen[0]:
            self._seen = (version, now)
        if not spec.get("holderIdentity"):
            return True
        duration = float(spec.get("leaseDurationSeconds") or self._timing.lease_s)
        return now >= self._seen[1] + duration

    def _new(self) -> dict[str, Any]:
        metadata = {"name": NAME}
        spec = {**self._holding(), "leaseTransitions": 0, "acquireTime": self._time()}
        return {"apiVersion": _VERSION, "kind": "Lease", "metadata": metadata, "spec": spec}

    def _taken(self, lease: Mapping[str, Any]) -> dict[str, Any]:
        spec = {**_spec(lease), **self._holding()}
        if not self._is_mine(lease):
            spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + 1
            spec["acquireTime"] = self._time()
        return {**lease, "spec": spec}

    def _holding(self) -> dict[str, Any]:
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, round(self._timing.lease_s)),
            "renewTime": self._time(),
        }

    async def _release(self) -> None:
        """Empty the Lease, so that nobody has to wait for its end; trouble costs those seconds only."""
        with contextlib.suppress(MunshiError, TimeoutError):
            async with asyncio.timeout(self._timing.retry_s):
                found = await self._read()
                if found is not None and self._is_mine(found):
                    spec = {**_spec(found), **self._holding(), "holderIdentity": ""}
                    await self._api.replace(self._path, {**found, "spec": spec})

    def _time(self) -> str:
        return self._now().strftime(_MICRO_TIME)


def _spec(lease: Mapping[str, Any]) -> Mapping[str, Any]:
    return lease.get("spec") or {}


def _version(lease: Mapping[str, Any]) -> str:
    return str((lease.get("metadata") or {}).get("resourceVersion", ""))
