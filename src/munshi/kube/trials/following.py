"""Following the log of one container of one pod to its end, whatever breaks on the way.

A stream that ends may mean three things: the container has ended, the container is started again, or
something between us and the node gave up. It looks the same: the API server ends its answer politely though
the node broke off. Only the pod's status tells, and it may be late. So after each end the status is awaited
for a moment, and the log is asked for again from where it was, without news less and less often. All was read
only when the log was asked for after the container was known to have ended, or if the log says so itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from munshi.errors import Invalid, MunshiError, NotFound
from munshi.kube.trials.logs import LogReader
from munshi.kube.trials.sightings import ContainerSighting, PodSighting
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import PODS
from munshi.metrics import words
from munshi.metrics.log import MetricLog

NEWS_S = 2.0
"""How long the pod's status is awaited after a stream's end."""
LONGEST_PAUSE_S = 30.0
_FIRST_PAUSE_S = 0.2
_TAIL_LINES = "20"
log = logging.getLogger("munshi.kube")


class Follower:
    """One container's log.

    Args:
        api: Where to ask.
        reader: What is made of it.
        look: The pod as it is now; None: it is gone.
        news: Waits until something about the trial may have changed, so many seconds at most.
        over: Whether the trial's job is over: a container that has ended will not be started again.
    """

    def __init__(
        self,
        api: Api,
        reader: LogReader,
        look: Callable[[], PodSighting | None],
        news: Callable[[float], Awaitable[None]],
        over: Callable[[], bool],
    ) -> None:
        self._api, self._reader = api, reader
        self._look, self._news, self._over = look, news, over

    async def follow(self, pod: PodSighting, name: str) -> AsyncGenerator[list[MetricLog], None]:
        """Values as they come, until the container has ended for good or the pod is gone."""
        pause = _FIRST_PAUSE_S
        while True:
            before = self._container(name)
            was_over = self._is_last(before)
            try:
                async with aclosing(self._once(pod, name)) as batches:
                    async for batch in batches:
                        pause = _FIRST_PAUSE_S
                        yield batch
                if was_over or self._reader.is_whole:
                    if batch := self._reader.end():  # before, half a line may be all that has come
                        yield batch
                    return
                if await self._ends(name, before):
                    continue
            except NotFound:
                return
            except Invalid as early:  # it is not started yet, or not again
                log.debug("log of %s: %s", pod.name, early)
            except MunshiError as trouble:
                log.info("the log of %s breaks off: %s", pod.name, trouble)
            if self._look() is None:
                return
            await self._news(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _once(self, pod: PodSighting, name: str) -> AsyncGenerator[list[MetricLog], None]:
        query = {"container": name, "follow": "true", "timestamps": "true"}
        since = self._reader.again()
        if since is not None:
            query["sinceTime"] = since
        path = PODS.path(pod.namespace, pod.name, "log")
        async with aclosing(self._api.chunks(path, stall_s=None, **query)) as chunks:
            async for chunk in chunks:
                if batch := self._reader.feed(chunk):
                    yield batch

    async def _ends(self, name: str, before: ContainerSighting | None) -> bool:
        """Wait for the word on why the stream ended; whether it came, and the log is to be read at once."""
        restarts = before.restarts if before is not None else 0
        loop = asyncio.get_running_loop()
        until = loop.time() + NEWS_S
        while True:
            now = self._container(name)
            begun_again = now is not None and now.restarts > restarts and now.started
            if begun_again or self._is_last(now):
                return True
            left = until - loop.time()
            if left <= 0:
                return False
            # An end that may be followed by another start is waited for without asking the node again.
            await self._news(left)

    def _container(self, name: str) -> ContainerSighting | None:
        pod = self._look()
        return pod.container(name) if pod is not None else None

    def _is_last(self, container: ContainerSighting | None) -> bool:
        """Whether it has ended and will not be started again."""
        pod = self._look()
        if pod is None or pod.is_over:
            return True
        if container is None or container.ended is None:
            return False
        return self._over() or (container.ended.code == 0 and not container.init)


async def tail(api: Api, pod: PodSighting, name: str, *, before: bool = False) -> tuple[str, ...]:
    """The last words of a container; none where they cannot be had.

    Args:
        api: Where to ask.
        pod: The pod.
        name: The container.
        before: Of its life before this one.
    """
    query = {"container": name, "tailLines": _TAIL_LINES}
    if before:
        query["previous"] = "true"
    said = b""
    try:
        path = PODS.path(pod.namespace, pod.name, "log")
        async with aclosing(api.chunks(path, stall_s=10.0, **query)) as chunks:
            async for chunk in chunks:
                said = (said + chunk)[-words.TAIL_BYTES :]
    except MunshiError:
        return ()
    return words.last_words(said)
