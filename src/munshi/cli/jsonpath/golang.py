"""Values as Go prints and reads them: `fmt.Sprint`, `encoding/json`, `strconv`."""

from __future__ import annotations

import json
import math
import re
import sys
from typing import Any

_MOST = 1 << 63
"""Integers from here on are no int64; Go's reader of JSON makes them float64."""
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_ESCAPED = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|[^\\]",
    re.DOTALL,
)
_LETTERS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def read_number(text: str) -> int | float | None:
    """An int64, or else a float64; None for anything else."""
    if not _DECIMAL.fullmatch(text):
        return None
    if "." not in text and -_MOST <= int(text) < _MOST:
        return int(text)
    value = float(text)
    return value if math.isfinite(value) else None


def unquoted(text: str, quote: str) -> str | None:
    """What stands between quotes, its escapes resolved; None when one of them is none of Go's."""
    if "\\" not in text:
        return text
    read = bytearray()
    at = 0
    while at < len(text):
        found = _ESCAPED.match(text, at)
        if found is None or (found[1] in ("'", '"') and found[1] != quote):
            return None
        at = found.end()
        letter, byte, short, long, octal = found.groups()
        if letter:
            read += _LETTERS.get(letter, letter).encode()
        elif byte or octal:
            code = int(byte, 16) if byte else int(octal, 8)
            if code > 0xFF:
                return None
            read.append(code)
        elif short or long:
            code = int(short or long, 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                return None
            read += chr(code).encode()
        else:
            read += found.group().encode("utf-8", "surrogatepass")
    return read.decode("utf-8", "backslashreplace")


def printed(value: Any) -> str:  # noqa: ANN401 - anything that JSON holds
    """As `fmt.Sprint` prints what Go has read from JSON."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case int() if not -_MOST <= value < _MOST:
            return _general(_float(value))
        case float():
            return _general(value)
        case dict():
            pairs = " ".join(f"{key}:{printed(value[key])}" for key in sorted(value))
            return f"map[{pairs}]"
        case list():
            return f"[{' '.join(map(printed, value))}]"
        case _:
            return str(value)


def as_json(value: Any, indent: str | None = None, around: str = "\n") -> str:  # noqa: ANN401
    """As `encoding/json` writes it: keys sorted, `<`, `>` and `&` escaped.

    Args:
        value: Anything that JSON holds.
        indent: What each level is moved in by; None writes all in one line.
        around: What begins a line at this level.
    """
    match value:
        case dict() | list() if value:
            inside = around if indent is None else around + indent
            colon = ":" if indent is None else ": "
            items = (
                [
                    f"{_text(key)}{colon}{as_json(value[key], indent, inside)}"
                    for key in sorted(value)
                ]
                if isinstance(value, dict)
                else [as_json(item, indent, inside) for item in value]
            )
            first, last = "{}" if isinstance(value, dict) else "[]"
            if indent is None:
                return f"{first}{','.join(items)}{last}"
            return f"{first}{inside}{f',{inside}'.join(items)}{around}{last}"
        case str():
            return _text(value)
        case int() if not isinstance(value, bool) and not -_MOST <= value < _MOST:
            return _json_float(_float(value))
        case float():
            return _json_float(value)
        case _:
            return json.dumps(value)


def _float(value: int) -> float:
    """The nearest float64; the largest one for what lies beyond, which Go would not have read."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(sys.float_info.max, value)


def _text(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return "".join(_UNSAFE.get(char, char) for char in written)


def _digits(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits, and where the decimal point stands behind the first of them."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    return sign, stripped.rstrip("0") or "0", (point if stripped.strip("0") else 1)


def _plain(sign: str, digits: str, point: int) -> str:
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return sign + digits.ljust(point, "0")
    return f"{sign}{digits[:point]}.{digits[point:]}"


def _scientific(sign: str, digits: str, point: int, least: int) -> str:
    fraction = f".{digits[1:]}" if digits[1:] else ""
    power = f"{abs(point - 1):0{least}}"
    return f"{sign}{digits[0]}{fraction}e{'-' if point < 1 else '+'}{power}"


def _general(value: float) -> str:
    """`%v`: the shortest digits; an exponent below 1e-4 and from 1e6 on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign, digits, point = _digits(value)
    if digits != "0" and not -4 < point <= 6:
        return _scientific(sign, digits, point, 2)
    return _plain(sign, digits, point)


def _json_float(value: float) -> str:
    sign, digits, point = _digits(value)
    if digits != "0" and not -6 < point <= 21:
        return _scientific(sign, digits, point, 1 if point < 1 else 2)  # as Go does: 1e-7, 1e+21
    return _plain(sign, digits, point)
