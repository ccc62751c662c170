"""`python -m benchmarks.quality run …` and `… report …`; README.md explains both."""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy is loaded: CPU per suggestion is one core's

# ruff: noqa: E402  # what follows loads numpy

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.quality import contestants, race, records, report
from benchmarks.quality.problem import catalogue

from munshi.errors import MunshiError

_PEERS = ("optuna:tpe", "optuna:cmaes", "skopt:gp_hedge", "hyperopt:tpe")
_QUICK = ("branin", "hartmann6", "training", "words")
_RECORDS = Path(".cache/quality.jsonl")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and do; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="run the races that have no record yet, then report")
    report_ = verbs.add_parser("report", help="print the tables of the records")
    for one in (run, report_):
        one.add_argument("--records", type=Path, default=_RECORDS, help="JSON lines (%(default)s)")
        one.add_argument("--contestants", nargs="+", metavar="NAME")
        one.add_argument("--problems", nargs="+", metavar="NAME")
        one.add_argument("--budgets", nargs="+", type=int, default=[30, 60, 100])
        one.add_argument("--parallel", nargs="+", type=int, default=[1, 4])
        one.add_argument("--against", default="optuna:tpe", help="the reference (%(default)s)")
    run.add_argument("--seeds", type=int, default=5, help="seeds 0 … N-1 (%(default)s)")
    run.add_argument("--quick", action="store_true", help="four problems, two seeds, 30 trials")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.verb == "run":
            _quicken(chosen)
            _run(chosen)
        _report(chosen)
    except (LookupError, MunshiError) as error:
        print(f"error: {error.args[0]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _quicken(chosen: argparse.Namespace) -> None:
    if chosen.quick:
        chosen.problems = chosen.problems or list(_QUICK)
        chosen.contestants = chosen.contestants or _own()
        chosen.seeds, chosen.budgets, chosen.parallel = 2, [30], [1]
        chosen.against = "munshi:random" if chosen.against == "optuna:tpe" else chosen.against
    chosen.contestants = chosen.contestants or [*_own(), *_PEERS]


def _own() -> list[str]:
    return [f"munshi:{name}" for name in contestants.munshi_names()]


def _run(chosen: argparse.Namespace) -> None:
    names = chosen.problems or list(catalogue())
    for unknown in set(names) - set(catalogue()):
        raise LookupError(f"no problem {unknown!r}; known: {', '.join(catalogue())}")
    racing = [contestants.find(name) for name in chosen.contestants]
    trials = max(chosen.budgets)
    done = {
        (one.contestant, one.version, one.problem, one.seed, one.parallel)
        for one in records.read(chosen.records)
        if len(one.values) >= trials
    }
    wanted = [
        (parallel, seed, name, contestant)
        for parallel in chosen.parallel
        for seed in range(chosen.seeds)
        for name in names
        for contestant in racing
        if (contestant.name, contestant.version, name, seed, parallel) not in done
    ]
    for number, (parallel, seed, name, contestant) in enumerate(wanted, 1):
        record = race.run(
            contestant,
            catalogue()[name],
            seed,
            trials,
            parallel,
            cpu_s=time.process_time,
            today=_today(),
        )
        records.append(chosen.records, record)
        said = f"{number}/{len(wanted)} {contestant.name} {name} seed {seed} x{parallel}"
        print(f"{said}: {record.best(trials):.5g}", file=sys.stderr, flush=True)


def _report(chosen: argparse.Namespace) -> None:
    found = [
        one
        for one in records.read(chosen.records)
        if chosen.problems is None or one.problem in chosen.problems
    ]
    optima = {name: problem.optimum for name, problem in catalogue().items()}
    scale = report.scales(found, optima)
    if chosen.contestants:
        found = [one for one in found if one.contestant in chosen.contestants]
    if not found:
        raise LookupError(f"no records in {chosen.records}; `run` makes them")
    versions = sorted({one.version for one in found})
    days = sorted({one.date for one in found})
    print(f"{days[0]} to {days[-1]}; {', '.join(versions)}\n")
    for parallel in chosen.parallel:
        for budget in chosen.budgets:
            rows, races = report.compare(found, scale, budget, parallel, chosen.against)
            if rows:
                print(f"### {budget} trials, {parallel} at a time: {races} races each\n")
                print(report.markdown(rows, chosen.against) + "\n")
        print(report.by_problem(found, scale, max(chosen.budgets), parallel) + "\n")


def _today() -> date:
    return datetime.now(UTC).date()  # noqa: TID251  # the outermost shell, no room of munshi


if __name__ == "__main__":
    sys.exit(main())
