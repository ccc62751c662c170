"""The built-in functions of Go's text/template, exactly as Go has them or not at all.

gotpl brings these functions, too, but for any Python value and without a bound on what they
allocate. Here they see only what a trial template can hold; whatever Go would answer with an error,
or in a way that depends on its memory layout, is refused. Every call is charged to a `Meter`.

`and` and `or` stay gotpl's: they must not evaluate all of their arguments.
Called by `go_engine`, which hands the functions to gotpl. Raises gotpl's error, so that gotpl adds
the place. Source: Go's text/template/funcs.go, version 1.26.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from gotpl import TemplateExecutionError

from munshi.template.go_printf import printf
from munshi.template.go_values import Item, kind, known, need, refuse, said

MOST_TEXT = 1 << 20
"""Characters that all functions of one rendering together may take in and give out, and that it may write."""


@dataclass(slots=True)
class Meter:
    """Counts the characters that functions move in one rendering."""

    left: int = MOST_TEXT

    def charge(self, characters: int) -> None:
        """Take from what is left, or refuse."""
        self.left -= characters
        if self.left < 0:
            raise TemplateExecutionError(f"the functions make more than {MOST_TEXT:,} characters")


def functions(meter: Meter, opaque: Collection[str] = ()) -> dict[str, Callable[..., object]]:
    """The functions for one rendering, by the names templates use.

    Args:
        meter: Counts their work.
        opaque: Texts that functions may print, but not look at (see `go_template.render`).
    """

    def metered(function: Callable[..., object]) -> Callable[..., object]:
        def call(*values: object) -> object:
            if opaque:
                _keep_shut(function, values, opaque)
            meter.charge(sum(_size(value) for value in values))
            result = function(*values)
            meter.charge(_size(result))
            return result

        return call

    return {name: metered(function) for name, function in _FUNCTIONS.items()}


_BLIND_PRINTF = re.compile(r"(?:[^%]|%[sv%])*")


def _keep_shut(
    function: Callable[..., object], values: tuple[object, ...], opaque: Collection[str]
) -> None:
    """Refuse a function whose result depends on what an opaque text says, not only on where it goes."""
    if function in (_print, _println) or not _holds(values, opaque):
        return
    whole = isinstance(values[0], list)
    if function in (_index, _slice, _len) and whole and not _holds(values[1:], opaque):
        return
    form = values[0]
    fixed = isinstance(form, str) and not _holds([form], opaque)
    if function is printf and fixed and _BLIND_PRINTF.fullmatch(str(form)):
        return
    name = next(name for name, each in _FUNCTIONS.items() if each is function)
    raise refuse(f"{name} looks at a value that only a trial has")


def _holds(values: Iterable[object], opaque: Collection[str]) -> bool:
    for value in values:
        if isinstance(value, list):
            if _holds(value, opaque):
                return True
        elif any(each in str(value) for each in opaque):
            return True
    return False


def _size(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Item):
        return len(value.Name) + len(value.Value)
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 1


# --- text


def _print(*values: object) -> str:
    """Go's `Sprint`: a space between two neighbours when neither is text."""
    text = ""
    for place, value in enumerate(values):
        spaced = place and not isinstance(value, str) and not isinstance(values[place - 1], str)
        text += (" " if spaced else "") + said(value)
    return text


def _println(*values: object) -> str:
    return " ".join(map(said, values)) + "\n"


_HTML = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_JS = str.maketrans(
    {"\\": r"\\", "'": r"\'", '"': r"\"", **{c: f"\\u{ord(c):04X}" for c in "<>&="}}
    | {chr(code): f"\\u{code:04X}" for code in range(0x20)}
)


def _html(*values: object) -> str:
    return _print(*values).translate(_HTML)


def _js(*values: object) -> str:
    text = known(_print(*values)).translate(_JS)
    return text if text.isascii() else "".join(map(_js_printable, text))


def _js_printable(character: str) -> str:
    """Go keeps what it can print (letters, marks, numbers, punctuation, symbols) and escapes the rest."""
    if character < "\x80" or unicodedata.category(character)[0] in "LMNPS":
        return character
    return f"\\u{ord(character):04X}"


