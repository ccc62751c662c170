"""The actions of a Go template and the blocks they open: what a diagnosis can know without a parser.

A parser stops at its first surprise, and about an unclosed block it can only say "unexpected EOF".
An author wants to hear *which* block, on which line, and what would close it. So this file reads a
template the plain way: it finds the actions `{{ … }}` by the lexical rules of Go's text/template
(trim markers, quotes, comments), pairs openers with their `{{end}}`, and reports everything that
does not pair. It also hands out a mended copy of the text, of the same length up to its end, so
that the parser behind `go_engine` can go on and find the faults inside the actions.

Called by `go_engine`. Knows nothing of the data, of functions or of what an expression means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from munshi.errors import Mark

DEEPEST = 50
"""How deep blocks may nest, each `else if` counted as one level; real templates need two."""

MOST_BREAKS = 20
"""Faults reported for one template; after so many, mending the first ones is the next step."""

ROOT_NAME = "Trial"
"""What Katib calls the template itself; a `define` of this name would replace it."""

_OPENERS = frozenset({"if", "with", "range", "define", "block"})
_BLANK = " \t\r\n"
_HYPER_PARAMETERS = (".HyperParameters", "$.HyperParameters")
_ITEM = '- "{{.Name}}={{.Value}}"'

# What matters when looking for the end of an action: whole quotes, the delimiters, a quote that never closes.
_PIECE = re.compile(
    r""" "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `[^`]*` | \}\} | \{\{ | ["'`] """, re.VERBOSE
)
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`')
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Break:
    """One thing wrong with a template.

    Attributes:
        problem: What is wrong, naming the action or the word that was got.
        mend: How to put it right.
        mark: Its place in the template's own text.
        completion: For an unclosed block: lines which, written after the template, close it
            (indented like the block, no newline at either end). Empty for any other fault. Of
            several unclosed blocks the last one closes first, so write the completions in the
            reverse order of their marks.
    """

    problem: str
    mend: str
    mark: Mark
    completion: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One `{{ … }}`: `text[start:end]` is all of it, `inner` what stands between its trim markers."""

    start: int
    end: int
    inner: str

    @property
    def keyword(self) -> str:
        """The word it begins with (`if`, `end`, a function…), or nothing."""
        word = _WORD.match(self.inner)
        return word.group() if word else ""

    @property
    def rest(self) -> str:
        """What follows the keyword."""
        return self.inner[len(self.keyword) :].strip(_BLANK)


@dataclass(slots=True)
class Reading:
    """What a template's text shows before any parsing.

    Attributes:
        actions: All actions that are closed, in order; comments are left out.
        breaks: The faults found, in the order of their marks.
        text: The template as its author wrote it: places are told in this one.
        mended: The text with faulty spans blanked and missing `{{end}}` appended; every offset
            before its end means the same place as in the original.
    """

    actions: list[Action] = field(default_factory=list)
    lost: list[Action] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    text: str = ""
    mended: str = ""
    readable: bool = True


def mark_at(text: str, index: int) -> Mark:
    """The line and column of `text[index]`, both from 1, counted in characters."""
    return Mark(text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1)


def shown(source: str) -> str:
    """A piece of template as an error message quotes it: on one line, at most 60 characters."""
    line = printable(" ".join(source.split()))
    return line if len(line) <= 60 else line[:57] + "..."


def printable(text: str) -> str:
    """The text with what a terminal should not be sent (controls, halves of characters) as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def read(text: str) -> Reading:
    """Find the actions of a template and every fault in how they open, close and pair."""
    reading = Reading()
    pairs = _Pairs(text)
    mended = text
    for piece in _pieces(text):
        if isinstance(piece, _Bad):
            reading.breaks.append(piece.fault)
            reading.lost.append(piece.action)
            mended = healed(mended, piece.action)
        else:
            reading.actions.append(piece)
        pairs.take(piece.action if isinstance(piece, _Bad) else piece)
        if pairs.too_deep or len(reading.breaks) + len(pairs.breaks) >= MOST_BREAKS:
            reading.breaks += pairs.breaks
            reading.readable = False
            return reading
    for action in pairs.stray:
        mended = _replaced(mended, action, "")
    reading.breaks += pairs.breaks + _unclosed(text, pairs.stack)
    reading.breaks.sort(key=lambda fault: (fault.mark.line, fault.mark.column))
    reading.text = text
    reading.mended = mended + "{{end}}" * len(pairs.stack)
    return reading


def healed(text: str, action: Action) -> str:
    """The text with this action made harmless, in the same length; its block still opens or ends.

    Returns `text` itself when the action is too short for that, as `{{if}}` is.
    """
    word = action.keyword
    instead = (
        "{{if 0}}" if word in _OPENERS else f"{{{{{word}}}}}" if word in {"else", "end"} else ""
    )
    return text if len(instead) > action.end - action.start else _replaced(text, action, instead)


def keeps_track(action: Action) -> bool:
    """Whether later actions depend on this one: it opens, splits or ends a block, or declares a variable."""
    return action.keyword in _OPENERS | {"else", "end"} or ":=" in action.inner


def _replaced(text: str, action: Action, instead: str) -> str:
    """`instead`, then blanks; newlines stay, so every other place keeps its line and column."""
    rest = re.sub(r"[^\n]", " ", text[action.start + len(instead) : action.end])
    return text[: action.start] + instead + rest + text[action.end :]


@dataclass(frozen=True, slots=True)
class _Bad:
    """A span that is no action though it begins like one."""

    fault: Break
    action: Action


def _pieces(text: str) -> Iterator[Action | _Bad]:
    at = text.find("{{")
    while at >= 0:
        inside = at + 2
        if text[inside : inside + 1] == "-" and text[inside + 1 : inside + 2] in tuple(_BLANK):
            inside += 2
        piece = (_comment if text.startswith("/*", inside) else _action)(text, at, inside)
        if isinstance(piece, int):
            at = text.find("{{", piece)
            continue
        yield piece
        at = text.find("{{", (piece.action if isinstance(piece, _Bad) else piece).end)


def _comment(text: str, at: int, inside: int) -> int | _Bad:
    """The end of a comment, or its fault."""
    stop = text.find("*/", inside + 2)
    if stop < 0:
        return _bad(text, at, len(text), "the comment {} is never closed", 'end it with "*/}}"')
    for closing in ("*/}}", *(f"*/{blank}-}}}}" for blank in _BLANK)):
        if text.startswith(closing, stop):
            return stop + len(closing)
    return _company(text, at, stop + 2)


def _company(text: str, at: int, end: int) -> _Bad:
    mend = 'write "{{/*" at once before the comment and "*/}}" at once after it'
    return _bad(text, at, end, "{} is more than a comment", mend)


def _action(text: str, at: int, inside: int) -> Action | _Bad:
    """The action that opens at `at`, or why it does not close."""
    place = inside
    while found := _PIECE.search(text, place):
        piece = found.group()
        if piece == "}}":
            inner = text[inside : found.start()]
            if inner.endswith("-") and inner[-2:-1] in tuple(_BLANK):
                inner = inner[:-1]
            action = Action(at, found.end(), inner.strip(_BLANK))
            return _company(text, at, action.end) if action.inner.startswith("/*") else action
        if piece == "{{":
            return _never_closed(text, at, found.start())
        if len(piece) == 1:
            mend = f"write a second {piece} where the quoted text stops"
            return _bad(
                text, at, _line_end(text, at), f"the quote {piece} in {{}} never closes", mend
            )
        place = found.end()
    return _never_closed(text, at, len(text))


def _never_closed(text: str, at: int, most: int) -> _Bad:
    end = _line_end(text, at, most)
    one = text.find("}", at, end)
    mend = 'write "}}" where the action ends'
    if one >= 0:
        mend = f'one "}}" is missing: write "{shown(text[at : one + 1])}}}"'
    return _bad(text, at, end, 'the action {} is never closed with "}}"', mend)


def _bad(text: str, at: int, end: int, problem: str, mend: str) -> _Bad:
    """A fault of `text[at:end]`; the braces in `problem` stand for its first line."""
    beginning = f'"{shown(text[at : _line_end(text, at, end)])}"'
    fault = Break(problem.replace("{}", beginning), mend, mark_at(text, at))
    return _Bad(fault, Action(at, end, text[at + 2 : end].lstrip(_BLANK + "-")))


def _line_end(text: str, at: int, most: int | None = None) -> int:
    stop = text.find("\n", at)
    stop = len(text) if stop < 0 else stop
    return stop if most is None else min(stop, most)


@dataclass(slots=True)
class _Open:
    """A block waiting for its end; `levels` counts it and its `else if`s."""

    action: Action
    levels: int = 1
    has_else: bool = False


@dataclass(slots=True)
class _Pairs:
    """Pairs openers with ends, one action after the other."""

    text: str
    stack: list[_Open] = field(default_factory=list)
    stray: list[Action] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    depth: int = 0
    too_deep: bool = False
    names: set[str] = field(default_factory=set)

    def take(self, action: Action) -> None:
        if action.keyword in _OPENERS:
            self._open(action)
        elif action.keyword == "end":
            self._end(action)
        elif action.keyword == "else":
            self._else(action)

    def _open(self, action: Action) -> None:
        self.stack.append(_Open(action))
        self._deeper(action)
        if action.keyword in {"define", "block"}:
            quoted = _QUOTED.match(action.rest)
            name = quoted.group()[1:-1] if quoted else ""
            if name in self.names or name == ROOT_NAME:
                whose = "the whole template's own" if name == ROOT_NAME else "taken already"
                self._fault(action, f"takes a name that is {whose}", "give it another name")
            if quoted:
                self.names.add(name)

    def _end(self, action: Action) -> None:
        if not self.stack:
            self.stray.append(action)
            mend = "remove it, or open a block before it"
            self._fault(action, "ends nothing: no block is open here", mend)
            return
        self.depth -= self.stack.pop().levels

    def _else(self, action: Action) -> None:
        block = self.stack[-1] if self.stack else None
        if block is None or block.action.keyword in {"define", "block"}:
            self.stray.append(action)
            self._fault(
                action, "belongs to no if, with or range", "remove it, or open one before it"
            )
        elif block.has_else:
            self.stray.append(action)
            self._fault(action, "comes after the last else of its block", 'keep one "{{else}}"')
        elif action.rest:
            block.levels += 1
            self._deeper(action)
        else:
            block.has_else = True

    def _deeper(self, action: Action) -> None:
        self.depth += 1
        if self.depth > DEEPEST and not self.too_deep:
            self.too_deep = True
            self._fault(action, f"is more than {DEEPEST} blocks deep", "flatten the template")

    def _fault(self, action: Action, problem: str, mend: str) -> None:
        source = shown(self.text[action.start : action.end])
        self.breaks.append(Break(f'"{source}" {problem}', mend, mark_at(self.text, action.start)))


def _unclosed(text: str, stack: list[_Open]) -> list[Break]:
    """A fault for each block that is open at the end."""
    breaks: list[Break] = []
    for depth, block in enumerate(stack):
        action = block.action
        outer = stack[depth - 1].action if depth else None
        lines = _completion(text, action, outer)
        mend = 'write "{{- end}}" where the block should stop'
        if len(lines) > 1:
            mend = "the template seems cut off: add the lines that complete it"
        line_start = text.rfind("\n", 0, action.start) + 1
        before = text[line_start : action.start]
        indent = before[: len(before) - len(before.lstrip(" \t"))]
        source = shown(text[action.start : action.end])
        breaks.append(
            Break(
                f'the block "{source}" is never closed',
                mend,
                mark_at(text, action.start),
                "\n".join(indent + line for line in lines),
            )
        )
    return breaks


def _completion(text: str, action: Action, outer: Action | None) -> list[str]:
    """The lines that close a block; one that the hyperparameters were about to fill gets its body, too."""
    if text[action.end :].strip(_BLANK):
        return ["{{- end}}"]
    if action.keyword == "with" and action.rest in _HYPER_PARAMETERS:
        return ["{{- range .}}", _ITEM, "{{- end}}", "{{- end}}"]
    over_list = action.rest in _HYPER_PARAMETERS or (
        action.rest == "."
        and outer is not None
        and outer.keyword == "with"
        and outer.rest in _HYPER_PARAMETERS
    )
    if action.keyword == "range" and over_list:
        return [_ITEM, "{{- end}}"]
    return ["{{- end}}"]
