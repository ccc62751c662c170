"""What a YAML parser complains of, in plain words.

`source.read` comes here with the parser's error and gets a `FieldFault`: what is wrong, where, how
to mend it. libyaml (and PyYAML's own parser, its stand-in where libyaml is missing) speak the
language of their grammar; the table below says what each phrase nearly always means in a file that a
person wrote. A phrase missing from the table is passed on as it is, with its place: a poor message
is better than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from munshi.errors import FieldFault, Mark

_WANTS_SPACE = ("mapping values", "expected ':'", "expected key", "'-' indicator", "<block end>")
_END = re.compile(r"\s*\Z|(?:---|\.\.\.)(?:\s|\Z)")
_GLUED = re.compile(r" *(?:- +)*(?:(-)(?=[A-Za-z])|[A-Za-z][\w.-]*:(?=[\w\"'\[{$]))")
_QUOTE = "put text that holds such characters in quotes"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A phrase of the parser, and what it means.

    Attributes:
        phrases: Parts of the parser's problem, any of which is enough.
        problem: What to say; `{char}` is the character at the place, `{opened}` where the context began.
        mend: How to put it right.
        context: A part that the parser's context must hold.
        at_context: The place to name is where the context began.
    """

    phrases: tuple[str, ...]
    problem: str
    mend: str
    context: str = ""
    at_context: bool = False


_MEANINGS = (
    _Meaning(
        ("unexpected end of stream", "unexpected document"),
        "the quote opened here is never closed",
        "close it, and mind quotes inside the text",
        at_context=True,
    ),
    _Meaning(
        ("expected ',' or ']'",),
        "the list opened by [ {opened} is not closed, or a comma is missing",
        "write ] at its end, and a comma between items",
    ),
    _Meaning(
        ("expected ',' or '}'",),
        "the map opened by {{ {opened} is not closed, or a comma is missing",
        "write } at its end, and a comma between fields",
    ),
    _Meaning(
        ("mapping values are not allowed",),
        "a colon is not expected here",
        "put a value that holds ': ' in quotes; or mend the indentation of this line or the one above",
    ),
    _Meaning(
        ("sequence entries are not allowed",),
        'a list item "- " cannot begin here',
        "begin the list on a line of its own",
    ),
    _Meaning(
        ("mapping keys are not allowed",),
        'a key "? " cannot begin here',
        _QUOTE,
    ),
    _Meaning(
        ("could not find expected ':'",),
        "a line without a colon stands where fields are written",
        "write it as `key: value` (keys up to 1,024 characters); or indent it as part of the text above",
        at_context=True,
    ),
    _Meaning(
        ("expected '-' indicator", "expected <block end>"),
        "this line is no item of the list that begins {opened}",
        'begin it with "- ", or indent it otherwise',
        context="block collection",
    ),
    _Meaning(
        ("expected key", "expected <block end>"),
        "this does not fit into the map that begins {opened}",
        "give all fields of a map the same indentation; put a value in quotes as a whole or not at all",
        context="block mapping",
    ),
    _Meaning(
        ("cannot start any token",),
        "a value cannot begin with {char}",
        "put it in quotes",
    ),
    _Meaning(
        ("unknown escape character",),
        "the backslash begins an escape that YAML does not know",
        "write \\\\ for a backslash, or use single quotes",
    ),
    _Meaning(
        ("hexdecimal", "hexadecimal", "invalid Unicode character escape"),
        "the escape is not a character",
        "write \\xNN, \\uNNNN or \\UNNNNNNNN; a character beyond U+FFFF needs \\U",
    ),
    _Meaning(
        ("expected alphabetic or numeric",),
        "* begins an alias in YAML, and a name must follow it",
        "put text that begins with * in quotes",
        context="alias",
        at_context=True,
    ),
    _Meaning(
        ("expected alphabetic or numeric",),
        "& begins an anchor in YAML, and a name must follow it",
        "put text that begins with & in quotes",
        context="anchor",
        at_context=True,
    ),
    _Meaning(
        ("comment or line break", "chomping or indentation indicators"),
        "only + or -, a digit or a comment may follow | and > on their line",
        "begin the text on the next line; put text that begins with | or > in quotes",
        context="block scalar",
    ),
    _Meaning(
        ("indentation indicator",),
        "the indentation after | or > is a digit from 1 to 9",
        "mend the digit, or leave it out",
    ),
    _Meaning(
        ("undefined tag handle", "expected tag URI", "expected the '!'", "expected '!'"),
        "! begins a tag in YAML, and this one is not understood",
        "put text that begins with ! in quotes",
    ),
    _Meaning(
        ("directive", "version number", "digit or '.'", "incompatible YAML"),
        "a line that begins with % is a directive in YAML, and this one is not understood",
        "remove the line, or indent it as part of a text",
    ),
    _Meaning(
        ("<document start>",),
        "the document has ended, and yet more follows",
        "put --- between documents; keep everything of one document on its own indentation",
    ),
    _Meaning(
        ("expected node content", "expected the node content"),
        "a value cannot begin with {char}",
        "put text that begins so in quotes",
    ),
    _Meaning(
        ("whitespace or line break", "expected ' '", "alphabetic or numeric"),
        "a name after !, & or * must end with a blank",
        _QUOTE,
    ),
    _Meaning(("unexpected ':'",), "a colon is not expected here", _QUOTE),
)


