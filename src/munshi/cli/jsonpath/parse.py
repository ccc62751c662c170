"""The text of a template becomes nodes.

Follows client-go's parser rule by rule, oddities included (`['a.b']` is `.a.b`, `[]` is `[0]`). What
that one only finds out when it prints, an unknown word or a stray `{end}`, is found here.
"""

from __future__ import annotations

import re

from munshi.cli.jsonpath import golang
from munshi.cli.jsonpath.nodes import (
    Action,
    Field,
    Filter,
    Literal,
    Path,
    Range,
    Recursive,
    Slice,
    Step,
    Template,
    Union,
    Wildcard,
    Wrong,
)

OPERATORS = ("==", "!=", "<", "<=", ">", ">=")
_KEY = re.compile(r"'([^']*)'")
_SLICE = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?")
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+)")
_NUMBER = re.compile(r"[+-]?[.\d]*")
_ENDS = " \t\r\n.,[]$@{}"
"""What ends a name."""


def parse(text: str) -> Template:
    """Read a template.

    Raises:
        Wrong: At the first place that cannot be understood.
    """
    root: list[Action | Range] = []
    open_: list[tuple[Path, list[Action | Range]]] = []
    at = 0
    while at < len(text):
        brace = text.find("{", at)
        end = len(text) if brace < 0 else brace
        if end > at:
            root.append(Action((Literal(text[at:end], at),)))
        if brace < 0:
            break
        action = _Reader(text, brace + 1)
        path = action.read()
        at = action.at
        match action.word:
            case "range":
                open_.append((path, root))
                root = []
            case "end" if not open_:
                raise Wrong("there is no {range …} for this {end}", brace)
            case "end":
                over, outer = open_.pop()
                root = [*outer, Range(over, tuple(root))]
            case _:
                root.append(Action(path))
    while open_:
        # A range without an end goes to the end of the text.
        over, outer = open_.pop()
        root = [*outer, Range(over, tuple(root))]
    return tuple(root)


