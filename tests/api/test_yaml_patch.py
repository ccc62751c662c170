"""A patched text says what the patched value says, and everything else in it stays as its author wrote it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.api import source, yaml_patch, yaml_writer
from munshi.api.wire import Json
from munshi.api.yaml_patch import Patch
from munshi.errors import Path

TEXT = """\
# 처음
a: 1   # one
b:
  c: 'two'

  # between
  d:
  - x: |
      # no comment

      text
  - y   # last
"quoted key": [1, {e: 2}]
"""


def patched(text: str, change: Callable[[Patch], object]) -> tuple[str, Patch]:
    """The text after a change; the patch for its value."""
    (document,) = source.read(text)
    patch = Patch(document)
    change(patch)
    new = yaml_patch.applied(document.text, patch.edits())
    assert source.read(new)[0].value == patch.value
    return new, patch


IN_PLACE: dict[str, tuple[Callable[[Patch], object], str, str]] = {
    "a number": (lambda p: p.set(("a",), 7), "a: 1   #", "a: 7   #"),
    "a quoted text": (lambda p: p.set(("b", "c"), "yes"), "c: 'two'", 'c: "yes"'),
    "an item of a list": (lambda p: p.set(("b", "d", 1), "z"), "- y   # last", "- z   # last"),
    "a value in brackets": (lambda p: p.set(("quoted key", 1, "e"), 3), "{e: 2}", "{e: 3}"),
    "a new field": (lambda p: p.add(("b", "f"), {"m": [1]}), "# last\n", "# last\n  f:\n    m:\n    - 1\n"),
    "a new field at the end": (lambda p: p.add(("z",), None), "{e: 2}]\n", "{e: 2}]\nz: null\n"),
    "a field less": (lambda p: p.drop(("b", "c")), "  c: 'two'\n", ""),
    "the last field of a map less": (lambda p: p.drop(("a",)), "a: 1   # one\n", ""),
    "another field": (
        lambda p: p.swap(("a",), {"f": 1, "g": {"h": 2}}, {"g": "h: 2 # 둘"}),
        "a: 1   # one\n",
        "# one\nf: 1\ng:\n  h: 2 # 둘\n",
    ),
    "every text": (
        lambda p: p.respell(lambda text: text.replace("t", "T")),
        "",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("sentence", IN_PLACE)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_the_field_changes(sentence: str, line_end: str) -> None:
    """Comments, blank lines, quotes and the order of everything else are the author's."""
    change, before, after = IN_PLACE[sentence]
    new, patch = patched(TEXT.replace("\n", line_end), change)
    assert not patch.written_anew
    if before:
        assert new == TEXT.replace(before, after).replace("\n", line_end)


ANEW: dict[str, tuple[str, Callable[[Patch], object]]] = {
    "a field of a map in braces": ("a: {b: 1, c: 2}\n", lambda p: p.drop(("a", "b"))),
    "a field behind a dash": ("- a: 1\n  b: 2\n", lambda p: p.drop((0, "a"))),
    "what an alias shares": ("a: &x 1\nb: *x\n", lambda p: p.set(("a",), 2)),
    "an alias": ("a: &x 1\nb: *x\n", lambda p: p.set(("b",), 2)),
    "what a merge brought": (
        "a: &x {n: 1}\nb:\n  <<: *x\n  m: 1\n",
        lambda p: p.set(("b", "n"), 2),
    ),
    "all of JSON": ('{"a": 1}', lambda p: p.add(("b",), 2)),
    "an empty map": ("a: {}\n", lambda p: p.add(("a", "b"), 2)),
}


@pytest.mark.parametrize("sentence", ANEW)
def test_what_has_no_simple_place_is_written_anew(sentence: str) -> None:
    """The text then says what the value says, in munshi's own spelling; neighbours are not touched."""
    text, change = ANEW[sentence]
    _, patch = patched(text, change)
    assert patch.written_anew
    documents = source.read(f"# one\nx: 1\n---\n{text}\n---\n# three\nw: 1 # z\n")
    middle = Patch(documents[1])
    change(middle)
    new = yaml_patch.applied(documents[1].text, middle.edits())
    assert [each.value for each in source.read(new)] == [{"x": 1}, patch.value, {"w": 1}]
    assert new.startswith("# one\nx: 1\n---\n")
    assert new.endswith("---\n# three\nw: 1 # z\n")


KEYS = st.text(alphabet="abc d#:-'\"", min_size=1, max_size=3)
TREES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6) | st.just("two\nlines\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


def paths(value: Json, path: Path = ()) -> list[Path]:
    """Of every field of every map."""
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in [(*path, k), *paths(v, (*path, k))]]
    if isinstance(value, list):
        return [p for i, v in enumerate(value) for p in paths(v, (*path, i))]
    return []


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4), st.data())
def test_any_change_reads_back(tree: dict[str, Json], data: st.DataObject) -> None:
    """In any document, in either style, after any change."""
    text = data.draw(
        st.sampled_from([yaml_writer.write(tree), json.dumps(tree), json.dumps(tree, indent=1)])
    )
    path = data.draw(st.sampled_from(paths(tree)))
    other = data.draw(TREES)

    def change(patch: Patch) -> None:
        match data.draw(st.sampled_from(["drop", "swap", "add", "respell"])):
            case "drop":
                patch.drop(path)
            case "swap":
                patch.swap(path, {"new": other, "newer": 1}, {})
            case "add":
                patch.add((*path[:-1], "new"), other)
            case _:
                patch.respell(lambda text: text.replace("a", "${A}"))

    patched(text, change)
