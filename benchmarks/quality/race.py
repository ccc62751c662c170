"""One contestant on one problem with one seed.

Time is simulated: each trial takes as long as (seed, its index) says, so that in asynchronous races
every contestant gets its results in the same, shuffled order. CPU time is real.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import date

import numpy as np
from benchmarks.quality.contestants import Contestant
from benchmarks.quality.problem import Problem
from benchmarks.quality.records import Record

_SPREAD = 0.5
"""Of the trials' log-normal durations: one in six takes more than 1.6 times the median."""


def run(
    contestant: Contestant,
    problem: Problem,
    seed: int,
    trials: int,
    parallel: int,
    *,
    cpu_s: Callable[[], float],
    today: date,
) -> Record:
    """Run the race to its end.

    Args:
        contestant: Who.
        problem: On what.
        seed: Of the contestant's chance and of the trials' durations.
        trials: How many.
        parallel: How many at the same time; as one ends, the next begins.
        cpu_s: CPU seconds used so far.
        today: The day, for the record.

    Returns:
        Fewer values than `trials` only when the contestant has no more points.
    """
    search = contestant.begin(problem, seed, parallel)
    under_way: list[tuple[float, int, float]] = []  # (ends at, index, value)
    values: list[float] = []
    spent: list[float] = []
    now, asked, telling_s = 0.0, 0, 0.0
    while True:
        while len(under_way) < parallel and asked < trials:
            start = cpu_s()
            point = search.ask()
            if point is None:
                telling_s += cpu_s() - start
                break
            spent.append(cpu_s() - start + telling_s)
            telling_s = 0.0
            heapq.heappush(
                under_way, (now + _duration(seed, asked), asked, problem.evaluate(point))
            )
            asked += 1
        if not under_way:
            break
        now, index, value = heapq.heappop(under_way)
        values.append(value)
        start = cpu_s()
        search.tell(index, value)
        telling_s += cpu_s() - start
    return Record(
        contestant=contestant.name,
        version=contestant.version,
        problem=problem.name,
        seed=seed,
        parallel=parallel,
        values=tuple(values),
        cpu_s=tuple(round(one, 6) for one in spent),
        date=today.isoformat(),
    )


def _duration(seed: int, index: int) -> float:
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, 4])))
    return float(rng.lognormal(0.0, _SPREAD))
