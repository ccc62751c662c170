"""Facts about curves: where a trial is looked at, and how it stood there."""

from __future__ import annotations

from itertools import islice
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.algorithms.early_stopping import Point, curve, marks


def test_marks_are_dense_first_and_few_in_all() -> None:
    """Every report at the start, then each a quarter beyond the last: a million in sixty."""
    assert list(islice(marks(4), 8)) == [4, 5, 7, 9, 12, 15, 19, 24]
    assert list(islice(marks(1), 5)) == [1, 2, 3, 4, 5]
    assert next(at for at, mark in enumerate(marks(1)) if mark > 1_000_000) < 70


def test_a_point_is_how_the_trial_stood() -> None:
    """Mean, least, greatest and latest of everything up to that report."""
    (first, second) = curve([(1, 3.0), (2, 1.0), (3, 2.0)], 2)
    assert first == Point(2, mean=2.0, least=1.0, greatest=3.0, latest=1.0)
    assert second == Point(3, mean=2.0, least=1.0, greatest=3.0, latest=2.0)


CASES: dict[str, tuple[list[float], list[tuple[int, float]]]] = {
    "a trial that never got there has no point": ([1.0], []),
    "NaN and infinity count as reports and have no value": ([4.0, nan, inf], [(2, 4.0), (3, 4.0)]),
    "before the first finite value there is no point": ([nan, nan, 5.0], [(3, 5.0)]),
    "a sum beyond all numbers is left out": ([1e308, 1e308, 1e308], []),
}


@pytest.mark.parametrize("case", CASES)
def test_odd_values(case: str) -> None:
    """What is not finite makes no point, and spoils none."""
    values, means = CASES[case]
    assert [(one.step, one.mean) for one in curve(enumerate(values, 1), 2)] == means


def test_a_thinned_series_keeps_its_numbers() -> None:
    """Where reports are missing the trial stood as after the last one that is there."""
    found = curve([(1, 1.0), (5, 3.0), (9, 5.0)], 4)
    assert [(one.step, one.mean) for one in found] == [(4, 1.0), (5, 2.0), (7, 2.0), (9, 3.0)]


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.integers(1, 9))
def test_points_are_those_of_the_whole_list(values: list[float], first: int) -> None:
    """At each mark that was reached, the sums are those of the values so far."""
    found = curve(enumerate(values, 1), first)
    wanted = [mark for mark in islice(marks(first), 60) if mark <= len(values)]
    assert [one.step for one in found] == wanted
    for one in found:
        so_far = values[: one.step]
        assert one.mean == pytest.approx(sum(so_far) / len(so_far), abs=1e-6)
        assert (one.least, one.greatest, one.latest) == (min(so_far), max(so_far), so_far[-1])
