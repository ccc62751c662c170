"""`-l LABEL=VALUE,…`: which objects are meant, by their labels, in kubectl's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import click

from munshi.cli import glimpse
from munshi.cli.glimpse import Document

Wanted: TypeAlias = Callable[[Document], bool]

_COMMA = re.compile(r",(?![^()]*\))")
_KEY = r"(?P<key>[\w./-]+)"
_FORMS = (
    re.compile(rf"(?P<no>!?)\s*{_KEY}"),
    re.compile(rf"{_KEY}\s*(?P<no>!?)==?\s*(?P<value>[\w.-]*)"),
    re.compile(rf"{_KEY}\s+(?P<no>(?:not)?)in\s*\((?P<values>[^()]*)\)"),
)


def read(selector: str | None) -> Wanted:
    """Read `a=b`, `a!=b`, `a`, `!a`, `a in (b, c)`, `a notin (b, c)`, with commas between.

    Raises:
        click.UsageError: A part is none of these.
    """
    if not selector:
        return lambda _: True
    tests = [_test(part.strip(), selector) for part in _COMMA.split(selector)]
    return lambda one: all(test(one) for test in tests)


def _test(part: str, selector: str) -> Wanted:
    found = next((read for form in _FORMS if (read := form.fullmatch(part))), None)
    if found is None:
        known = "LABEL=VALUE, LABEL!=VALUE, LABEL, !LABEL or LABEL in (VALUE, …)"
        raise click.UsageError(f'-l "{selector}": "{part}" is no test; write {known}')
    groups = found.groupdict()
    key, holds = groups["key"], not groups["no"]
    if groups.get("values") is not None:
        values = {value.strip() for value in groups["values"].split(",")}
    elif groups.get("value") is not None:
        values = {groups["value"]}
    else:
        return lambda one: (key in _labels(one)) is holds
    return lambda one: (_labels(one).get(key) in values) is holds


def _labels(one: Document) -> Document:
    return glimpse.part(one, "metadata", "labels")
