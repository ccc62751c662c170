"""`-o custom-columns=NAME:.path,…`, and the same from a file, as kubectl prints them.

Where several values are found they stand in one cell with commas between, where none is, `<none>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from munshi.cli import tables
from munshi.cli.glimpse import Document
from munshi.cli.jsonpath import Template, Wrong, find, golang, parse

_RELAXED = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")


class Column(NamedTuple):
    """A head as it was written, and the path of what stands below it."""

    head: str
    path: Template


def read(spec: str) -> list[Column]:
    """Read `NAME:.metadata.name,BEST:{.status.best}`.

    Raises:
        Wrong: With the place in the text.
    """
    if not spec:
        raise Wrong("no column is named; write NAME:.metadata.name, with commas between", 0)
    columns = []
    at = 0
    for part in spec.split(","):
        head, colon, path = part.partition(":")
        if not colon:
            raise Wrong(f'"{part}" is no column; write NAME:.path.to.field', at)
        columns.append(_column(head, path, at + len(head) + 1))
        at += len(part) + 1
    return columns


def read_file(text: str) -> list[Column]:
    """Read a file of two lines: heads, and below them paths, with blanks between.

    Raises:
        Wrong: With the place in the text.
    """
    first, _, rest = text.partition("\n")
    heads, paths = first.split(), [*re.finditer(r"\S+", rest.partition("\n")[0])]
    if not heads or not paths:
        raise Wrong("write two lines: the heads, and below them as many paths", 0)
    if len(heads) != len(paths):
        raise Wrong(f"there are {len(heads)} heads and {len(paths)} paths", len(first) + 1)
    return [
        _column(head, path.group(), len(first) + 1 + path.start())
        for head, path in zip(heads, paths, strict=True)
    ]


def path(text: str) -> Template:
    """A path alone, with or without braces and the first dot.

    Raises:
        Wrong: With the place in the text.
    """
    return _column("", text, 0).path


def _column(head: str, path: str, at: int) -> Column:
    relaxed = _RELAXED.fullmatch(path)
    if relaxed is None:
        if not path:
            return Column(head, ())
        raise Wrong(f'"{path}" is no path; write .path.to.field', at)
    inner = relaxed[1] or relaxed[2]
    try:
        return Column(head, parse(f"{{.{inner}}}"))
    except Wrong as wrong:
        begins = relaxed.start(1 if relaxed[1] else 2)
        raise Wrong(wrong.problem, at + begins + max(wrong.at - 2, 0)) from None


def heads(columns: Iterable[Column]) -> list[str]:
    """The first line."""
    return [column.head for column in columns]


def rows(columns: Sequence[Column], shown: Iterable[Document]) -> list[list[str]]:
    """A line an object.

    Raises:
        Wrong: A path does not fit an object.
    """
    return [[cell(column.path, one) for column in columns] for one in shown]


def cell(path: Template, one: Document) -> str:
    """What a path finds in an object."""
    found = list(find(path, one))
    texts = [golang.printed(value) for values in found for value in values]
    if not found or not found[0]:
        texts.insert(0, tables.NONE)
    return ",".join(texts)
