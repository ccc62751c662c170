"""How a GJSON query compares: the operators, `~` conversions, and wildcards in bounded time.

The right-hand side of a query is text, whether it was quoted or not; the *document's* type decides
how it is read: against a string as a string, against a number as a number (text that is none counts
as 0), against true and false as those words. Null, objects and arrays satisfy no comparison. GJSON
path syntax, "Queries".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from munshi.api.wire import Json


class Absent(Enum):
    """The type of ABSENT; null is a value, and absence is not null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""What a path that finds nothing finds."""

Found = Json | Absent

_T = TypeVar("_T", float, str)

CONVERSIONS = ("~true", "~false", "~null", "~*")
"""`~true`, `~false`: the value read as a boolean; `~null`: null or absent; `~*`: anything there."""

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"(?:[+-]?inf(?:inity)?|nan)\Z", re.IGNORECASE)
_YES, _NO = frozenset({"1", "t", "true"}), frozenset({"0", "f", "false"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison, compiled.

    Attributes:
        operator: `=`, `!=`, `<`, `<=`, `>`, `>=`, `%` (like) or `!%` (not like).
        text: The right-hand side, unquoted.
        pattern: `text` as a wildcard pattern, for `%` and `!%`.
    """

    operator: str
    text: str
    pattern: re.Pattern[str] | None = None

    def holds(self, value: Found) -> bool:
        """Whether `value` satisfies the comparison; absence does so only through a `~` conversion."""
        if self.text in CONVERSIONS:
            return _flag_holds(converted(value, self.text), self.operator, "true")
        match value:
            case bool():
                return _flag_holds(value, self.operator, self.text)
            case int() | float():
                return _ordered(number(value), self.operator, read_number(self.text))
            case str() if self.pattern is not None:
                return bool(self.pattern.match(value)) == (self.operator == "%")
            case str():
                return _ordered(value, self.operator, self.text)
            case _:
                return False


def converted(value: Found, conversion: str) -> bool:
    """What a `~` conversion makes of a value; text must spell a boolean, a number is true unless 0."""
    if conversion == "~*":
        return value is not ABSENT
    nothing = value is ABSENT or value is None
    if conversion == "~null":
        return nothing
    wanted = conversion == "~true"
    match value:
        case bool():
            return value is wanted
        case str():
            return value.lower() in (_YES if wanted else _NO)
        case int() | float():
            return (value != 0) is wanted
        case _:
            return nothing and not wanted


def number(value: float) -> float:
    """A JSON number as a float; one beyond the floats is infinite, as in Go."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def read_number(text: str) -> float:
    """The number a comparison's text stands for: decimal, `inf` or `nan`; anything else is 0."""
    return float(text) if _DECIMAL.match(text) or _SPECIAL.match(text) else 0.0


def wildcard(pattern: str) -> re.Pattern[str]:
    r"""Compile `*` (any characters), `?` (any one) and `\c` (just c) so that matching never explodes.

    Every stretch between two stars is sought once, leftmost, in an atomic group: O(text · pattern)
    at worst, however many stars there are. (The tactic is CPython's `fnmatch`.)
    """
    stretches: list[str] = [""]
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            stretches.append("")
        elif character == "?":
            stretches[-1] += "."
        else:
            literal = next(characters, "\\") if character == "\\" else character
            stretches[-1] += re.escape(literal)
    first, *others = stretches
    if not others:
        return re.compile(f"(?s:{first})\\Z")
    sought = "".join(f"(?>.*?{stretch})" for stretch in others[:-1] if stretch)
    return re.compile(f"(?s:{first}{sought}.*{others[-1]})\\Z")


def _ordered(left: _T, operator: str, right: _T) -> bool:
    match operator:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
        case _:  # "like" asks for text
            return False


def _flag_holds(value: bool, operator: str, text: str) -> bool:
    # Go's table, oddities included: true >= anything, false <= anything.
    match operator:
        case "=":
            return text == ("true" if value else "false")
        case "!=":
            return text != ("true" if value else "false")
        case "<":
            return not value and text == "true"
        case "<=":
            return not value
        case ">":
            return value and text == "false"
        case ">=":
            return value
        case _:
            return False
