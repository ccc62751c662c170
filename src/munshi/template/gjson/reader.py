r"""The text of a GJSON path to a Path: one pass, one character of lookahead, every refusal with its column.

    path    = part ( ("." | "|") part )*
    part    = name | "#" | "#(" query ")" ["#"] | "@" modifier | "[" member ("," member)* "]" | "{" … "}"
    query   = [path] [operator value]
    member  = [name ":"] path
    value   = '"' JSON string '"' | text without quotes or brackets

Where this grammar is narrower than Go's habits (see the package's docstring) it is so on purpose:
Go takes every slip for a name that happens not to exist, and a trial that waits for such a name
waits for ever.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from functools import lru_cache

from munshi.template.gjson.compare import CONVERSIONS, Comparison, wildcard
from munshi.template.gjson.modifiers import MODIFIERS
from munshi.template.gjson.scanner import BLANKS, COMPARING, Scanner
from munshi.template.gjson.syntax import (
    Count,
    Key,
    Modifier,
    Multi,
    Path,
    PathBroken,
    Query,
    Stage,
    Step,
    Walk,
)

MAX_LENGTH = 2_000
"""Characters of a path; the longest in any Katib example has 58."""
MAX_PARTS = 64
"""Parts in a path, nested ones included; keeps recursion far from Python's limit."""
MAX_DEPTH = 16
"""Queries and multipaths inside one another."""

_OPERATOR = re.compile(r"==|!=|!%|<=|>=|[=<>%]")
_MEMBER_NAME = re.compile(r"[A-Za-z0-9_-]+(?=:)")
_AFTER_MODIFIER = frozenset(".|:,()[]{}") | BLANKS | frozenset(COMPARING)
_INDEX = re.compile(r"[0-9]{1,9}\Z")
_CLOSER = {"(": ")", "[": "]", "{": "}"}


@lru_cache(maxsize=512)
def parse(path: str) -> Path:
    """Read a path.

    Args:
        path: At most MAX_LENGTH characters.

    Raises:
        PathBroken: It cannot be read; the first fault from the left.
    """
    if len(path) > MAX_LENGTH:
        raise PathBroken(
            f"the path has {len(path)} characters", MAX_LENGTH + 1, f"at most {MAX_LENGTH} are read"
        )
    return _Reader(path).whole()


