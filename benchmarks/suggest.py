"""How long a suggestion takes as the history grows, against a plain walk over the same history.

    python benchmarks/suggest.py [--asks 20] [--algorithms tpe multivariate-tpe]

CPU milliseconds for one more point of eight parameters (doubles on plain and log scales, a stepped
double, ints, a category, a discrete list), at histories of 10 to 10,000 results: median, and the
worst of the asks. The reference, measured in the same run, is one linear scan in plain Python that
reads every text of the history as a float: no algorithm that looks at its history can do with less.
The ratio is what to compare between machines.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from munshi.algorithms import Algorithm, Request, Result, find, known
from munshi.space import Categorical, Discrete, Distribution, Double, Integer, Space

HISTORIES = (10, 100, 1_000, 10_000)
SPACE = Space(
    (
        Double("lr", 1e-5, 1.0, None, Distribution.LOG_UNIFORM),
        Double("momentum", 0.0, 1.0),
        Double("decay", 1e-6, 0.1, None, Distribution.LOG_UNIFORM),
        Double("dropout", 0.0, 0.9, 0.1),
        Integer("units", 1, 1000),
        Integer("batch", 1, 4096, 1, Distribution.LOG_UNIFORM),
        Categorical("optimizer", ("sgd", "adam", "rmsprop")),
        Discrete("layers", tuple((str(2**k), 2.0**k) for k in range(8))),
    )
)
NUMERIC = [parameter.name for parameter in SPACE if not isinstance(parameter, Categorical)]


def a_history(count: int) -> tuple[Result, ...]:
    """Random points with the least learning rate the best."""
    request = Request(SPACE, False, {}, 1, (), (), 0, count)
    points = find("random").suggest(request).assignments
    return tuple(Result(point, float(point["lr"]), i) for i, point in enumerate(points))


def scan(results: tuple[Result, ...], _: int) -> float:
    """The reference: look at everything once."""
    return sum(float(one.assignments[name]) for one in results for name in NUMERIC)


def ask(algorithm: Algorithm, results: tuple[Result, ...], number: int) -> None:
    """One more point, `number` suggestions after the history."""
    first = len(results) + number
    algorithm.suggest(Request(SPACE, False, {}, 1, results, (), first, 1))


def cpu_ms(work: Callable[[int], object], asks: int) -> tuple[float, float]:
    """Median and worst CPU milliseconds of so many calls, after one that is not counted."""
    work(0)
    taken = []
    for number in range(1, asks + 1):
        began = time.process_time()
        work(number)
        taken.append((time.process_time() - began) * 1e3)
    return median(taken), max(taken)


def warm_up() -> None:
    """Let numpy's threads stop spinning: for a moment after its import they burn our CPU."""
    results, until, number = a_history(20), time.perf_counter() + 1.0, 0
    while time.perf_counter() < until:
        ask(find("tpe"), results, number)
        number += 1


def main() -> None:
    """Measure and print one line for each algorithm and history."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--asks", type=int, default=20)
    parser.add_argument(
        "--algorithms",
        nargs="*",
        default=[name for name in known() if name not in ("grid", "hyperband")],
    )
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.algorithms) - set(known()))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(known())}")
    warm_up()
    print(f"{'algorithm':<18}{'history':>8}{'median ms':>11}{'worst ms':>10}{'x scan':>8}")
    for count in HISTORIES:
        results = a_history(count)
        reference, _ = cpu_ms(partial(scan, results), chosen.asks)
        print(f"{'(linear scan)':<18}{count:>8}{reference:>11.2f}")
        for name in chosen.algorithms:
            middle, worst = cpu_ms(partial(ask, find(name), results), chosen.asks)
            print(f"{name:<18}{count:>8}{middle:>11.2f}{worst:>10.2f}{middle / reference:>8.1f}")


if __name__ == "__main__":
    main()
