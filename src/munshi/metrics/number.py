"""The only place where the text of a metric becomes a number, and a number text.

Everywhere else a metric's value travels as the text the program wrote, so that what is shown is
what was said. Two readers of numbers meet here: Python programs, which print `1e-05`, `nan` and
`inf`, and Katib, which judges with Go's `strconv.ParseFloat`. The grammar is what both agree on,
and a little more where refusing would only hurt:

- decimal numbers with optional sign, fraction and exponent; `.5` and `5.` count; blanks around are
  ignored;
- `nan`, `inf`, `infinity` in any case, with or without sign (C prints `-nan`; Go would refuse the
  sign);
- `1e400` is infinity, as in Python; Go calls it out of range;
- hexadecimal only as Go parses it, with a binary exponent: `0x1.8p1` is 3.0, `0x10` is no number;
- no underscores (`1_000` is a way to write programs, not results), and ASCII digits only.

The room's own word for "never reported" is None. The wire's word, `unavailable`, is known to this
file alone.
"""

from __future__ import annotations

import math
import re

UNAVAILABLE = "unavailable"
"""How the Katib API spells a metric that was never reported."""

_GO_HEX = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]{1,9}")


def read(text: str) -> float | None:
    """The number a text says; None when it says none.

    Args:
        text: A value as the program wrote it, e.g. `"0.93"`, `"-1e-05"`, `"nan"`.

    Returns:
        A float, possibly NaN or infinite; None for anything outside the grammar above.
    """
    if "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return _read_hex(text.strip())


def _read_hex(text: str) -> float | None:
    if not _GO_HEX.fullmatch(text):
        return None
    try:
        return float.fromhex(text)
    except OverflowError:
        return -math.inf if text.startswith("-") else math.inf


def write(value: float) -> str:
    """The shortest text that reads back as exactly this number; integers keep their digits."""
    return repr(value)


def is_finite_number(text: str) -> bool:
    """Whether the text is a number an objective can be judged by: neither NaN, nor infinite, nor words."""
    value = read(text)
    return value is not None and math.isfinite(value)


def to_wire(text: str | None) -> str:
    """A value as the API carries it: never reported becomes `unavailable`."""
    return UNAVAILABLE if text is None else text


def from_wire(text: str) -> str | None:
    """A value as the API carries it, taken in: `unavailable` and blank text become None."""
    text = text.strip()
    return None if text in ("", UNAVAILABLE) else text
