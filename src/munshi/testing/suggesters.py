"""The contract of `engine.ports.Suggester` as tests: inherit `SuggesterContract`."""

# ruff: noqa: S101 - a suite of tests asserts
from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from itertools import pairwise

import pytest

from munshi import algorithms
from munshi.algorithms import Reply, Request, Result
from munshi.engine.ports import Suggester
from munshi.errors import AlgorithmRefused
from munshi.testing.algorithms import NEEDED, ODD_SPACES, SMALL, a_history, a_request, an_objective

PATIENCE_S = 60
TRIES = 3
"""A busy machine may hold up any loop once; one that is blocked is held up every time."""
_WIDE = ODD_SPACES["two hundred parameters of all kinds"]


def a_long_question() -> Request:
    """One that takes `tpe` some tenths of a second."""
    points = algorithms.find("random").suggest(a_request(_WIDE, count=400)).assignments
    results = [Result(point, an_objective(point), index) for index, point in enumerate(points)]
    return a_request(_WIDE, results=results, count=15)


def directly(algorithm: str, request: Request) -> Reply:
    """What the algorithm itself replies."""
    return algorithms.find(algorithm).suggest(request)


class SuggesterContract:
    """What every suggester keeps; say in `opened` how to get one."""

    def opened(self) -> AbstractAsyncContextManager[Suggester]:
        """A suggester, for the length of a block."""
        raise NotImplementedError

    @pytest.mark.parametrize("algorithm", algorithms.known())
    def test_the_reply_is_the_algorithms_own(self, algorithm: str) -> None:
        """The same request has the same reply, again and as if the algorithm were asked directly."""
        settings = NEEDED.get(algorithm, {})
        history = a_history(algorithms.find(algorithm), SMALL, 7, settings)
        request = a_request(SMALL, results=history, count=1, settings=settings)

        async def story() -> None:
            async with self.opened() as suggester:
                first = await _asked(suggester, algorithm, request)
                assert first == directly(algorithm, request)
                assert await _asked(suggester, algorithm, request) == first

        asyncio.run(story())

    def test_an_exhausted_space_is_a_reply(self) -> None:
        """That nothing is left to propose arrives whole, with its reason; it is not an error."""
        history = a_history(algorithms.find("grid"), SMALL, 18)
        request = a_request(SMALL, results=history)

        async def story() -> None:
            async with self.opened() as suggester:
                reply = await _asked(suggester, "grid", request)
                assert reply == directly("grid", request)
                assert reply.exhausted
                assert reply.because

        asyncio.run(story())

    @pytest.mark.parametrize("name", ["", "tpee", "TPE", "pbt", "../tpe", "모델"])
    def test_an_unknown_algorithm_is_refused(self, name: str) -> None:
        """With the sentence a person gets to read; the suggester serves others as before."""

        async def story() -> None:
            async with self.opened() as suggester:
                with pytest.raises(AlgorithmRefused) as expected:
                    algorithms.find(name)
                with pytest.raises(AlgorithmRefused) as refusal:
                    await _asked(suggester, name, a_request(SMALL))
                assert str(refusal.value) == str(expected.value)
                assert (await _asked(suggester, "random", a_request(SMALL))).assignments

        asyncio.run(story())

    @pytest.mark.parametrize("algorithm", algorithms.known())
    def test_settings_that_check_refuses_are_refused(self, algorithm: str) -> None:
        """What the author would have been told by `check` fails the question, with its name in it."""
        settings = {**NEEDED.get(algorithm, {}), "surely_nobody_knows_this": "1"}
        assert algorithms.find(algorithm).check(SMALL, settings, None)

        async def story() -> None:
            async with self.opened() as suggester:
                with pytest.raises(AlgorithmRefused, match="surely_nobody_knows_this"):
                    await _asked(suggester, algorithm, a_request(SMALL, settings=settings))

        asyncio.run(story())

    def test_several_questions_at_once_have_their_own_replies(self) -> None:
        """Replies are not mixed up, nor does a refusal spoil the others."""
        requests = [a_request(SMALL, count=3, seed=seed) for seed in range(8)]
        expected = [directly("random", request) for request in requests]
        assert len({repr(reply) for reply in expected}) > 1

        async def story() -> None:
            async with self.opened() as suggester:
                refused = asyncio.ensure_future(_asked(suggester, "tpee", requests[0]))
                asked = (_asked(suggester, "random", request) for request in requests)
                assert await asyncio.gather(*asked) == expected
                with pytest.raises(AlgorithmRefused):
                    await refused

        asyncio.run(story())

    def test_the_loop_goes_on_while_it_computes(self) -> None:
        """Other tasks never wait for as much as half of the time that a long question takes."""
        request = a_long_question()

        async def story() -> None:
            async with self.opened() as suggester:
                shares = [await _longest_wait(suggester, request) for _ in range(TRIES)]
                assert min(shares) < 1 / 2, shares

        asyncio.run(story())

    def test_a_question_may_be_given_up(self) -> None:
        """A cancelled question ends at once for whoever asked; the next one is served."""
        request = a_long_question()

        async def story() -> None:
            async with self.opened() as suggester:
                question = asyncio.ensure_future(_asked(suggester, "tpe", request))
                await asyncio.sleep(0)
                question.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await question
                small = a_request(SMALL, count=2)
                assert await _asked(suggester, "tpe", small) == directly("tpe", small)

        asyncio.run(story())


async def _asked(suggester: Suggester, algorithm: str, request: Request) -> Reply:
    async with asyncio.timeout(PATIENCE_S):
        return await suggester.suggest(algorithm, request)


async def _longest_wait(suggester: Suggester, request: Request) -> float:
    """The longest pause between two turns of the loop, as a share of the time the reply took."""
    loop = asyncio.get_running_loop()
    turns = [loop.time()]
    question = asyncio.ensure_future(_asked(suggester, "tpe", request))
    while not question.done():
        await asyncio.sleep(0)
        turns.append(loop.time())
    assert question.result().assignments
    longest = max(later - earlier for earlier, later in pairwise(turns))
    return longest / (turns[-1] - turns[0])
