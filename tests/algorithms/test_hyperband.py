"""Hyperband: the plan, and an experiment that keeps to it whatever its parallelism."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice

import pytest

from munshi.algorithms import Assignments, Pending, Reply, Request, Result, find
from munshi.algorithms.brackets import most, rung_of, rungs
from munshi.errors import AlgorithmRefused
from munshi.space import Categorical, Discrete, Double, Integer, Space
from munshi.testing.algorithms import ODD_SPACES, an_objective

HYPERBAND = find("hyperband")
EPOCHS = Integer("epochs", 1, 9)
SPACE = Space((Double("lr", 0.0, 1.0), EPOCHS, Categorical("c", ("a", "b"))))
SETTINGS = {"resource_name": "epochs", "r_l": "9"}
PLAN_9 = [1] * 9 + [3] * 3 + [9] + [3] * 5 + [9] + [9] * 3
"""R = 9, eta = 3: 9@1 3@3 1@9, 5@3 1@9, 3@9."""

PLANS = {
    (9, 3): "9@1 3@3 1@9 5@3 1@9 3@9",
    (27, 3): "27@1 9@3 3@9 1@27 12@3 4@9 1@27 6@9 2@27 4@27",
    (2, 2): "2@1 1@2 2@2",
    (1, 3): "1@1",
}


@pytest.mark.parametrize(("largest", "eta"), PLANS)
def test_the_plan_is_the_papers(largest: int, eta: int) -> None:
    """Trials and resource of every rung, in order."""
    told = " ".join(
        f"{rung.size}@{rung.resource}" for rung in rungs(Fraction(largest), Fraction(eta), None)
    )
    assert told == PLANS[largest, eta]


BRACKETS = {(243, 3): 5, (1000, 10): 3, (81, 3): 4, (26, 3): 2, (1, 2): 0}


@pytest.mark.parametrize(("largest", "eta"), BRACKETS)
def test_no_bracket_is_lost_to_rounding(largest: int, eta: int) -> None:
    """s_max is exact where logarithms in floating point are not; below 1 there is one bracket."""
    assert most(Fraction(largest), Fraction(eta)) == BRACKETS[largest, eta]
    assert most(Fraction(1, 2), Fraction(eta)) == 0


def test_the_plan_begins_again_after_its_end() -> None:
    """Suggestion 22 + k stands in the rung of suggestion k, moved by 22; however far out."""
    nine, three = Fraction(9), Fraction(3)
    for index in range(22):
        first, later = (rung_of(index + far, nine, three, None) for far in (0, 22 * 10**9))
        assert first is not None
        assert later is not None
        assert (first.start + 22 * 10**9, first.size) == (later.start, later.size)


def test_a_plan_of_few_choices_begins_each_once() -> None:
    """With 11 different settings: 9, then 2 of 5, and then it is over."""
    sizes = []
    index = 0
    while (rung := rung_of(index, Fraction(9), Fraction(3), 11)) is not None:
        sizes.append(f"{rung.size}@{rung.resource}")
        index = rung.start + rung.size
    assert sizes == ["9@1", "3@3", "1@9", "2@3", "1@9"]


@dataclass
class Run:
    """An experiment in which the oldest active trial ends first, or as `last` says.

    Attributes:
        parallel: How many trials at once.
        limit: maxTrialCount.
        space: The space.
        settings: The algorithm's.
        newest_first: The newest trial ends first.
    """

    parallel: int
    limit: int
    space: Space = SPACE
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)
    newest_first: bool = False
    maximize: bool = False
    results: list[Result] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)

    def ask(self, count: int = 1) -> Reply:
        """Ask for more."""
        return HYPERBAND.suggest(
            Request(
                space=self.space,
                maximize=self.maximize,
                settings=self.settings,
                seed=7,
                results=tuple(self.results),
                pending=tuple(self.pending),
                first_index=len(self.results) + len(self.pending),
                count=count,
                max_trial_count=self.limit,
            )
        )

    def end_one(self) -> None:
        """One trial ends; every seventh fails."""
        one = self.pending.pop(-1 if self.newest_first else 0)
        value = None if one.index % 7 == 6 else value_of(one.assignments)
        self.results.append(Result(one.assignments, value, one.index))

    def play(self) -> list[Assignments]:
        """Until maxTrialCount or the end of the plan; never idle with nothing pending."""
        while True:
            given = len(self.results) + len(self.pending)
            free = min(self.parallel - len(self.pending), self.limit - given)
            if free:
                reply = self.ask(free)
                points = enumerate(reply.assignments, given)
                self.pending += [Pending(point, index) for index, point in points]
                assert len(reply.assignments) == free or reply.waiting or reply.exhausted
                assert self.pending or not reply.waiting, "it waits for nothing"
            if not self.pending:
                break
            self.end_one()
        return [one.assignments for one in sorted(self.results, key=lambda one: one.index)]


def value_of(point: Assignments) -> float:
    """Better with more epochs, and differently so for each setting."""
    quality = (float(point["lr"]) - 0.3) ** 2 if "lr" in point else an_objective(point)
    return quality + 1 / int(point["epochs"])


@pytest.mark.parametrize("parallel", range(1, 10))
def test_every_experiment_comes_to_its_end_in_the_right_rungs(parallel: int) -> None:
    """For each maxTrialCount from 1 to 81: the points are those of the whole run at parallelism 1."""
    whole = Run(1, 81).play()
    assert [int(point["epochs"]) for point in whole] == list(islice(PLAN_9 * 4, 81))
    for limit in range(1, 82):
        assert Run(parallel, limit, newest_first=limit % 2 == 0).play() == whole[:limit]


@pytest.mark.parametrize("maximize", [False, True])
def test_the_best_go_on_with_the_same_settings(maximize: bool) -> None:
    """The three of rung 2 are the best three of rung 1, the best first; the failed one is not among them."""
    run = Run(9, 22, maximize=maximize)
    run.play()
    first = [one for one in run.results if one.index < 9 and one.value is not None]
    first.sort(key=lambda one: one.value or 0.0, reverse=maximize)
    second = sorted((one for one in run.results if 9 <= one.index < 12), key=lambda one: one.index)
    assert [{**one.assignments, "epochs": "3"} for one in first[:3]] == [
        dict(one.assignments) for one in second
    ]


def test_a_rung_waits_for_the_one_below() -> None:
    """It says which rung and for how many; points that need no result are given all the same."""
    run = Run(9, 22)
    reply = run.ask(9)
    assert len(reply.assignments) == 9
    assert reply.because == "rung 1 of 3 (epochs=1): 9 new settings"
    run.pending = [Pending(point, index) for index, point in enumerate(reply.assignments)]
    for _ in range(6):
        run.end_one()
    waiting = run.ask(2)
    assert waiting == Reply(
        (), waiting=True, because="rung 2 of 3 (epochs=3) waits for 3 of 9 trials"
    )
    for _ in range(3):
        run.end_one()
    reply = run.ask(5)
    assert (len(reply.assignments), reply.waiting) == (3, True)
    assert reply.because == "rung 3 of 3 (epochs=9) waits for 3 of 3 trials"


def test_a_trial_that_was_stopped_is_not_waited_for() -> None:
    """Nobody brings its outcome; it is the last to be promoted."""
    run = Run(9, 22)
    points = run.ask(9).assignments
    run.results = [Result(point, value_of(point), at) for at, point in enumerate(points[:8])]
    run.pending = [Pending(points[8], 8, active=False)]
    reply = run.ask(3)
    assert len(reply.assignments) == 3
    assert points[8]["lr"] not in {point["lr"] for point in reply.assignments}


def test_a_deleted_trial_leaves_its_place_to_others() -> None:
    """Eight of nine are there: the best three of them go on. None is there: new settings begin."""
    run = Run(9, 22)
    points = run.ask(9).assignments
    results = [Result(point, value_of(point), at) for at, point in enumerate(points)]
    best = sorted(results, key=lambda one: one.value or 0.0)
    for left, expected in ((best[1:], [one.assignments["lr"] for one in best[1:4]]), ([], None)):
        request = Request(SPACE, False, SETTINGS, 7, tuple(left), (), 9, 3)
        reply = HYPERBAND.suggest(request)
        assert [point["epochs"] for point in reply.assignments] == ["3"] * 3
        got = [point["lr"] for point in reply.assignments]
        assert got == expected if expected else len(set(got)) == 3


def test_a_retried_trial_changes_no_promotion_that_was_made() -> None:
    """When the best was promoted and is then run again and fails, the others follow; nobody goes twice."""
    run = Run(9, 22)
    points = run.ask(9).assignments
    results = [Result(point, value_of(point), at) for at, point in enumerate(points)]
    best = sorted(results, key=lambda one: one.value or 0.0)
    again = [Result(one.assignments, None, one.index) if one is best[0] else one for one in results]
    promoted = Pending({**best[0].assignments, "epochs": "3"}, 9)
    request = Request(SPACE, False, SETTINGS, 7, tuple(again), (promoted,), 10, 2)
    got = [point["lr"] for point in HYPERBAND.suggest(request).assignments]
    assert got == [one.assignments["lr"] for one in best[1:3]]


@pytest.mark.parametrize("oddity", ODD_SPACES)
def test_odd_spaces_are_served(oddity: str) -> None:
    """Beside a resource any space will do: points lie in it, and none comes twice."""
    space = Space((*ODD_SPACES[oddity], EPOCHS))
    points = Run(4, 40, space).play()
    assert all(space.contains(point) for point in points)
    assert len({str(point) for point in points}) == len(points)
    assert len(points) == 40 or Run(1, 99, space).play() == points


def test_a_double_resource_is_written_as_a_double() -> None:
    """With R 10 and eta 2.5 the first rung has 10 / 6.25 exactly."""
    part = Double("part", 0.0, 10.0)
    space = Space((Double("lr", 0.0, 1.0), part))
    settings = {"resource_name": "part", "r_l": "10", "eta": "2.5"}
    reply = HYPERBAND.suggest(Request(space, False, settings, 7, (), (), 0, 7))
    assert {point["part"] for point in reply.assignments} == {"1.6"}


def test_katibs_example_is_served() -> None:
    """Its resource says 1 to 1 and r_l is 2: the plan overwrites the range, as in Katib."""
    space = Space((Double("lr", 0.01, 0.03), Integer("num-epochs", 1, 1)))
    settings = {"resource_name": "num-epochs", "eta": "2", "r_l": "2"}
    assert HYPERBAND.check(space, settings, 2) == []
    reply = HYPERBAND.suggest(Request(space, False, settings, 7, (), (), 0, 2))
    assert [point["num-epochs"] for point in reply.assignments] == ["1", "1"]


FAULTY: dict[str, tuple[dict[str, str], list[tuple[str, ...]]]] = {
    "nothing is said": ({}, [(), ()]),
    "no largest resource": ({"resource_name": "epochs"}, [()]),
    "a misspelt parameter": ({**SETTINGS, "resource_name": "epoch"}, [("resource_name",)]),
    "a list": ({**SETTINGS, "resource_name": "c"}, [("resource_name",)]),
    "numbers in a list": ({**SETTINGS, "resource_name": "d"}, [("resource_name",)]),
    "less than one epoch": ({**SETTINGS, "r_l": "0.5"}, [("r_l",)]),
    "no resource": ({**SETTINGS, "r_l": "0"}, [("r_l",)]),
    "everybody goes on": ({**SETTINGS, "eta": "1"}, [("eta",)]),
    "an unknown name": ({**SETTINGS, "etta": "3"}, [("etta",)]),
}


@pytest.mark.parametrize("case", FAULTY)
def test_what_cannot_be_planned_is_refused(case: str) -> None:
    """At the setting that is at fault, with a mend; `suggest` refuses it, too."""
    settings, paths = FAULTY[case]
    space = Space((*SPACE, Discrete("d", (("1", 1.0), ("2", 2.0)))))
    faults = HYPERBAND.check(space, settings, 10)
    assert [fault.path for fault in faults] == paths
    assert all(fault.mend for fault in faults)
    with pytest.raises(AlgorithmRefused):
        HYPERBAND.suggest(Request(space, False, settings, 7, (), (), 0, 1))


def test_katibs_memory_is_understood() -> None:
    """The settings in which Katib's service keeps its place are no fault, and change nothing."""
    memory = {"s_max": "2", "current_s": "1", "current_i": "0", "n": "5", "r": "3", "b_l": "27"}
    assert HYPERBAND.check(SPACE, SETTINGS | memory, 10) == []
    assert Run(3, 22, settings=SETTINGS | memory).play() == Run(3, 22).play()