def explain(error: yaml.MarkedYAMLError, text: str) -> FieldFault:
    """The parser's error as a fault.

    Args:
        error: What the parser raised.
        text: The text that it read; the error's places count from its beginning.
    """
    problem = str(error.problem or "")
    context = str(error.context or "")
    here = _mark(error.problem_mark or error.context_mark)
    opened = _mark(error.context_mark or error.problem_mark)
    in_brackets = "flow" in context or "quoted" in context  # there, tabs are harmless
    if not in_brackets and (tabbed := _tab_line(text, here)):
        said = f"line {tabbed.line} is indented with a tab; YAML wants spaces"
        return FieldFault((), said, "replace the tab by spaces, two a level", tabbed)
    if "flow" in context and _END.match(_rest(text, here)):
        said = "the document ends inside of [ ] or { }"
        line = f" opened on line {opened.line}" if opened != here else ""
        return FieldFault((), said, f"close the bracket{line}", here)
    spaced = any(phrase in problem for phrase in _WANTS_SPACE)
    if spaced and "flow" not in context and (glued := _glued(text, here)):
        said, mark = glued
        return FieldFault((), said, "write a space behind it", mark)
    for meaning in _MEANINGS:
        if meaning.context in context and any(phrase in problem for phrase in meaning.phrases):
            mark = opened if meaning.at_context else here
            begun = f"on line {opened.line}" if opened.line != mark.line else "on this line"
            said = meaning.problem.format(char=_character(text, mark), opened=begun)
            return FieldFault((), said, meaning.mend, mark)
    phrase = f"{context}: {problem}" if context else problem
    return FieldFault((), f"this is not YAML ({phrase})", "mend the line or the one above it", here)


def _mark(mark: yaml.Mark | None) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)


def _line(text: str, mark: Mark) -> str:
    lines = text.splitlines()
    return lines[mark.line - 1] if mark.line <= len(lines) else ""


def _tab_line(text: str, mark: Mark) -> Mark | None:
    """Where the indentation of the line at fault holds a tab, or None."""
    line = _line(text, mark)
    indentation = line[: len(line) - len(line.lstrip(" \t"))]
    found = indentation.find("\t")
    return Mark(mark.line, found + 1) if 0 <= found < mark.column else None


def _glued(text: str, mark: Mark) -> tuple[str, Mark] | None:
    """A colon or dash without its space, in the line at fault or the one above: the reason of the fault."""
    for number in (mark.line, mark.line - 1):
        found = _GLUED.match(_line(text, Mark(number, 1))) if number > 0 else None
        if found and found.end() <= (mark.column if number == mark.line else found.end()):
            what = "dash" if found[1] else "colon"
            return f"the {what} on line {number} has no space behind it", Mark(number, found.end())
    return None


def _rest(text: str, mark: Mark) -> str:
    """What stands from the place to the end of the text."""
    lines = text.splitlines()[mark.line - 1 :]
    return "\n".join([lines[0][mark.column - 1 :], *lines[1:]]) if lines else ""


def _character(text: str, mark: Mark) -> str:
    rest = _line(text, mark)[mark.column - 1 :]
    if not rest:
        return "the end of the line"
    return "{{" if rest.startswith("{{") else {"\t": "a tab"}.get(rest[0], f'"{rest[0]}"')
