"""Our reader and writer against kubectl's own library (sigs.k8s.io/yaml), asked over pipes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi.api import source, yaml_writer
from munshi.errors import Invalid
from support import oracle
from support.json_values import json_values

pytestmark = pytest.mark.oracle

WORDS = (
    "y", "Y", "yes", "Yes", "YES", "yEs", "n", "N", "no", "No", "NO", "on", "On", "ON", "off",
    "Off", "OFF", "true", "True", "TRUE", "tRUE", "false", "False", "FALSE", "t", "f", "~",
    "null", "Null", "NULL", "nUll", "none", "nil", "0", "-0", "+0", "7", "-7", "+7", "00", "007",
    "017", "-017", "+017", "08", "09", "018", "0o17", "0O17", "-0o17", "0o18", "0x1F", "0X1f",
    "-0x1F", "+0x1F", "0x", "0xG", "0b101", "0B101", "-0b101", "0b2", "0b-11", "0b+11", "0b",
    "1_000", "1__0", "1_", "-1_", "0_7", "0x_F", "0b_1", "1_0.5_5", "_1", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
    "18446744073709551616", "+18446744073709551615", "99999999999999999999", "0xFFFFFFFFFFFFFFFF",
    "0x1FFFFFFFFFFFFFFFF", "01777777777777777777777", "1.0", "1.", ".5", "-.5", "+.5", ".", "..",
    ".5_0", ".5__0", "._5", ".5_", ".5e1", ".e1", "0.10", "1e5", "1e-5", "1E+5", "1e", "1e+",
    "1e1.5", "1e400", "-1e400", "1e-400", "4.9e-324", "1.7976931348623157e308",
    "1.7976931348623159e308", "0x1p3", "1e_5", "1_e5", "1e5_0", "12e03", "inf", "Inf", "infinity",
    "nan", "NaN", "+inf", "-inf", ".infinity", "2026-01-31", "2026-1-1", "2026-13-45",
    "2026-01-31T10:00:00Z", "2026-01", "12:30", "12:30:45", "1:30.5", "190:20:30", "=", "<<x",
    "1.2.3", "1,000", "0.1f", "5%", "10Gi", "100m", "1d", "v1", "kubeflow.org/v1beta1",
    "--lr=${trialParameters.lr}", "$HOME", "a:b", "a#b", "http://x/y", ":a", "a:", "-a", "?a",
    "１２", "½", "학습률", "😀", "a\\tb", "a\\nb",
)  # fmt: skip


def read(text: str) -> Any:
    """What we make of the first document: `("value", v)`, or `("refused", message)`."""
    try:
        documents = source.read(text)
    except Invalid as refusal:
        return ("refused", str(refusal))
    return ("value", documents[0].value if documents else None)


def answered(answer: dict[str, Any]) -> Any:
    """What the oracle makes of it, in the same form."""
    return ("refused", answer["error"]) if "error" in answer else ("value", answer["value"])


def alike(ours: Any, theirs: Any) -> bool:
    """The same value; Go writes 1.0 as 1 and has no order of keys."""
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return ours == theirs or float(ours) == float(theirs)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(alike(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    return type(ours) is type(theirs) and bool(ours == theirs)


def differences(texts: list[str]) -> list[tuple[str, Any, Any]]:
    """Every text that one takes and the other refuses, or that they read differently."""
    found = []
    for text, answer in zip(texts, oracle.ask("yaml", texts), strict=True):
        (ours, got), (theirs, wanted) = read(text), answered(answer)
        if ours != theirs or (ours == "value" and not alike(got, wanted)):
            found.append((text, got, wanted))
    return found


def test_every_spelling_as_a_value() -> None:
    """Nearly two hundred words read alike, alone, in a list and behind a key."""
    assert len(WORDS) > 150
    shapes = ("a: {}", "- {}", "{}", "{{a: {} }}", "a: '{}'")
    assert differences([shape.format(word) for word in WORDS for shape in shapes]) == []


def test_every_spelling_as_a_key() -> None:
    """The same words are the same keys; those that cannot be keys are refused by both."""
    assert differences([f"{word} : 1" for word in (*WORDS, ".inf", "-.Inf", ".nan", "1e300")]) == []


def test_every_spelling_under_every_tag() -> None:
    """YAML's own tags take and refuse the same words, quoted or not."""
    tags = ("str", "int", "float", "bool", "null", "timestamp", "binary")
    words = (*WORDS, ".inf", "aGk=", "a", "''", '"12"', "'yes'", "2026-01-31 1:2:3", "0000-02-29")
    texts = [f"a: !!{tag} {word}" for tag, word in itertools.product(tags, words)]
    # `a: !!int a: ` and the like are syntax errors to both; Go's text for bytes that are not UTF-8 is U+FFFD.
    assert [each for each in differences(texts) if "\ufffd" not in str(each[2])] == []


