"""Kubernetes quantities: `500m`, `0.5`, `1Gi`, `1e3` as exact numbers.

The grammar is a decimal number and one suffix: binary (Ki … Ei), decimal (n u m k M G T P E) or an
exponent (`e3`, `E3`). Fractions keep the arithmetic exact, so 0.1 + 0.2 of a core is no surprise.
Source: Kubernetes API reference, "Quantity".
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from munshi.api.wire import Json
from munshi.local.jobs.fields import Field, shown

_GRAMMAR = re.compile(
    r"(?P<number>\+?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40}))"
    r"(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2}|)"
)
_SCALES = {
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", start=1)},
    **{letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", start=1)},
    **{letter: Fraction(1, 1000**power) for power, letter in enumerate("mun", start=1)},
    "": Fraction(1),
}
_MOST = 2**63 - 1


def read_quantity(field: Field) -> Fraction | None:
    """The amount a field names; `None` when it is absent or wrong (then with a fault)."""
    got = field.value
    if got is None:
        return None
    match = _GRAMMAR.fullmatch(_written(got))
    amount = _amount(match) if match else None
    if amount is None or amount > _MOST:
        field.fault(f"{shown(got)} is not an amount", 'write one like "500m", "0.5", "2" or "1Gi"')
        return None
    return amount


def whole_up(amount: Fraction) -> int:
    """The next whole number, as Kubernetes rounds."""
    return math.ceil(amount)


def _written(got: Json) -> str:
    """The text to parse; YAML numbers need no quotes. What cannot be an amount gives ""."""
    if isinstance(got, bool) or (isinstance(got, int) and got.bit_length() > 128):
        return ""
    return str(got) if isinstance(got, int | float | str) else ""


def _amount(match: re.Match[str]) -> Fraction:
    number, suffix = Fraction(match["number"].rstrip(".")), match["suffix"]
    if suffix in _SCALES:
        return number * _SCALES[suffix]
    return number * Fraction(10) ** int(suffix[1:])
