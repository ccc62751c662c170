"""The race between algorithms: its problems, its simulated time, its records and its arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.quality import contestants, functions, mixed, race, records, report
from benchmarks.quality.__main__ import main
from benchmarks.quality.contestants import Contestant
from benchmarks.quality.problem import Problem, catalogue
from benchmarks.quality.records import Record

TODAY = date(2026, 12, 1)
LINE = Problem("line", {"x": (0.0, 1.0)}, lambda values: float(values["x"]), 0.0)

WHERE: Mapping[str, list[float]] = {
    "log-goldstein-price": [0, -1],
    "hartmann6": [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573],
    "rosenbrock4": [1, 1, 1, 1],
    "ackley5": [0] * 5,
    "levy6": [1] * 6,
    "styblinski-tang4": [-2.903534] * 4,
    "rastrigin3": [0] * 3,
    "michalewicz5": [2.202906, 1.570796, 1.284992, 1.923058, 1.720470],
    "ellipsoid8": list(0.7 - 0.5 * np.linspace(0, 1, 8)),
}
"""Where the literature has the least value; hence outside knowledge, not our own sums."""


def a_record(
    contestant: str, values: list[float], *, problem: str = "line", seed: int = 0, parallel: int = 1
) -> Record:
    """A race that ended so."""
    spent = (0.001,) * len(values)
    return Record(contestant, "1", problem, seed, parallel, tuple(values), spent, "2026-12-01")


class Watched:
    """A search that proposes fixed points and writes down what happens to it."""

    def __init__(self, most_pending: int = 99) -> None:
        self.most_pending = most_pending
        self.asked = 0
        self.told: list[int] = []
        self.pending = 0
        self.crowd = 0

    def ask(self) -> Mapping[str, Any] | None:
        """A point, unless it waits."""
        if self.pending >= self.most_pending:
            return None
        self.asked, self.pending = self.asked + 1, self.pending + 1
        self.crowd = max(self.crowd, self.pending)
        return {"x": 1 / self.asked}

    def tell(self, index: int, value: float) -> None:
        """One has ended."""
        assert value == 1 / (index + 1)
        self.pending -= 1
        self.told.append(index)


def raced(search: Watched, *, trials: int = 40, parallel: int = 4, seed: int = 3) -> Record:
    """The record of one race; its CPU clock stands still."""
    contestant = Contestant("test:watched", "1", lambda _problem, _seed, _parallel: search)
    return race.run(contestant, LINE, seed, trials, parallel, cpu_s=lambda: 0.0, today=TODAY)


@pytest.mark.parametrize("name", WHERE)
def test_the_least_value_lies_where_the_literature_has_it(name: str) -> None:
    """Each classic function takes its optimum at the known place."""
    problem = catalogue()[name]
    point = dict(zip(problem.parameters, WHERE[name], strict=True))
    assert problem.evaluate(point) == pytest.approx(problem.optimum, abs=2e-5)


def test_branin_has_its_three_valleys() -> None:
    """All three minima of the literature are as deep as the optimum says."""
    for x, y in ((-math.pi, 12.275), (math.pi, 2.275), (9.42478, 2.475)):
        optimum = catalogue()["branin"].optimum
        assert functions.branin(np.array([x, y])) == pytest.approx(optimum, abs=1e-5)


@pytest.mark.parametrize("name", [p.name for p in (*functions.PROBLEMS, *mixed.PROBLEMS)])
def test_no_point_is_better_than_the_optimum(name: str) -> None:
    """Two hundred random points stay above it, so no regret is negative."""
    problem = catalogue()[name]
    search = contestants.find("munshi:random").begin(problem, 5, 1)
    for index in range(200):
        point = search.ask()
        assert point is not None
        value = problem.evaluate(point)
        assert value >= problem.optimum - 1e-9
        search.tell(index, value)


def test_there_are_problems_of_every_kind_and_all_repeat_themselves() -> None:
    """At least twelve; the same point has the same value, in real training, too."""
    assert len(catalogue()) >= 12
    for problem in catalogue().values():
        point = contestants.find("munshi:random").begin(problem, 1, 1).ask()
        assert point is not None
        assert problem.evaluate(point) == problem.evaluate(point)


def test_as_many_trials_are_under_way_as_allowed() -> None:
    """Four at a time means four, and every trial is told once."""
    search = Watched()
    record = raced(search)
    assert search.crowd == 4
    assert sorted(search.told) == list(range(40))
    assert record.values == tuple(1 / (index + 1) for index in search.told)


def test_trials_end_in_an_order_of_their_own_and_the_same_for_everybody() -> None:
    """Results come shuffled, by seed and by nothing else."""
    one, other, third = Watched(), Watched(), Watched()
    raced(one)
    raced(other)
    raced(third, seed=4)
    assert one.told == other.told != third.told
    assert one.told != sorted(one.told)


def test_one_by_one_is_in_order() -> None:
    """With one trial at a time each is told before the next is asked for."""
    search = Watched()
    raced(search, parallel=1)
    assert (search.crowd, search.told) == (1, list(range(40)))


def test_a_contestant_may_wait_for_results() -> None:
    """One that proposes nothing before its pending points have ended still gets all its trials."""
    search = Watched(most_pending=2)
    assert len(raced(search).values) == 40
    assert search.crowd == 2


def test_records_come_back_as_they_were_and_a_torn_line_does_no_harm(tmp_path: Path) -> None:
    """A run killed in the middle of a line goes on with all the lines before."""
    path = tmp_path / "deep" / "records.jsonl"
    written = [a_record("a", [3.0, 1.5]), a_record("b", [2.0, 1e-300])]
    assert list(records.read(path)) == []
    for one in written:
        records.append(path, one)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"contestant": "c", "ver')
    assert list(records.read(path)) == written


def test_a_run_goes_on_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same command again runs nothing; more seeds run only the new ones."""
    path = tmp_path / "records.jsonl"
    common = ["run", "--records", str(path), "--problems", "branin", "--contestants"]
    common += ["munshi:random", "munshi:tpe", "--budgets", "4", "--parallel", "1"]
    assert main([*common, "--seeds", "1"]) == 0
    first = path.read_text()
    assert main([*common, "--seeds", "1"]) == 0
    assert path.read_text() == first
    assert main([*common, "--seeds", "2"]) == 0
    assert [one.seed for one in records.read(path)] == [0, 0, 1, 1]
    assert "| `munshi:tpe` |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--contestants", "munshi:tpee"], "munshi has no 'tpee'"),
        (["--contestants", "munshi:tpe", "--problems", "brannin"], "no problem 'brannin'"),
    ],
)
def test_a_wrong_name_is_a_sentence(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, an exit code of 2, and the names there are."""
    assert main(["run", "--records", str(tmp_path / "r"), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "known: " in error


def test_regret_runs_from_the_optimum_to_one_random_point() -> None:
    """0 is the optimum, 1 the median of all random points, at the budget asked for."""
    found = [a_record("munshi:random", [9.0, 5.0, 7.0]), a_record("a", [7.0, 3.0, 1.0])]
    scale = report.scales(found, {"line": 1.0})
    assert scale == {"line": (1.0, 7.0)}
    for budget, regret in ((1, 1.0), (2, 1 / 3), (3, 0.0)):
        rows, races = report.compare(found, scale, budget, 1, "munshi:random")
        assert races == 1
        mean = {row.contestant: row.mean for row in rows}
        assert mean["a"] == pytest.approx(regret)


def test_a_value_below_the_known_optimum_takes_its_place() -> None:
    """Where the optimum is only the best of a search, a race may find a better one."""
    found = [a_record("munshi:random", [9.0, 5.0, 7.0]), a_record("a", [0.5])]
    assert report.scales(found, {"line": 1.0})["line"] == (0.5, 7.0)


def test_only_races_that_all_have_run_are_compared() -> None:
    """A contestant that has not come so far yet cannot win by having had the easy seeds."""
    found = [a_record("munshi:random", [float(seed + 2), 9.0], seed=seed) for seed in range(4)]
    found += [a_record("a", [1.0, 8.0], seed=seed) for seed in (1, 3)]
    found.append(a_record("a", [0.0, 0.0], seed=0, parallel=4))
    rows, races = report.compare(found, report.scales(found, {}), 2, 1, "munshi:random")
    assert races == 2
    assert [(row.contestant, row.rank, row.wins) for row in rows if row.contestant == "a"] == [
        ("a", 1.0, 1.0)
    ]


def test_equals_share_their_rank_and_their_win() -> None:
    """Two that found the same stand at 1.5 each, and chance explains all of it."""
    found = [
        a_record(name, [5.0, 1.0, 4.0], seed=seed)
        for name in ("munshi:random", "a")
        for seed in (0, 1)
    ]
    rows, _ = report.compare(found, report.scales(found, {"line": 0.0}), 3, 1, "munshi:random")
    assert [row.rank for row in rows] == [1.5, 1.5]
    assert [(row.wins, row.p) for row in rows if row.contestant == "a"] == [(0.5, 1.0)]
