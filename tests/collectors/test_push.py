"""Push: the file that reports are kept in, as it is written and as it is read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import CollectorContract, everything
from munshi import collectors
from munshi.collectors import Collector, push_file
from munshi.metrics import lines
from munshi.metrics.json_lines import JsonScanner
from munshi.metrics.log import MetricLog


class TestPush(CollectorContract):
    """The file of reports, two folders down."""

    def open(self, root: Path) -> Collector:
        """Kind Push."""
        return collectors.open_collector("Push", self.where(root), ["loss"], root=root)

    def write(self, root: Path, values: range) -> None:
        """A report of `loss` for each value."""
        self.where(root).parent.mkdir(parents=True, exist_ok=True)
        for value in values:
            push_file.append(self.where(root), push_file.line({"loss": str(value)}, None, None))

    def where(self, root: Path) -> Path:
        """A path of two components."""
        return root / "trial" / "pushed.jsonl"


def report(path: Path, metrics: dict[str, str], time_ns: int | None = None) -> None:
    """One report, as a program makes it."""
    push_file.append(path, push_file.line(metrics, time_ns, None))


def test_custom_reads_the_same_file(tmp_path: Path) -> None:
    """A collector of the user's own reports as a program does."""
    report(tmp_path / "pushed", {"loss": "0.5"})
    (log,) = collectors.open_collector("Custom", tmp_path / "pushed", ["loss"]).poll()
    assert (log.value, log.origin) == ("0.5", "push:0:0")


def test_names_that_were_not_requested_are_told(tmp_path: Path) -> None:
    """What was reported under other names helps who misses the objective; time and step are no metrics."""
    path = tmp_path / "pushed"
    push_file.append(path, push_file.line({"val_loss": "0.5", "정확도": "nan"}, 10**18, 3))
    report(path, {"note": "None"})
    collector = collectors.open_collector("Push", path, ["loss"])
    assert everything(collector) == []
    assert collector.seen().names == ("val_loss", "정확도")


def test_a_program_that_never_reported_is_told_what_to_call(tmp_path: Path) -> None:
    """Missing and empty files are named by the call that writes them."""
    path = tmp_path / "pushed"
    missing = "what report_metrics writes (MUNSHI_METRICS_FILE) was not written"
    assert collectors.open_collector("Push", path, ["loss"]).seen().notes == (missing,)
    path.touch()
    empty = "what report_metrics writes (MUNSHI_METRICS_FILE) is empty"
    assert collectors.open_collector("Push", path, ["loss"]).seen().notes == (empty,)


def test_other_languages_may_write_it(tmp_path: Path) -> None:
    """Any JSON object on a line counts: dates as text or seconds, or none; numbers or text."""
    path = tmp_path / "pushed"
    path.write_text(
        '{"loss": 0.5}\n'
        '{"timestamp": "2026-11-24T08:00:00Z", "step": 2, "loss": "0.25"}\n'
        '{"timestamp": 1795507200.5, "loss": NaN}\n'
        "not JSON\n"
    )
    logs = collectors.open_collector("Push", path, ["loss"]).poll()
    assert [(log.value, log.time_ns, log.step) for log in logs] == [
        ("0.5", None, None),
        ("0.25", 1795507200 * 10**9, 2),
        ("NaN", 1795507200 * 10**9 + 500_000_000, None),
    ]


@given(
    st.dictionaries(
        st.text(min_size=1).filter(lambda name: name not in ("timestamp", "step")),
        st.floats().map(repr) | st.integers().map(str) | st.text(),
        max_size=5,
    ),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.integers(0, 10**18 - 1),
)
def test_what_is_written_is_read(
    values: dict[str, str], time_ns: int | None, step: int | None
) -> None:
    """Any names and texts survive on one line of JSON, with every digit of time and step."""
    line = push_file.line(values, time_ns, step)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    read = json.loads(line)
    assert {name: str(read[name]) for name in values if isinstance(read[name], str)} == {
        name: text for name, text in values.items() if isinstance(read[name], str)
    }
    wanted = {name: text for name, text in values.items() if name == name.strip()}
    for log in JsonScanner(list(wanted)).scan(line, 0, "push"):
        assert (log.time_ns, log.step) == (time_ns, step)
        assert log.value == wanted[log.metric].strip().replace("\0", "")


def test_seconds_before_1970_and_every_nanosecond() -> None:
    """Times are exact, whatever their sign."""
    for time_ns in (0, 1, -1, -(10**9) - 1, 1795507200123456789):
        (log,) = JsonScanner(["a"]).scan(push_file.line({"a": "1"}, time_ns, None), 0, "push")
        assert log.time_ns == time_ns


def test_a_metric_may_be_called_step() -> None:
    """`step` among the metrics is both; given twice it is refused, and so is a metric `timestamp`."""
    (log,) = JsonScanner(["step"]).scan(push_file.line({"step": "7"}, None, None), 0, "push")
    assert (log.value, log.step) == ("7", 7)
    with pytest.raises(ValueError, match='"step" is given twice'):
        push_file.line({"step": "7"}, None, 7)
    with pytest.raises(ValueError, match="another name"):
        push_file.line({"timestamp": "7"}, None, None)


