"""A log into an Observation."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.metrics import number, observation
from munshi.metrics.log import MetricLog
from munshi.metrics.observation import (
    Fold,
    MetricSummary,
    Strategy,
    objective_text,
    objective_value,
    observe,
)

VALUES = st.sampled_from(
    ["1", "-2.5", "0.1", "1e-05", "nan", "-inf", "1e400", "Genotype(1)", "unavailable", "3"]
)
LOGS = st.lists(
    st.builds(
        MetricLog,
        metric=st.sampled_from(["loss", "acc", "other"]),
        value=VALUES,
        time_ns=st.none() | st.integers(-5, 5),
    )
)


def logs(*values: str) -> list[MetricLog]:
    """Undated values of `loss`, in order of arrival."""
    return [MetricLog("loss", value, None) for value in values]


SUMMARIES = {
    "numbers keep their spelling": (("1.0", "2E0", "0.50"), ("0.50", "2E0", "0.50")),
    "the first of equals is kept": (("1", "1.0", "1e0"), ("1", "1", "1e0")),
    "numbers are compared as numbers": (("10", "9"), ("9", "10", "9")),
    "NaN never is smallest or largest": (("nan", "1", "2"), ("1", "2", "2")),
    "infinity never is smallest or largest": (("1", "-inf", "inf", "1e400"), ("1", "1", "1e400")),
    "a last NaN is shown": (("1", "nan"), ("1", "1", "nan")),
    "only NaN": (("nan",), (None, None, "nan")),
    "text is only the latest": (("Genotype(1)", "Genotype(2)"), (None, None, "Genotype(2)")),
    "unavailable was never reported": (("unavailable",), (None, None, None)),
    "unavailable does not hide a value": (("1", "unavailable"), ("1", "1", "1")),
    "an empty value was never reported": (("", " "), (None, None, None)),
    "nothing": ((), (None, None, None)),
}


@pytest.mark.parametrize(("values", "expected"), SUMMARIES.values(), ids=SUMMARIES)
def test_summarises(
    values: tuple[str, ...], expected: tuple[str | None, str | None, str | None]
) -> None:
    """Smallest, largest and latest of a metric, as reported."""
    (summary,) = observe(logs(*values), ["loss"]).metrics
    assert (summary.min, summary.max, summary.latest) == expected


def test_counts_values() -> None:
    """All values are counted, and those that are not finite once more."""
    (summary,) = observe(logs("1", "nan", "inf", "text", "unavailable"), ["loss"]).metrics
    assert (summary.count, summary.non_finite) == (4, 2)


ORDERS = {
    "a later time is later, whatever arrived when": ([(20, "late"), (10, "early")], "late"),
    "of equal times the last to arrive": ([(10, "1"), (10, "2")], "2"),
    "of undated ones the last to arrive": ([(None, "1"), (None, "2")], "2"),
    "undated ones stand before dated ones": ([(-10, "dated"), (None, "undated")], "dated"),
}


@pytest.mark.parametrize(("given_logs", "latest"), ORDERS.values(), ids=ORDERS)
def test_the_latest_is_by_time_then_arrival(
    given_logs: list[tuple[int | None, str]], latest: str
) -> None:
    """The order is (time, arrival)."""
    (summary,) = observe([MetricLog("loss", text, at) for at, text in given_logs], ["loss"]).metrics
    assert summary.latest == latest


@given(LOGS, st.permutations(["loss", "acc", "never"]))
def test_the_order_of_metrics_is_the_requested_one(
    given_logs: list[MetricLog], metrics: list[str]
) -> None:
    """Every requested metric is there in its place, reported or not, and no other."""
    assert [each.name for each in observe(given_logs, metrics).metrics] == metrics


@given(LOGS, st.integers(0, 20))
def test_adding_in_parts_is_adding_at_once(given_logs: list[MetricLog], cut: int) -> None:
    """A fold fed in batches holds the same as one fed at once."""
    fold = Fold(["loss", "acc"])
    fold.add(given_logs[:cut])
    fold.result()
    fold.add(given_logs[cut:])
    assert fold.result() == observe(given_logs, ["loss", "acc"])


@given(LOGS)
def test_smallest_and_largest_are_those_of_the_finite_values(given_logs: list[MetricLog]) -> None:
    """Min and max bound every finite value and are among them."""
    read = [number.read(log.value) for log in given_logs if log.metric == "loss"]
    finite = [value for value in read if value is not None and math.isfinite(value)]
    summary = observe(given_logs, ["loss"]).metrics[0]
    assert (summary.min is None) == (not finite)
    if summary.min is not None and summary.max is not None:
        assert (number.read(summary.min), number.read(summary.max)) == (min(finite), max(finite))


OBJECTIVES: dict[str, tuple[tuple[str, ...], Strategy, float | None]] = {
    "min": (("2", "1", "3"), "min", 1.0),
    "max": (("2", "1", "3"), "max", 3.0),
    "latest": (("2", "1", "3"), "latest", 3.0),
    "min beside NaN": (("nan", "1", "-inf"), "min", 1.0),
    "a latest NaN is no objective": (("1", "nan"), "latest", None),
    "a latest infinity is no objective": (("1", "inf"), "latest", None),
    "only NaN": (("nan",), "max", None),
    "only text": (("Genotype",), "max", None),
    "never reported": ((), "min", None),
}


@pytest.mark.parametrize(("values", "strategy", "expected"), OBJECTIVES.values(), ids=OBJECTIVES)
def test_the_objective_is_a_finite_number(
    values: tuple[str, ...], strategy: Strategy, expected: float | None
) -> None:
    """The strategy chooses the value; what is not a finite number is None."""
    assert objective_value(observe(logs(*values), ["loss"]), "loss", strategy) == expected


def test_a_text_objective_is_its_latest() -> None:
    """For text every strategy gives the latest; for a metric that was not asked for there is none."""
    seen = observe(logs("Genotype(1)", "Genotype(2)"), ["loss"])
    assert objective_text(seen, "loss", "max") == "Genotype(2)"
    assert objective_text(seen, "acc", "max") is None
    assert objective_value(seen, "acc", "max") is None


def test_knows_what_was_reported() -> None:
    """A metric counts as reported with any value, NaN included, and not otherwise."""
    seen = observe(logs("nan"), ["loss", "acc"])
    assert [seen.reported(name) for name in ("loss", "acc", "other")] == [True, False, False]
    assert seen.get("acc") == MetricSummary("acc")
    assert observation.Observation().get("loss") is None
