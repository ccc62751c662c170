"""What marks rest on: every reader hands the values of a metric from a source over in order of place."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi import collectors
from munshi.metrics.json_lines import JsonScanner
from munshi.metrics.log import MetricLog, Scanner
from munshi.metrics.text import TextScanner
from munshi.store.marks import NOWHERE, Place, place_of

DATA = Path(__file__).parents[1] / "metrics" / "data"
METRICS = ["loss", "train/loss", "acc"]
FILTERS = [r"(acc|loss)\s*:\s*([0-9.]+)", r"(loss)[=:]\s*([0-9.]+)"]


@pytest.mark.parametrize(
    ("origin", "source", "place"),
    [
        ("stdout:120:3", "stdout", (120, 3)),
        ("file@2:0:0", "file@2", (0, 0)),
        ("a:b/events.out:17:1", "a:b/events.out", (17, 1)),
        ("elsewhere", "elsewhere", (0, 0)),
        (":1:2", ":1:2", (0, 0)),
        ("out:-1:2", "out:-1:2", (0, 0)),
        ("out:٣:2", "out:٣:2", (0, 0)),
        (f"out:{'9' * 19}:2", f"out:{'9' * 19}:2", (0, 0)),
    ],
)
def test_an_origin_is_a_source_and_a_place(origin: str, source: str, place: Place) -> None:
    """Source, byte offset, match index; what has no place that a database can hold stands for itself."""
    assert place_of(origin) == (source, place)


def assert_in_order(logs: Sequence[MetricLog]) -> None:
    """Places grow strictly, for each metric and source."""
    last: dict[tuple[str, str], Place] = {}
    for log in logs:
        source, place = place_of(log.origin)
        assert place > last.get((log.metric, source), NOWHERE), log
        last[log.metric, source] = place


WORDS = [
    "loss=1",
    "loss: 2",
    "acc:0.3",
    "train/loss=4",
    "acc=nan",
    "loss=None",
    "x",
    "\r",
    '"loss"',
]
RECORDS = ['{"loss": 1, "acc": "2"}', '{"acc": 3}', '{"loss": null}', '{"train/loss": 1}', "{", ""]
SCANNERS: dict[str, tuple[Callable[[], Scanner], list[str]]] = {
    "text": (lambda: TextScanner(METRICS), WORDS),
    "text by a user's filters": (lambda: TextScanner(METRICS, FILTERS), WORDS),
    "JSON lines": (lambda: JsonScanner(METRICS), RECORDS),
}


@pytest.mark.parametrize("how", SCANNERS)
@settings(deadline=None)
@given(draws=st.data())
def test_scanners_keep_the_order(how: str, draws: st.DataObject) -> None:
    """Any lines, in any blocks, several values of one metric in a line included."""
    made, words = SCANNERS[how]
    separator = "\n" if words is RECORDS else " "
    line = st.lists(st.sampled_from(words), max_size=6).map(separator.join)
    blocks = draws.draw(st.lists(st.lists(line, max_size=4), max_size=4))
    scanner, logs, offset = made(), list[MetricLog](), 0
    for lines in blocks:
        block = "".join(f"{each}\n" for each in lines).encode()
        logs += scanner.scan(block, offset, "out")
        offset += len(block)
    assert_in_order(logs)


def test_event_files_are_in_order_for_each_metric_alone() -> None:
    """A metric without its tag is looked for in a second pass: it begins at the start, on its own account."""
    asked = ["accuracy_1", "accuracy"]
    collector = collectors.open_collector("TensorFlowEvent", DATA / "tf1", asked)
    logs = [log for batch in collectors.drain(collector) for log in batch]
    assert_in_order(logs)
    first = [log for log in logs if log.metric == "accuracy_1"]
    second = [log for log in logs if log.metric == "accuracy"]
    assert place_of(second[0].origin)[1] <= place_of(first[-1].origin)[1]