def test_a_line_that_would_not_be_read_is_refused() -> None:
    """Beyond what is read of a line nothing is written in vain."""
    with pytest.raises(ValueError, match="report them in several calls"):
        push_file.line({f"metric {each}": "0.123456789" for each in range(50_000)}, None, None)


def test_values_of_one_time_share_a_line_in_their_order() -> None:
    """Logs that came another way keep their order; a metric that comes again begins a new line."""
    logs = [MetricLog(name, str(at), 5) for at, name in enumerate(["a", "b", "a", "a", "c"])]
    logs += [MetricLog("c", "9", None), MetricLog("a", "x", 6)]
    written = push_file.lines_of(logs)
    assert [sorted(set(json.loads(line)) - {"timestamp"}) for line in written.splitlines()] == [
        ["a", "b"],
        ["a"],
        ["a", "c"],
        ["c"],
        ["a"],
    ]
    read = JsonScanner(["a", "b", "c"]).scan(written, 0, "push")
    assert [(log.metric, log.value, log.time_ns) for log in read] == [
        (log.metric, log.value, log.time_ns) for log in logs
    ]


def test_many_values_at_one_time_stay_readable(tmp_path: Path) -> None:
    """A report of 30,000 metrics is cut into lines that are read."""
    logs = [MetricLog(f"metric-{each}", str(each), 5) for each in range(30_000)]
    push_file.append_logs(tmp_path / "pushed", logs)
    assert max(map(len, (tmp_path / "pushed").read_bytes().splitlines())) < lines.MAX_LINE
    names = [log.metric for log in logs]
    collector = collectors.open_collector("Push", tmp_path / "pushed", names)
    assert [log.metric for log in everything(collector)] == names


def test_nothing_makes_no_file(tmp_path: Path) -> None:
    """A report of nothing touches nothing."""
    push_file.append_logs(tmp_path / "pushed", [])
    assert list(tmp_path.iterdir()) == []


def test_threads_do_not_mix(tmp_path: Path) -> None:
    """Lines of many threads all arrive, each whole."""
    path, long = tmp_path / "pushed", "x" * 10_000

    def work(worker: int) -> None:
        for each in range(50):
            report(path, {"loss": f"{worker}.{each}", "pad": long})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    read = everything(collectors.open_collector("Push", path, ["loss"]))
    assert sorted(log.value for log in read) == sorted(
        f"{w}.{e}" for w in range(8) for e in range(50)
    )


def test_killed_writers_cost_their_own_line_at_most(tmp_path: Path) -> None:
    """Processes that are killed amid their reports leave all finished reports, and those of others."""
    path = tmp_path / "pushed"
    code = (
        "import sys; from munshi.collectors import push_file\n"
        "at = 0\n"
        "while True:\n"
        "    values = {'loss': str(at), 'who': sys.argv[2], 'pad': 'x' * 9000}\n"
        "    push_file.append(sys.argv[1], push_file.line(values, None, None))\n"
        "    at += 1\n"
        "    print(at, flush=True)\n"
    )
    done = dict[str, int]()
    writers = [
        subprocess.Popen([sys.executable, "-c", code, path, who], stdout=subprocess.PIPE, text=True)
        for who in "abc"
    ]
    for writer, who in zip(writers, "abc", strict=True):
        assert writer.stdout is not None
        with writer.stdout as said:
            for _ in range(20):
                done[who] = int(said.readline())
            os.kill(writer.pid, signal.SIGKILL)
            for line in said:
                done[who] = int(line) if line.endswith("\n") else done[who]
        writer.wait()
    report(path, {"loss": "-1", "who": "d"})
    kept = [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    for who, count in done.items():
        reports = [each["loss"] for each in kept if each["who"] == who]
        assert reports[:count] == list(range(count))
    assert kept[-1]["who"] == "d"


def test_a_torn_line_is_ended_first(tmp_path: Path) -> None:
    """The report after half a line is a line of its own."""
    path = tmp_path / "pushed"
    path.write_text('{"loss": 0.')
    report(path, {"loss": "1"})
    collector = collectors.open_collector("Push", path, ["loss"])
    assert [log.value for log in everything(collector)] == ["1"]
    assert collector.seen().notes == ("1 line(s) were not JSON objects, the first is line 1",)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error carries the path, whether it cannot be opened or is full."""
    with pytest.raises(OSError, match="pushed") as fault:
        report(tmp_path / "none" / "pushed", {"loss": "1"})
    assert isinstance(fault.value, FileNotFoundError)
    with pytest.raises(OSError, match="No space left") as full:
        report(Path("/dev/full"), {"loss": "1"})
    assert full.value.filename == "/dev/full"
