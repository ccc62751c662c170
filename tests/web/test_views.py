"""Pure facts: what is drawn of many values, how the best so far runs, when it will end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.metrics.log import MetricLog, Report
from munshi.web.views import rows, series, trials, wire
from munshi.web.views.trials import Cells
from support.cli_world import NOW, a_trial, ago, an_experiment, condition
from support.web_world import at

Values = list[float | None]
numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.none() | numbers, max_size=400), st.integers(4, 60))
def test_thinning_keeps_the_ends_and_the_peaks(values: Values, most: int) -> None:
    """At most so many are kept, in order, the first, last, least and greatest among them."""
    kept = series.thinned(values, most)
    assert kept == sorted(set(kept))
    assert len(kept) <= max(most, 0)
    if len(values) <= most:
        assert kept == list(range(len(values)))
        return
    assert {0, len(values) - 1} <= set(kept)
    finite = [one for one in values if one is not None]
    left = [values[one] for one in kept if values[one] is not None]
    if finite:
        assert {min(finite), max(finite)} <= set(left)


def report(number: int, value: str, step: int | None = None, time_ns: int | None = None) -> Report:
    """A report of one metric."""
    return Report(number, MetricLog("loss", value, time_ns, step))


def test_a_curve_goes_by_the_programs_own_steps() -> None:
    """Where every report has a step, that is the x; what is no number is null."""
    own, cut = series.curve([report(1, "1", 10), report(2, "nan", 20), report(3, "best", 30)], 10)
    assert own == [(10, 1.0), (20, None), (30, None)]
    assert not cut


def test_a_date_beyond_the_calendar_is_null() -> None:
    """A program may date its values in the year 300,000."""
    found = series.series([report(1, "1", time_ns=10**22), report(2, "2", time_ns=0)], 10)
    assert [point[1] for point in found["points"]] == [None, "1970-01-01T00:00:00Z"]


def test_a_series_that_the_store_thinned_says_how_many_there_were() -> None:
    """The number of the last report is the count."""
    found = series.series([report(1, "1"), report(1000, "2")], 10)
    assert (found["count"], found["thinned"]) == (1000, True)


def some(values: list[float | None]) -> list[Cells]:
    """Succeeded trials with these objective values."""
    sought = wire.objective(an_experiment().dump())
    made = [
        at(a_trial(f"t{index}", "Succeeded", accuracy="" if value is None else str(value)), index)
        for index, value in enumerate(values)
    ]
    return [trials.cells(one.dump(), sought) for one in made]


def test_the_best_and_the_newest_curves_are_drawn() -> None:
    """Of ten trials four are drawn: the two best and the two newest others, in their order."""
    found = series.chosen(some([0, 9, 1, 2, 8, 3, 4, 5, 6, None]), 4, minimize=False)
    assert [one.name for one in found] == ["t1", "t4", "t8", "t9"]


@given(st.lists(st.integers(0, 99), max_size=200))
def test_the_sparkline_is_the_best_so_far(values: list[int]) -> None:
    """It never falls, ends at the best of all, and has at most SPARKS numbers."""
    found = rows.sparks(an_experiment().dump(), some([float(one) for one in values]))
    assert found == sorted(found)
    assert len(found) == min(len(values), rows.SPARKS)
    assert found[-1:] == [float(max(values, default=0))] * bool(values)


ETAS: dict[str, tuple[dict[str, int], float | None]] = {
    "no trial has ended": ({"trials": 3, "trialsRunning": 3}, None),
    "half is done": ({"trials": 8, "trialsSucceeded": 6, "trialsRunning": 2}, 60.0),
    "a quarter is done": (
        {"trials": 4, "trialsSucceeded": 2, "trialsFailed": 1, "trialsPending": 1},
        180.0,
    ),
}


@pytest.mark.parametrize("case", ETAS)
def test_the_eta_goes_on_as_before(case: str) -> None:
    """After a minute, with 12 trials wanted, the rest takes as long as the trials so far did."""
    status, wanted = ETAS[case]
    experiment: Any = an_experiment("e", condition("Running")).dump()
    for field, count in status.items():
        experiment["status"][field] = count
    experiment["status"]["startTime"] = ago(60).isoformat()
    assert rows.row(experiment, (), NOW)["eta_s"] == wanted


def test_who_has_ended_has_no_eta() -> None:
    """Only a running experiment will end."""
    ended: Any = an_experiment("e", condition("Succeeded"), trials=6, trials_succeeded=6).dump()
    ended["status"]["startTime"] = ago(60).isoformat()
    assert rows.row(ended, (), NOW + timedelta(hours=1))["eta_s"] is None


def test_the_state_is_the_last_condition_that_holds() -> None:
    """A condition that is false says nothing of what is."""
    one = an_experiment("e", condition("Running"), condition("Suspended", true=False))
    assert rows.row(one.dump(), (), NOW)["type"] == "Running"


def test_long_text_is_cut_in_tables_only() -> None:
    """A value of a megabyte is a cell of 500 characters, and whole on the trial's own page."""
    trial = a_trial("t", "Failed", lr="9" * 1_000_000, message="m" * 1_000).dump()
    cells = trials.cells(trial, wire.objective(an_experiment().dump()))
    assert (len(cells.values["lr"]), cells.values["lr"][-1]) == (500, "…")
    assert len(cells.message) == 500
    detail = trials.detail(trial, (), "")
    assert (len(detail["assignments"]["lr"]), len(detail["message"])) == (1_000_000, 1_000)
