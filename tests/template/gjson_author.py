"""Documents and GJSON paths that mostly find something in them, for Hypothesis.

What is never generated, and why (all listed as deliberate differences in `munshi.template.gjson`):

- what we refuse: empty names and members, blanks at a name's edge, literals, other modifiers and
  modifier arguments;
- `{` and `[` inside texts: Go walks into them as if the text were a document;
- an escaped character beside a wildcard in one name: Go forgets the escape;
- two members of one name in `{…}`: Go keeps both;
- `makers` (multipaths, @keys, @values: what makes something of nothing) together with escapes or
  dotted queries: Go cuts these texts elsewhere when they meet a container of the other kind, which
  only a maker behind them can show;
- in what is asked of each element: pipes, a `{…}` at its start, a bare `#` at its end, anything
  after a multipath: Go seeks the pipe behind such a tail by rules that do not know these;
- hexadecimal numbers: we read none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

from munshi.template import gjson

NAMES = ("a", "b", "ab", "type", "status", "한글", "k.x", "s*r", "w|p", "@at", "b\\s", 'q"t')
TEXTS = (
    "",
    "a",
    "ab",
    "Complete",
    "True",
    "true",
    "F",
    "0",
    "1",
    "10",
    "-2",
    "a*b",
    "한글",
    'q"t',
    "b\\s",
    "~*x",
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 12), st.sampled_from([0.5, -1.5, 10.0, 1e300]),
    st.sampled_from(TEXTS),
)  # fmt: skip
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=25,
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=4)
LIKELY = st.one_of(
    DOCUMENTS,
    st.fixed_dictionaries({"a": st.lists(OBJECTS, max_size=4)}),
    st.dictionaries(st.sampled_from(NAMES), st.lists(DOCUMENTS, max_size=4), max_size=4),
)  # fmt: skip
LISTS_BY_NAME = st.dictionaries(
    st.sampled_from(NAMES), st.lists(OBJECTS, max_size=4), min_size=1, max_size=4
)
PLAIN = ("a", "b", "ab", "type", "status", "한글", "0", "1", "2", "00", "nope")
WILD = ("*", "?", "a*", "*b", "t?pe", "*t*", "**", "?*?", "nope*")
ESCAPED = ("k\\.x", "s\\*r", "w\\|p", "\\@at", "b\\\\s", "\\a", 'q\\"t')
OPERATORS = ("=", "==", "!=", "<", "<=", ">", ">=", "%", "!%")
VALUES = (
    *(json.dumps(text) for text in TEXTS if not text.startswith("~")),
    '"*"', '"?*"', '"a\\\\*b"', '"*a*b*"', "a*", "True", "Complete", "1", "0", "-2", "010", "true", "false",
    "null", "~true", "~false", "~null", "~*", '"~true"', "1e300", "inf", "word",
)  # fmt: skip


T = TypeVar("T")


class _Author:
    """Writes paths that mostly find something, looking at the document as it goes."""

    def __init__(self, draw: st.DrawFn, makers: bool) -> None:
        self.draw = draw
        self.makers = makers

    def one_of(self, *choices: T) -> T:
        return self.draw(st.sampled_from(choices))

    def chain(self, value: Any, depth: int) -> str:
        """Stages joined by pipes."""
        text, value = self.stage(value, depth)
        for _ in range(self.one_of(0, 0, 1, 2)):
            more, value = self.stage(value, depth)
            text += f"|{more}"
        return text

    def stage(self, value: Any, depth: int) -> tuple[str, Any]:
        """Parts joined by dots, and what they find."""
        parts: list[str] = []
        for _ in range(self.one_of(1, 2, 3)):
            gathers = depth and isinstance(value, list) and self.one_of(True, True, False)
            parts.append(self.gather(value, depth) if gathers else self.part(value, depth))
            value = gjson.get(value, parts[-1]).value
            if gathers:  # only its own tail may follow it
                break
        return ".".join(parts), value

    def part(self, value: Any, depth: int) -> str:
        kind = self.one_of("key", "key", "key", "key", "modifier", "multi")
        if kind == "multi" and self.makers and depth:
            return self.multi(lambda: self.chain(value, depth - 1))
        return self.modifier() if kind == "modifier" else self.key(value)

    def key(self, value: Any) -> str:
        if isinstance(value, dict) and value and self.one_of(True, True, True, False):
            name: str = self.one_of(*value)
            escaped = re.sub(r"[.*|@\\\"]", r"\\\g<0>", name)
            if self.makers and escaped != name:
                return "*"
            return escaped if self.one_of(True, True, False) else name[0].replace("@", "?") + "*"
        if isinstance(value, list) and self.one_of(True, True, False):
            return self.one_of("0", "1", "01")
        names: tuple[str, ...] = PLAIN + WILD + (() if self.makers else ESCAPED)
        return self.one_of(*names)

    def modifier(self) -> str:
        names = ["this", "valid", "ugly", "pretty", "reverse", "flatten", "join"]
        return "@" + self.one_of(*names, *(["keys", "values"] * self.makers))

    def multi(self, member: Callable[[], str], *, braces: bool = True) -> str:
        members = [member() for _ in range(self.one_of(1, 2))]
        if not braces or self.one_of(True, False):
            return f"[{','.join(members)}]"
        return "{" + ",".join(f'"m{at}":{path}' for at, path in enumerate(members)) + "}"

    def gather(self, items: list[Any], depth: int) -> str:
        """`#` or a query, with or without a tail."""
        item = self.one_of(*items) if items else None
        query = self.one_of(True, True, False)
        text = self.query(item, depth) if query else "#"
        if self.one_of(True, False):
            return text
        tail: list[str] = []
        for _ in range(self.one_of(0, 1, 1, 2)):
            tail.append(self.key(item))
            item = gjson.get(item, tail[-1]).value
        free = (
            self.makers or bool(tail) or not query
        )  # a tail behind a query may not begin oddly, see above
        ending = self.one_of("", "", "modifier", "multi", "gather") if free else ""
        if ending == "modifier":
            tail.append(self.modifier())
        elif ending == "multi" and self.makers:
            tail.append(self.multi(lambda: self.key(item), braces=bool(tail)))
        elif ending == "gather" and depth > 1:
            inner = self.gather(item if isinstance(item, list) else [item], depth - 1)
            tail.append("#(a)#" if inner == "#" else inner)
        return ".".join([text, *tail])

    def query(self, item: Any, depth: int) -> str:
        subject, found = "", item
        if isinstance(item, dict | list) and self.one_of(True, True, True, False):
            subject = self.key(item)
            found = gjson.get(item, subject).value
            if not self.makers and depth > 1 and self.one_of(True, False):
                more, found = self.stage(found, depth - 1)
                subject += f".{more}"
        test = ""
        if not subject or self.one_of(True, True, True, False):
            blank = self.one_of("", "", " ")
            test = f"{blank}{self.one_of(*OPERATORS)}{blank}{self.value(found)}"
        return f"#({subject}{test}){self.one_of('', '#')}"

    def value(self, found: Any) -> str:
        likely = found if isinstance(found, str) else str(found).lower()
        odd = (
            isinstance(found, dict | list)
            or likely.startswith("~")
            or (self.makers and "." in likely)
        )
        if odd or self.one_of(True, False):
            return str(self.one_of(*VALUES))
        return json.dumps(likely, ensure_ascii=False)


@st.composite
def questions(draw: st.DrawFn, documents: st.SearchStrategy[Any] = LIKELY) -> tuple[Any, list[str]]:
    """A document and paths out of the grammar, within the bounds told above."""
    document = draw(documents)
    authors = [_Author(draw, makers) for makers in (True, False) for _ in range(3)]
    paths = [author.chain(document, 2) for author in authors]
    short = (
        2 * gjson.MAX_PARTS
    )  # a part and its joint take two characters: none of these has too many
    return document, [path for path in paths if len(path) < short]
