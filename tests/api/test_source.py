"""Reading: values, and the places they were written at."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from munshi.api import source
from munshi.errors import FieldFault, Mark, Path
from support.json_values import same

EXPERIMENT = """\
# learning rate only
apiVersion: kubeflow.org/v1beta1
kind: Experiment
spec:
  objective: {type: maximize, goal: 0.990}
  parameters:
    - name: lr
      feasibleSpace:
        min: "0.01"
        max: 1e-1
    - name: 층수
      feasibleSpace: {min: "1",
        max: 010}
  empty:
"""


def one(text: str | bytes) -> source.Source:
    """The only document of a text."""
    (document,) = source.read(text, "experiment.yaml")
    return document


def test_values() -> None:
    """A document becomes plain dicts, lists and scalars, keys in their order."""
    value: Any = one(EXPERIMENT).value
    assert list(value) == ["apiVersion", "kind", "spec"]
    assert value["spec"]["objective"] == {"type": "maximize", "goal": 0.99}
    assert value["spec"]["parameters"][1]["feasibleSpace"] == {"min": "1", "max": 8}
    assert value["spec"]["empty"] is None


LR: Path = ("spec", "parameters", 0, "feasibleSpace")
PLACES: dict[str, tuple[Path, Mark, Mark | None]] = {
    "a quoted value stands at its quote": ((*LR, "min"), Mark(9, 14), Mark(9, 9)),
    "a plain value stands at its first character": ((*LR, "max"), Mark(10, 14), Mark(10, 9)),
    "a flow value has a column too": (("spec", "objective", "goal"), Mark(5, 37), Mark(5, 31)),
    "a flow map may run over lines": (
        ("spec", "parameters", 1, "feasibleSpace", "max"),
        Mark(13, 14),
        Mark(13, 9),
    ),
    "columns count characters, not bytes": (
        ("spec", "parameters", 1, "name"),
        Mark(11, 13),
        Mark(11, 7),
    ),
    "a block map stands at its first key": (LR, Mark(9, 9), Mark(8, 7)),
    "a list item stands behind its dash": (("spec", "parameters", 1), Mark(11, 7), None),
    "an empty value stands behind its colon": (("spec", "empty"), Mark(14, 9), Mark(14, 3)),
    "the document stands at its first key": ((), Mark(2, 1), None),
    "a missing field stands at the key of its map": ((*LR, "step"), Mark(8, 7), None),
    "a missing path stands at what exists of it": ((*LR, "a", 1, "b"), Mark(8, 7), None),
    "a missing item stands at the key of its list": (("spec", "parameters", 9), Mark(6, 3), None),
    "a field missing in an item stands at the item": (
        ("spec", "parameters", 1, "parameterType"),
        Mark(11, 7),
        None,
    ),
    "a field missing in the document stands at its beginning": (("metadata",), Mark(2, 1), None),
    "an index into a map is missing": (("spec", 0), Mark(4, 1), None),
    "a negative index is missing": (("spec", "parameters", -1), Mark(6, 3), None),
    "a field of a scalar is missing": (("kind", "x"), Mark(3, 1), None),
}


@pytest.mark.parametrize("sentence", PLACES)
def test_places(sentence: str) -> None:
    """Every value, and every missing one, has a line and a column; keys that are there have theirs."""
    path, value, key = PLACES[sentence]
    document = one(EXPERIMENT)
    assert (document.where(path), document.where_key(path)) == (value, key)


def test_text_of() -> None:
    """A scalar is remembered as it was written; a map, a list and a missing field have no text."""
    document = one("a: 1e-5\nb: 0.10\nc: '0.10'\nd: ~\ne: [010]\nf: {}\n")
    paths: list[Path] = [("a",), ("b",), ("c",), ("d",), ("e", 0), ("e",), ("f",), ("g",)]
    texts = [document.text_of(path) for path in paths]
    assert texts == ["1e-5", "0.10", "0.10", "~", "010", None, None, None]


def test_refusal_puts_the_places_in() -> None:
    """Faults without a place get theirs; one that has a place keeps it."""
    document = one(EXPERIMENT)
    fault = FieldFault((*LR, "min"), "too low")
    refusal = document.refusal([fault, fault.at(Mark(1, 1))])
    assert [each.mark for each in refusal.faults] == [Mark(9, 14), Mark(1, 1)]
    assert str(refusal).startswith(
        "experiment.yaml:9:14: spec.parameters[0].feasibleSpace.min: too low"
    )


STREAMS: dict[str, tuple[str, list[Any]]] = {
    "no text has no document": ("", []),
    "comments are no document": ("# nothing\n\n", []),
    "every document comes, in order": ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
    "empty documents are left out": ("---\n---\na: 1\n---\n# none\n---\nnull\n...\n", [{"a": 1}]),
    "a document need not be a map": ("--- 한글\n--- [1]\n--- false\n", ["한글", [1], False]),
    "a tag directive holds for its document": ("%TAG !! tag:yaml.org,2002:\n--- !!str 1\n", ["1"]),
    "lines may end as on Windows": ("a: 1\r\nb: |\r\n  x\r\n", [{"a": 1, "b": "x\n"}]),
}


@pytest.mark.parametrize("sentence", STREAMS)
def test_streams(sentence: str) -> None:
    """A stream is read as all of its documents."""
    text, values = STREAMS[sentence]
    assert [document.value for document in source.read(text)] == values


def test_lines_count_through_the_stream() -> None:
    """Places in a later document are places in the file."""
    second = source.read("a: 1\n---\nb:\n  c: 2\n")[1]
    assert second.where(("b", "c")) == Mark(4, 6)


ENCODINGS: dict[str, bytes] = {
    "UTF-8": "이름: 값".encode(),
    "UTF-8 with a byte order mark": "이름: 값".encode("utf-8-sig"),
    "UTF-16 as Windows writes it": "이름: 값".encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + "이름: 값".encode("utf-16-be"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(encoding: str) -> None:
    """UTF-8 and UTF-16 read alike, and a byte order mark moves no column."""
    document = one(ENCODINGS[encoding])
    assert document.value == {"이름": "값"}
    assert document.where(("이름",)) == Mark(1, 5)


def test_a_byte_order_mark_in_text_is_dropped() -> None:
    """Text that was decoded without care reads as well."""
    assert one("\ufeffa: 1").where_key(("a",)) == Mark(1, 1)


ALIASES: dict[str, tuple[str, Any]] = {
    "an alias stands for the anchor's value": ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
    "an anchor may be set anew": ("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}),
    "an alias may be a key": ("a: &x k\n*x : 1\n", {"a": "k", "k": 1}),
    "<< merges a map": ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", {"b": 1, "c": 3}),
    "<< merges a list of maps, the first of which wins": (
        "a: [&x {b: 1}, &y {b: 2, c: 2}]\nd:\n  <<: [*x, *y]\n",
        {"b": 1, "c": 2},
    ),
    "<< merges through a merge": (
        "a: [&x {b: 1}, &y {<<: *x, c: 2}]\nd:\n  <<: *y\n  b: 5\n",
        {"b": 5, "c": 2},
    ),
    "<< may repeat what is there already": ("a: &x {b: 1}\nd:\n  b: 1\n  <<: *x\n", {"b": 1}),
    "a quoted << is a key": ('a: 0\nd:\n  "<<": 1\n', {"<<": 1}),
}


@pytest.mark.parametrize("sentence", ALIASES)
def test_aliases(sentence: str) -> None:
    """Anchors, aliases and merges give what their sentence says (of the field d, if there is one)."""
    text, value = ALIASES[sentence]
    got: Any = one(text).value
    assert got.get("d", got) == value


def test_aliased_values_are_not_shared() -> None:
    """Changing what an alias gave, or a merge, leaves the original as it is."""
    value: Any = one("a: &x {b: [1]}\nc: *x\nd:\n  <<: *x\n").value
    value["c"]["b"].append(2)
    value["d"]["b"].append(3)
    assert value["a"] == {"b": [1]}


def test_places_of_aliases() -> None:
    """An alias stands where it is written; what is inside of it, and merged fields, at the anchor."""
    document = one("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n")
    assert document.where(("c",)) == Mark(2, 4)
    assert document.where(("c", "b")) == Mark(1, 11)
    assert document.where_key(("d", "b")) == Mark(1, 8)


KEYS: dict[str, tuple[str, Any]] = {
    "numbers": ("1: a\n0.10: b\n", {"1": "a", "0.1": "b"}),
    "truth values": ("y: 1\nno: 2\n", {"true": 1, "false": 2}),
    "dates": ("2026-01-31: a\n", {"2026-01-31": "a"}),
    "announced keys": ("? a\n: 1\n? b\n", {"a": 1, "b": None}),
}


@pytest.mark.parametrize("sort", KEYS)
def test_keys_become_text(sort: str) -> None:
    """Keys that are not text become text, as kubectl makes them."""
    text, value = KEYS[sort]
    assert one(text).value == value


TEMPLATE = """\
goTemplate:
  rawTemplate: |-
    apiVersion: batch/v1

    kind: {{.Kind}}
      name: {{.Trial}}
