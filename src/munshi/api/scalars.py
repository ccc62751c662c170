"""A plain word of YAML becomes a value, by kubectl's rules.

`0.10` is a number, `"0.10"` is text, and what `yes`, `1e-5`, `017` or `2026-01-31` are is a matter on which
YAML libraries disagree. An Experiment must mean the same on a laptop and after `kubectl apply`, so this file
follows the library that kubectl uses (sigs.k8s.io/yaml, YAML 1.1 with amendments), and tests hold it to that
library. The composer calls `resolve` for unquoted scalars, `tagged` for `!!int 12` and `key_text` for the
keys of maps; the writer calls `resolve` to learn what must be quoted. Positions are not known here.

The rules in short: `yes no on off y n true false` in three casings are booleans; `~`, `null` and nothing are
null; underscores in numbers are ignored; `0o17`, `017`, `0x1F` and `0b11` are integers; `1e-5` is a float and
`1e400`, which no float can hold, is text; integers beyond 64 bits become floats; dates, times and base-60
numbers stay text.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from datetime import date
from typing import TypeAlias

Scalar: TypeAlias = None | bool | int | float | str

TAG_PREFIX = "tag:yaml.org,2002:"

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(
        ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True
    ),
    **dict.fromkeys(
        ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False
    ),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}

_OCTAL = re.compile(r"([-+]?)0([0-7]+)")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)")
_INNER_SIGN = re.compile(r"0b([-+][01]+)")
"""`0b-11` is -3 to Go, by an accident of its fallbacks; harmless to share."""
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| +([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)?"
)
_DIGITS = re.compile(r"[-+]?([0-9][0-9_]*)")


def resolve(text: str) -> Scalar:
    """The value of an unquoted, untagged scalar.

    Never refuses: what is nothing else is text. `.inf` and `.nan` come back as floats; whether such a number
    may stand in a document is for the caller to judge.
    """
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first == ".":
        if _DOT_FLOAT.fullmatch(text):
            return float(text)
        return text
    if first not in "+-0123456789":
        return text
    plain = text.replace("_", "")
    value = _integer(plain)
    if value is not None:
        return value
    if _FLOAT.fullmatch(plain):
        number = float(plain)
        return text if math.isinf(number) else number
    return text


def digits(text: str) -> int:
    """How many digits a decimal integer is written with; 0 for anything else."""
    match = _DIGITS.fullmatch(text)
    return len(match[1].replace("_", "")) if match else 0


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag, quoted or not: `!!int "12"` is 12.

    Args:
        tag: The tag's full name, or `!`.
        text: The scalar's content.

    Raises:
        LookupError: The tag is not one of YAML's own scalar tags.
        ValueError: The content is not what the tag says.
    """
    if tag == "!":
        return text
    if not tag.startswith(TAG_PREFIX):
        raise LookupError(tag)
    match tag.removeprefix(TAG_PREFIX):
        case "str" | "merge":
            return text
        case "timestamp":
            return _checked_timestamp(text)
        case "binary":
            return _from_base64(text)
        case "null" | "bool" | "int" | "float" as wanted:
            return _of_type(wanted, resolve(text))
        case _:
            raise LookupError(tag)


def key_text(value: Scalar) -> str | None:
    """How a key that is not text is spelled, for keys of JSON are text; None when it cannot be a key.

    `1:` is the key "1", `yes:` the key "true", `0.10:` the key "0.1".
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if value < 1 << 63 else None
        case float():
            return _short_float(value)
        case None:
            return None


def _integer(plain: str) -> int | None:
    """A number within 64 bits (unsigned ones have no sign), else None."""
    if octal := _OCTAL.fullmatch(plain):
        value = int(octal[1] + octal[2], 8)
    elif _INTEGER.fullmatch(plain):
        if len(plain) > 70:  # longer than 64 binary digits: int() need not try
            return None
        value = int(plain, 0)
    elif inner := _INNER_SIGN.fullmatch(plain):
        value = int(inner[1], 2)
        return value if -(1 << 63) <= value < 1 << 63 else None
    else:
        return None
    limit = 1 << 63 if plain[0] in "+-" else 1 << 64
    return value if -(1 << 63) <= value < limit else None


def _of_type(wanted: str, value: Scalar) -> Scalar:
    match wanted, value:
        case "null", None:
            return None
        case "bool", bool():
            return value
        case "int", int() if not isinstance(value, bool):
            return value
        case "float", float():
            return value
        case "float", int() if not isinstance(value, bool) and value < 1 << 63:
            return float(value)
    raise ValueError(wanted)


def _checked_timestamp(text: str) -> str:
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        raise ValueError(text)
    year, month, day = (int(match[part]) for part in (1, 2, 3))
    date(year or 4, month, day)  # Go knows a year 0, a leap year; Python does not
    hour, minute, second = (int(match[part] or match[part + 3] or 0) for part in (4, 5, 6))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(text)
    return text


def _from_base64(text: str) -> str:
    try:
        compact = text.replace("\n", "").replace("\r", "")
        return base64.b64decode(compact, validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValueError(text) from error


def _short_float(value: float) -> str:
    """Go's `FormatFloat(value, 'g', -1, 32)`: the shortest digits that single precision needs."""
    if math.isnan(value):
        return ".nan"
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    for precision in range(9):
        spelled = f"{single:.{precision}e}"
        if struct.pack("f", float(spelled)) == struct.pack("f", single):
            break
    mantissa, exponent = spelled.split("e")
    power = int(exponent)
    if power < -4 or power >= 6:
        return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return f"{single:.{max(precision - power, 0)}f}"
