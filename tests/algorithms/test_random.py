"""Random search."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from munshi.algorithms import Pending, Result, find
from munshi.space import Categorical, Distribution, Double, Integer, Space
from munshi.testing.algorithms import ODD_SPACES, SMALL, a_request

RANDOM = find("random")
CONTINUUM = ODD_SPACES["bells"]


def one_by_one(name: str, space: Space, count: int, chosen: dict[str, str]) -> list[object]:
    """Points asked for singly, each seeing the ones before as pending."""
    pending: list[Pending] = []
    for index in range(count):
        request = a_request(space, pending=pending, settings=chosen)
        (point,) = find(name).suggest(request).assignments
        pending.append(Pending(point, index))
    return [one.assignments for one in pending]


@pytest.mark.parametrize("name", ["random", "grid", "sobol"])
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4), seeded=st.booleans())
@settings(max_examples=25)
def test_timing_makes_no_difference(name: str, sizes: list[int], seeded: bool) -> None:
    """Batches of any size, ended or pending, give the points that asking one by one gives."""
    space = SMALL if name == "grid" else Space((*SMALL, Double("y", 0.0, 1.0)))
    chosen = {"random_state": "5"} if seeded else {}
    total = min(sum(sizes), 18)
    results: list[Result] = []
    while len(results) < total:
        size = sizes[len(results) % len(sizes)]
        size = min(size, total - len(results))
        request = a_request(space, results=results, count=size, settings=chosen)
        for point in find(name).suggest(request).assignments:
            results.append(Result(point, 1.0, len(results)))  # the length grows
    assert [one.assignments for one in results] == one_by_one(name, space, total, chosen)


@pytest.mark.parametrize("name", ["random", "sobol"])
def test_batches_of_a_finite_space_are_the_same_points(name: str) -> None:
    """Passing over points that are taken does not depend on the batch either."""
    whole = find(name).suggest(a_request(SMALL, count=18)).assignments
    assert list(whole) == one_by_one(name, SMALL, 18, {})


def test_asking_again_for_an_old_index_gives_the_old_point() -> None:
    """A reply lost on its way is repeated exactly, whatever was handed out since."""
    points = RANDOM.suggest(a_request(SMALL, count=10)).assignments
    pending = tuple(Pending(point, index) for index, point in enumerate(points))
    request = a_request(SMALL, pending=pending[:4])
    again = type(request)(
        SMALL, False, {}, request.seed, (), pending, first_index=4, count=1, max_trial_count=None
    )
    assert RANDOM.suggest(again).assignments == points[4:5]


def test_seeds_differ_and_random_state_wins() -> None:
    """The experiment's seed counts unless the author wrote random_state."""

    def point(seed: int, **chosen: str) -> object:
        return RANDOM.suggest(a_request(CONTINUUM, seed=seed, settings=chosen)).assignments

    assert point(1) != point(2)
    assert point(1, random_state="2") == point(2)
    assert point(1, random_state="3") == point(2, random_state="3")


def test_all_choices_are_equally_likely() -> None:
    """Ints, ends included, and choices pass a chi-square test over 3,000 independent draws."""
    space = Space((Integer("n", 1, 5), Categorical("c", ("a", "b", "c")), Double("x", 0.0, 1.0)))
    points = RANDOM.suggest(a_request(space, count=3000)).assignments
    for name in ("n", "c"):
        counts = Counter(point[name] for point in points)
        assert stats.chisquare(list(counts.values())).pvalue > 0.001
    xs = [float(point["x"]) for point in points]
    assert stats.kstest(xs, "uniform").pvalue > 0.001


def test_the_last_points_of_a_lopsided_space_are_found() -> None:
    """A bell over a long grid hardly ever draws its ends, and yet the space is used up exactly."""
    space = Space((Integer("n", 0, 400, 1, Distribution.NORMAL),))
    reply = RANDOM.suggest(a_request(space, count=402))
    assert sorted(int(point["n"]) for point in reply.assignments) == list(range(401))
    assert reply.exhausted


def test_the_end_has_a_sentence() -> None:
    """What a person reads when there is nothing left."""
    reply = RANDOM.suggest(a_request(SMALL, count=19))
    assert reply.because == "all 18 points of the space have been handed out"


GOLDEN = Space((Double("x", 0.0, 1.0), Integer("n", 1, 100), Categorical("c", ("a", "b", "c"))))
KNOWN_POINTS = {
    "random": ["0.7739560485559633 44 c", "0.7935026873922878 25 b", "0.2895089577003642 96 a"],
    "grid": ["2 b 0.0", "2 b 0.5", "3 a 1.0"],
    "sobol": ["0.9764950699172914 13 a", "0.2264950699172914 88 a", "0.7264950699172914 38 b"],
}


@pytest.mark.parametrize("name", KNOWN_POINTS)
def test_seeds_keep_their_meaning(name: str) -> None:
    """An upgrade of munshi or numpy does not change the points of a seed."""
    space = SMALL if name == "grid" else GOLDEN
    chosen = {"random_state": "42"}
    points = find(name).suggest(a_request(space, count=3, settings=chosen)).assignments
    assert [" ".join(point.values()) for point in points] == KNOWN_POINTS[name]
