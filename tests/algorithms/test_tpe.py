"""TPE, one parameter at a time and all together: does it learn, and from what?"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest

from munshi.algorithms import Assignments, Pending, Result, find
from munshi.space import Categorical, Discrete, Distribution, Double, Integer, Space
from munshi.testing.algorithms import SMALL, a_history, a_request

TPES = ["tpe", "multivariate-tpe"]
CUBE6 = Space(tuple(Double(f"x{i}", 0.0, 1.0) for i in range(6)))
PLANE = Space((Double("x", -5.0, 10.0), Double("y", 0.0, 15.0)))
MIXED = Space(
    (
        Double("lr", 1e-5, 1.0, None, Distribution.LOG_UNIFORM),
        Integer("units", 4, 512, 1, Distribution.LOG_UNIFORM),
        Categorical("optimizer", ("sgd", "adam", "rmsprop")),
        Double("dropout", 0.0, 0.9, 0.1),
        Discrete("batch", tuple((str(2**k), 2.0**k) for k in range(3, 9))),
    )
)


def branin(point: Assignments) -> float:
    """Branin's function less its minimum."""
    x, y = float(point["x"]), float(point["y"])
    valley = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.397887


HARTMANN = [
    (1.0, (10, 3, 17, 3.5, 1.7, 8), (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886)),
    (1.2, (0.05, 10, 17, 0.1, 8, 14), (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991)),
    (3.0, (3, 3.5, 1.7, 10, 17, 8), (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650)),
    (3.2, (17, 8, 0.05, 10, 0.1, 14), (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381)),
]


def hartmann(point: Assignments) -> float:
    """Hartmann's function in six dimensions less its minimum."""
    x = [float(point[f"x{i}"]) for i in range(6)]
    return 3.32237 - sum(
        height * math.exp(-sum(a * (u - p) ** 2 for a, u, p in zip(steep, x, peak, strict=True)))
        for height, steep, peak in HARTMANN
    )


def training(point: Assignments) -> float:
    """A loss that a network might have: every kind of parameter matters."""
    return (
        0.5 * (math.log10(float(point["lr"])) + 2.5) ** 2
        + 0.2 * (math.log2(int(point["units"])) - 6) ** 2
        + {"sgd": 0.5, "adam": 0.0, "rmsprop": 0.3}[point["optimizer"]]
        + abs(float(point["dropout"]) - 0.2)
        + 0.1 * abs(math.log2(float(point["batch"])) - 5)
    )


PROBLEMS: dict[str, tuple[Space, Callable[[Assignments], float]]] = {
    "Branin": (PLANE, branin),
    "Hartmann-6": (CUBE6, hartmann),
    "a mixed space": (MIXED, training),
}


def best_of(
    name: str, problem: str, seed: int, trials: int, parallel: int = 1, maximize: bool = False
) -> float:
    """The least regret after so many trials, asked for in batches."""
    space, objective = PROBLEMS[problem]
    sign = -1.0 if maximize else 1.0
    results: list[Result] = []
    while len(results) < trials:
        request = a_request(space, results=results, count=parallel, seed=seed, maximize=maximize)
        points = find(name).suggest(request).assignments
        start = len(results)
        results.extend(
            Result(point, sign * objective(point), start + i) for i, point in enumerate(points)
        )
    return min(sign * (result.value or 0.0) for result in results)


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", TPES)
def test_it_beats_random_search(name: str, problem: str, parallel: int) -> None:
    """After 60 trials the median regret over seven seeds is at most 0.7 of random search's."""
    seeds = range(7)
    chance = median(best_of("random", problem, seed, 60) for seed in seeds)
    model = median(best_of(name, problem, seed, 60, parallel) for seed in seeds)
    assert model < 0.7 * chance


@pytest.mark.parametrize("name", TPES)
def test_maximising_is_minimising_the_negative(name: str) -> None:
    """The direction is honoured, to the very point."""
    down = best_of(name, "Branin", 3, 30)
    assert best_of(name, "Branin", 3, 30, maximize=True) == down


@pytest.mark.parametrize("name", TPES)
def test_the_first_points_are_random_searchs(name: str) -> None:
    """Until n_startup_trials results are in, the points are those of `random` with the same seed."""
    results = a_history(find(name), PLANE, 9)
    chance = find("random").suggest(a_request(PLANE, results=results, count=4)).assignments
    assert find(name).suggest(a_request(PLANE, results=results, count=4)).assignments == chance
    sooner = a_request(PLANE, results=results, count=4, settings={"n_startup_trials": "5"})
    assert find(name).suggest(sooner).assignments != chance


def a_slope(count: int) -> list[Result]:
    """Random points of the plane that are better the smaller x is."""
    points = find("random").suggest(a_request(PLANE, count=count, seed=11)).assignments
    return [Result(point, float(point["x"]), i) for i, point in enumerate(points)]


