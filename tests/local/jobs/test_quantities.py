"""Amounts of memory and processors, as Kubernetes writes them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from munshi.api.wire import Json
from munshi.errors import Invalid
from munshi.local.jobs.fields import Faults, Field
from munshi.local.jobs.quantities import read_quantity, whole_up

GOOD: dict[str, tuple[Json, Fraction]] = {
    "thousandths": ("500m", Fraction(1, 2)),
    "a decimal": ("0.5", Fraction(1, 2)),
    "a decimal without a whole part": (".5", Fraction(1, 2)),
    "a decimal point at the end": ("2.", Fraction(2)),
    "an unquoted whole number": (2, Fraction(2)),
    "an unquoted decimal": (0.1, Fraction(1, 10)),
    "binary": ("1Gi", Fraction(2**30)),
    "a decimal of a binary": ("1.5Ki", Fraction(1536)),
    "decimal": ("2k", Fraction(2000)),
    "exa, not an exponent": ("1E", Fraction(10**18)),
    "an exponent": ("1e3", Fraction(1000)),
    "a capital exponent": ("1E3", Fraction(1000)),
    "a negative exponent": ("5e-1", Fraction(1, 2)),
    "a plus sign": ("+1", Fraction(1)),
    "nanos": ("1n", Fraction(1, 10**9)),
    "zero": ("0", Fraction(0)),
}
BAD: dict[str, Json] = {
    "words": "much",
    "a negative amount": "-1",
    "a negative number": -1,
    "an unknown unit": "1GB",
    "a space": "1 Gi",
    "nothing": "",
    "not a number": ".nan",
    "infinity": float("inf"),
    "true": True,
    "a list": [1],
    "an exponent beyond reason": "1e99",
    "an exponent that would fill the memory": "1e999999999",
    "more than the world holds": "16Ei",
    "thousands of digits": "9" * 5000,
    "a number of thousands of digits": 10**5000,
    "digits of another script": "١",
}


@pytest.mark.parametrize("case", GOOD)
def test_an_amount_is_read_exactly(case: str) -> None:
    """Every suffix has its scale, with no rounding."""
    written, wanted = GOOD[case]
    field = Field(written, ("memory",), Faults())
    assert read_quantity(field) == wanted
    field.faults.raise_any()


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_amount_is_one_fault(case: str) -> None:
    """Hostile and mistaken amounts are told with their place, quickly."""
    field = Field(BAD[case], ("memory",), Faults())
    assert read_quantity(field) is None
    with pytest.raises(Invalid, match=r"memory: .* is not an amount"):
        field.faults.raise_any()


def test_fractions_of_a_byte_round_up() -> None:
    """As Kubernetes does: 1500m bytes are 2."""
    assert whole_up(Fraction(3, 2)) == 2
