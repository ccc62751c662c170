"""Facts about medianstop: a true median of running averages, at every step, of those that got there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.algorithms.early_stopping import Question, Rule, curve, find, known
from munshi.api.common import Comparison
from munshi.errors import AlgorithmRefused

FIRST = {"min_trials_required": "1", "start_step": "1"}


def rules(
    *curves: Sequence[float], maximize: bool = True, settings: Mapping[str, str] = FIRST
) -> tuple[Rule, ...]:
    """What medianstop makes of these trials."""
    method = find("medianstop")
    first = method.first_step(settings)
    made = tuple(curve(enumerate(values, 1), first) for values in curves)
    return method.rules(Question("accuracy", maximize, settings, made))


def ladder(made: Sequence[Rule]) -> list[tuple[int, float]]:
    """Step and value of each rule."""
    return [(one.start_step, one.value) for one in made]


def test_the_value_is_the_median_of_the_running_averages() -> None:
    """Averages up to each step, and of those the middle one: not the mean, which one trial can move."""
    made = rules([0.0, 2.0], [2.0, 4.0], [1e6, 1e6])
    assert ladder(made) == [(1, 2.0), (2, 3.0)]
    assert ladder(rules([1.0], [3.0])) == [(1, 2.0)], "of an even number the middle of two"


@pytest.mark.parametrize(
    ("maximize", "comparison"), [(True, Comparison.LESS), (False, Comparison.GREATER)]
)
def test_worse_depends_on_the_direction(maximize: bool, comparison: Comparison) -> None:
    """Less than the median where more is better, greater where less is."""
    (only,) = rules([1.0], maximize=maximize)
    assert only == Rule("accuracy", 1.0, comparison, 1, 1)


def test_nothing_is_said_before_enough_trials_are_known() -> None:
    """min_trials_required, 3 unless it is set; a diverged trial without a finite value is none of them."""
    four = [0.5, 0.5, 0.5, 0.5]
    assert rules(four, four, settings={}) == ()
    assert rules(four, four, [float("nan")] * 4, settings={}) == ()
    assert ladder(rules(four, four, four, settings={})) == [(4, 0.5)]


def test_it_begins_at_the_start_step() -> None:
    """start_step, 4 unless it is set, is the first report that is judged."""
    long = [0.1 * at for at in range(9)]
    assert [one.start_step for one in rules(long, settings={"min_trials_required": "1"})] == [
        4,
        5,
        7,
        9,
    ]
    only_late = {"min_trials_required": "1", "start_step": "8"}
    assert [one.start_step for one in rules(long, settings=only_late)] == [8]


def test_a_step_is_judged_by_those_that_got_there() -> None:
    """Where too few did the ladder ends; each rule says how many they were."""
    two = {"min_trials_required": "2", "start_step": "1"}
    made = rules([1.0, 1.0, 1.0], [3.0, 5.0], [5.0], settings=two)
    assert ladder(made) == [(1, 3.0), (2, 2.5)]
    assert [one.trials for one in made] == [3, 2]


def test_equal_rungs_are_one_rule() -> None:
    """A flat curve of a million reports is one rule on the Trial."""
    assert ladder(rules([0.5] * 1000)) == [(1, 0.5)]


@given(st.permutations([[0.1, 0.5], [0.3], [0.2, 0.9, 0.4], [0.7, 0.7, 0.7, 0.7]]))
def test_the_order_of_trials_does_not_matter(curves: list[list[float]]) -> None:
    """Same trials, same rules."""
    assert rules(*curves) == rules(*sorted(curves))


REFUSED = {
    "a misspelt name": ({"start_stp": "4"}, 'did you mean "start_step"?'),
    "no trial at all": ({"min_trials_required": "0"}, "a whole number of at least 1"),
    "not a number": ({"start_step": "soon"}, '"soon" is not a whole number'),
    "half a step": ({"start_step": "2.5"}, "not a whole number"),
    "before the first report": ({"start_step": "0"}, "at least 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_faulty_settings_are_told_and_refused(case: str) -> None:
    """By `check` with advice, and by `rules`, should anybody ask nevertheless."""
    settings, word = REFUSED[case]
    (fault,) = find("medianstop").check(settings)
    assert word in str(fault)
    assert fault.mend
    with pytest.raises(AlgorithmRefused):
        rules([1.0], settings=settings)


def test_known_names_are_found_and_others_refused() -> None:
    """Each name leads to a method that goes by it; a near miss is told."""
    assert [find(name).name for name in known()] == list(known())
    with pytest.raises(AlgorithmRefused, match='did you mean "medianstop"'):
        find("median")
    with pytest.raises(AlgorithmRefused, match="is missing; known: medianstop"):
        find("")