SAME: dict[str, str] = {
    "anchors and aliases": "a: &x {b: [1, 2]}\nc: *x\nd: [*x, *x]\n",
    "an anchor set anew": "a: &x 1\nb: &x 2\nc: *x\n",
    "an alias as a key": "a: &x k\n*x : 1\n",
    "an unknown alias": "a: *x\n",
    "an alias inside of itself": "a: &x [*x]\n",
    "a merge": "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n",
    "a list of merges": "a: [&x {b: 1}, &y {c: 2}]\nd:\n  <<: [*x, *y]\n",
    "a merge in a flow map": "a: &x {b: 1}\nc: {<<: *x, d: 1}\n",
    "a merge of a scalar": "<<: 1\n",
    "a tagged merge": "!!merge <<: {b: 1}\n",
    "a quoted merge sign": "'<<': {b: 1}\n",
    "a merge sign as a value": "a: <<\n",
    "a duplicate key": "a: 1\na: 2\n",
    "a map as a key": "{a: 1}: 2\n",
    "null as a key": "~: 1\n",
    "the lone exclamation mark": "a: ! 12\n",
    "a block with every chomping": "a: |\n  x\n\nb: |-\n  x\n\nc: |+\n  x\n\nd: 1\n",
    "a folded block": "a: >\n  x\n  y\n\n  z\n    w\n  v\n",
    "given indentation": "a: |2\n    x\n  y\n",
    "escapes": 'a: "\\x41\\u00e9\\U0001F600\\n\\t\\\\\\e\\_"\n',
    "an unknown escape": 'a: "\\d"\n',
    "JSON": '{"a": [1, 2.5e3, true, null, "x\\u00e9"],\n\t"b": {}}',
    "Windows line ends": "a: 1\r\nb:\r\n- x\r\n",
    "a comment behind a value": "a: 1 # one\nb: 1# text\n",
    "a tab behind a value": "a: 1\t\nb: 2\t# two\n",
    "a tab as indentation": "a:\n\tb: 1\n",
    "text over lines": "a: one\n  two\n\n  three\nb: 'one\n\n  two'\n",
    "an empty value": "a:\nb: ''\n",
    "a document mark": "--- \na: 1\n",
    "a byte order mark": "\ufeffa: 1\n",
}


@pytest.mark.parametrize("sentence", SAME)
def test_documents(sentence: str) -> None:
    """Whole documents read alike, or are refused by both."""
    assert differences([SAME[sentence]]) == []


# What we refuse and kubectl takes, knowingly.
STRICTER: dict[str, str] = {
    "tags of one's own, which kubectl ignores": "a: !mine 1\n",
    "tags on maps and lists that kubectl ignores": "a: !!set {b: }\n",
    "keys that become the same text": "1: a\n'1': b\n",
    "integers of more than 20 digits, which lose digits": "a: 123456789012345678901\n",
    "bytes that are not text": "a: !!binary /w==\n",
    "anything wrong in a later document": "a: 1\n---\n[\n",
}


@pytest.mark.parametrize("sentence", STRICTER)
def test_stricter(sentence: str) -> None:
    """Where we are stricter than kubectl, it is by decision."""
    ((_, ours, _),) = differences([STRICTER[sentence]])
    assert str(ours).startswith("<stdin>")


# What we take and kubectl's YAML reader refuses, knowingly.
WIDER: dict[str, tuple[str, Any]] = {
    "JSON's escape of a slash": ('{"a": "x\\/y"}', {"a": "x/y"}),
    "JSON's escapes of an emoji": ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
    "JSON behind a tab": ('\t{"a": 1}', {"a": 1}),
    "a merge of a list of maps by alias": ("a: &x [{b: 1}]\n<<: *x\n", {"a": [{"b": 1}], "b": 1}),
}


@pytest.mark.parametrize("sentence", WIDER)
def test_wider(sentence: str) -> None:
    """Where we take more than kubectl's YAML reader, it is by decision (JSON it reads by another road)."""
    text, value = WIDER[sentence]
    ((_, ours, _),) = differences([text])
    assert ours == value


def test_merges_follow_the_forgiving_reader() -> None:
    """Fields behind a merge override it, as for kubectl's client; its strict reader takes none of these."""
    texts = [
        "a: &x {b: 1, c: 1}\nd:\n  <<: *x\n  b: 3\n",
        "a: [&x {b: 1}, &y {b: 2}]\nd:\n  <<: [*x, *y]\n  c: 1\n",
        "a: &x {b: 1}\nd:\n  b: 1\n  <<: *x\n",
    ]
    answers = oracle.ask("yaml", texts)
    assert all("error" in answer for answer in answers)
    assert [read(text) for text in texts] == [("value", answer["lenient"]) for answer in answers]


def test_what_we_write_is_what_kubectl_reads() -> None:
    """Any value, written by us, reads back as itself in kubectl's library."""
    values: list[Any] = []

    @settings(max_examples=300, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(json_values)
    def collect(value: Any) -> None:
        values.append(value)

    collect()
    answers = oracle.ask("yaml", [yaml_writer.write(value) for value in values])
    for value, answer in zip(values, answers, strict=True):
        assert alike(value, answer.get("value", "refused")), answer


PIECES = (
    "a", "b", "yes", "1", "0.5", "x y", "'q'", '"d\\n"', "~", "[1, b]", "{c: 1}", "*x", "&x 1", "&x ",
    "!!str 5", "!!int '3'", "|-\n  t\n", ">\n a\n b\n", "- ", "? ", ": ", "a: ", "b: ", "#c", " #c", "'", '"',
    "<<", "<<: *x", "[", "]", "{", "}", ",", "\t", " ", "  ", "\n", "\n  ", "\n- ", "\r\n", "-", "한",
)  # fmt: skip


def test_any_single_document_reads_alike() -> None:
    """Texts made of YAML's own pieces read alike or are refused by both.

    Both are asked for one document: `r: ` before and two lines behind make more of them impossible.
    """
    texts: list[str] = []

    @settings(max_examples=1500, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join))
    def collect(text: str) -> None:
        texts.append(f"r: {text}\nend: 1\n")

    collect()
    allowed = ("disagree", "written twice")  # a merge before which its key stands; 1 and '1'
    found = [
        each for each in differences(texts) if not any(word in str(each[1]) for word in allowed)
    ]
    assert found == []
