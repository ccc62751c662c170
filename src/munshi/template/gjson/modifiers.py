"""The GJSON modifiers munshi knows: each a plain function from value to value, without arguments.

`@this`, `@valid`, `@ugly` and `@pretty` concern only the text of a document, so on values they
change nothing. `@tostr`, `@fromstr`, `@group` and `@dig` are left out: no condition on a job has
needed them.
"""

from __future__ import annotations

from collections.abc import Callable

from munshi.api.wire import Json
from munshi.template.gjson.compare import ABSENT, Found


def apply(name: str, value: Found) -> Found:
    """The modifier `name` (one of MODIFIERS) of `value`; never changes `value` itself.

    Absence stays absent, but for `@keys` and `@values`, which make an empty array of it.
    """
    if value is ABSENT:
        return [] if name in {"keys", "values"} else ABSENT
    return MODIFIERS[name](value)


def cost(name: str, value: Found) -> int:
    """How many values `apply` would copy, known before it does."""
    match value:
        case list() if name in {"flatten", "join"}:
            return sum(len(item) if isinstance(item, list | dict) else 1 for item in value)
        case list() | dict() if MODIFIERS[name] is not _same:
            return len(value)
        case _:
            return 0


def _same(value: Json) -> Json:
    return value


def _reverse(value: Json) -> Json:
    match value:
        case list():
            return value[::-1]
        case dict():
            return dict(reversed(value.items()))
        case _:
            return value


def _keys(value: Json) -> Json:
    match value:
        case dict():
            return list(value)
        case list():
            return [None] * len(value)
        case _:
            return [None]


def _values(value: Json) -> Json:
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
        case _:
            return [value]


def _flatten(value: Json) -> Json:
    """One level: [1, [2, [3]]] becomes [1, 2, [3]]."""
    if not isinstance(value, list):
        return value
    flat: list[Json] = []
    for item in value:
        if isinstance(item, list):
            flat.extend(item)
        else:
            flat.append(item)
    return flat


def _join(value: Json) -> Json:
    """One object of an array's objects: a name keeps its first place and takes its last value."""
    if not isinstance(value, list):
        return value
    joined: dict[str, Json] = {}
    for item in value:
        if isinstance(item, dict):
            joined.update(item)
    return joined


MODIFIERS: dict[str, Callable[[Json], Json]] = {
    "this": _same,
    "valid": _same,
    "ugly": _same,
    "pretty": _same,
    "reverse": _reverse,
    "keys": _keys,
    "values": _values,
    "flatten": _flatten,
    "join": _join,
}
