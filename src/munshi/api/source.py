"""A YAML or JSON text, read: its values, and where in the author's file each of them stands.

First of all stops: someone wrote `"0.01"` on line 17 of a file, and every later message about that field can
say `experiment.yaml:17:14` because of this module. `cli` and `local` call `read` with what they got from a
file or a pipe; `decode` makes kinds of `Source.value`; whoever finds faults asks `Source.refusal` to put the
places in. Opening files is not done here, nor is anything known of Experiments.

The road inside: `yaml_text` (bytes to text, size, characters) → the C parser of PyYAML, as events →
`yaml_nodes` (values with places, limits) with `scalars` (kubectl's rules) and `yaml_syntax` (errors in plain
words) → `Source`. PyYAML's own loaders are not used: they crash the process on deep nesting, read `1e-5` as
text and `12:30:45` as a number, and let the last of two equal keys win.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import yaml

from munshi.api import yaml_nodes, yaml_syntax, yaml_text
from munshi.api.wire import Json
from munshi.api.yaml_nodes import Field, Node
from munshi.errors import FieldFault, Invalid, Mark, Path

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it (every wheel is); else the slow twin in Python."""

_DOCUMENT = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_BLOCK_HEADER = re.compile(r"(?:[!&]\S*|#[^\r\n]*|\s)*[|>]")
_BREAKS = "\n\r\x85\u2028\u2029"
MAX_SYNTAX_ERRORS = 10
"""Documents of one stream that may be broken before the rest is left unread."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One document, and its places.

    Attributes:
        value: What the document says.
        name: The file's name as messages should show it.
    """

    value: Json
    name: str
    _root: Node = field(repr=False)
    _text: str = field(repr=False)

    @property
    def text(self) -> str:
        """The whole stream, this document and its neighbours; nodes count their characters in it."""
        return self._text

    def node(self, path: Path) -> Node | None:
        """The value at `path` with its places; None when there is none."""
        reached, node, _ = self._walk(path)
        return node if reached == len(path) else None

    def where(self, path: Path) -> Mark:
        """The place of the value at `path`; when it is missing, of the nearest thing that is not.

        A missing field of a map is placed at that map's own key, a missing list item likewise. An
        aliased value stands where the alias does, what is inside of it where the anchor's value is.
        """
        reached, node, key = self._walk(path)
        if reached == len(path) or key is None:
            return node.mark
        return key

    def where_key(self, path: Path) -> Mark | None:
        """The place of the key itself; None for list items, the document and whatever is missing."""
        reached, _, key = self._walk(path)
        return key if path and reached == len(path) and isinstance(path[-1], str) else None

    def text_of(self, path: Path) -> str | None:
        """The scalar at `path` as written, without quotes (`1e-5`, `0.10`); None for anything else."""
        reached, node, _ = self._walk(path)
        return node.text if reached == len(path) else None

    def block_line(self, path: Path) -> int | None:
        """The line of the file on which the content of the block scalar (`|` or `>`) at `path` begins."""
        block = self._block(path)
        return block[1] if block else None

    def template_mark(self, path: Path, mark: Mark) -> Mark:
        """The place in the file of a place inside the text at `path`, such as an embedded template.

        Exact for block scalars and for text on one line without escapes; for other texts, where the
        text begins. A place beyond the text's end counts as its end.
        """
        reached, node, _ = self._walk(path)
        if reached < len(path) or node.text is None:
            return self.where(path)
        lines = node.text.split("\n")
        row = min(mark.line, len(lines)) - 1
        column = min(mark.column - 1, len(lines[row]))
        offset = sum(len(line) + 1 for line in lines[:row]) + column
        block = self._block(path)
        if block:
            return _aligned(self._text, block, node.text, offset)
        quotes = 1 if node.style else 0
        if node.end - node.start == len(node.text) + 2 * quotes and row == 0:
            return yaml_text.mark_at(self._text, node.start + quotes + column)
        return node.mark

    def refusal(self, faults: Iterable[FieldFault]) -> Invalid:
        """The error that reports these faults of this document, each with its place in the file."""
        return Invalid([f if f.mark else f.at(self._place(f)) for f in faults], self.name)

    def _place(self, fault: FieldFault) -> Mark:
        key = self.where_key(fault.path) if fault.of_key else None
        return key or self.where(fault.path)

    def _walk(self, path: Path) -> tuple[int, Node, Mark | None]:
        """How many steps of the path exist, the node they lead to, and the place of its key or dash."""
        node, key = self._root, None
        for count, step in enumerate(path):
            found: Field | None = None
            if isinstance(step, str) and node.fields is not None:
                found = node.fields.get(step)
            elif isinstance(step, int) and node.items is not None and 0 <= step < len(node.items):
                item = node.items[step]
                found = Field(item.mark, item)
            if found is None:
                return count, node, key
            key, node = found.key, found.node
        return len(path), node, key

    def _block(self, path: Path) -> tuple[int, int, int] | None:
        """Of a block scalar: the index and line at which its content begins, and its indentation."""
        reached, node, _ = self._walk(path)
        if reached < len(path) or node.style not in ("|", ">") or node.text is None:
            return None
        header = _BLOCK_HEADER.match(self._text, node.start)
        if header is None:
            return None
        index, line = node.start, _line_number(self._text, node.start)
        while index <= header.end() and index < len(self._text):
            index, line = _next_line(self._text, index), line + 1
        indentation = _indentation(self._text[index : node.end], node.text)
        return index, line, indentation


