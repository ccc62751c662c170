"""A value becomes YAML that people like to read, and that reads back as the same value.

The counterpart of `source.read`: exported Experiments, `munshi get -o yaml` and rendered run specs are
written here. Keys keep their order, text of many lines is a literal block, Korean stays Korean, lists stand
as kubectl writes them, flush with their key. Text that any YAML reader would take for something else
(`yes`, `0.10`, `2026-01-31`, `12:30`) is quoted. PyYAML's emitter is not used: it decides on quotes by
PyYAML's own scalar rules, which are not kubectl's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from munshi.api import scalars, yaml_nodes
from munshi.api.wire import Json
from munshi.errors import FieldFault, Invalid, Path

_STEP = "  "
_SIMPLE_KEY = 128
"""Longer keys are announced by `? `, as YAML demands at 1,024 characters."""

_PLAIN = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=<~](?:[^\n\r\t:#]|:(?! |$)|(?<! )#)*(?<! )")
_DASHED = re.compile(r"--?[^\s\-](?:[^\n\r\t:#]|:(?! |$)|(?<! )#)*(?<! )")
_TEMPTING = re.compile(
    r"[-+]?[0-9][0-9_]*(?::[0-9_.]+)+|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
    r"|[-+]?[0-9_.]+(?:[eE][-+]?[0-9]+)?|[-+]?0[xXoObB].*|[-+]?\.?(?:inf|nan)",
    re.IGNORECASE,
)
"""Text to kubectl, but a time, a date or a number to some other YAML reader."""

_RAW = re.compile(r"[ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_RAW_LINES = re.compile(
    r"[\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def write(value: Json) -> str:
    """Write a value as one YAML document, ending with a newline; `source.read` gives it back.

    Raises:
        Invalid: YAML cannot hold it: a number that is infinite, not a number or beyond 64 bits, half of a
            surrogate pair, or nesting beyond the reader's limit. Every such place is named.
    """
    faults = list(_faults(value, (), 0))
    if faults:
        raise Invalid(faults)
    return "\n".join(_lines(value, "")) + "\n"


def _faults(value: Json, path: Path, depth: int) -> Iterator[FieldFault]:
    if depth >= yaml_nodes.MAX_DEPTH and isinstance(value, dict | list):
        problem = f"maps and lists stand more than {yaml_nodes.MAX_DEPTH} deep in one another"
        yield FieldFault(path[:8], problem, "flatten the value")
        return
    match value:
        case dict():
            for key, inner in value.items():
                if _SURROGATE.search(key):
                    yield _surrogate(path, key)
                yield from _faults(inner, (*path, key), depth + 1)
        case list():
            for index, item in enumerate(value):
                yield from _faults(item, (*path, index), depth + 1)
        case str() if _SURROGATE.search(value):
            yield _surrogate(path, value)
        case float() if not math.isfinite(value):
            yield FieldFault(path, f"{value} cannot be written as a number", "make it text")
        case int() if not -(1 << 63) <= value < 1 << 64:
            yield FieldFault(path, "the integer is beyond 64 bits", "make it text")


def _surrogate(path: Path, text: str) -> FieldFault:
    problem = f"{json.dumps(text)[:60]} holds half of a surrogate pair"
    return FieldFault(path, problem, "remove it")


def _lines(value: Json, indent: str) -> Iterator[str]:
    """The lines of a value that begins on a line of its own."""
    match value:
        case dict() if value:
            for key, inner in value.items():
                yield from _field(key, inner, indent)
        case list() if value:
            for item in value:
                yield from _entry(item, indent)
        case str():
            yield from _headed(indent, value, indent)
        case _:
            yield indent + _scalar(value)


def _field(key: str, value: Json, indent: str) -> Iterator[str]:
    name = _text(key)
    head = f"{indent}{name}:"
    if len(name) > _SIMPLE_KEY:
        yield f"{indent}? {name}"
        head = f"{indent}:"
    if isinstance(value, dict) and value:
        yield head
        yield from _lines(value, indent + _STEP)
    elif isinstance(value, list) and value:
        yield head
        yield from _lines(value, indent)
    else:
        yield from _headed(f"{head} ", value, indent)


def _entry(item: Json, indent: str) -> Iterator[str]:
    """A list item: what stands in it begins behind its dash."""
    if isinstance(item, dict | list) and item:
        inner = _lines(item, indent + _STEP)
        yield f"{indent}- {next(inner)[len(indent) + 2 :]}"
        yield from inner
    else:
        yield from _headed(f"{indent}- ", item, indent)


def _headed(head: str, value: Json, indent: str) -> Iterator[str]:
    """A scalar or something empty behind its key or dash; text of several lines as a literal block."""
    if not isinstance(value, str) or "\n" not in value or not _fits_block(value):
        yield head + _scalar(value)
        return
    body = value.rstrip("\n")
    ending = len(value) - len(body)
    chomping = "-" if ending == 0 else "" if ending == 1 else "+"
    hint = str(len(_STEP)) if value[0] in " \t\n" else ""
    yield f"{head}|{hint}{chomping}"
    for line in value.split("\n")[: None if ending == 0 else -1]:
        yield indent + _STEP + line if line else ""


def _fits_block(text: str) -> bool:
    return bool(text.strip()) and _RAW_LINES.fullmatch(text) is not None


def _scalar(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case list():
            return "[]"
        case dict():
            return "{}"


def _text(text: str) -> str:
    """Text on one line: plain when nothing could mistake it, else in quotes."""
    if _RAW.fullmatch(text):
        shaped = _PLAIN.fullmatch(text) or _DASHED.fullmatch(text)
        if shaped and not _TEMPTING.fullmatch(text) and isinstance(scalars.resolve(text), str):
            return text
        if ("\\" in text or '"' in text) and "'" not in text:
            return f"'{text}'"
    return '"' + "".join(map(_escaped, text)) + '"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if _RAW.fullmatch(char):
        return char
    code = ord(char)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}"