_URL_OCTETS = [
    "+" if char == " " else char if re.match(r"[A-Za-z0-9_.~-]", char) else f"%{ord(char):02X}"
    for char in map(chr, range(256))
]


def _urlquery(*values: object) -> str:
    octets = _print(*values).encode()
    return "".join(map(_URL_OCTETS.__getitem__, octets))


# --- lists and lengths


def _len(*values: object) -> int:
    need("len", values, 1, 1)
    value = values[0]
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list):
        return len(value)
    raise refuse(f"len needs text or a list and got {kind(value)}")


def _index(*values: object) -> object:
    need("index", values, 1)
    value, *places = values
    for place in places:
        if not isinstance(value, str | list):
            raise refuse(f"index looks into text or a list, not into {kind(value)}")
        holder = value.encode() if isinstance(value, str) else value
        value = holder[_place("index", place, len(holder) - 1)]
    return value


def _slice(*values: object) -> object:
    need("slice", values, 1, 3)
    value, *places = values
    if not isinstance(value, str | list):
        raise refuse(f"slice cuts text or a list, not {kind(value)}")
    holder = value.encode() if isinstance(value, str) else value
    start = _place("slice", places[0], len(holder)) if places else 0
    stop = _place("slice", places[1], len(holder)) if len(places) == 2 else len(holder)
    if start > stop:
        raise refuse(f"slice cannot go from {start} back to {stop}")
    part = holder[start:stop]
    if isinstance(part, list):
        return part
    try:
        return part.decode()
    except UnicodeDecodeError:
        raise refuse("slice counts bytes, and this cuts a character in two") from None


def _place(name: str, place: object, most: int) -> int:
    if isinstance(place, bool) or not isinstance(place, int):
        raise refuse(f"{name} counts with integers and got {kind(place)}")
    if not 0 <= place <= most:
        raise refuse(f"{name} {place} is out of range: the last place is {most}")
    return place


# --- comparisons


def _same_kind(name: str, left: object, right: object, kinds: set[str]) -> None:
    what = kind(left)
    if what not in kinds:
        raise refuse(f"{name} cannot compare {what}")
    if kind(right) != what:
        raise refuse(f"{name} cannot compare {what} with {kind(right)}")


_SCALARS = {"bool", "int", "float", "text"}
_ORDERED = {"int", "float", "text"}


def _eq(*values: object) -> bool:
    need("eq", values, 2)
    first, *others = values
    for other in others:
        _same_kind("eq", first, other, _SCALARS)
        if first == other:
            return True
    return False


def _ne(*values: object) -> bool:
    need("ne", values, 2, 2)
    left, right = values
    _same_kind("ne", left, right, _SCALARS)
    return left != right


def _order(name: str, holds: Callable[[int], bool]) -> Callable[..., bool]:
    """A comparison by order; `holds` judges -1, 0 or 1."""

    def compare(*values: object) -> bool:
        need(name, values, 2, 2)
        left, right = values
        _same_kind(name, left, right, _ORDERED)
        return holds((left > right) - (left < right))  # type: ignore[operator]

    return compare


def _not(*values: object) -> bool:
    need("not", values, 1, 1)
    value = values[0]
    return not (isinstance(value, Item) or value)


_FUNCTIONS: dict[str, Callable[..., object]] = {
    "eq": _eq,
    "ge": _order("ge", lambda sign: sign >= 0),
    "gt": _order("gt", lambda sign: sign > 0),
    "html": _html,
    "index": _index,
    "js": _js,
    "le": _order("le", lambda sign: sign <= 0),
    "len": _len,
    "lt": _order("lt", lambda sign: sign < 0),
    "ne": _ne,
    "not": _not,
    "print": _print,
    "printf": printf,
    "println": _println,
    "slice": _slice,
    "urlquery": _urlquery,
}

NAMES = frozenset(_FUNCTIONS) | {"and", "or"}
"""Every function a trial template may call."""
