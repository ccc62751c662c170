"""Users' own filters: RE2 patterns with a group for the name and one for the value."""

from __future__ import annotations

import sys

import pytest

from munshi.errors import Invalid, MissingExtra
from munshi.metrics.log import MAX_VALUE
from munshi.metrics.text import TextScanner, check_filter

KATIB_DEFAULT = r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"
STRICT = r"([\w|-]+)\s*=\s*((-?\d+)(\.\d+)?)"
BRACES = r"{metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)}"
GENOTYPE = r"([\w-]+)=(Genotype.*)"

CASES = {
    "the example for files": (BRACES, "{metricName: loss, metricValue: 0.5}", ["0.5"]),
    "a stricter filter": (STRICT, "loss=.333 loss=-345.5 loss=888.", ["-345.5", "888"]),
    "a text value": (GENOTYPE, "loss=Genotype(normal=[('a', 1)])", ["Genotype(normal=[('a', 1)])"]),
    "Katib's default, pasted": (KATIB_DEFAULT, "loss=0.5 x=1 loss=nan loss=-", ["0.5"]),
    "names and values are trimmed": (r"([a-z ]+):([^,]*)", " loss : 0.5 ,", ["0.5"]),
    "named groups": (r"(?P<name>\w+) is (?P<value>\d+)", "loss is 3", ["3"]),
    "another name": (STRICT, "val_loss=1 loss_x=2", []),
    "no group took part": (r"loss|(\w+)=(\d+)", "loss loss=3", []),
    "words for nothing": (r"(\w+)=(\w+)", "loss=None loss=null loss=unavailable", []),
    "invalid UTF-8 beside": (STRICT, b"\xff loss=3 \xff", ["3"]),
    "invalid UTF-8 inside": (r"(\w+)=<(.*)>", b"loss=<\xff1>", ["\N{REPLACEMENT CHARACTER}1"]),
    "NUL inside": (r"(\w+)=<(.*)>", b"loss=<1\x002>", ["12"]),
    "ASCII classes, as in Go": (r"(\w+)=(\d+)", "loss=٣ μloss=4", ["4"]),
}


@pytest.mark.parametrize(("pattern", "line", "expected"), CASES.values(), ids=CASES)
def test_filters_replace_the_default(pattern: str, line: str | bytes, expected: list[str]) -> None:
    """Group 1 is the name, group 2 the value; the name must be requested, the value hold something."""
    raw = line.encode() if isinstance(line, str) else line
    logs = TextScanner(["loss"], [pattern]).scan(raw, 0, "stdout")
    assert [log.value for log in logs] == expected


def test_a_place_is_kept_once() -> None:
    """Text that several filters match is kept for the first that finds a value; other text is kept, too."""
    scanner = TextScanner(["loss"], [KATIB_DEFAULT, STRICT, GENOTYPE])
    logs = scanner.scan(b"loss=0.5 loss=Genotype(1)\n", 0, "stdout")
    assert [(log.value, log.origin) for log in logs] == [
        ("0.5", "stdout:0:0"),
        ("Genotype(1)", "stdout:0:1"),
    ]
    assert scanner.unreadable == 0


def test_empty_values_are_counted() -> None:
    """A match without a value is not kept, and is told."""
    scanner = TextScanner(["loss"], [KATIB_DEFAULT])
    assert scanner.scan(b"loss=nan\nloss=\n", 0, "stdout") == []
    assert scanner.notes() == ('2 reported value(s) were not numbers, the first: "loss="',)


def test_a_value_is_not_a_whole_log() -> None:
    """A filter that swallows everything does not fill the ledger with output."""
    line = b"loss=" + b"x" * (MAX_VALUE + 1)
    assert TextScanner(["loss"], [r"(\w+)=(.*)"]).scan(line, 0, "stdout") == []


def test_a_hostile_filter_runs_in_linear_time() -> None:
    """The pattern that stops Python's own engine for ever is answered at once."""
    scanner = TextScanner(["loss"], [r"(loss)=((a+)+)$"])
    assert scanner.scan(b"loss=" + b"a" * 100_000 + b"!", 0, "stdout") == []


FAULTS = {
    "a bracket without partner": (r"(\w+)=(\d+", "is not a valid RE2 pattern: missing )"),
    "look-ahead": (r"(?=a)(b)(c)", "RE2 has no look-around"),
    "a back-reference": (r"(a)(b)\1", "RE2 has no look-around and no back-references"),
    "no group": (r"loss=\d+", "has 0 capturing group(s) and needs two"),
    "one group": (r"loss=(\d+)", "has 1 capturing group(s) and needs two"),
    "groups that do not capture": (r"(?:loss)=(?:\d+)", "has 0 capturing group(s)"),
    "escaped brackets": (r"\(loss\)=\(\d+\)", "has 0 capturing group(s)"),
    "brackets in a class": (r"[(][)](a)", "has 1 capturing group(s)"),
    "a surrogate": ("(a)(\ud800)", "half a character"),
    "a pattern that takes seconds a line": (
        r"(a)(" + "|".join(f".{{0,{n}}}x{n}" for n in range(300)) + ")",
        "too large",
    ),
}


@pytest.mark.parametrize(("pattern", "said"), FAULTS.values(), ids=FAULTS)
def test_says_what_is_wrong_with_a_filter(pattern: str, said: str) -> None:
    """A filter that cannot be used is answered with a sentence."""
    assert said in (check_filter(pattern) or "")


@pytest.mark.parametrize(
    "pattern", [KATIB_DEFAULT, STRICT, BRACES, GENOTYPE, r"(?<name>a)=(?<value>b)"]
)
def test_accepts_what_katibs_users_write(pattern: str) -> None:
    """The documented filters are fine, and so are named groups."""
    assert check_filter(pattern) is None


def test_all_bad_filters_are_told_at_once() -> None:
    """Opening a scanner with several bad filters names each by its place in the spec."""
    with pytest.raises(Invalid) as caught:
        TextScanner(["loss"], [r"(a", STRICT, r"b"])
    assert [fault.field for fault in caught.value.faults] == [
        "spec.metricsCollectorSpec.source.filter.metricsFormat[0]",
        "spec.metricsCollectorSpec.source.filter.metricsFormat[2]",
    ]


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where google-re2 cannot be imported, a filter is refused, and the default grammar still reads."""
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(MissingExtra, match="google-re2"):
        TextScanner(["loss"], [STRICT])
    assert TextScanner(["loss"]).scan(b"loss=1", 0, "stdout")[0].value == "1"