class _Reader(Scanner):
    """One path's reader; every method starts at its construct's first character and ends behind its last."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._parts = 0
        self._depth = 0

    def whole(self) -> Path:
        if not self._text:
            self._fail(
                "the path is empty",
                mend='write one, such as status.conditions.#(type=="Complete")#',
            )
        return self._path(ends="")

    def _path(self, ends: str, *, each: bool = False) -> Path:
        """Parts up to a character of `ends` or the text's end; an `each` tail also stops at a pipe."""
        stages: list[Stage] = []
        walk: list[Step] = []
        while True:
            part = self._part(ends)
            if isinstance(part, Modifier | Multi):
                stages += [*_walk_of(walk), part]
                walk = []
            elif isinstance(part, Count | Query) and self._peek() == ".":
                self._at += 1
                walk.append(replace(part, each=self._path(ends, each=True)))
            else:
                walk.append(part)
            self._joint(ends)
            joint = self._peek()
            if joint == "|" and not each:
                stages += _walk_of(walk)
                walk = []
            elif joint != ".":
                return Path((*stages, *_walk_of(walk)))
            self._at += 1

    def _joint(self, ends: str) -> None:
        """Demand that a part is followed by a dot, a pipe or the end of what it stands in."""
        if _in_query(ends):
            self._blanks()
        char = self._peek()
        if char and char not in ".|" and char not in ends:
            self._fail(
                f"{self._excerpt()} cannot follow here", mend="join parts with a dot or with |"
            )

    def _part(self, ends: str) -> Step | Modifier | Multi:
        self._parts += 1
        if self._parts > MAX_PARTS:
            self._fail("the path has too many parts", mend=f"at most {MAX_PARTS} are read")
        char = self._peek()
        if not char or char in ".|" or char in ends:
            self._fail(
                "a name is missing here",
                mend="remove the extra dot, pipe or comma, or write a name",
            )
        if char == "!":
            self._fail("literals (!) are not supported", mend="in a name write \\! instead")
        match char:
            case "#":
                return self._gather()
            case "@":
                return self._modifier()
            case "[" | "{":
                return self._multi()
            case _:
                return self._key(ends)

    def _key(self, ends: str) -> Key:
        start, name, wild = self._at, "", False
        while (char := self._peek()) and char not in ".|" and char not in ends:
            if char == "\\":
                self._at += 1
                if not self._peek():
                    self._fail(
                        "the path ends in a backslash", mend="write \\\\ for a backslash in a name"
                    )
                char = self._peek()
            elif char in "*?":
                wild = True
            else:
                self._refuse_in_key(char, start, ends)
            name += char
            self._at += 1
        raw = self._text[start : self._at]
        kept = raw.rstrip("".join(BLANKS))
        if kept != raw and not kept.endswith("\\"):
            if not (_in_query(ends) and char in ends):
                self._at = start + len(kept)
                self._fail("a blank ends the name", mend="remove it, or write \\ before it")
            name, raw = name[: len(kept) - len(raw)], kept
        index = int(raw) if _INDEX.match(raw) else None
        return Key(name, index, wildcard(raw) if wild else None)

    def _refuse_in_key(self, char: str, start: int, ends: str) -> None:
        if char in "=<>":
            self._fail(
                f"{char!r} compares, and only inside a query",
                mend='write for example status.[@this].#(phase=="Succeeded")#, or \\ before it in a name',
            )
        if char == "[" and (found := re.match(r"\[([0-9]+|#|\*)\]", self._text[self._at :])):
            self._fail(
                f"{found[0]} is not how GJSON takes an element",
                mend=f"write .{found[1].replace('*', '#')} instead",
            )
        if char in "()[]{}":
            self._fail(
                f"the bracket {char} cannot stand in a name",
                mend='a query is written .#(type=="Complete")#; in a name write \\ before it',
            )
        if char == '"':
            self._fail(
                "names are written without quotes", mend="remove the quotes; escape dots with \\."
            )
        if char in BLANKS and self._at == start:
            self._fail("a blank begins the name", mend="remove it, or write \\ before it")
        if char == ":" and ends.startswith(","):
            self._fail(
                "the colon cannot stand in a name here", mend='write "name":path, or \\: in a name'
            )

    def _modifier(self) -> Modifier:
        self._at += 1
        start = self._at
        while (char := self._peek()) and char not in _AFTER_MODIFIER:
            self._at += 1
        name = self._text[start : self._at]
        if name not in MODIFIERS:
            near = difflib.get_close_matches(name, MODIFIERS, n=1)
            meant = (
                f"did you mean @{near[0]}"
                if near
                else f"known: {' '.join(f'@{m}' for m in MODIFIERS)}"
            )
            self._fail(
                f"the modifier @{name} is unknown",
                start - 1,
                mend=f"{meant}; in a name write \\@",
            )
        if self._peek() == ":":
            self._fail(
                f"@{name} takes no argument here", mend="remove the colon and what follows it"
            )
        return Modifier(name)

    def _gather(self) -> Count | Query:
        opening = self._at
        self._at += 1
        bracket = self._peek()
        if bracket not in ("(", "["):
            return Count()
        closer = _CLOSER[bracket]
        self._enter()
        self._blanks()
        path = None if self._peek() in (*COMPARING, "") else self._query_path(closer)
        test = self._comparison(closer, opening)
        self._at += 1
        self._depth -= 1
        every = self._peek() == "#"
        self._at += every
        return Query(path, test, every)

    def _query_path(self, closer: str) -> Path:
        if self._peek() == closer:
            self._fail("the query is empty", mend='write a condition, such as type=="Complete"')
        return self._path(ends=COMPARING + closer)

    def _comparison(self, closer: str, opening: int) -> Comparison | None:
        """The operator and value up to `closer`, which is left to the caller."""
        if self._peek() == closer:
            return None
        found = _OPERATOR.match(self._text, self._at)
        if not found:
            if self._peek():
                self._fail(
                    f"{self._excerpt()} is no comparison", mend="use = == != < <= > >= % or !%"
                )
            self._at = opening
            self._fail("the query is never closed", mend=f"add {closer}")
        self._at = found.end()
        self._blanks()
        start = self._at
        text = self._quoted_value() if self._peek() == '"' else self._bare_value(closer)
        self._blanks()
        if not self._peek():
            self._at = opening
            self._fail("the query is never closed", mend=f"add {closer}")
        if self._peek() != closer:
            self._fail(
                f"{self._excerpt()} cannot follow the value",
                mend="one query compares once; for both of two conditions write #(…)#|#(…)#",
            )
        if text.startswith("~") and text not in CONVERSIONS:
            self._fail(
                f"the conversion {text} is unknown", start, f"use one of {' '.join(CONVERSIONS)}"
            )
        operator = "=" if found[0] == "==" else found[0]
        return Comparison(operator, text, wildcard(text) if "%" in operator else None)

    def _multi(self) -> Multi:
        opening, closer = self._at, _CLOSER[self._peek()]
        self._enter()
        members: list[tuple[str, Path]] = []
        while True:
            members.append(self._member("," + closer))
            if not self._peek():
                self._at = opening
                self._fail(f"{self._text[opening]} is never closed", mend=f"add {closer}")
            self._at += 1
            if self._text[self._at - 1] == closer:
                self._depth -= 1
                return Multi(closer == "}", tuple(members))

    def _member(self, ends: str) -> tuple[str, Path]:
        name: str | None = None
        if self._peek() == '"':
            name = self._quoted_value()
            if self._peek() != ":":
                self._fail("a quoted name needs a colon and a path", mend='write "name":path')
            self._at += 1
        elif found := _MEMBER_NAME.match(self._text, self._at):
            name = found[0]
            self._at = found.end() + 1
        start = self._at
        path = self._path(ends)
        return _last_name(self._text[start : self._at]) if name is None else name, path

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("too many brackets inside one another", mend=f"at most {MAX_DEPTH} are read")
        self._at += 1


def _in_query(ends: str) -> bool:
    return ends.startswith("!")


def _walk_of(steps: list[Step]) -> list[Walk]:
    return [Walk(tuple(steps))] if steps else []


def _last_name(text: str) -> str:
    """The name an unnamed member of `{…}` takes: the text behind its last dot or pipe, or `_`."""
    for at in range(len(text) - 1, -1, -1):
        if text[at] in ".|" and text[at - 1 : at] != "\\":
            text = text[at + 1 :]
            break
    return "_" if any(char < " " or char in "[]{}()#|!" for char in text) else text
