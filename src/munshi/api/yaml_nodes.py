"""Events of a YAML parser become nodes: values that know where they were written.

The second step of `source.read`, between the parser and `Source`. The composer keeps its own stack, so that
no nesting can exhaust Python's, and refuses what no honest author writes: depth, size and aliases beyond the
limits below. Faults that leave the rest readable (a duplicate key, an unknown tag) are collected; a limit
ends the reading by `LimitReached`. Text, encodings and files are not known here.

Maps follow kubectl's library (sigs.k8s.io/yaml): keys become text, duplicates are refused, `<<` merges. A
key that stands before a `<<` which holds it too would win by YAML's merge specification and lose by kubectl;
rather than choose, the composer refuses it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import yaml

from munshi.api import scalars
from munshi.api.scalars import Scalar
from munshi.api.wire import Json
from munshi.errors import FieldFault, Mark, Path

MAX_DEPTH = 100
MAX_NODES = 30_000
"""A tenth of a second's work; an Experiment of a thousand parameters has less."""
MAX_ALIASES = 1_000
MAX_CHARACTERS = 3 << 19
"""Characters of all scalars, with every alias written out; as many as a text may have bytes."""
MAX_DIGITS = 20
MAX_FAULTS = 100
"""More than this many faults are one fault: the wrong file."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class LimitReached(Exception):
    """Nothing more will be read; the last fault says why. Caught by `source.read`, never seen outside."""


class Node(NamedTuple):
    """A value and its place. A tuple, for a hundred are made for every document.

    Attributes:
        value: What was read.
        mark: Where it stands: for a map or list its first entry, for an alias the alias.
        start: Index of its first character in the text, tags and anchors included.
        end: Index behind its last character.
        text: A scalar as written, without quotes; None for a map or list.
        style: A scalar's style: empty when plain, else a quote, `|` or `>`.
        fields: A map's fields by name.
        items: A list's items.
        weight: How many nodes stand in it, itself included, aliases written out.
        characters: How many characters its scalars hold, aliases written out.
        height: How many maps and lists stand in one another, itself included; 0 for a scalar.
    """

    value: Json
    mark: Mark
    start: int
    end: int
    text: str | None = None
    style: str = ""
    fields: dict[str, Field] | None = None
    items: list[Node] | None = None
    weight: int = 1
    characters: int = 0
    height: int = 0


class Field(NamedTuple):
    """A field of a map: where its key stands, and its value. `merged` ones came by `<<`."""

    key: Mark
    node: Node
    merged: bool = False


class _Key(NamedTuple):
    """A key that waits for its value; without `name` it was refused, and its value is dropped."""

    name: str | None
    mark: Mark
    merge: bool = False


class _Place(NamedTuple):
    """Where an event was: line and column of its first character, and its indexes in the text."""

    mark: Mark
    start: int
    end: int


class _Open:
    """A map or list whose end has not been seen."""

    __slots__ = (
        "anchor", "characters", "fields", "height", "is_map", "items", "key", "mark", "start", "weight",
    )  # fmt: skip

    def __init__(self, is_map: bool, mark: Mark, start: int, anchor: str | None) -> None:
        self.is_map = is_map
        self.mark = mark
        self.start = start
        self.anchor = anchor
        self.fields: dict[str, Field] = {}
        self.items: list[Node] = []
        self.key: _Key | None = None
        self.weight = 1
        self.characters = 0
        self.height = 0

    def closed(self, end: int) -> Node:
        """The finished node."""
        sizes = (self.weight, self.characters, self.height + 1)
        if self.is_map:
            fields = self.fields
            value: Json = {name: field.node.value for name, field in fields.items()}
            return Node(value, self.mark, self.start, end, None, "", fields, None, *sizes)
        values: Json = [item.value for item in self.items]
        return Node(values, self.mark, self.start, end, None, "", None, self.items, *sizes)


class Composer:
    """Takes the events of one stream, in order; `documents` and `faults` grow as it goes.

    The limits hold for the stream as a whole. After a syntax error the reader may go on with a
    later document: `restart` says where in the text its events begin.

    Args:
        spell: Applied to the content of every scalar before anything else is.
    """

    def __init__(self, spell: Callable[[str], str] = str) -> None:
        self._spell = spell
        self.documents: list[Node] = []
        self.faults: list[FieldFault] = []
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}  # None: not finished yet
        self._nodes = 0
        self._characters = 0
        self._aliases = 0
        self._line = 1
        self._index = 0

    def restart(self, line: int, index: int) -> None:
        """Forget the unfinished document; the coming events count from this line (from 1) and index."""
        self._stack.clear()
        self._anchors.clear()
        self._line = line
        self._index = index

    def take(self, event: yaml.Event) -> None:
        """Take the next event.

        Raises:
            LimitReached: A limit was passed; the last fault says which and where.
        """
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._anchors.clear()
                self._count(1, 0, self._place(event).mark)

    def fault(self, problem: str, mend: str, mark: Mark, path: Path | None = None) -> None:
        """Write down a fault, by default of the value that is being read.

        Raises:
            LimitReached: There are too many already.
        """
        where = tuple(self._path()) if path is None else path
        self.faults.append(FieldFault(where, problem, mend, mark))
        if len(self.faults) >= MAX_FAULTS:
            raise LimitReached

    def _refuse(self, problem: str, mend: str, mark: Mark) -> LimitReached:
        self.fault(problem, mend, mark, path=())  # a hostile path is too long to show
        return LimitReached()

    def _path(self) -> Iterator[str | int]:
        for frame in self._stack:
            if not frame.is_map:
                yield len(frame.items)
            elif frame.key and frame.key.name is not None:
                yield frame.key.name

    def _place(self, event: yaml.Event) -> _Place:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:  # only events made by hand have no marks
            return _Place(Mark(self._line, 1), self._index, self._index)
        mark = Mark(start.line + self._line, start.column + 1)
        return _Place(mark, start.index + self._index, end.index + self._index)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        mark, start, end = self._place(event)
        text = self._spell(event.value)
        self._count(1, len(text), mark)
        if not text.isascii() and _SURROGATE.search(text):  # the pure parser lets them through
            problem = "the escape is half of a surrogate pair, not a character"
            self.fault(problem, "write a character beyond U+FFFF as \\UNNNNNNNN", mark)
        if event.tag is not None:
            value = self._tagged(event.tag, text, mark)
        elif event.implicit[0]:
            value = scalars.resolve(text)
        else:
            value = text
        frame = self._stack[-1] if self._stack else None
        if frame and frame.is_map and frame.key is None:
            merge = text == "<<" and (event.implicit[0] or event.tag == "tag:yaml.org,2002:merge")
            self._take_key(frame, value, text, mark, merge)
            return
        if isinstance(value, float) and not math.isfinite(value):
            problem = f"{text} is not a number that Kubernetes objects can hold"
            self.fault(problem, f'write it as text: "{text}"', mark)
        elif isinstance(value, float) and scalars.digits(text) > MAX_DIGITS:
            problem = f"an integer of {scalars.digits(text)} digits is longer than any number here"
            self.fault(problem, "write it in quotes, as text", mark)
        node = Node(value, mark, start, end, text, event.style or "", characters=len(text))
        if event.anchor:
            self._anchors[event.anchor] = node
        self._deliver(node)

    def _tagged(self, tag: str, text: str, mark: Mark) -> Scalar:
        try:
            return scalars.tagged(tag, text)
        except LookupError:
            problem = f"the tag {_short(tag)} is not known here"
            self.fault(problem, "remove the tag; plain YAML needs none", mark)
        except ValueError:
            self.fault(f'"{_cut(text)}" is not a {_short(tag)}', "mend the value or the tag", mark)
        return text

    def _take_key(self, frame: _Open, value: Scalar, text: str, mark: Mark, merge: bool) -> None:
        name = scalars.key_text(value)
        frame.key = _Key(name, mark, merge)
        frame.weight += 1
        frame.characters += len(text)
        if name is None:
            quoted = f'"{_cut(text)}"' if text else "a name"
            what = "nothing" if value is None and not text else _cut(text)
            self.fault(f"{what} cannot be a key", f"write {quoted} in its place", mark)

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        mark, start, _ = self._place(event)
        is_map = isinstance(event, yaml.MappingStartEvent)
        if len(self._stack) >= MAX_DEPTH:
            problem = f"maps and lists stand more than {MAX_DEPTH} deep in one another"
            raise self._refuse(problem, "flatten the document", mark)
        self._count(1, 0, mark)
        own = "tag:yaml.org,2002:map" if is_map else "tag:yaml.org,2002:seq"
        if event.tag not in (None, "!", own):
            problem = (
                f"the tag {_short(event.tag)} on a {'map' if is_map else 'list'} is not known here"
            )
            self.fault(problem, "remove the tag; plain YAML needs none", mark)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(is_map, mark, start, event.anchor))

    def _close(self, event: yaml.Event) -> None:
        frame = self._stack.pop()
        node = frame.closed(self._place(event).end)
        if frame.anchor:
            self._anchors[frame.anchor] = node
        self._deliver(node)

    def _alias(self, event: yaml.AliasEvent) -> None:
        mark, start, end = self._place(event)
        name = str(event.anchor)
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise self._refuse(f"more than {MAX_ALIASES} aliases", "write the values out", mark)
        target = self._anchors.get(name)
        if target is None:
            if name in self._anchors:
                self.fault(f"*{name} stands inside of &{name} itself", "write the value out", mark)
            else:
                mend = _known(sorted(anchor for anchor, node in self._anchors.items() if node))
                self.fault(f"no anchor &{name} stands before *{name}", mend, mark)
            self._deliver(Node(None, mark, start, end, ""))
            return
        if len(self._stack) + target.height > MAX_DEPTH:
            problem = f"with *{name} written out, maps and lists stand more than {MAX_DEPTH} deep"
            raise self._refuse(problem, "flatten the document", mark)
        self._count(target.weight, target.characters, mark)
        frame = self._stack[-1] if self._stack else None
        value = _copied(target.value)
        if frame and frame.is_map and frame.key is None and not isinstance(value, list | dict):
            self._take_key(frame, value, target.text or "", mark, merge=False)
            return
        self._deliver(target._replace(value=value, mark=mark))

    def _count(self, nodes: int, characters: int, mark: Mark) -> None:
        self._nodes += nodes
        self._characters += characters
        if self._nodes > MAX_NODES:
            problem = f"more than {MAX_NODES:,} values, with aliases written out"
            raise self._refuse(problem, "split the document", mark)
        if self._characters > MAX_CHARACTERS:
            problem = "with aliases written out, the text is longer than 1.5 MiB"
            raise self._refuse(problem, "write large values once", mark)

    def _deliver(self, node: Node) -> None:
        """Put a finished node where it belongs: a document, an item, a key or the value of one."""
        if not self._stack:
            self.documents.append(node)
            return
        frame = self._stack[-1]
        frame.weight += node.weight
        frame.characters += node.characters
        frame.height = max(frame.height, node.height)
        if not frame.is_map:
            frame.items.append(node)
        elif frame.key is None:
            frame.key = _Key(None, node.mark)
            what = "a list" if node.items is not None else "a map"
            self.fault(f"{what} cannot be a key", _quote_braces(node), node.mark)
        else:
            self._take_value(frame, frame.key, node)
            frame.key = None

    def _take_value(self, frame: _Open, key: _Key, node: Node) -> None:
        if key.merge:
            self._merge(frame, key, node)
        elif key.name is not None:
            before = frame.fields.get(key.name)
            if before is None or before.merged:
                frame.fields[key.name] = Field(key.mark, node)
                return
            lines = f"on lines {before.key.line} and {key.mark.line}"
            if before.key.line == key.mark.line:
                lines = f"on line {key.mark.line}"
            problem = f'the key "{_cut(key.name)}" is written twice in one map, {lines}'
            self.fault(problem, "keep one of them", key.mark)

    def _merge(self, frame: _Open, key: _Key, node: Node) -> None:
        maps = node.items if node.items is not None else [node]
        incoming: dict[str, Field] = {}
        for one in maps:
            if one.fields is None:
                problem = "<< takes a map or a list of maps, and gets something else"
                self.fault(problem, "write <<: *anchor, where &anchor is a map", one.mark)
                continue
            for name, field in one.fields.items():
                incoming.setdefault(name, field)
        for name, field in incoming.items():
            before = frame.fields.get(name)
            if before is None:
                fresh = field.node._replace(value=_copied(field.node.value))
                frame.fields[name] = Field(field.key, fresh, merged=True)
            elif before.node.value != field.node.value:
                problem = (
                    f'the key "{_cut(name)}" of line {before.key.line} is also merged by the << below it,'
                    " and YAML readers disagree on which one wins"
                )
                path = (*tuple(self._path())[:-1], name)
                self.fault(problem, "write << first in its map, and only once", key.mark, path)


def _copied(value: Json) -> Json:
    """A value of its own for every alias, lest one change shows in two places. The depth is bounded."""
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_copied(inner) for inner in value]
    return value


def _short(tag: str) -> str:
    if tag.startswith(scalars.TAG_PREFIX):
        return f"!!{_cut(tag.removeprefix(scalars.TAG_PREFIX))}"
    return _cut(tag)


def _cut(text: str) -> str:
    line = text.replace("\n", "⏎")
    return line if len(line) <= 40 else f"{line[:37]}…"


def _known(anchors: list[str]) -> str:
    if not anchors:
        return "write the value out; text that begins with * needs quotes"
    return f"known: {', '.join(f'&{anchor}' for anchor in anchors[:8])}"


def _quote_braces(node: Node) -> str:
    if node.items is None and node.start == node.end:
        return "write a name in its place"
    return "if it is text, such as a {{template}}, put it in quotes"
