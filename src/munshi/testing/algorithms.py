"""What every algorithm must keep to, as tests to inherit; and the odd spaces it must cope with.

    class TestMyAlgorithm(AlgorithmContract):
        algorithm = MyAlgorithm()

pytest then runs the whole suite against it. A method that needs a setting or cannot work with some
spaces says so in its `check`; the suite asks that `suggest` refuses those too, and serves all the
others without fail.
"""

# ruff: noqa: S101  # these are tests, and pytest explains a failed assert

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest

from munshi.algorithms import Algorithm, Assignments, Pending, Reply, Request, Result
from munshi.errors import AlgorithmRefused
from munshi.space import Categorical, Discrete, Distribution, Double, Integer, Space

_LOG, _NORMAL = Distribution.LOG_UNIFORM, Distribution.NORMAL
_LOG_NORMAL = Distribution.LOG_NORMAL

ODD_SPACES: Mapping[str, Space] = {
    "no parameter at all": Space(()),
    "a single point": Space(
        (Double("x", 0.5, 0.5), Integer("n", 3, 3), Categorical("c", ("only",)))
    ),
    "one choice beside a range": Space((Categorical("c", ("only",)), Double("x", -1.0, 1.0))),
    "one yes or no": Space((Categorical("flag", ("true", "false")),)),
    "logarithm across twelve decades": Space((Double("lr", 1e-12, 1.0, None, _LOG),)),
    "int step that misses max": Space((Integer("n", 1, 12, 4), Integer("m", 0, 10, 5))),
    "double step that misses max": Space((Double("x", 0.0, 1.0, 0.3), Double("y", 0.1, 0.9, 0.1))),
    "step wider than the range": Space((Double("x", 0.0, 1.0, 5.0), Integer("n", 1, 4, 9))),
    "negative ranges": Space(
        (Double("x", -3.0, -1.0), Integer("n", -9, -5), Double("y", -1.0, 0.0, 0.25))
    ),
    "tiny and huge ranges": Space((Double("x", 1e-300, 2e-300), Double("y", -1.5e308, 1.5e308))),
    "ints of 64 bits": Space((Integer("n", -(2**63), 2**63 - 1), Integer("m", 1, 2**62, 1, _LOG))),
    "logarithmic ints": Space((Integer("n", 1, 1000, 1, _LOG), Integer("m", 1, 9, 4, _LOG))),
    "bells": Space(
        (
            Double("a", 0.0, 1.0, None, _NORMAL),
            Double("b", 1e-4, 1.0, None, _LOG_NORMAL),
            Integer("c", 1, 20, 1, _NORMAL),
            Double("d", 0.1, 2.0, 0.1, _LOG_NORMAL),
        )
    ),
    "discrete decimals": Space(
        (Discrete("d", (("0.10", 0.1), ("1e-3", 0.001), ("10", 10.0), ("2.50", 2.5))),)
    ),
    "words in Korean, with blanks and quotes": Space(
        (
            Categorical("모델", ("작은 것", "큰 것", "", "a b", "it's", '"q"')),
            Double("학습률", 0.01, 0.05),
        )
    ),
    "two hundred parameters of all kinds": Space(
        tuple(
            (
                Double(f"p{i:03}", 0.0, 1.0),
                Integer(f"p{i:03}", 0, i),
                Categorical(f"p{i:03}", ("a", "b", "c")),
                Double(f"p{i:03}", 1e-5, 1.0, None, _LOG),
                Discrete(f"p{i:03}", (("1", 1.0), ("2", 2.0), ("4", 4.0))),
            )[i % 5]
            for i in range(200)
        )
    ),
}
"""Spaces at the edges of what `munshi.space.read` lets through, keyed by what is odd about them."""

SMALL = Space((Integer("n", 1, 3), Categorical("c", ("a", "b")), Double("x", 0.0, 1.0, 0.5)))
"""Eighteen points."""

NEEDED: Mapping[str, Mapping[str, str]] = {"hyperband": {"resource_name": "n", "r_l": "3"}}
"""Settings that an algorithm cannot do without, for `SMALL`, by its name."""

_ODD = pytest.mark.parametrize("oddity", ODD_SPACES)


def a_request(
    space: Space,
    *,
    results: Sequence[Result] = (),
    pending: Sequence[Pending] = (),
    count: int = 1,
    seed: int = 7,
    settings: Mapping[str, str] | None = None,
    maximize: bool = False,
) -> Request:
    """A request that follows on from the points given."""
    return Request(
        space=space,
        maximize=maximize,
        settings=settings or {},
        seed=seed,
        results=tuple(results),
        pending=tuple(pending),
        first_index=len(results) + len(pending),
        count=count,
        max_trial_count=None,
    )


def an_objective(point: Assignments) -> float:
    """A value that depends on every assignment, the same in every process."""
    text = "\n".join(f"{name}={point[name]}" for name in sorted(point))
    return sum((i + 1) * ord(character) for i, character in enumerate(text)) % 1009 / 1009


def a_history(
    algorithm: Algorithm, space: Space, count: int, settings: Mapping[str, str] | None = None
) -> list[Result]:
    """`count` ended trials, proposed one by one by the algorithm itself; every fifth has failed."""
    results: list[Result] = []
    for index in range(count):
        reply = algorithm.suggest(a_request(space, results=results, settings=settings))
        results.extend(
            Result(point, None if index % 5 == 4 else an_objective(point), index)
            for point in reply.assignments
        )
    return results


