"""CMA-ES as an algorithm: its worth, its memory in the history, its restarts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import median

import numpy as np
import pytest

from munshi.algorithms import Assignments, Pending, Request, Result, find
from munshi.algorithms.maths import restarts
from munshi.algorithms.maths.restarts import Run, following
from munshi.space import Categorical, Distribution, Double, Integer, Space

CMAES = find("cmaes")
Objective = Callable[[Assignments], float]


def search(
    algorithm: str,
    space: Space,
    objective: Objective,
    trials: int,
    *,
    seed: int = 0,
    parallel: int = 1,
    maximize: bool = False,
    settings: Mapping[str, str] | None = None,
) -> list[Result]:
    """An experiment whose oldest trial ends first."""
    results: list[Result] = []
    pending: list[Pending] = []
    given = 0
    while given < trials or pending:
        count = min(parallel - len(pending), trials - given)
        if count:
            request = Request(
                space=space,
                maximize=maximize,
                settings=settings or {},
                seed=seed,
                results=tuple(results),
                pending=tuple(pending),
                first_index=given,
                count=count,
                max_trial_count=trials,
                parallel_trial_count=parallel,
            )
            points = find(algorithm).suggest(request).assignments
            pending += [Pending(point, given + at) for at, point in enumerate(points)]
            given += len(points)
            if not pending:
                break
        one = pending.pop(0)
        results.append(Result(one.assignments, objective(one.assignments), one.index))
    return results


def cube(d: int) -> Space:
    """A continuum of d parameters."""
    return Space(tuple(Double(f"x{i}", 0.0, 1.0) for i in range(d)))


def ellipsoid(point: Assignments) -> float:
    """A bowl a thousand times steeper one way than the other."""
    x = [float(value) for value in point.values()]
    return sum(10 ** (3 * i / (len(x) - 1)) * (v - 0.3) ** 2 for i, v in enumerate(x))


_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8],
     [17, 8, 0.05, 10, 0.1, 14]]
)  # fmt: skip
_P = np.array(
    [[0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886], [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
     [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650], [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381]]
)  # fmt: skip


def hartmann(point: Assignments) -> float:
    """Hartmann's function of six parameters; 0 at the best point."""
    x = np.array([float(value) for value in point.values()])
    return 3.32237 - float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(_A * (x - _P) ** 2).sum(axis=1)))


@pytest.mark.parametrize(("objective", "d"), [(ellipsoid, 5), (hartmann, 6)])
def test_it_is_clearly_better_than_chance(objective: Objective, d: int) -> None:
    """120 trials, four at a time, median of five seeds: less than half of random search's regret."""
    reached = {
        name: median(
            min(
                one.value or 0.0
                for one in search(name, cube(d), objective, 120, seed=seed, parallel=4)
            )
            for seed in range(5)
        )
        for name in ("cmaes", "random")
    }
    assert reached["cmaes"] < reached["random"] / 2, reached


def test_maximising_is_minimising_the_negative() -> None:
    """Point for point; so the direction is heeded."""
    up = search("cmaes", cube(3), lambda point: -ellipsoid(point), 60, maximize=True)
    down = search("cmaes", cube(3), ellipsoid, 60)
    assert [one.assignments for one in up] == [one.assignments for one in down]


def test_scales_do_not_matter() -> None:
    """A rate from 1e-5 to 1 and a batch from 16 to 512 are both tuned (Katib's held the batch at 264)."""
    space = Space((Double("lr", 1e-5, 1.0, None, Distribution.LOG_UNIFORM), Integer("n", 16, 512)))

    def objective(point: Assignments) -> float:
        return (math.log10(float(point["lr"])) + 3) ** 2 + ((int(point["n"]) - 128) / 100) ** 2

    best = min(search("cmaes", space, objective, 120), key=lambda one: one.value or 0.0)
    assert float(best.assignments["lr"]) == pytest.approx(1e-3, rel=0.2)
    assert abs(int(best.assignments["n"]) - 128) <= 5


def test_kinds_are_tuned_together() -> None:
    """A number, a coarse int, a list without order: the best choice of each is found."""
    space = Space(
        (Double("x", 0.0, 1.0), Integer("n", 1, 8), Categorical("c", ("a", "b", "c", "d")))
    )

    def objective(point: Assignments) -> float:
        miss = (float(point["x"]) - 0.7) ** 2 + (int(point["n"]) - 6) ** 2 / 10
        return miss + {"a": 1.0, "b": 0.5, "c": 0.0, "d": 2.0}[point["c"]]

    best = min(search("cmaes", space, objective, 150, seed=3), key=lambda one: one.value or 0.0)
    assert (best.assignments["n"], best.assignments["c"]) == ("6", "c")
    assert float(best.assignments["x"]) == pytest.approx(0.7, abs=0.02)


