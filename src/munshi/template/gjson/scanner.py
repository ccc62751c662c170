"""A text read from left to right, character by character; and the values of queries in it.

The lower half of `reader`: it knows blanks, quotes and where it stands, but nothing of paths.
"""

from __future__ import annotations

import json
import re
from typing import Never

from munshi.template.gjson.syntax import PathBroken

BLANKS = frozenset(map(chr, range(0x21)))
"""What may surround the parts of a query: the space and everything before it."""
COMPARING = "!=<>%"
"""The characters that begin an operator."""

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class Scanner:
    """A text and a place in it.

    Args:
        text: The whole path.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _blanks(self) -> None:
        while self._peek() in BLANKS:
            self._at += 1

    def _excerpt(self) -> str:
        rest = self._text[self._at :]
        return repr(rest if len(rest) <= 20 else rest[:20] + "…")

    def _fail(self, problem: str, at: int | None = None, mend: str = "") -> Never:
        raise PathBroken(problem, (self._at if at is None else at) + 1, mend)

    def _quoted_value(self) -> str:
        found = _QUOTED.match(self._text, self._at)
        if not found:
            self._fail("the quoted value is never closed", mend='add "')
        try:
            value: str = json.loads(found[0], strict=False)
        except ValueError:
            self._fail(
                f"{found[0]} has an escape that JSON does not know",
                mend="write \\\\ for one backslash",
            )
        self._at = found.end()
        return value

    def _bare_value(self, closer: str) -> str:
        start = self._at
        if (mark := self._peek()) and mark in "'“”‘’„`":
            self._fail(
                f"the mark {mark} does not quote",
                mend='use plain double quotes, as in type=="Complete"',
            )
        while (char := self._peek()) and char != closer:
            if char in COMPARING and self._at == start:
                self._fail(
                    f"{char!r} begins the value",
                    mend="write one operator; a value like this needs quotes",
                )
            if char in '"()[]{}':
                self._fail(
                    f"{char} cannot stand in a value without quotes",
                    mend='write the value in "quotes"',
                )
            if self._text.startswith(("&&", "||"), self._at):
                self._fail(
                    f"{char * 2} does not join conditions",
                    mend="for both of two conditions write #(…)#|#(…)#",
                )
            self._at += 2 if char == "\\" else 1
        self._at = min(self._at, len(self._text))
        value = self._text[start : self._at].rstrip()
        if char and not value:
            self._fail("there is nothing to compare with", mend='write a value; empty text is ""')
        return value
