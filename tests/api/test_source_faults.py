"""What cannot be read: which fault, where, and at what cost."""

from __future__ import annotations

import codecs

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from munshi.api import source
from munshi.errors import FieldFault, Invalid, Mark, Path
from support.effort import effort

MIB = 1 << 20


def faults_of(text: str | bytes) -> tuple[FieldFault, ...]:
    """The faults of a text that must be refused."""
    with pytest.raises(Invalid) as caught:
        source.read(text, "experiment.yaml")
    assert caught.value.source == "experiment.yaml"
    return caught.value.faults


# A text; the place of its only fault; a word of the problem or the mend.
SYNTAX: dict[str, tuple[str, Mark, str]] = {
    "a tab as indentation": ("a:\n\tb: 1\n", Mark(2, 1), "line 2 is indented with a tab"),
    "a tab behind blanks": ("a:\n  b: 1\n \tc: 1\n", Mark(3, 2), "line 3 is indented with a tab"),
    "a quote never closed": ("a: 1\nb: 'x\nc: 1\n", Mark(2, 4), "never closed"),
    "a bracket never closed": ("a: [1,\n  2\nb: 1\n", Mark(3, 2), "opened by [ on line 1"),
    "a brace never closed": ("a: {b: 1\nc: 2\n", Mark(2, 2), "opened by { on line 1"),
    "a bracket open at the end": ("a: [1, 2\n", Mark(2, 1), "bracket opened on line 1"),
    "a comma missing": ('a: ["b" "c"]\n', Mark(1, 9), "comma"),
    "a comma missing in JSON with tabs": ('{\n\t"a": 1\n\t"b": 2\n}', Mark(3, 5), "comma"),
    "a colon in a value": ("message: error: bad\n", Mark(1, 15), "in quotes"),
    "deeper than its neighbour": ("a: 1\n  b: 2\n", Mark(2, 4), "indentation"),
    "between two levels": ("a:\n    b: 1\n  c: 2\n", Mark(3, 3), "same indentation"),
    "text behind a quoted value": ("a: 'x' y\n", Mark(1, 8), "in quotes as a whole"),
    "a list item as a value": ("a: - b\n", Mark(1, 4), "line of its own"),
    "a field among list items": ("a:\n  - b\n  c: 1\n", Mark(3, 3), "no item of the list"),
    "a line without a colon": ("a: 1\nb\n", Mark(2, 1), "without a colon"),
    "a colon without a space": ("a:b\nc: 1\n", Mark(1, 2), "colon on line 1 has no space"),
    "a dash without a space": ("a:\n- b\n-c\n", Mark(3, 1), "dash on line 3 has no space"),
    "a value that begins with @": ("a: @b\n", Mark(1, 4), 'begin with "@"'),
    "a value that begins with %": ("a: %b\n", Mark(1, 4), 'begin with "%"'),
    "a value that begins with a backquote": ("a: `b`\n", Mark(1, 4), 'begin with "`"'),
    "a glob": ("a: *.py\n", Mark(1, 4), "begins an alias"),
    "an anchor without a name": ("a: &\n", Mark(1, 4), "begins an anchor"),
    "a tag of unknown handle": ("a: !e!x y\n", Mark(1, 4), "begins a tag"),
    "a Windows path in double quotes": ('a: "C:\\data"\n', Mark(1, 7), "single quotes"),
    "half a surrogate pair": ('a: "\\ud83d"\n', Mark(1, 7), "not a character"),
    "text behind a block header": ("a: |x\n", Mark(1, 5), "next line"),
    "a block indented by nothing": ("a: |0\n  x\n", Mark(1, 5), "1 to 9"),
    "a directive among fields": ("%FOO bar\n---\na: 1\n", Mark(1, 5), "directive"),
    "more behind the end": ("a: 1\n...\nb: 2\n", Mark(3, 1), "put ---"),
    "a closing bracket alone": ("a: ]\n", Mark(1, 4), 'begin with "]"'),
}


@pytest.mark.parametrize("sentence", SYNTAX)
def test_syntax(sentence: str) -> None:
    """What is no YAML is refused at its place, in words that name the way out."""
    text, mark, word = SYNTAX[sentence]
    (fault,) = faults_of(text)
    assert fault.mark == mark
    assert word in str(fault)
    assert fault.mend