"""


def test_block_line() -> None:
    """The content of a block scalar begins on the line behind its header; other values have none."""
    document = one(TEMPLATE)
    assert document.block_line(("goTemplate", "rawTemplate")) == 3
    assert document.block_line(("goTemplate",)) is None
    assert document.block_line(("goTemplate", "none")) is None


def test_block_line_behind_tag_anchor_and_comment() -> None:
    """A header may stand on a later line than the properties before it."""
    assert one("a: !!str &x # why | so\n  |2-  # or >\n    x\n").block_line(("a",)) == 3


# A document with a text at `a`; a place in that text; the place in the document.
INSIDE: dict[str, tuple[str, Mark, Mark]] = {
    "the first character of a literal": ("a: |\n  x\n", Mark(1, 1), Mark(2, 3)),
    "behind a blank line": ("a: |-\n    x\n\n    yz\n", Mark(3, 2), Mark(4, 6)),
    "behind a blank line that is not empty": ("a: |\n  x\n \n  yz\n", Mark(3, 2), Mark(4, 4)),
    "more indentation is part of the text": ("a: |\n  x\n    y\n", Mark(2, 3), Mark(3, 5)),
    "given indentation": ("a: |1\n   x\n", Mark(1, 3), Mark(2, 4)),
    "leading blank lines": ("a: |\n\n  x\n", Mark(2, 1), Mark(3, 3)),
    "Windows line ends": ("a: |\r\n  x\r\n  yz\r\n", Mark(2, 2), Mark(3, 4)),
    "a literal in a later document": ("b: 1\n---\na: |\n  x\n  y\n", Mark(2, 1), Mark(5, 3)),
    "folded lines": ("a: >\n  some words\n  and more\n", Mark(1, 12), Mark(3, 3)),
    "behind a blank line in a folded text": ("a: >\n  x\n\n  y\n", Mark(2, 1), Mark(4, 3)),
    "unfolded lines of a folded text": ("a: >\n  x\n    y\n  z\n", Mark(3, 1), Mark(4, 3)),
    "beyond the text counts as its end": ("a: |\n  xy\n", Mark(9, 9), Mark(3, 1)),
    "beyond the line counts as its end": ("a: |\n  xy\n  z\n", Mark(1, 9), Mark(2, 5)),
    "plain text on one line": ("a: {{x}}y\n".replace("{{", "(("), Mark(1, 3), Mark(1, 6)),
    "quoted text on one line": ("a: 'xyz'\n", Mark(1, 3), Mark(1, 7)),
    "plain text on two lines, in its second": ("a: x\n y\n", Mark(1, 3), Mark(1, 4)),
    "escapes: where the text begins": ('a: "x\\ny"\n', Mark(2, 1), Mark(1, 4)),
    "an alias of a literal: in the literal": ("b: &x |\n  xy\na: *x\n", Mark(1, 2), Mark(2, 4)),
    "an alias of plain text: in that text": ("b: &x\n  xyz\na: *x\n", Mark(1, 1), Mark(3, 4)),
    "no text: the place of the value": ("a: {b: 1}\n", Mark(1, 1), Mark(1, 4)),
}


@pytest.mark.parametrize("sentence", INSIDE)
def test_places_inside_of_texts(sentence: str) -> None:
    """A place in an embedded text is a place in the file."""
    text, inside, outside = INSIDE[sentence]
    document = next(each for each in source.read(text) if each.where_key(("a",)))
    assert document.template_mark(("a",), inside) == outside


def test_place_of_a_missing_text() -> None:
    """Where there is no text, the place is that of the nearest thing."""
    assert one("a: 1\n").template_mark(("b",), Mark(1, 1)) == Mark(1, 1)


words = st.text(st.sampled_from("ab {}:#'"), min_size=1, max_size=8).map(lambda text: f"w{text}w")
lines = st.lists(st.one_of(words, st.just(""), words.map(lambda word: f"  {word}")), max_size=6)


@given(lines, st.sampled_from("|>"), st.integers(1, 5), st.data())
def test_block_scalars_are_walked_exactly(
    body: list[str], style: str, indent: int, data: st.DataObject
) -> None:
    """Every character of a block scalar that is neither blank nor break is found in the file."""
    blanks = " " * indent
    text = f"a: {style}\n{blanks}first\n" + "".join(
        f"{blanks}{line}\n" if line else "\n" for line in body
    )
    document = one(text)
    content = document.text_of(("a",)) or ""
    offset = data.draw(
        st.sampled_from([index for index, char in enumerate(content) if not char.isspace()])
    )
    line = content.count("\n", 0, offset) + 1
    column = offset - content.rfind("\n", 0, offset)
    mark = document.template_mark(("a",), Mark(line, column))
    assert text.split("\n")[mark.line - 1][mark.column - 1] == content[offset]
    before = (
        "".join(text.split("\n")[1 : mark.line - 1])
        + text.split("\n")[mark.line - 1][: mark.column - 1]
    )
    assert "".join(before.split()) == "".join(content[:offset].split())


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(
        st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn"))
        | st.sampled_from('\n\t\u2028\x85"\\'),
        max_size=9,
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=9),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    json_values,
    st.booleans(),
    st.sampled_from([None, 2, "\t"]),
    st.sampled_from(["", "\n", "\t\n\t"]),
)
def test_json_is_yaml(value: Any, ascii_only: bool, indent: int | str | None, around: str) -> None:
    """Whatever Python writes as JSON reads as the same value, emoji escapes and tabs included."""
    text = around + json.dumps([value], ensure_ascii=ascii_only, indent=indent) + around
    assert same(one(text).value, [value])


def test_json_keeps_its_columns() -> None:
    """Escapes that are exchanged before parsing move nothing."""
    assert one('{"a": "\\ud83d\\ude00", "b": 1}').where(("b",)) == Mark(1, 28)


def test_half_an_emoji_elsewhere_is_left_alone() -> None:
    """Only JSON is exchanged: a plain text may hold what looks like such an escape."""
    assert one("a: \\ud83d\\ude00").value == {"a": "\\ud83d\\ude00"}
    assert one("[\\ud83d\\ude00, '\\\\ud83d']").value == ["\\ud83d\\ude00", "\\\\ud83d"]


def test_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser in pure Python gives the same values and places."""
    fast = one(EXPERIMENT)
    monkeypatch.setattr(source, "_LOADER", yaml.SafeLoader)
    slow = one(EXPERIMENT)
    assert slow.value == fast.value
    assert [slow.where(path) for path, _, _ in PLACES.values()] == [
        fast.where(path) for path, _, _ in PLACES.values()
    ]
    assert one(TEMPLATE).block_line(("goTemplate", "rawTemplate")) == 3
