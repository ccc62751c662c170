"""The text of a metric into a number, and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.metrics import number

NUMBERS = {
    "a plain decimal": ("0.93", 0.93),
    "a sign": ("-7.5", -7.5),
    "an exponent without a point": ("1E0", 1.0),
    "no digit before the point": (".98", 0.98),
    "no digit after the point": ("1.", 1.0),
    "blanks around": (" 0.5\t", 0.5),
    "too large for a double": ("1e400", math.inf),
    "too large, negative": ("-1e400", -math.inf),
    "infinity in words": ("-Infinity", -math.inf),
    "hexadecimal with a binary exponent, as Go parses it": ("0x1.8p1", 3.0),
    "hexadecimal too large": ("-0x1p99999", -math.inf),
}

NO_NUMBERS = {
    "nothing": "",
    "blanks": "  ",
    "a lone sign": "-",
    "a lone point": ".",
    "Python's None": "None",
    "the wire's word for never reported": "unavailable",
    "a tensor": "tensor(0.5)",
    "a percentage": "50%",
    "underscores": "1_000",
    "thousands": "1,000",
    "hexadecimal without an exponent": "0x10",
    "digits of another script": "٣",
    "a blank that is not ASCII": "1\N{NO-BREAK SPACE}",
    "a NUL": "1\0",
    "two numbers": "1 2",
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.values(), ids=NUMBERS)
def test_reads_numbers(text: str, value: float) -> None:
    """Decimal, infinite and Go's hexadecimal texts are numbers."""
    assert number.read(text) == value


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "+NAN"])
def test_reads_nan(text: str) -> None:
    """NaN is read in any case and with any sign: C prints -nan."""
    value = number.read(text)
    assert value is not None
    assert math.isnan(value)


@pytest.mark.parametrize("text", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_refuses_what_is_no_number(text: str) -> None:
    """Anything outside the grammar is None, never an exception and never zero."""
    assert number.read(text) is None
    assert not number.is_finite_number(text)


@given(st.floats(allow_nan=False) | st.integers(-(2**53), 2**53))
def test_what_is_written_reads_back_exactly(value: float) -> None:
    """A written number reads back as the same number."""
    assert number.read(number.write(value)) == value


@given(st.text())
def test_reading_never_raises(text: str) -> None:
    """Every text is a number or None."""
    assert number.read(text) is None or isinstance(number.read(text), float)


def test_only_finite_numbers_judge() -> None:
    """NaN and infinity are numbers, but none to be judged by."""
    assert number.is_finite_number("1e-5")
    assert not any(map(number.is_finite_number, ("nan", "inf", "-inf", "1e400")))


def test_the_wires_word_is_none_inside() -> None:
    """`unavailable` and blank text come in as None, and None goes out as `unavailable`."""
    assert number.from_wire("unavailable") is None
    assert number.from_wire(" ") is None
    assert number.from_wire("0.5") == "0.5"
    assert number.to_wire(None) == "unavailable"
    assert number.to_wire("0.5") == "0.5"