@pytest.mark.parametrize(
    "sentence", [name for name in SYNTAX if name != "a directive among fields"]
)
def test_syntax_without_libyaml(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser in pure Python refuses the same texts, and its phrases are understood too."""
    monkeypatch.setattr(source, "_LOADER", yaml.SafeLoader)
    text, mark, _ = SYNTAX[sentence]
    (fault,) = faults_of(text)
    assert fault.mark is not None
    assert fault.mark.line in (mark.line, mark.line - 1)
    assert "this is not YAML" not in str(fault)


# A text; the path and place of each of its faults.
CONTENT: dict[str, tuple[str, list[tuple[Path, Mark]]]] = {
    "a key written twice": ("a:\n  b: 1\n  b: 2\n", [(("a", "b"), Mark(3, 3))]),
    "a key written three times": (
        "b: 1\nb: 2\nb: 3\n",
        [(("b",), Mark(2, 1)), (("b",), Mark(3, 1))],
    ),
    "two spellings of one key": ("1: a\n'1': b\n", [(("1",), Mark(2, 1))]),
    "several maps at once": (
        "- {a: 1, a: 2}\n- 0\n- {b: 1, b: 2}\n",
        [((0, "a"), Mark(1, 10)), ((2, "b"), Mark(3, 10))],
    ),
    "null as a key": ("a:\n  ~: 1\n", [(("a",), Mark(2, 3))]),
    "a list as a key": ("? [a]\n: 1\n", [((), Mark(1, 3))]),
    "a template without quotes": ("a: {{.Trial}}\n", [(("a",), Mark(1, 5))]),
    "a tag of Python's": (
        "a:\n- !!python/object/apply:os.system ['true']\n",
        [(("a", 0), Mark(2, 3))],
    ),
    "a tag of one's own": ("a: !mine 1\n", [(("a",), Mark(1, 4))]),
    "a list tagged as a map": ("a: !!map []\n", [(("a",), Mark(1, 4))]),
    "content that contradicts its tag": ("a: !!int x\n", [(("a",), Mark(1, 4))]),
    "infinity": ("a: [.inf, -.INF]\n", [(("a", 0), Mark(1, 5)), (("a", 1), Mark(1, 11))]),
    "not a number": ("a: .nan\n", [(("a",), Mark(1, 4))]),
    "an integer of 21 digits": ("a: 123456789012345678901\n", [(("a",), Mark(1, 4))]),
    "an alias without an anchor": ("a: *x\nb: &x 1\n", [(("a",), Mark(1, 4))]),
    "an alias of another document": ("a: &x 1\n---\nb: *x\n", [(("b",), Mark(3, 4))]),
    "a value inside of itself": ("a: &x [1, *x]\n", [(("a", 1), Mark(1, 11))]),
    "a merge of a scalar": ("<<: 1\n", [(("<<",), Mark(1, 5))]),
    "a merge on which readers disagree": (
        "a: &x {c: 1}\nb:\n  c: 2\n  <<: *x\n",
        [(("b", "c"), Mark(4, 3))],
    ),
}


@pytest.mark.parametrize("sentence", CONTENT)
def test_content(sentence: str) -> None:
    """What YAML allows and an object cannot hold is refused by path and place, all of it at once."""
    text, expected = CONTENT[sentence]
    assert [(fault.path, fault.mark) for fault in faults_of(text)] == expected


def test_a_duplicate_names_both_lines() -> None:
    """Of a key written twice, the author learns both places."""
    (fault,) = faults_of("a: 1\nb: 2\na: 3\n")
    assert "lines 1 and 3" in fault.problem


def test_twenty_digits_are_a_number() -> None:
    """The longest integer that is read has 20 digits; longer ones may be text."""
    (document,) = source.read("a: 12345678901234567890\nb: '123456789012345678901'\n")
    assert document.value == {"a": 12345678901234567890, "b": "123456789012345678901"}


def test_every_document_is_judged() -> None:
    """A syntax error ends its document, not the stream; later faults keep their lines and paths."""
    found = faults_of("a: 1\na: 2\n---\nb: 'x\n---\nc:\n  d: @\n---\ne: &x 1\n---\nf: [*x]\n")
    assert [(fault.path, fault.mark) for fault in found] == [
        (("a",), Mark(2, 1)),
        ((), Mark(4, 4)),
        ((), Mark(7, 6)),
        (("f", 0), Mark(11, 5)),
    ]


def test_faults_are_bounded() -> None:
    """A thousand faults are reported as a hundred, a thousand broken documents as ten."""
    assert len(faults_of("a: 1\n" * 1000)) == 100
    assert len(faults_of("---\na: @\n" * 1000)) == 10


ENCODINGS: dict[str, tuple[bytes, Mark | None, str]] = {
    "a stray byte": (b"a: 1\nb: \xec\x95\x88\xff\n", Mark(2, 5), "byte 11 of the file, 0xff"),
    "a cut character": ("a: 한".encode()[:-1], Mark(1, 4), "byte 3"),
    "Korean of Windows": ("이름: 값".encode("cp949"), Mark(1, 1), "CP949"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + b"a\0:\0 ", None, "UTF-16"),
    "UTF-32": ("a: 1".encode("utf-32"), None, "UTF-32"),
    "a control character": (b"a: 1\nb: x\x07\n", Mark(2, 5), "U+0007"),
    "a NUL": (b"a: \0", Mark(1, 4), "U+0000"),
}


@pytest.mark.parametrize("sentence", ENCODINGS)
def test_encodings(sentence: str) -> None:
    """Bytes that are no text are refused, with their place when there is one."""
    data, mark, word = ENCODINGS[sentence]
    (fault,) = faults_of(data)
    assert fault.mark == mark
    assert word in str(fault)


def test_half_a_surrogate_pair_in_text() -> None:
    """A Python string that is no Unicode is refused like a control character."""
    (fault,) = faults_of("a: 1\nb: \ud83d\n")
    assert fault.mark == Mark(2, 4)


LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
DEEP_ALIASES = "- &a0 []\n" + "".join(f"- &a{n} [*a{n - 1}]\n" for n in range(1, 200))

LIMITS: dict[str, tuple[str | bytes, str]] = {
    "10 MB of bytes": (b"a: b\n" * (2 * MIB), "10.0 MiB"),
    "10 MB of text": ("- 한\n" * (2 * MIB), "MiB"),
    "1.6 MB that are few characters": ("한" * (MIB // 2 + 1), "1.5 MiB"),
    "100,000 open lists": ("[" * 100_000, "100 deep"),
    "100,000 open maps": ("{a: " * 100_000, "100 deep"),
    "100,000 dashes": ("- " * 100_000, "100 deep"),
    "100,000 question marks": ("? " * 100_000, "100 deep"),
    "100,000 indentations": ("".join(f"{' ' * n}a:\n" for n in range(1500)), "100 deep"),
    "a billion laughs": (LAUGHS, "30,000 values"),
    "a long text repeated": ("a: &x " + "x" * MIB + "\nb: [*x]\n", "1.5 MiB"),
    "depth by aliases": (DEEP_ALIASES, "100 deep"),
    "aliases without end": ("a: &x 1\nb:\n" + "- *x\n" * 1001, "1000 aliases"),
    "merges without end": (
        "a: &x {" + ", ".join(f"k{n}: 1" for n in range(1000)) + "}\nb:\n" + "  <<: *x\n" * 900,
        "30,000 values",
    ),
    "directives without end": ("%TAG !a! b\n" * 100_000 + "---\na: 1\n", "directives"),
    "duplicates without end": ("a: b\n" * 300_000, "written twice"),
    "control characters without end": ("\x07\n" * 500_000, "U+0007"),
}


@pytest.mark.parametrize("sentence", LIMITS)
def test_limits(sentence: str) -> None:
    """What no honest author writes is refused, for less than ten references of work (about 0.2 s)."""
    text, word = LIMITS[sentence]
    found = faults_of(text)
    assert effort(lambda _: faults_of(text), enough=10) < 10
    assert word in str(found[-1])
    assert found[-1].mend


def test_too_many_values() -> None:
    """30,000 values, the document and its list among them, are read; one more is refused at its place."""
    (document,) = source.read("- a\n" * 29_998)
    assert isinstance(document.value, list)
    assert len(document.value) == 29_998
    (fault,) = faults_of("- a\n" * 29_999)
    assert fault.mark == Mark(29_999, 3)


def test_depth_at_the_limit() -> None:
    """A hundred lists in one another are read, one more is refused."""
    assert source.read("[" * 100 + "]" * 100)
    (fault,) = faults_of("[" * 101 + "]" * 101)
    assert (fault.path, fault.mark) == ((), Mark(1, 101))


PIECES = (
    "a", "b: ", "- ", "? ", ": ", "[", "]", "{", "}", ",", "&x ", "*x", "<<: ", "!!int ", "!t ", "|", ">-",
    "'", '"', "#", "%", "@", "\n", "\n  ", "\n---\n", "...", "\t", "\r\n", "\\", "한", "😀", "0x", "1", "\0",
)  # fmt: skip
grammar = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@given(grammar | st.text() | st.binary())
def test_nothing_but_invalid_is_ever_raised(text: str | bytes) -> None:
    """Any text at all is read or refused; every refusal has a place inside of the text, or none."""
    try:
        documents = source.read(text)
    except Invalid as refusal:
        assert_placed(refusal.faults)
        return
    assert all(document.value is not None for document in documents)


def assert_placed(faults: tuple[FieldFault, ...]) -> None:
    """There is a fault, and every fault says what is wrong, with lines and columns from 1 on."""
    assert faults
    for fault in faults:
        assert fault.problem
        assert fault.mark is None or min(fault.mark.line, fault.mark.column) >= 1
