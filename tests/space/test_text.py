"""Text to value and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.space import text
from munshi.space.text import Unreadable

DOUBLES = st.floats(allow_nan=False, allow_infinity=False)


@given(DOUBLES)
def test_a_written_double_reads_back_as_itself(value: float) -> None:
    """Nothing is lost between a double and its text, negative zero's sign apart."""
    assert text.read_double(text.write(value)) == value
    assert text.read_doubles([text.write(value)]) == [value]


@given(st.integers(text.INT_MIN, text.INT_MAX))
def test_a_written_int_reads_back_as_itself(value: int) -> None:
    """All 64 bits survive, beyond what a double could hold."""
    assert text.read_integer(text.write(value)) == value


@given(st.text())
def test_a_list_entry_is_echoed(entry: str) -> None:
    """Words are written exactly as they came."""
    assert text.write(entry) == entry


@given(st.text())
def test_any_text_has_an_answer(written: str) -> None:
    """No text makes the readers raise, and what they accept is a finite number."""
    double, integer = text.read_double(written), text.read_integer(written)
    assert isinstance(double, Unreadable) or math.isfinite(double)
    assert isinstance(integer, Unreadable) or text.INT_MIN <= integer <= text.INT_MAX


WRITTEN = {
    "a third of a decimal": (0.3, "0.3"),
    "a small exponent": (0.00001, "1e-05"),
    "a whole double keeps its point": (2.0, "2.0"),
    "negative zero has no sign": (-0.0, "0.0"),
    "an int": (-7, "-7"),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_values_are_written_as_people_expect(case: str) -> None:
    """The shortest text, no surprises."""
    value, expected = WRITTEN[case]
    assert text.write(value) == expected


INTEGERS = {
    "plain": ("10", 10),
    "signed": ("+10", 10),
    "blanks around": (" 10 ", 10),
    "a whole decimal": ("10.00", 10),
    "an exponent": ("1e3", 1000),
    "an exponent that shifts left": ("1200e-2", 12),
    "beyond a double's exactness": ("9007199254740993", 9007199254740993),
    "the least of 64 bits": ("-9223372036854775808", -(2**63)),
    "zero with an astronomical exponent": ("0e999999999999999999999", 0),
}


@pytest.mark.parametrize("case", INTEGERS)
def test_whole_numbers_are_read_exactly(case: str) -> None:
    """Every way to write a whole number is understood."""
    written, expected = INTEGERS[case]
    assert text.read_integer(written) == expected


NO_INTEGERS = {
    "a fraction": "1.5",
    "a tiny fraction": "1e-999999999999999999999",
    "one more than 64 bits": "9223372036854775808",
    "an astronomical exponent": "1e999999999999999999999",
    "endless digits": "1" * 100_000,
    "a word": "ten",
    "nothing": "",
    "a grouped number": "1_000",
    "digits of another script": "１２",
    "not a number": "nan",
    "hexadecimal": "0x10",
}


@pytest.mark.parametrize("case", NO_INTEGERS)
def test_what_is_no_whole_number_is_refused_with_a_mend(case: str) -> None:
    """Each refusal says what is wrong, shows the text briefly, and how to put it right."""
    answer = text.read_integer(NO_INTEGERS[case])
    assert isinstance(answer, Unreadable)
    assert answer.problem.startswith('"')
    assert len(answer.problem) < 120
    assert answer.mend


NO_DOUBLES = {
    "infinity": ("inf", "not finite"),
    "minus infinity": ("-Infinity", "not finite"),
    "YAML's way": (".nan", "not finite"),
    "beyond the largest": ("1e400", "beyond"),
    "a comma": ("0,5", "not a number"),
    "a percentage": ("5%", "not a number"),
}


@pytest.mark.parametrize("case", NO_DOUBLES)
def test_what_is_no_finite_double_is_refused(case: str) -> None:
    """The problem tells a word from a number that is too large or not finite."""
    written, said = NO_DOUBLES[case]
    answer = text.read_double(written)
    assert isinstance(answer, Unreadable)
    assert said in answer.problem


def test_a_column_has_nan_where_there_is_no_number() -> None:
    """One bad text does not spoil the others."""
    column = text.read_doubles(["0.5", None, "words", "2"])
    assert column[0] == 0.5
    assert math.isnan(column[1])
    assert math.isnan(column[2])
    assert column[3] == 2.0
