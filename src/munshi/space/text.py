"""Text becomes a parameter's value, and a value text: here and nowhere else.

An Experiment carries numbers as text (`min: "0.01"`), trials receive text (`--lr=0.0234`), and in
between munshi counts. `read` and the parameters of this room call these functions on the way in and
on the way out; the algorithms call `read_doubles` for a whole column of history. What a parameter
allows is none of this file's business: it knows numbers, not ranges.

Two promises hold the road together. Every double that is written reads back as the very same double
(the shortest text that does so is chosen, hence `0.3` and `1e-05`). And texts that other programs
could take for different numbers are refused rather than guessed at: no `nan`, no `1_000`, no digits
of other scripts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal

Value = float | int | str
"""A parameter's value in the typed middle: a double, an int, or the text of a list entry."""

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
"""What trials' programs can be expected to hold in an integer: 64 bits, signed."""

EXACT = Context(prec=60)
"""Decimal arithmetic wide enough for any two doubles' shortest texts; the process's own context is
left alone."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LONGEST = 1000
"""Characters; a number longer than this is a mistake, and costs time to read."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a text is not the number it should be; `problem` goes on from "min: "."""

    problem: str
    mend: str


def read_double(text: str) -> float | Unreadable:
    """Read a finite double; blanks around it are allowed.

    Returns:
        The nearest double, or why there is none. Negative zero reads as zero.
    """
    bare = text.strip()
    if len(bare) > _LONGEST or not _NUMBER.fullmatch(bare):
        return _not_a_number(text)
    value = float(bare)
    if math.isinf(value):
        return Unreadable(f"{quoted(text)} is beyond the largest double", "stay below 1.8e308")
    return value + 0.0  # -0.0 + 0.0 is 0.0


def read_integer(text: str) -> int | Unreadable:
    """Read a whole number of at most 64 bits; `10`, `10.0` and `1e1` are the same one.

    Returns:
        The exact integer, or why there is none.
    """
    bare = text.strip()
    if len(bare) > _LONGEST or not _NUMBER.fullmatch(bare):
        return _not_a_number(text)
    if abs(float(bare)) > 2.0**64:
        return _beyond_64_bits(text)
    digits, _, exponent = bare.lower().partition("e")
    if exponent and abs(int(exponent)) > 2 * _LONGEST:
        # Not above 2**64, so either zero or a tiny fraction; Decimal is spared the astronomical
        # exponent.
        return 0 if not Decimal(digits) else _not_whole(text)
    value = Decimal(bare)
    if value != value.to_integral_value():
        return _not_whole(text)
    whole = int(value)
    return whole if INT_MIN <= whole <= INT_MAX else _beyond_64_bits(text)


def read_doubles(texts: Iterable[str | None]) -> list[float]:
    """Read a column of history in one sweep; NaN stands for what is missing or no number.

    Laxer than `read_double`, because these texts were written by munshi itself: whoever asks checks
    the ranges.
    """
    texts = list(texts)
    try:
        return [float(text) for text in texts]  # type: ignore[arg-type]  # None raises, as we wish
    except (TypeError, ValueError):
        return [_lenient(text) for text in texts]


def write(value: Value) -> str:
    """Write a value as trials receive it: the shortest text that reads back as the same value.

    `0.3`, `1e-05`, `2.0` for doubles, plain digits for ints, list entries exactly as they were
    written.
    """
    return repr(value + 0.0) if isinstance(value, float) else str(value)


def decimal(value: float) -> Decimal:
    """The decimal number people mean by this double: 0.1 is one tenth."""
    return Decimal(repr(value))


def quoted(text: str) -> str:
    """The text in double quotes as a message shows it, cut short when endless."""
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'


def _lenient(text: str | None) -> float:
    try:
        return math.nan if text is None else float(text)
    except ValueError:
        return math.nan


def _not_a_number(text: str) -> Unreadable:
    if text.strip().lstrip("+-").lower() in {"nan", ".nan", "inf", ".inf", "infinity"}:
        return Unreadable(f"{quoted(text)} is not finite", "write a finite number")
    return Unreadable(
        f"{quoted(text)} is not a number", 'write a number such as "10", "0.01" or "1e-5"'
    )


def _not_whole(text: str) -> Unreadable:
    return Unreadable(
        f"{quoted(text)} is not a whole number",
        "write a whole number, or make the parameter a double",
    )


def _beyond_64_bits(text: str) -> Unreadable:
    return Unreadable(
        f"{quoted(text)} does not fit in 64 bits", f"stay between {INT_MIN} and {INT_MAX}"
    )
