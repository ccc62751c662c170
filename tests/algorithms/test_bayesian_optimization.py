"""Bayesian optimization."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import median

import pytest

from munshi.algorithms import Assignments, Pending, Result, find
from munshi.space import Categorical, Double, Integer, Space
from munshi.testing.algorithms import a_request

SQUARE = Space((Double("x", 0.0, 1.0), Double("y", 0.0, 1.0)))


def branin(point: Assignments) -> float:
    """Branin's function less its least value."""
    x, y = 15 * float(point["x"]) - 5, 15 * float(point["y"])
    bowl = (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.397887357


def searched(  # noqa: PLR0917 - what a test says of a search
    name: str,
    space: Space,
    objective: Callable[[Assignments], float | None],
    count: int,
    parallel: int = 1,
    seed: int = 1,
    settings: Mapping[str, str] | None = None,
    maximize: bool = False,
) -> list[Result]:
    """`count` trials, so many under way at a time, each ended in the order of its start."""
    results: list[Result] = []
    pending: list[Pending] = []
    while len(results) < count:
        while len(pending) < parallel:
            reply = find(name).suggest(
                a_request(
                    space,
                    results=results,
                    pending=pending,
                    seed=seed,
                    settings=settings,
                    maximize=maximize,
                )
            )
            pending.append(Pending(reply.assignments[0], len(results) + len(pending)))
        first = pending.pop(0)
        results.append(Result(first.assignments, objective(first.assignments), first.index))
    return results


def best(results: list[Result]) -> float:
    """The least value."""
    return min(one.value for one in results if one.value is not None)


@pytest.mark.parametrize("parallel", [1, 4])
def test_branin_is_solved(parallel: int) -> None:
    """Forty trials come a hundred times closer than Katib's 4.65, one by one and four at a time."""
    regrets = [
        best(searched("bayesianoptimization", SQUARE, branin, 40, parallel, s)) for s in (1, 2, 3)
    ]
    assert median(regrets) < 0.02


def test_maximising_maximises() -> None:
    """The mirrored function is searched by the very same points."""
    least = searched("bayesianoptimization", SQUARE, branin, 14)
    most = searched("bayesianoptimization", SQUARE, lambda p: -branin(p), 14, maximize=True)
    assert [one.assignments for one in least] == [one.assignments for one in most]


def test_failures_teach() -> None:
    """Where half of the space fails, hardly any of the later trials goes there."""

    def objective(point: Assignments) -> float | None:
        x = float(point["x"])
        return None if x < 0.5 else (x - 0.6) ** 2 + float(point["y"])

    results = searched("bayesianoptimization", SQUARE, objective, 30)
    assert sum(one.value is None for one in results[12:]) <= 3
    assert best(results) < 0.01


def test_a_category_and_ints_are_searched_as_such() -> None:
    """The right one of three words and the right ints of 200 are found in 25 trials."""
    space = Space((Categorical("c", ("a", "b", "c")), Integer("n", 1, 200), Integer("m", 1, 200)))

    def objective(point: Assignments) -> float:
        return (
            (point["c"] != "b") + abs(int(point["n"]) - 37) / 50 + abs(int(point["m"]) - 150) / 50
        )

    assert best(searched("bayesianoptimization", space, objective, 25)) < 0.15


def test_points_asked_at_once_are_those_asked_one_by_one() -> None:
    """A batch of three is what three single questions give."""
    results = searched("bayesianoptimization", SQUARE, branin, 12)
    ask = find("bayesianoptimization").suggest
    together = ask(a_request(SQUARE, results=results, count=3)).assignments
    pending: list[Pending] = []
    for index in range(12, 15):
        (point,) = ask(a_request(SQUARE, results=results, pending=pending)).assignments
        pending.append(Pending(point, index))
    assert [one.assignments for one in pending] == list(together)


def test_a_batch_spreads() -> None:
    """Four points at once lie apart."""
    results = searched("bayesianoptimization", SQUARE, branin, 10)
    points = (
        find("bayesianoptimization")
        .suggest(a_request(SQUARE, results=results, count=4))
        .assignments
    )
    places = [(float(p["x"]), float(p["y"])) for p in points]
    assert all(math.dist(a, b) > 1e-3 for i, a in enumerate(places) for b in places[:i])


@pytest.mark.parametrize("estimator", ["RF", "ET", "GBRT"])
def test_trees_search_too(estimator: str) -> None:
    """Each kind of trees does better than its first points alone."""
    results = searched(
        "bayesianoptimization",
        SQUARE,
        branin,
        20,
        settings={"base_estimator": estimator, "n_initial_points": "8"},
    )
    assert best(results) < best(results[:8])


def test_what_katib_crashes_on_is_refused() -> None:
    """Per-second acquisitions, no initial points, and gradients of trees are faults at their settings."""
    check = find("bayesianoptimization").check
    wrong = {"acq_func": "EIps", "n_initial_points": "0", "base_estimator": "SVM"}
    faults = check(SQUARE, wrong, None)
    assert [fault.path for fault in faults] == [(name,) for name in wrong]
    assert all(fault.mend for fault in faults)
    (fault,) = check(SQUARE, {"base_estimator": "RF", "acq_optimizer": "lbfgs"}, None)
    assert fault.path == ("acq_optimizer",)


def test_an_outlier_flattens_nothing() -> None:
    """One diverged trial does not keep the search from the optimum."""
    results = searched("bayesianoptimization", SQUARE, branin, 10)
    results[3] = Result(results[3].assignments, 1e30, 3)
    for index in range(10, 30):
        point = (
            find("bayesianoptimization").suggest(a_request(SQUARE, results=results)).assignments[0]
        )
        results.append(Result(point, branin(point), index))
    assert best(results) < 0.1
