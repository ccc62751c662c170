"""The work queue alone, in simulated time: one pass for many askings, lanes, pauses, no timer left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from munshi.engine.queue import FIRST_PAUSE_S, LONGEST_PAUSE_S, Key, Kind, WorkQueue
from munshi.testing.clock import simulated

A, B = Key(Kind.TRIAL, "e", "a"), Key(Kind.TRIAL, "e", "b")
OWNER, SUGGESTION = Key(Kind.EXPERIMENT, "e"), Key(Kind.SUGGESTION, "e")
HOUR = timedelta(hours=1)
CLOSE_S = 1e-6
"""Times of the loop are sums of floats."""


def played(story: Callable[[WorkQueue], Awaitable[None]]) -> None:
    """A story with a queue of its own, closed in the end."""

    async def whole() -> None:
        queue = WorkQueue()
        try:
            await story(queue)
        finally:
            queue.close()

    simulated(whole())


async def waited(queue: WorkQueue) -> tuple[list[Key], float]:
    """The next keys, and how long they took; their passes are over at once."""
    loop = asyncio.get_running_loop()
    before = loop.time()
    async with asyncio.timeout(24 * 3600):
        keys = await queue.take()
    for key in keys:
        queue.done(key)
    return keys, loop.time() - before


async def comes(queue: WorkQueue, keys: list[Key], after_s: float) -> bool:
    """Whether the next keys are these, and take as long."""
    found, passed_s = await waited(queue)
    return found == keys and passed_s == pytest.approx(after_s)


async def is_silent(queue: WorkQueue) -> bool:
    """Whether no key comes for a day."""
    try:
        await waited(queue)
    except TimeoutError:
        return True
    return False


def test_many_askings_are_one_pass() -> None:
    """A key that is added thrice before its pass is taken once, in the order of first asking."""

    async def story(queue: WorkQueue) -> None:
        for key in (A, B, A, A, B):
            queue.add(key)
        assert await waited(queue) == ([A, B], 0)
        assert queue.is_empty
        assert await is_silent(queue)

    played(story)


def test_what_is_asked_during_a_pass_is_the_next_pass() -> None:
    """An asking after `take` is not swallowed by the pass that is under way, and waits for its end."""

    async def story(queue: WorkQueue) -> None:
        queue.add(A)
        await queue.take()
        assert not queue.is_empty, "a pass is under way"
        queue.add(A)
        assert await is_silent(queue)
        queue.done(A)
        assert await waited(queue) == ([A], 0)
        assert queue.is_empty

    played(story)


def test_what_writes_the_same_objects_never_meets() -> None:
    """An experiment's and its suggestion's passes take turns, in the order of asking; a trial's do not."""

    async def story(queue: WorkQueue) -> None:
        for key in (SUGGESTION, OWNER, A):
            queue.add(key)
        assert await queue.take() == [SUGGESTION, A]
        queue.add(B)
        assert await queue.take() == [B]
        queue.add(SUGGESTION)
        queue.done(SUGGESTION)
        assert await queue.take() == [OWNER]
        queue.done(OWNER)
        assert await queue.take() == [SUGGESTION]

    played(story)


def test_who_wants_no_pass_of_a_key_waits_for_its_end() -> None:
    """At once when there is none, or only one of another trial."""

    async def story(queue: WorkQueue) -> None:
        await queue.no_pass_of(A)
        queue.add(A)
        await queue.take()
        await queue.no_pass_of(B)
        waiting = asyncio.ensure_future(queue.no_pass_of(A))
        await asyncio.sleep(1)
        assert not waiting.done()
        queue.done(A)
        await waiting

    played(story)


def test_who_waits_is_woken() -> None:
    """A `take` before there is a key returns with it."""

    async def story(queue: WorkQueue) -> None:
        taking = asyncio.ensure_future(queue.take())
        await asyncio.sleep(1)
        assert not taking.done()
        queue.add(B)
        assert await taking == [B]

    played(story)


def test_a_take_that_is_given_up_loses_nothing() -> None:
    """After a cancelled `take`, also one that a key had just woken, the next one gets the key."""

    async def story(queue: WorkQueue) -> None:
        taking = asyncio.ensure_future(queue.take())
        await asyncio.sleep(0)
        queue.add(A)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        assert taking.cancelled()
        assert await waited(queue) == ([A], 0)

    played(story)


def test_a_key_for_later_comes_then() -> None:
    """Not before; meanwhile the queue is not empty though there is nothing to take."""

    async def story(queue: WorkQueue) -> None:
        queue.add_later(A, HOUR)
        assert not queue.is_empty
        assert await comes(queue, [A], after_s=3600)
        assert queue.is_empty

    played(story)


def test_the_first_timer_of_a_key_stands() -> None:
    """Whoever asks for a later pass of a key that has a timer adds none; other keys have their own."""

    async def story(queue: WorkQueue) -> None:
        queue.add_later(A, HOUR)
        queue.add_later(A, 2 * HOUR)
        queue.add_later(B, 2 * HOUR)
        assert await comes(queue, [A], after_s=3600)
        assert await comes(queue, [B], after_s=3600)
        assert await is_silent(queue)

    played(story)


def test_a_pass_makes_its_timer_needless() -> None:
    """A key that is taken for another reason does not come again when its timer would have."""

    async def story(queue: WorkQueue) -> None:
        queue.add_later(A, HOUR)
        queue.add(A)
        assert await waited(queue) == ([A], 0)
        assert queue.is_empty
        assert await is_silent(queue)

    played(story)


def test_pauses_double_up_to_the_longest() -> None:
    """The first failure costs 0.1 s, each in a row twice the last, none more than 30 s, for ever."""

    async def story(queue: WorkQueue) -> None:
        pauses: list[float] = []
        for failure in range(1, 2_000):
            queue.retry(A)
            assert queue.failures(A) == failure
            pauses.append((await waited(queue))[1])
        assert pauses[0] == pytest.approx(FIRST_PAUSE_S)
        for last, pause in pairwise(pauses):
            assert pause == pytest.approx(min(2 * last, LONGEST_PAUSE_S), abs=CLOSE_S)
        assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S)

    played(story)


def test_failures_are_counted_by_key_and_forgiven() -> None:
    """Another key begins with the first pause, and so does one that succeeded."""

    async def story(queue: WorkQueue) -> None:
        for _ in range(5):
            queue.retry(A)
            await waited(queue)
        assert (queue.failures(A), queue.failures(B)) == (5, 0)
        queue.retry(B)
        assert await comes(queue, [B], after_s=FIRST_PAUSE_S)
        queue.succeeded(A)
        queue.succeeded(A)
        assert (queue.failures(A), queue.failures(B)) == (0, 1)
        queue.retry(A)
        assert await comes(queue, [A], after_s=FIRST_PAUSE_S)

    played(story)


def test_whoever_failed_may_say_when() -> None:
    """A pause that the failure names replaces the growing one, and counts as a failure."""

    async def story(queue: WorkQueue) -> None:
        queue.retry(A, HOUR)
        assert await comes(queue, [A], after_s=3600)
        queue.retry(A)
        assert await comes(queue, [A], after_s=2 * FIRST_PAUSE_S)

    played(story)


def test_close_cancels_every_timer() -> None:
    """After it nothing comes by itself any more; closing again is fine."""

    async def story(queue: WorkQueue) -> None:
        queue.add_later(A, HOUR)
        queue.retry(B)
        queue.close()
        queue.close()
        assert queue.is_empty
        assert await is_silent(queue)

    played(story)
