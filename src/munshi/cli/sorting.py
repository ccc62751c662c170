"""`--sort-by PATH`: objects in the order of one of their fields, as kubectl has it.

Katib's numbers are texts on the wire; texts that are numbers come in the order of numbers. What lacks
the field comes first, and of equals the one that came first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from munshi.cli import custom_columns
from munshi.cli.glimpse import Document
from munshi.cli.jsonpath import Template, Wrong, find
from munshi.errors import FieldFault, Invalid, Mark
from munshi.metrics import number

Sorted: TypeAlias = Callable[[Sequence[Document]], list[Document]]


def read(path: str | None) -> Sorted:
    """What puts objects in order; without a path they stay as they are.

    Args:
        path: `.metadata.name`, `metadata.name` or `{.metadata.name}`.

    Raises:
        Invalid: It is no path; with the place.
    """
    if not path:
        return list
    try:
        template = custom_columns.path(path)
    except Wrong as wrong:
        raise Invalid(
            [FieldFault((), wrong.problem, mark=Mark(1, wrong.at + 1))], "--sort-by"
        ) from wrong
    return lambda shown: sorted(shown, key=lambda one: _key(template, one))


def _key(template: Template, one: Document) -> tuple[int, float, str]:
    values = [value for values in find(template, one) for value in values]
    return _rank(values[0]) if values else (0, 0.0, "")


def _rank(value: Any) -> tuple[int, float, str]:  # noqa: ANN401 - a field of any kind
    got = number.read(value) if isinstance(value, str) else value
    if isinstance(got, int | float) and not math.isnan(got):
        return 1, got, ""
    return 2, 0.0, str(value)