class AlgorithmContract:
    """Inherit, name the algorithm, and let pytest find the tests.

    Attributes:
        algorithm: The algorithm under test.
        settings: Settings it cannot do without, or is to be tested with.
    """

    algorithm: ClassVar[Algorithm]
    settings: ClassVar[Mapping[str, str]] = {}

    def ask(
        self,
        space: Space,
        results: Sequence[Result] = (),
        pending: Sequence[Pending] = (),
        count: int = 1,
    ) -> Reply:
        """Ask the algorithm to go on from these points."""
        return self.algorithm.suggest(
            a_request(space, results=results, pending=pending, count=count, settings=self.settings)
        )

    def refuses(self, space: Space) -> bool:
        """Does its `check` find fault with this space?"""
        return bool(self.algorithm.check(space, self.settings, None))

    def is_refused(self, space: Space) -> None:
        """What `check` finds fault with, `suggest` does not serve either."""
        with pytest.raises(AlgorithmRefused):
            self.ask(space)

    @_ODD
    def test_every_suggestion_lies_in_its_space(self, oddity: str) -> None:
        """With and without history, alone and in batches, all points belong to the space."""
        space = ODD_SPACES[oddity]
        if self.refuses(space):
            self.is_refused(space)
            return
        results = a_history(self.algorithm, space, 15, self.settings)
        for reply in (self.ask(space, count=3), self.ask(space, results, count=3)):
            for point in reply.assignments:
                assert space.contains(point), point
            assert len(reply.assignments) == 3 or reply.exhausted

    @_ODD
    def test_the_same_request_has_the_same_reply(self, oddity: str) -> None:
        """Asking twice gives the same answer, whatever order the history comes in."""
        space = ODD_SPACES[oddity]
        if self.refuses(space):
            self.is_refused(space)
            return
        results = a_history(self.algorithm, space, 14, self.settings)
        pending = [Pending(result.assignments, result.index) for result in results[11:]]
        results = results[:11]
        first = self.ask(space, results, pending, count=2)
        assert self.ask(space, results, pending, count=2) == first
        assert self.ask(space, results[::-1], pending[::-1], count=2) == first

    def test_a_finite_space_is_walked_through_once(self) -> None:
        """One by one, each of the points comes exactly once; then the space is exhausted."""
        results = a_history(self.algorithm, SMALL, 18, self.settings)
        assert {SMALL.index(result.assignments) for result in results} == set(range(18))
        reply = self.ask(SMALL, results)
        assert (reply.assignments, reply.exhausted) == ((), True)
        assert reply.because

    def test_a_batch_wider_than_the_space_is_the_space(self) -> None:
        """Asked for more points than there are, it gives each once and says that this is all."""
        reply = self.ask(SMALL, count=30)
        assert {SMALL.index(point) for point in reply.assignments} == set(range(18))
        assert len(reply.assignments) == 18
        assert reply.exhausted
        assert reply.because

    def test_a_reply_that_is_full_is_not_exhausted(self) -> None:
        """The last point of a space is an ordinary reply; only the next one is missing."""
        reply = self.ask(SMALL, count=18)
        assert len(reply.assignments) == 18
        assert not reply.exhausted

    def test_pending_points_are_not_proposed_again(self) -> None:
        """A restart that forgot nothing but the outcome repeats nobody's point."""
        results = a_history(self.algorithm, SMALL, 12, self.settings)
        pending = [Pending(result.assignments, result.index) for result in results[6:]]
        reply = self.ask(SMALL, results[:6], pending, count=6)
        numbers = {SMALL.index(point) for point in reply.assignments}
        assert len(numbers) == 6
        assert numbers.isdisjoint(SMALL.index(result.assignments) for result in results)

    @pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
    def test_it_lives_with_failures(self, value: float | None) -> None:
        """A history of nothing but failures, or of values that are no numbers, is no obstacle."""
        results = [
            Result(result.assignments, value, result.index)
            for result in a_history(self.algorithm, SMALL, 13, self.settings)
        ]
        reply = self.ask(SMALL, results, count=3)
        assert all(SMALL.contains(point) for point in reply.assignments)
        assert len(reply.assignments) == 3

    def test_it_lives_with_points_of_another_space(self) -> None:
        """Trials from before the author changed the ranges neither break it nor count."""
        odd: list[Assignments] = [
            {"n": "77", "c": "a", "x": "0.5"},
            {"n": "1", "c": "z", "x": "0.5"},
            {"n": "words", "c": "a", "x": "nan"},
            {"other": "1"},
            {},
        ]
        results = [Result(point, float(i), i) for i, point in enumerate(odd * 3)]
        reply = self.ask(SMALL, results, count=3)
        assert all(SMALL.contains(point) for point in reply.assignments)
        assert len(reply.assignments) == 3

    def test_an_unknown_setting_is_a_fault_with_its_name(self) -> None:
        """A misspelt setting is pointed at, and would be refused if it got as far as `suggest`."""
        settings = {**self.settings, "surely_nobody_knows_this": "1"}
        faults = self.algorithm.check(SMALL, settings, None)
        assert [fault.path for fault in faults] == [("surely_nobody_knows_this",)]
        with pytest.raises(AlgorithmRefused):
            self.algorithm.suggest(a_request(SMALL, settings=settings))

    def test_sound_settings_have_no_faults(self) -> None:
        """What the suite runs with is what `check` accepts."""
        assert self.algorithm.check(SMALL, self.settings, 10) == []

    def test_asking_for_nothing_gives_nothing(self) -> None:
        """A count of 0 is an empty reply, and says nothing about the space."""
        assert self.ask(SMALL, count=0) == Reply(())
