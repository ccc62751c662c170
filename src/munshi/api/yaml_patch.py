"""Changes to an author's YAML text that leave all the rest of it alone: comments, order, spelling.

`munshi convert` changes five or six fields of a file that somebody wrote with care. A `Patch` notes each
change twice, in the values and in the text, where `Source` knows the place of every field. What is patched
must read back as the changed values; where the text cannot be changed so (flow style, aliases, a tag in the
way) the document is written anew, and its comments are lost. Nothing here knows what the fields mean.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from munshi.api import source as yaml_source
from munshi.api import yaml_writer
from munshi.api.source import Source
from munshi.api.wire import Json
from munshi.api.yaml_nodes import Node
from munshi.errors import Invalid, Path

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BEFORE_VALUE = re.compile(r"(?:[!&]\S*\s+)*")
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n\r]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Edit:
    """`text[start:end]` of a file becomes `text`."""

    start: int
    end: int
    text: str


class _Unpatchable(Exception):
    """The text has no simple place for a change. Never seen outside."""


class Patch:
    """Changes to one document.

    Args:
        source: The document; it is not changed.

    Attributes:
        value: The document with all changes so far.
        written_anew: The text could not be patched, so the whole document is written by munshi.
    """

    def __init__(self, source: Source) -> None:
        self.value: Json = copy.deepcopy(source.value)
        self.written_anew = False
        self._source = source
        self._edits: list[Edit] = []
        breaks = _LINE_END.finditer(source.text)
        self._lines = [0, *(found.end() for found in breaks)]
        self._break = "\r\n" if "\r\n" in source.text else "\n"

    def set(self, path: Path, value: str | int) -> None:
        """Give a scalar that is written another value."""
        _parent(self.value, path)[path[-1]] = value
        with _Attempt(self):
            node = self._node(path)
            if node.text is None or node.style in ("|", ">"):
                raise _Unpatchable
            text = yaml_writer.write(value).rstrip("\n")
            self._edits.append(Edit(node.start, node.end, text))

    def add(self, path: Path, value: Json) -> None:
        """Write a field that is not there, behind the last one of its map."""
        _parent(self.value, path)[path[-1]] = value
        with _Attempt(self):
            parent = self._node(path[:-1])
            last = next(reversed(parent.fields or {}), None)
            if last is None:
                raise _Unpatchable
            indent, _, end = self._field((*path[:-1], last))
            self._edits.append(Edit(end, end, self._lines_of({path[-1]: value}, {}, indent, end)))

    def drop(self, path: Path) -> None:
        """Remove a field, and its lines."""
        del _parent(self.value, path)[path[-1]]
        with _Attempt(self):
            _, start, end = self._field(path)
            self._edits.append(Edit(start, end, ""))

    def swap(self, path: Path, fields: Mapping[str, Json], raw: Mapping[str, str]) -> None:
        """Put other fields where one stood; its comments are kept above them.

        Args:
            path: The field that goes.
            fields: What stands in its place.
            raw: YAML for the values of some of them, flush left: comments and all.
        """
        parent = _parent(self.value, path)
        before = dict(parent)
        parent.clear()
        for key, value in before.items():
            parent.update(fields if key == path[-1] else {key: value})
        with _Attempt(self):
            indent, start, end = self._field(path)
            comments = [f"{indent}{said}{self._break}" for said in self._comments(path, start, end)]
            text = "".join(comments) + self._lines_of(fields, raw, indent, start)
            self._edits.append(Edit(start, end, text))

    def respell(self, replace: Callable[[str], str]) -> None:
        """Change every text that is not a key, and not changed already: stand-ins to placeholders, say.

        Args:
            replace: Changes a text; what it puts in needs no escape in any quotes.
        """
        self.value = _respelled(self.value, replace)
        with _Attempt(self):
            for node in _scalars(self._node(())):
                if node.text is None or replace(node.text) == node.text or self._changed(node):
                    continue
                if node.style == "":
                    text = json.dumps(replace(node.text), ensure_ascii=False)
                else:
                    text = replace(self._source.text[node.start : node.end])
                self._edits.append(Edit(node.start, node.end, text))

    def edits(self) -> list[Edit]:
        """The changes of the text, in the order of their places; those of a document written anew are one."""
        if not self.written_anew and self._reads_back():
            return sorted(self._edits, key=lambda edit: (edit.start, edit.end))
        self.written_anew = True
        root = self._node(())
        start = root.start
        end = start + len(self._source.text[start : root.end].rstrip())
        text = yaml_writer.write(self.value)
        if _LINE_END.match(self._source.text, end):
            text = text.removesuffix("\n")
        if self._source.text[self._line_start(start) : start].strip():  # behind "--- "
            text = "\n" + text
        return [Edit(start, end, text.replace("\n", self._break))]

    def comments(self) -> int:
        """How many comments stand in the document; those within templates count as text."""
        root = self._node(())
        return len(list(self._comments((), root.start, self._end_of(root))))

    def give_up(self) -> None:
        """Write the whole document anew."""
        self.written_anew = True

    # --- places

    def _node(self, path: Path) -> Node:
        node = self._source.node(path)
        if node is None:
            raise _Unpatchable
        return node

    def _field(self, path: Path) -> tuple[str, int, int]:
        """Of a field on lines of its own: its indentation, and where its lines begin and end."""
        key = self._source.where_key(path)
        for length in range(len(path)):
            above = self._node(path[:length])
            opening = _BEFORE_VALUE.match(self._source.text, above.start)
            if opening and self._source.text[opening.end() : opening.end() + 1] in ("{", "["):
                raise _Unpatchable
        if key is None:
            raise _Unpatchable
        start = self._lines[key.line - 1]
        indent = self._source.text[start : start + key.column - 1]
        if indent.strip(" "):
            raise _Unpatchable
        end = self._end_of(self._node(path))
        after = _LINE_END.search(self._source.text, max(end, start + key.column))
        return indent, start, after.end() if after else len(self._source.text)

    def _end_of(self, node: Node) -> int:
        """Where the last character of a value stands; a block's own end lies behind what follows it."""
        text = self._source.text
        if node.text is None and text[node.end - 1 : node.end] not in ("}", "]"):
            inner = [field.node for field in (node.fields or {}).values()] + (node.items or [])
            return max((self._end_of(each) for each in inner), default=node.start)
        return node.start + len(text[node.start : node.end].rstrip())

    def _changed(self, node: Node) -> bool:
        return any(edit.start <= node.start < edit.end for edit in self._edits)

    def _line_start(self, index: int) -> int:
        return max(start for start in self._lines if start <= index)

    def _comments(self, path: Path, start: int, end: int) -> Iterator[str]:
        """The comments between two places, without what looks like one inside of a text."""
        text = list(self._source.text[start:end])
        for node in _scalars(self._node(path)):
            low, high = max(node.start - start, 0), max(node.end - start, 0)
            if node.style in ("|", ">"):  # its first line is a header, which may have a comment
                low = next((i for i in range(low, high) if text[i] in "\r\n"), high)
            text[low:high] = [" " if char not in "\r\n" else char for char in text[low:high]]
        return (found[0].rstrip() for found in _COMMENT.finditer("".join(text)))

    def _lines_of(
        self, fields: Mapping[str | int, Json] | Mapping[str, Json], raw: Mapping[str, str],
        indent: str, at: int,
    ) -> str:  # fmt: skip
        lines: list[str] = []
        for key, value in fields.items():
            if str(key) in raw:
                lines.append(f"{key}:")
                lines += [f"  {line}" if line else "" for line in raw[str(key)].splitlines()]
            else:
                lines += yaml_writer.write({str(key): value}).splitlines()
        written = "".join(f"{indent}{line}{self._break}" if line else self._break for line in lines)
        before = self._source.text[at - 1 : at]
        return written if not before or _LINE_END.fullmatch(before) else self._break + written

    def _reads_back(self) -> bool:
        text = applied(self._source.text, self._edits)
        try:
            documents = yaml_source.read(text, self._source.name)
        except Invalid:
            return False
        return any(document.value == self.value for document in documents)


class _Attempt:
    """A change of the text that may turn out to be impossible; then the document is written anew."""

    def __init__(self, patch: Patch) -> None:
        self._patch = patch

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        if kind is not None and issubclass(kind, _Unpatchable):
            self._patch.give_up()
            return True
        return False


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits; they must not overlap."""
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


def _parent(value: Json, path: Path) -> dict[str | int, Json]:
    here = value
    for step in path[:-1]:
        here = here[step]  # type: ignore[index]
    return here  # type: ignore[return-value]


def _respelled(value: Json, replace: Callable[[str], str]) -> Json:
    match value:
        case str():
            return replace(value)
        case list():
            return [_respelled(item, replace) for item in value]
        case dict():
            return {key: _respelled(inner, replace) for key, inner in value.items()}
        case _:
            return value


def _scalars(node: Node) -> Iterator[Node]:
    if node.text is not None:
        yield node
    for field in (node.fields or {}).values():
        yield from _scalars(field.node)
    for item in node.items or ():
        yield from _scalars(item)
