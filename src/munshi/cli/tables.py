"""Tables and ages as kubectl prints them; columns stay straight when names are Korean.

Pure text. The verbs decide what stands in a table (`columns`), this module how.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from munshi.metrics import number

GAP = "   "
NONE = "<none>"


def table(
    head: Sequence[str] | None,
    rows: Iterable[Sequence[str]],
    indent: str = "",
    *,
    keep_case: bool = False,
    widths: list[int] | None = None,
) -> str:
    """Columns three blanks apart, each as wide as its widest cell; the last one is not padded.

    Args:
        head: Column names; printed in upper case, as kubectl does. None: only rows, under a head that
            was printed before.
        rows: Cells, as many as there are columns. Empty ones show `<none>`; line breaks and control
            characters are escaped, so a row is always one line.
        indent: Stands before every line.
        keep_case: Print column names as they are: some of them are the author's.
        widths: How wide the columns were so far; columns do not get narrower, and the list is brought
            up to date, for rows that follow.
    """
    lines = []
    if head is not None:
        lines.append([visible(name if keep_case else name.upper()) for name in head])
    lines += [[visible(cell) or NONE for cell in row] for row in rows]
    wide = [max(map(width, column)) for column in zip(*lines, strict=True)]
    if widths is not None:
        widths[:] = wide = [max(pair) for pair in zip(wide, widths or wide, strict=True)]
    return "".join(f"{indent}{_line(line, wide)}\n" for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [pad(cell, size) for cell, size in zip(cells[:-1], widths[:-1], strict=True)]
    return GAP.join([*padded, *cells[-1:]])


def pad(text: str, size: int) -> str:
    """The text, filled with blanks to `size` places on the screen."""
    return text + " " * (size - width(text))


def width(text: str) -> int:
    """How many places a text takes on a terminal: Korean characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_places(char) for char in text)


def _places(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def visible(text: str) -> str:
    """The text on one line; what would move the cursor or colour the screen is written as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char if unicodedata.category(char) in ("Mn", "Cf") else repr(char)[1:-1]


def clip(text: str, size: int) -> str:
    """The text, with an ellipsis where it is longer than `size` places."""
    if width(text) <= size:
        return text
    kept, places = "", 0
    for char in text:
        places += _places(char)
        if places > size - 1:
            break
        kept += char
    return kept + "…"


def short(text: str, digits: int = 6) -> str:
    """A number with so many significant digits when it has more; other text as it is."""
    got = number.read(text)
    if got is None or len(text) <= digits:
        return text
    rounded = f"{got:.{digits}g}"
    return rounded if len(rounded) < len(text) else text


def age(since: datetime | None, now: datetime) -> str:
    """How long ago, as kubectl says it: `5s`, `2m10s`, `3h2m`, `5d4h`; `<unknown>` without a time."""
    return "<unknown>" if since is None else duration(now - since)


def duration(span: timedelta) -> str:
    """A span in kubectl's words: two units while they matter, one when they do not.

    The steps are those of Kubernetes' `duration.HumanDuration`.
    """
    seconds = int(span.total_seconds())
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    if days < 8 * 365:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(great: int, unit: str, small: int, small_unit: str) -> str:
    return f"{great}{unit}{small}{small_unit}" if small else f"{great}{unit}"
