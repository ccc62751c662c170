"""Dates into nanoseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.metrics import timestamp

DATED = {
    "a day in UTC": ("2021-12-02T05:27:27Z", 1638422847_000000000),
    "nanoseconds": ("2021-12-02T05:27:27.123456789Z", 1638422847_123456789),
    "a short fraction": ("2021-12-02T05:27:27.5Z", 1638422847_500000000),
    "a fraction finer than a nanosecond is cut": (
        "2021-12-02T05:27:27.0000000019Z",
        1638422847_000000001,
    ),
    "an offset": ("2021-12-02T14:27:27+09:00", 1638422847_000000000),
    "a negative offset": ("2021-12-01T23:57:27-05:30", 1638422847_000000000),
    "before 1970": ("1969-12-31T23:59:59.9Z", -100000000),
}

UNDATED = {
    "Go's zero time": "0001-01-01T00:00:00Z",
    "no zone": "2021-12-02T05:27:27",
    "a blank instead of T": "2021-12-02 05:27:27Z",
    "a month that does not exist": "2021-13-02T05:27:27Z",
    "a day that does not exist": "2021-02-29T05:27:27Z",
    "an hour that does not exist": "2021-12-02T24:00:00Z",
    "a leap second": "2021-12-02T23:59:60Z",
    "beyond 64 bits of nanoseconds": "2263-01-01T00:00:00Z",
    "year zero": "0000-01-01T00:00:00Z",
    "digits of another script": "٢٠٢١-12-02T05:27:27Z",
    "an offset that does not exist": "2021-12-02T05:27:27+09:60",
}


@pytest.mark.parametrize(("text", "nanoseconds"), DATED.values(), ids=DATED)
def test_reads_rfc3339(text: str, nanoseconds: int) -> None:
    """RFC 3339 text is read to the nanosecond."""
    assert timestamp.read_rfc3339(text) == nanoseconds


@pytest.mark.parametrize("text", UNDATED.values(), ids=UNDATED)
def test_other_text_is_undated(text: str) -> None:
    """What is no date, or the zero date, is None."""
    assert timestamp.read_rfc3339(text) is None


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001  the zone comes next
    st.integers(-23 * 60, 23 * 60),
)
def test_agrees_with_datetime(moment: datetime, offset_min: int) -> None:
    """Any date with any offset is the same moment as Python's datetime says."""
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=offset_min)))
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    assert timestamp.read_rfc3339(aware.isoformat()) == since // timedelta(microseconds=1) * 1000


EPOCH = {
    "the example of upstream's documents": ("1638422847.28721", 1638422847_287210000),
    "one digit after the point": ("1638422847.3", 1638422847_300000000),
    "whole seconds": ("1638422847", 1638422847_000000000),
    "an exponent": ("1.638422847e9", 1638422847_000000000),
    "finer than a nanosecond": ("0.0000000019", 1),
    "almost nothing": ("1e-999999999", 0),
    "an exponent no computer can multiply out": ("1e999999999", None),
    "beyond 64 bits of nanoseconds": ("1e11", None),
    "NaN": ("NaN", None),
    "words": ("now", None),
}


@pytest.mark.parametrize(("text", "nanoseconds"), EPOCH.values(), ids=EPOCH)
def test_reads_decimal_seconds_exactly(text: str, nanoseconds: int | None) -> None:
    """Decimal seconds are read digit by digit."""
    assert timestamp.read_epoch_s(text) == nanoseconds


DOUBLES = {
    "a wall time": (1700000000.25, 1700000000_250000000),
    "zero is not dated": (0.0, None),
    "NaN": (float("nan"), None),
    "infinity": (float("inf"), None),
    "far too late": (1e300, None),
    "beyond 64 bits": (9.9e10, None),
    "before 1970": (-1.5, -1_500000000),
}


@pytest.mark.parametrize(("seconds", "nanoseconds"), DOUBLES.values(), ids=DOUBLES)
def test_reads_a_double_of_seconds(seconds: float, nanoseconds: int | None) -> None:
    """A double becomes nanoseconds; no date and nonsense become None."""
    assert timestamp.from_seconds(seconds) == nanoseconds
