"""Nodes and a value: what is found, and how it is printed.

Follows client-go's evaluation: a path turns a list of values into a list of values, step by step; null
is passed over by every step; an object without the field just gives nothing, unless none of them has it
and missing keys are not allowed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from munshi.cli.jsonpath import golang
from munshi.cli.jsonpath.nodes import (
    Action,
    Field,
    Filter,
    Literal,
    Path,
    Recursive,
    Slice,
    Step,
    Template,
    Union,
    Wildcard,
    Wrong,
)

Values = list[Any]


class _Nothing:
    """What a range goes over when it found null, or nothing at all; not null itself."""

    def __str__(self) -> str:
        return "<no value>"


_NOTHING = _Nothing()
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def find(template: Template, value: Any, *, missing_is_fine: bool = True) -> Iterator[Values]:  # noqa: ANN401
    """What each action of a template finds in a value, in the order in which it is printed.

    Raises:
        Wrong: The template does not fit the value; or, unless that is fine, a field is missing.
    """
    for part in template:
        if isinstance(part, Action):
            yield _follow(part.path, [value], missing_is_fine)
            continue
        found = _follow(part.path, [value], missing_is_fine)
        for one in found:
            here = _NOTHING if one is None else one
            yield from find(part.body, here, missing_is_fine=missing_is_fine)
        if not found:  # its fields are missed all the same
            for _ in find(part.body, _NOTHING, missing_is_fine=missing_is_fine):
                pass


def text(results: Iterable[Values]) -> str:
    """Results as kubectl prints them: values of one action with blanks between, actions with nothing."""
    return "".join(" ".join(map(_shown, values)) for values in results)


def as_json(results: Iterable[Values]) -> str:
    """Results as `-o jsonpath-as-json` prints them: a list an action."""
    return "".join(golang.as_json([*map(_json, values)], "    ") + "\n" for values in results)


def _json(value: Any) -> Any:  # noqa: ANN401
    return None if value is _NOTHING else value


def _shown(value: Any) -> str:  # noqa: ANN401
    match value:
        case dict() | list():
            return golang.as_json(value)
        case None:
            return "null"
        case _:
            return golang.printed(value)


def _follow(path: Path, values: Values, missing_is_fine: bool) -> Values:
    for step in path:
        values = _step(step, values, missing_is_fine)
    return values


def _step(step: Step, values: Values, missing_is_fine: bool) -> Values:
    match step:
        case Literal(value):
            return [value] if isinstance(value, str) else [value] * len(values)
        case Field(name, at):
            found = [one[name] for one in values if isinstance(one, dict) and name in one]
            if values and not found and not missing_is_fine:
                raise Wrong(f"{name} is not found", at)
            return found
        case Wildcard():
            return [inner for one in values for inner in _inside(one)]
        case Recursive():
            return [inner for one in values for inner in _all_that_hold(one)]
        case Slice():
            return [inner for one in values for inner in _sliced(step, one)]
        case Union(paths):
            return [one for path in paths for one in _follow(path, values, missing_is_fine)]
        case Filter():
            return [inner for one in values for inner in _passing(step, one, missing_is_fine)]


def _inside(value: Any) -> Sequence[Any]:  # noqa: ANN401
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
        case str():
            return value.encode("utf-8", "surrogatepass")  # Go's texts hold bytes
        case _:
            return ()


def _all_that_hold(value: Any) -> Iterator[Any]:  # noqa: ANN401
    """The value and what is in it, as far as it holds something; on a stack, for documents may be deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if inner := _inside(one):
            yield one
            if not isinstance(one, str):
                waiting += reversed(inner)


def _sliced(step: Slice, value: Any) -> Sequence[Any]:  # noqa: ANN401
    if value is None or value is _NOTHING:
        return ()
    if not isinstance(value, list):
        raise Wrong(f"{_kind(value)} has no [index]; a field is written .name", step.at)
    size = len(value)
    start = step.start or 0
    start += size if start < 0 else 0
    end = size if step.end is None else step.end
    end += size if end < 0 or (end == 0 and step.is_index) else 0
    if start == end:
        return ()
    if not 0 <= start < size:
        raise Wrong(f"index {start} is out of bounds: the list has {size} entries", step.at)
    if not 0 <= end <= size:
        raise Wrong(f"index {end - 1} is out of bounds: the list has {size} entries", step.at)
    if start > end:
        raise Wrong(f"the start {start} lies behind the end {end}", step.at)
    return value[start : end : step.step or 1]


def _passing(step: Filter, value: Any, missing_is_fine: bool) -> Iterator[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise Wrong(f"{_kind(value)} cannot be filtered, only a list can", step.at)
    for one in value:
        if not step.operator:
            try:
                if _follow(step.left, [one], missing_is_fine):
                    yield one
            except Wrong:
                pass  # it is not there
            continue
        sides = []
        for path in (step.left, step.right):
            found = _follow(path, [one], missing_is_fine)
            if len(found) > 1:
                raise Wrong("a filter compares one value with one; this side has more", step.at)
            if not found:
                break
            sides += found
        else:
            if _compare(step, *sides):
                yield one


def _compare(step: Filter, left: Any, right: Any) -> bool:  # noqa: ANN401
    for value in (left, right):
        if not isinstance(value, str | int | float):
            raise Wrong(f"{_kind(value)} cannot be compared", step.at)
    if type(left) is not type(right):
        problem = f"{_kind(left)} and {_kind(right)} cannot be compared"
        raise Wrong(
            f"{problem}: {golang.printed(left)} {step.operator} {golang.printed(right)}", step.at
        )
    if isinstance(left, bool) and step.operator not in ("==", "!="):
        raise Wrong("true and false have no order; compare them with == or !=", step.at)
    return _COMPARE[step.operator](left, right)


def _kind(value: Any) -> str:  # noqa: ANN401
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case bool():
            return "a true/false"
        case str():
            return "a text"
        case int():
            return "a whole number"
        case float():
            return "a number with a fraction"
        case _:
            return "null"
