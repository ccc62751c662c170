"""What a page of Prometheus metrics says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, Histogram, exposition
from prometheus_client.openmetrics import exposition as openmetrics

from munshi.collectors.exposition import Reading, Selector, names, read, selector
from support.effort import effort

TEXT = "text/plain; version=0.0.4"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"

SELECTORS = {
    "a plain name": ("accuracy", "accuracy", {}),
    "one label": ('accuracy{split="val"}', "accuracy", {"split": "val"}),
    "several, with blanks": (
        ' accuracy { split = "val" , fold="3", } ',
        "accuracy",
        {"split": "val", "fold": "3"},
    ),
    "escapes": (r'a{b="\"\\\n,}="}', "a", {"b": '"\\\n,}='}),
    "no labels": ("accuracy{}", "accuracy", {}),
    "a value without quotes is no selector": ("a{b=c}", "a{b=c}", {}),
    "a brace too few": ('a{b="c"', 'a{b="c"', {}),
    "labels alone": ('{b="c"}', '{b="c"}', {}),
    "two labels without a comma": ('a{b="c"d="e"}', 'a{b="c"d="e"}', {}),
    "a name of another language": ("정확도", "정확도", {}),
}


@pytest.mark.parametrize(("text", "name", "labels"), SELECTORS.values(), ids=SELECTORS)
def test_a_requested_name_is_understood(text: str, name: str, labels: dict[str, str]) -> None:
    """A name may choose by labels; what is no selector stands for itself."""
    assert selector(text) == Selector(text, name, tuple(labels.items()))


def found(page: str, metric: str, content_type: str = TEXT) -> Reading | None:
    """What the page says about one metric."""
    return read(page.encode(), content_type, [selector(metric)]).get(selector(metric))


PAGE = r"""# HELP accuracy how good
# TYPE accuracy gauge
accuracy{split="train",fold="1"} 0.7
accuracy{split="val",fold="1"} 0.5 1700000000123
accuracy{split="val",fold="2"} 0.6
accuracy_top5 0.9
loss NaN
  slow 1e3
low -Inf
text{path="C:\\x",say="a \"b\"\n# {c} 3"} 4
{"val/accuracy",split="val"} 0.25
broken one
broken{ 7
cut 0.12"""

READINGS: dict[str, tuple[str, Reading | None]] = {
    "the first of several": ("accuracy", Reading("0.7", None, others=True)),
    "chosen by one label": (
        'accuracy{split="val"}',
        Reading("0.5", 1700000000123000000, others=True),
    ),
    "chosen by two": ('accuracy{fold="2",split="val"}', Reading("0.6", None, others=False)),
    "another value": ('accuracy{split="test"}', None),
    "a label that is not there": ('accuracy_top5{split="val"}', None),
    "not a number": ("loss", Reading("nan", None, others=False)),
    "indented": ("slow", Reading("1000.0", None, others=False)),
    "infinite": ("low", Reading("-inf", None, others=False)),
    "escapes in labels": (
        r'text{say="a \"b\"\n# {c} 3",path="C:\\x"}',
        Reading("4.0", None, others=False),
    ),
    "a quoted name": ('val/accuracy{split="val"}', Reading("0.25", None, others=False)),
    "the start of a name": ("accur", None),
    "a word of a comment": ("how", None),
    "a broken line": ("broken", None),
    "a line without end, perhaps half a number": ("cut", None),
    "no name": ("", None),
}


@pytest.mark.parametrize(("metric", "reading"), READINGS.values(), ids=READINGS)
def test_reads_the_text_format(metric: str, reading: Reading | None) -> None:
    """The first series that carries the labels, its own time, and whether there are more."""
    assert found(PAGE, metric) == reading


def test_reads_open_metrics() -> None:
    """OpenMetrics dates in decimal seconds, and a line may end in an exemplar."""
    page = (
        "# TYPE steps counter\n"
        'steps_total 17 1700000000.123456789 # {trace="a b"} 1 1.5\n'
        'loss_bucket{le="0.5"} 3 # {trace="x"} 0.4\n'
        "# EOF\n"
    )
    assert found(page, "steps_total", OPEN) == Reading("17.0", 1700000000123456789, others=False)
    assert found(page, 'loss_bucket{le="0.5"}', OPEN) == Reading("3.0", None, others=False)
    assert found(page, "EOF", OPEN) is None


@given(
    st.dictionaries(st.sampled_from(["split", "fold", "x"]), st.text(max_size=8), min_size=1),
    st.floats(),
    st.sampled_from([TEXT, OPEN]),
)
def test_reads_what_the_library_writes(labels: dict[str, str], value: float, dialect: str) -> None:
    """A gauge and a histogram that `prometheus_client` serves are found by their labels, exactly."""
    registry = CollectorRegistry()
    Gauge("accuracy", "how good", list(labels), registry=registry).labels(**labels).set(value)
    Histogram("loss", "how bad", registry=registry).observe(0.25)
    writers: dict[str, Callable[[CollectorRegistry], bytes]] = {
        TEXT: exposition.generate_latest,
        OPEN: openmetrics.generate_latest,
    }
    page = writers[dialect](registry)
    wanted = [Selector("a", "accuracy", tuple(labels.items())), selector("loss_sum")]
    got = read(page, dialect, wanted)
    assert got[wanted[0]] == Reading(repr(value), None, others=False)
    assert got[wanted[1]].value == "0.25"


@given(
    st.binary(max_size=200) | st.text(alphabet='a{}"=,\\ #\n1.eE+-', max_size=80).map(str.encode)
)
def test_any_bytes_are_a_page(page: bytes) -> None:
    """Whatever is served, reading it raises nothing."""
    for content_type in (TEXT, OPEN):
        read(page, content_type, [selector("a"), selector('a{a="1"}'), selector("{")])
    names(page)


def test_names_are_told_as_they_can_be_requested() -> None:
    """The first few series with their labels, comments and half lines left out."""
    assert names(PAGE.encode(), limit=4) == (
        'accuracy{split="train",fold="1"}',
        'accuracy{split="val",fold="1"}',
        'accuracy{split="val",fold="2"}',
        "accuracy_top5",
    )
    assert "cut" not in names(PAGE.encode())


LARGE = {
    "many series of other names": b'other{path="/x/17"} 1\n' * 50_000 + b"accuracy 1\n",
    "many series of the name": b'accuracy{path="/x/17"} 1\n' * 50_000,
    "many broken lines of the name": b'accuracy{path="/x/17"\n' * 50_000,
    "one line of braces": b"accuracy{" * 100_000 + b"\n",
    "one line of backslashes": b'accuracy{a="' + b"\\" * 1_000_000 + b"\n",
    "blanks": b"accuracy " + b" " * 1_000_000 + b"1\n",
}


@pytest.mark.parametrize("page", LARGE.values(), ids=LARGE)
def test_large_pages_cost_little(page: bytes) -> None:
    """About a megabyte of anything is read in some tenths of a second."""
    wanted = [selector("accuracy"), selector('accuracy{path="/x/18"}')]

    def work(_: int) -> None:
        read(page, TEXT, wanted)
        names(page)

    assert effort(work, enough=20) < 20