def read(text: str | bytes, name: str = "<stdin>") -> list[Source]:
    """Read every document of a YAML stream or a JSON text; empty documents are left out.

    Args:
        text: What the author wrote. Bytes are UTF-8, or UTF-16 with a byte order mark.
        name: The file's name as messages should show it.

    Raises:
        Invalid: With every fault that could be found. A syntax error ends its document, not the stream; a
            passed limit (1.5 MiB, depth 100, 30,000 values, 1,000 aliases) ends the reading.
    """
    clean, restore = _clean(text, name)
    composer = yaml_nodes.Composer(yaml_text.restore if restore else str)
    _compose(clean, composer)
    if composer.faults:
        raise Invalid(composer.faults, name)
    roots = [node for node in composer.documents if node.value is not None]
    return [Source(node.value, name, node, clean) for node in roots]


def _clean(text: str | bytes, name: str) -> tuple[str, bool]:
    fault = yaml_text.size_fault(text)
    if fault:
        raise Invalid([fault], name)
    decoded = text if isinstance(text, str) else yaml_text.decoded(text)
    if isinstance(decoded, FieldFault):
        raise Invalid([decoded], name)
    decoded = yaml_text.without_bom(decoded)
    faults = yaml_text.character_faults(decoded)
    if faults:
        raise Invalid(faults, name)
    return yaml_text.json_eased(decoded)


def _compose(text: str, composer: yaml_nodes.Composer) -> None:
    """Feed the whole stream to the composer, beginning again behind a broken document."""
    index, line = 0, 1
    for _ in range(MAX_SYNTAX_ERRORS):
        rest = text[index:]
        try:
            for event in yaml.parse(rest, Loader=_LOADER):
                composer.take(event)
        except yaml_nodes.LimitReached:
            return
        except yaml.MarkedYAMLError as error:
            fault = yaml_syntax.explain(error, rest)
            mark = fault.mark or Mark(1, 1)
            composer.faults.append(fault.at(Mark(mark.line + line - 1, mark.column)))
            stopped = error.problem_mark.index if error.problem_mark else len(rest)
            later = _DOCUMENT.search(rest, max(stopped, 1))
            if later is None:
                return
            index, line = index + later.start(), line + _line_number(rest, later.start()) - 1
            composer.restart(line, index)
        else:
            return


def _line_number(text: str, index: int) -> int:
    """The line of a character, counting line breaks as YAML 1.1 does."""
    crlf = text.count("\r\n", 0, index)
    return 1 + sum(text.count(char, 0, index) for char in _BREAKS) - crlf


def _next_line(text: str, index: int) -> int:
    """Where the line after the one at `index` begins."""
    while index < len(text) and text[index] not in _BREAKS:
        index += 1
    return index + (2 if text.startswith("\r\n", index) else 1)


def _indentation(written: str, text: str) -> int:
    """By how many blanks the lines of a block are indented, as its first line with content shows."""
    for line in written.splitlines():
        if line.strip(" "):
            first = next((inner for inner in text.split("\n") if inner.strip(" ")), "")
            return _blanks(line) - _blanks(first)
    return 0


def _blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _aligned(written: str, block: tuple[int, int, int], text: str, offset: int) -> Mark:
    """The place of character `offset` of a block scalar's text.

    Text and file are walked side by side. They hold the same characters but for the indentation and for line
    breaks, of which folding (`>`) keeps some, drops some and turns some into blanks.
    """
    index, line, indentation = block

    def enter(start: int) -> int:
        stop = start
        while stop < start + indentation and written.startswith(" ", stop):
            stop += 1
        return stop

    start, index = index, enter(index)
    for position, char in enumerate(text[: offset + 1]):
        while written[index : index + 1] in tuple(_BREAKS) and char not in f" {_BREAKS}":
            start, line = _next_line(written, index), line + 1
            index = enter(start)
        if position == offset:
            break
        if written[index : index + 1] in tuple(_BREAKS):
            start, line = _next_line(written, index), line + 1
            index = enter(start)
        else:
            index += 1
    return Mark(line, index - start + 1)