def test_a_value_that_it_settled_on_is_still_left_at_times() -> None:
    """With the best at n=4 for 200 trials, a fifth of the last hundred still try its neighbours."""
    space = Space((Double("x", 0.0, 1.0), Integer("n", 1, 8)))
    results = search("cmaes", space, lambda p: (int(p["n"]) - 4) ** 2 + float(p["x"]), 200)
    late = [int(one.assignments["n"]) for one in results[100:]]
    assert 5 <= sum(n != 4 for n in late) <= 60
    assert all(abs(n - 4) <= 2 for n in late[20:])


def test_a_single_parameter_will_do() -> None:
    """One dimension, which other implementations refuse."""
    results = search("cmaes", cube(1), lambda p: (float(p["x0"]) - 0.123) ** 2, 80)
    assert min(one.value or 0.0 for one in results) < 1e-6


def test_nobody_waits_for_a_generation() -> None:
    """Nine asked for with three results known: nine points, no two of them the same."""
    results = search("cmaes", cube(3), ellipsoid, 3)
    request = Request(cube(3), False, {}, 0, tuple(results), (), 3, 9)
    reply = CMAES.suggest(request)
    assert not reply.waiting
    assert len({str(point) for point in reply.assignments}) == 9


def test_failures_are_the_worst_and_nothing_but_failures_moves_nothing() -> None:
    """All of one side failing drives it to the other; all failing leaves it where it began."""
    results = search("cmaes", cube(2), ellipsoid, 60)
    half = [
        Result(one.assignments, None if float(one.assignments["x0"]) > 0.5 else 1.0, one.index)
        for one in results
    ]
    none = [Result(one.assignments, None, one.index) for one in results]
    means = []
    for history in (half, none):
        request = Request(cube(2), False, {}, 0, tuple(history), (), 60, 40)
        points = CMAES.suggest(request).assignments
        means.append(sum(float(point["x0"]) for point in points) / 40)
    assert means[0] < 0.4
    assert means[1] == pytest.approx(0.5, abs=0.1)


def test_a_thousand_results_are_replayed_quickly() -> None:
    """One question at a thousand results of eight parameters takes less than a second of this thread."""
    from time import thread_time  # noqa: PLC0415 - only here is time looked at

    space = cube(8)
    points = find("random").suggest(Request(space, False, {}, 1, (), (), 0, 1000)).assignments
    results = tuple(Result(point, ellipsoid(point), at) for at, point in enumerate(points))
    begun = thread_time()
    CMAES.suggest(Request(space, False, {}, 1, results, (), 1000, 1))
    assert thread_time() - begun < 1


def test_ipop_doubles_each_run() -> None:
    """8, 16, 32 points a generation."""
    past = [(Run(8), 100)]
    for size in (16, 32, 64):
        run = following(restarts.IPOP, 8, past, np.random.default_rng(1))
        assert run == Run(size)
        past.append((run, 100))


def test_bipop_takes_turns_by_what_was_spent() -> None:
    """First a doubled run; then small ones of narrower start until they have spent as much."""
    rng = np.random.default_rng(1)
    past = [(Run(8), 100)]
    second = following(restarts.BIPOP, 8, past, rng)
    assert second == Run(16)
    past.append((second, 300))
    for _ in range(3):
        small = following(restarts.BIPOP, 8, past, rng)
        assert not small.large
        assert 8 <= small.size <= 16
        assert 0.01 <= small.narrowing <= 1
        past.append((small, 100))
    assert following(restarts.BIPOP, 8, past, rng) == Run(32)


@pytest.mark.parametrize(("strategy", "spread"), [("none", 0.2), ("ipop", 0.1), ("bipop", 1e-3)])
def test_after_converging_it_looks_elsewhere(strategy: str, spread: float) -> None:
    """Twenty generations without any difference, all close together: what follows is wide again."""
    points = find("random").suggest(Request(cube(2), False, {}, 1, (), (), 0, 120)).assignments
    near = [{name: str(0.5 + 1e-7 * float(v)) for name, v in point.items()} for point in points]
    results = tuple(Result(point, 1.0, at) for at, point in enumerate(near))
    settings = {"restart_strategy": strategy}
    reply = CMAES.suggest(Request(cube(2), False, settings, 1, results, (), 120, 30))
    x = np.array([[float(v) for v in point.values()] for point in reply.assignments])
    assert x.std(axis=0).min() > spread


def test_a_strategy_nobody_knows_is_a_fault() -> None:
    """Named with what may be written; Katib's spelling of the others is kept."""
    (fault,) = CMAES.check(cube(2), {"restart_strategy": "restart"}, None)
    assert fault.path == ("restart_strategy",)
    assert "none, ipop or bipop" in fault.problem
    assert CMAES.check(cube(2), {"restart_strategy": "bipop", "sigma": "0.1"}, 12) == []
