"""`$(VAR)` in commands, arguments and environment values, as the kubelet expands it.

`$(NAME)` becomes the variable's value, or stays as it is when no such variable is known; `$$`
becomes `$`, so `$$(NAME)` is the text `$(NAME)`; any other `$` is just a dollar. Values are not
expanded a second time. No shell is involved. Semantics: Kubernetes, "Define dependent environment
variables" and its expansion package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from munshi.local.jobs.fields import Field

LONGEST_WORD = 128 * 1024 - 1
"""Bytes of the longest argument or variable that Linux hands to a program (MAX_ARG_STRLEN)."""


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace every known reference; linear in the length of the text."""
    return "".join(
        literal + ("" if name is None else values.get(name, f"$({name})"))
        for literal, name in _pieces(text)
    )


def expand_at(field: Field, text: str, values: Mapping[str, str]) -> str:
    """Expand the text of a field; one that outgrows any program's argument is a fault and gives "".

    A few variables that double each other would otherwise fill the memory, so the length is known
    before anything is built.
    """
    length = sum(
        len(literal) + (0 if name is None else len(values.get(name, name)))
        for literal, name in _pieces(text)
    )
    if length <= LONGEST_WORD:
        expanded = expand(text, values)
        if len(expanded.encode()) <= LONGEST_WORD:
            return expanded
    field.fault(
        "is longer than 128 KiB, more than a program can be given at once",
        "put it into a file and pass the file's path",
    )
    return ""


def references(text: str) -> list[str]:
    """The names a text refers to, in order, known or not."""
    return [name for _, name in _pieces(text) if name is not None]


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Literal text (already unescaped), each followed by the name of a reference or by `None`."""
    start = 0
    last_close = text.rfind(")")
    while (dollar := text.find("$", start)) >= 0:
        before = text[start:dollar]
        follower = text[dollar + 1 : dollar + 2]
        if follower == "$":
            yield before + "$", None
            start = dollar + 2
        elif follower == "(" and dollar + 2 <= last_close:
            close = text.index(")", dollar + 2)
            yield before, text[dollar + 2 : close]
            start = close + 1
        else:
            yield before + "$", None
            start = dollar + 1
    yield text[start:], None