class _Reader:
    """Reads what stands between braces, from behind the first one.

    Attributes:
        at: Where it has come to.
        word: `range` or `end`, when the action has one.

    Args:
        text: Holds the action.
        at: Where its inside begins.
        piece_of: Where in the template the text's own beginning lies, when it is a piece of an action.
    """

    def __init__(self, text: str, at: int, piece_of: int | None = None) -> None:
        self._text, self.at, self._shift = text, at, piece_of or 0
        self._is_piece = piece_of is not None
        self._opened = at
        self._steps: list[Step] = []
        self.word = ""

    def read(self) -> Path:
        """The path, up to the closing brace and with it."""
        while not self._text.startswith("}", self.at):
            if self._text.startswith("[?(", self.at):
                self._filter()
            elif self._text.startswith("..", self.at):
                self._recursive()
            else:
                self._step()
        self.at += 1
        return tuple(self._steps)

    def _step(self) -> None:
        at, char = self.at, self._text[self.at : self.at + 1]
        if char in ("", "\r", "\n"):
            raise self._wrong("this { is never closed; end the action with }", self._opened - 1)
        self.at += 1
        if char in " @$":
            return  # a blank, or the current object
        if char == "[":
            self._brackets(at)
        elif char in "\"'":
            self._quoted(char, at)
        elif char == ".":
            self._field(at)
        elif char in "+-" or char.isdecimal():
            self._number(at)
        elif char == "_" or char.isalpha():
            self._word(at)
        else:
            raise self._wrong(f"{_shown(char)} cannot stand here; a path is written .a.b", at)

    def _recursive(self) -> None:
        at = self.at
        if self._steps and isinstance(self._steps[-1], Recursive):
            raise self._wrong("two .. follow one another; leave one out", at)
        self.at += 2
        self._steps.append(Recursive(self._place(at)))
        after = self._text[self.at : self.at + 1]
        if after == "_" or after.isalpha() or after.isdecimal():
            self._field(at)

    def _field(self, at: int) -> None:
        name = ""
        while (char := self._text[self.at : self.at + 1]) and char not in _ENDS:
            if char == "\\":
                self.at += 1
                char = self._text[self.at : self.at + 1]
                char = "" if char == "\\" else char
            name += char
            self.at += 1
        step = Wildcard(self._place(at)) if name == "*" else Field(name, self._place(at))
        self._steps.append(step)

    def _word(self, at: int) -> None:
        while (char := self._text[self.at : self.at + 1]) and char not in _ENDS:
            self.at += 1
        word = self._text[at : self.at]
        if word in ("true", "false"):
            self._steps.append(Literal(word == "true", self._place(at)))
        elif word not in ("range", "end"):
            mend = f"a field is written .{word}, text in quotes"
            raise self._wrong(f'"{word}" is no word of this language; {mend}', at)
        elif self._is_piece or self.word:
            raise self._wrong(f"{word} stands alone in an action of its own", at)
        else:
            self.word = word

    def _number(self, at: int) -> None:
        found = _NUMBER.match(self._text, at)
        text = found.group() if found else ""
        self.at = at + len(text)
        value = golang.read_number(text)
        if value is None:
            raise self._wrong(f"{_shown(text)} is no number", at)
        self._steps.append(Literal(value, self._place(at)))

    def _quoted(self, quote: str, at: int) -> None:
        while True:
            char = self._text[self.at : self.at + 1]
            if char in ("", "\n"):
                raise self._wrong(f"the text that begins here lacks its closing {quote}", at)
            self.at += 1
            if char == quote and self._text[self.at - 2] != "\\":
                break
        inner = golang.unquoted(self._text[at + 1 : self.at - 1], quote)
        if inner is None:
            written = _shown(self._text[at : self.at])
            raise self._wrong(f"{written} holds an escape that Go does not know", at)
        self._steps.append(Literal(inner, self._place(at)))

    def _brackets(self, at: int) -> None:
        end = self._text.find("]", at)
        line = self._text.find("\n", at)
        if end < 0 or 0 <= line < end:
            raise self._wrong("this [ is never closed; end it with ]", at)
        inner, self.at = self._text[at + 1 : end], end + 1
        parts = inner.split(",")
        if len(parts) == 1:
            self._steps += self._bracket(inner, at)
            return
        paths: list[Path] = []
        for part in parts:
            paths.append(self._inside(f"[{part.strip(' ')}]", at))
            at += len(part) + 1
        self._steps.append(Union(tuple(paths), self._place(self.at - len(inner) - 2)))

    def _bracket(self, inner: str, at: int) -> Path:
        inner = ":" if inner == "*" else inner
        key = _KEY.fullmatch(inner)
        if key:
            return self._inside(f".{key[1]}", at + 1)
        numbers = _SLICE.fullmatch(inner)
        if not numbers or "-" in (part.lstrip(":") for part in numbers.groups("")):
            mend = "write [0], [-1], [1:3], [*], ['key'] or [?(@.a==\"b\")]"
            raise self._wrong(f"[{inner}] is no index; {mend}", at)
        start, end, step = numbers.groups()
        first = int(start) if start else None
        if end is None:  # [2] is [2:3]
            return (Slice(first, (first or 0) + 1, None, self._place(at), is_index=True),)
        last, by = (int(part[1:]) if part and part != ":" else None for part in (end, step))
        if by is not None and by <= 0:
            raise self._wrong(f"the step {by} must be above 0", at)
        return (Slice(first, last, by, self._place(at)),)

    def _filter(self) -> None:
        at = self.at
        self.at += len("[?(")
        begin = self.at
        quote, closed = "", False
        while True:
            char = self._text[self.at : self.at + 1]
            if char in ("", "\n"):
                raise self._wrong("this filter is never closed; end it with )]", at)
            self.at += 1
            if char in "\"'" and not quote:
                quote = char
            elif char == quote and self._text[self.at - 2] != "\\":
                closed = True
            elif char == ")" and bool(quote) == closed:
                break
        if not self._text.startswith("]", self.at):
            raise self._wrong("the filter's ) is not followed by ]", self.at)
        inner = self._text[begin : self.at - 1]
        self.at += 1
        compared = _COMPARISON.fullmatch(inner)
        if compared is None:
            exists = Filter(self._inside(inner, begin), "", (), self._place(at))
            self._steps.append(exists)
            return
        left, operator, right = compared.groups()
        if operator not in OPERATORS:
            known = " ".join(OPERATORS)
            raise self._wrong(f"{operator} compares nothing; known: {known}", begin + len(left))
        sides = self._inside(left, begin), self._inside(right, begin + len(left) + len(operator))
        self._steps.append(Filter(sides[0], operator, sides[1], self._place(at)))

    def _inside(self, text: str, at: int) -> Path:
        """The path of a piece of the text, which begins at `at`."""
        return _Reader(f"{{{text}}}", 1, piece_of=self._place(at) - 1).read()

    def _place(self, at: int) -> int:
        return self._shift + at

    def _wrong(self, problem: str, at: int) -> Wrong:
        return Wrong(problem, self._place(at))


def _shown(text: str) -> str:
    return f'"{text}"'