def proposals(name: str, results: list[Result], pending: list[Pending]) -> list[Assignments]:
    """One proposal for each of thirty seeds."""
    return [
        find(name)
        .suggest(a_request(PLANE, results=results, pending=pending, seed=s))
        .assignments[0]
        for s in range(30)
    ]


@pytest.mark.parametrize("name", TPES)
def test_it_goes_where_good_points_are(name: str) -> None:
    """On a slope down to the left the proposals lie far to the left of the middle."""
    xs = [float(point["x"]) for point in proposals(name, a_slope(40), [])]
    assert np.mean(xs) < -2.0


@pytest.mark.parametrize("name", TPES)
@pytest.mark.parametrize("outcome", ["pending", "failed", "not a number"])
def test_pending_and_failed_points_repel(name: str, outcome: str) -> None:
    """Points without a value, heaped on the best spot, push the proposals away from it."""
    results = a_slope(40)
    spot = {"x": "-4.5", "y": "7.5"}
    value = math.nan if outcome == "not a number" else None
    if outcome == "pending":
        heap = proposals(name, results, [Pending(spot, 40 + i) for i in range(12)])
    else:
        heap = proposals(name, results + [Result(spot, value, 40 + i) for i in range(12)], [])
    free = proposals(name, results, [])

    def near(points: list[Assignments]) -> float:
        return float(
            np.mean([math.dist((float(p["x"]), float(p["y"])), (-4.5, 7.5)) for p in points])
        )

    assert near(heap) > near(free)


@pytest.mark.parametrize("name", TPES)
def test_a_batch_holds_no_point_twice(name: str) -> None:
    """Each point of a batch sees the ones before it as pending."""
    results = a_slope(30)
    points = find(name).suggest(a_request(PLANE, results=results, count=20)).assignments
    assert len({tuple(point.values()) for point in points}) == 20


@pytest.mark.parametrize("name", TPES)
def test_results_out_of_the_space_teach_nothing(name: str) -> None:
    """Proposals are the same with and without trials from another range."""
    inside = a_slope(20)
    outside = [Result({"x": "99", "y": "1"}, -1e9, i) for i in range(100, 110)]
    request = a_request(PLANE, results=inside)
    strange = a_request(PLANE, results=[*inside, *outside])
    strange = type(request)(
        PLANE, False, {}, request.seed, strange.results, (), request.first_index, 1, None
    )
    assert find(name).suggest(strange) == find(name).suggest(request)


@pytest.mark.parametrize("name", TPES)
def test_colliding_indexes_do_not_let_the_order_decide(name: str) -> None:
    """Even a history whose numbers are wrong has one reply."""
    results = [Result(result.assignments, result.value, 0) for result in a_slope(20)]
    one = find(name).suggest(a_request(PLANE, results=results))
    assert find(name).suggest(a_request(PLANE, results=results[::-1])) == one


SETTINGS = {
    "gamma": {"gamma": "0.9"},
    "prior_weight": {"prior_weight": "50"},
    "n_ei_candidates": {"n_ei_candidates": "2"},
    "n_EI_candidates": {"n_EI_candidates": "2"},
    "random_state": {"random_state": "99"},
}


@pytest.mark.parametrize("case", SETTINGS)
@pytest.mark.parametrize("name", TPES)
def test_every_setting_has_an_effect(name: str, case: str) -> None:
    """No setting is accepted and then ignored."""
    results = a_slope(40)
    plain = find(name).suggest(a_request(PLANE, results=results, count=3))
    other = find(name).suggest(a_request(PLANE, results=results, count=3, settings=SETTINGS[case]))
    assert plain != other


@pytest.mark.parametrize("weight", ["1e-320", "1e308"])
@pytest.mark.parametrize("name", TPES)
def test_extreme_settings_are_survived(name: str, weight: str) -> None:
    """A prior of next to no weight, or of all the weight, leaves the arithmetic finite."""
    chosen = {"prior_weight": weight, "gamma": "1e-300", "n_startup_trials": "0"}
    for results in ([], a_history(find(name), MIXED, 12)):
        request = a_request(MIXED, results=results, count=3, settings=chosen)
        assert all(MIXED.contains(point) for point in find(name).suggest(request).assignments)


@pytest.mark.parametrize("name", TPES)
def test_ties_do_no_harm(name: str) -> None:
    """A history in which all values are equal is modelled all the same."""
    results = [Result(r.assignments, 1.0, r.index) for r in a_history(find(name), SMALL, 14)]
    reply = find(name).suggest(a_request(SMALL, results=results, count=4))
    assert len({SMALL.index(point) for point in reply.assignments}) == 4
