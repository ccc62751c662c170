"""What a trial's program prints, out of its pod's log: as it is, or as it grows until the trial has ended.

Bytes come out as the node kept them. While a log is followed each line is asked for with its time in front,
so that after a connection broke off it goes on where it was; the time is not passed on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime

from munshi.api.trial import Trial
from munshi.errors import Invalid, MunshiError, NotFound, Retryable
from munshi.kube.trials.sightings import pod_of
from munshi.kube.visit import pods
from munshi.kube.visit.pods import Program
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import PODS
from munshi.metrics import timestamp

LOOK_S = 1.0
"""How often one looks whether the trial has begun, or ended."""
_PIECE = 1 << 20
"""Bytes of a line that come at once."""
_NEWS_S = 3.0
"""How long after a stream's end the pod's status may be late with the reason."""


async def whole(
    api: Api, trial: Trial, wanted: str = "", *, tail: int | None = None, previous: bool = False
) -> AsyncGenerator[bytes, None]:
    """The output so far.

    Args:
        api: The cluster.
        trial: Whose output it is.
        wanted: See `pods.program`.
        tail: Only so many of the last lines.
        previous: See `pods.before`.

    Raises:
        NotFound: There is none yet, or none any more.
    """
    found = await pods.of_trial(api, trial)
    one = (pods.before if previous else pods.program)(trial, found, wanted)
    if one is None:
        raise NotFound(no_output(trial))
    query = _query(one, tail) | ({"previous": "true"} if one.before else {})
    try:
        async with aclosing(api.chunks(_path(one), stall_s=None, **query)) as chunks:
            async for chunk in chunks:
                yield chunk
    except Invalid as early:  # how the node says that nothing of it has run yet
        raise NotFound(f'trial "{trial.name}" has no output yet: {_said(early)}') from early


async def growing(
    api: Api,
    trial: Trial,
    look: Callable[[], Awaitable[Trial | None]],
    wanted: str = "",
    *,
    tail: int | None = None,
) -> AsyncGenerator[bytes | str, None]:
    """The output as it grows, until the trial has ended; in between, as text, what is to be said of it.

    Args:
        api: The cluster.
        trial: Whose output it is.
        look: The trial as it is now; None: it is gone.
        wanted: See `pods.program`.
        tail: Begin with so many of the last lines.

    Raises:
        NotFound: It has ended without any.
    """
    read: set[tuple[str, int]] = set()
    told = ""
    while True:
        try:
            now = await look()
            if now is None or now.uid != trial.uid:
                yield f'trial "{trial.name}" was deleted'
                return
            over = now.is_completed
            one = pods.program(now, await pods.of_trial(api, now), wanted)
        except Retryable as trouble:
            if str(trouble) != told:
                told = str(trouble)
                yield told
            await asyncio.sleep(LOOK_S)
            continue
        container = one.container if one is not None else None
        life = (one.pod.uid, container.restarts) if one is not None and container else ("", 0)
        if one is not None and one.has_begun and life not in read:
            if read:
                yield "the trial begins anew"
            read.add(life)
            async with aclosing(_life(api, one, life[1], tail)) as lines:
                async for line in lines:
                    yield line
            tail = None
        elif over:
            if not read:
                raise NotFound(no_output(now))
            return
        else:
            if not read and not told:
                told = f'trial "{trial.name}" does not run yet; waiting, Ctrl-C ends it'
                yield told
            await asyncio.sleep(LOOK_S)


def no_output(trial: Trial) -> str:
    """Why there is nothing to print."""
    said = f'trial "{trial.name}" has'
    if not trial.is_completed:
        return f"{said} no output yet: no pod of it is there that reports"
    return f"{said} ended, and its pods are gone; with trialTemplate.retain: true those of later ones stay"


async def _life(
    api: Api, one: Program, restarts: int, tail: int | None
) -> AsyncGenerator[bytes, None]:
    """One life of a container, to its end, whatever breaks off meanwhile."""
    query = _query(one, tail) | {"follow": "true", "timestamps": "true"}
    lines = _Lines()
    while True:
        is_last = await _is_over(api, one, restarts)
        try:
            async with aclosing(
                api.stream(_path(one), stall_s=None, longest=_PIECE, **query)
            ) as stream:
                async for line in stream:
                    if said := lines.feed(line):
                        yield said
        except NotFound:
            return
        except MunshiError:
            await asyncio.sleep(LOOK_S)
        if is_last:
            if rest := lines.rest():
                yield rest
            return
        query = _query(one, None) | {"follow": "true", "timestamps": "true"} | lines.again()
        until = asyncio.get_running_loop().time() + _NEWS_S
        while not await _is_over(api, one, restarts):
            if asyncio.get_running_loop().time() > until:
                break
            await asyncio.sleep(LOOK_S / 4)


class _Lines:
    """A log's lines without their times, each of them once, though it is asked for again and again."""

    def __init__(self) -> None:
        self._now = self._read = self._known = -1
        self._held = b""
        self._goes_on = self._skips = False

    def feed(self, line: bytes) -> bytes:
        """What is new of a line, or of a piece of a long one; it is held back while it may be cut off."""
        text = line
        if not self._goes_on:
            stamp, _, said = line.partition(b" ")
            time_ns = timestamp.read_rfc3339(stamp.decode("ascii", "replace"))
            self._skips = time_ns is not None and time_ns <= self._known
            self._now = (
                -1 if time_ns is None else time_ns
            )  # without a time it is the node's own word
            text = line if time_ns is None else said
        before, self._held = self._held, b"" if self._skips else text
        self._goes_on = not line.endswith(b"\n")
        if self._goes_on:
            return before
        whole, self._held = before + self._held, b""
        self._read = max(self._read, self._now)
        return whole

    def rest(self) -> bytes:
        """What was held back, now that it is known to be all."""
        return self._held

    def again(self) -> dict[str, str]:
        """The connection ended: forget what may have been cut off, and say from when to ask again."""
        self._held, self._goes_on, self._known = b"", False, self._read
        if self._read < 0:
            return {}
        moment = datetime.fromtimestamp(self._read // 10**9, UTC)
        return {"sinceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}


async def _is_over(api: Api, one: Program, restarts: int) -> bool:
    """Whether this life of the container has ended, or its pod is gone."""
    try:
        now = pod_of(await api.get(PODS.path(one.pod.namespace, one.pod.name)))
    except NotFound:
        return True
    except Retryable:
        return False
    container = now.container(one.name)
    if now.uid != one.pod.uid or now.is_over or container is None:
        return True
    return container.ended is not None or container.restarts > restarts


def _query(one: Program, tail: int | None) -> dict[str, str]:
    query = {"container": one.name} if one.name else {}
    return query if tail is None else query | {"tailLines": str(tail)}


def _path(one: Program) -> str:
    return PODS.path(one.pod.namespace, one.pod.name, "log")


def _said(early: Invalid) -> str:
    return early.faults[0].problem
