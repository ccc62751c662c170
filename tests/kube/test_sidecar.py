"""What the sidecar prints, and that the program itself prints it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.collectors import push_file
from munshi.kube.sidecar import desk, plan, records
from munshi.kube.sidecar.plan import Plan
from munshi.kube.sidecar.printer import Printer
from munshi.kube.sidecar.records import End, Record, Summary
from munshi.metrics.log import MetricLog, storable
from munshi.metrics.observation import observe
from munshi.rpc import messages

WHOLE = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
VALUES = st.text().map(storable).filter(lambda text: text is not None).map(str)
LOGS = st.builds(MetricLog, st.text(), VALUES, WHOLE, WHOLE, st.text())
RECORDS = st.one_of(
    LOGS,
    st.builds(End, st.lists(st.text()).map(tuple), st.lists(st.text()).map(tuple)),
    st.builds(
        Summary, st.text(), st.integers(0), st.integers(0), st.lists(LOGS, max_size=3).map(tuple)
    ),
)


@given(RECORDS)
def test_what_is_written_reads_back(record: Record) -> None:
    """Every record, in any language, is one line, and the same record again."""
    line = records.write(record)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert records.read(line) == record


STRANGE = [
    b"Traceback (most recent call last):",
    b"{",
    b"{}",
    b"[1]",
    b'{"metric":1,"value":"2"}',
    b'{"metric":"m","value":2}',
    b'{"metric":"m","value":""}',
    b'{"metric":"m","value":"1","time_ns":1e400}',
    b'{"metric":"m","value":"1","time_ns":123456789012345678901234567890}',
    b'{"metric":"m","value":"1","step":true}',
    b'{"summary":{}}',
    b'{"summary":3}',
    b'{"end":null}',
    b'{"a":' * 100_000,
]


@pytest.mark.parametrize("line", STRANGE, ids=range(len(STRANGE)))
def test_what_is_no_record_is_none(line: bytes) -> None:
    """A log may hold anything; nothing in it is trusted."""
    assert records.read(line) is None


def printed(logs: list[MetricLog], full: int, step: int) -> list[Record | None]:
    """What a printer with that much room prints of these."""
    lines: list[bytes] = []
    printer = Printer(lines.append, full=full, step=step)
    for log in logs:
        printer.take([log])
    printer.end(End())
    return [records.read(line) for line in b"".join(lines).splitlines(keepends=True)]


def test_a_flood_is_thinned_and_its_sums_are_exact() -> None:
    """What is printed stays within its room; smallest, largest and latest are those of all values."""
    logs = [MetricLog("loss", str(abs(n - 40_000)), n, None, f"file:{n}:0") for n in range(100_000)]
    said = printed(logs, 50_000, 10_000)
    values = [each for each in said if isinstance(each, MetricLog)]
    (summary,) = [each for each in said if isinstance(each, Summary)]
    assert values[:3] == logs[:3]
    assert len(values) < 2_000
    assert (summary.count, summary.printed) == (100_000, len(values))
    assert [each.value for each in summary.values] == ["0", "59999", "59999"]
    assert isinstance(said[-1], End)


NUMBERS = st.sampled_from(["1", "2.5", "-3", "nan", "inf", "words", "0"])


@given(st.lists(st.tuples(NUMBERS, st.one_of(st.none(), st.integers(0, 5))), max_size=20))
def test_summaries_follow_the_rules_of_observations(rows: list[tuple[str, int | None]]) -> None:
    """Whatever is reported, in whatever order."""
    logs = [MetricLog("m", value, at) for value, at in rows]
    summaries = [each for each in printed(logs, 0, 1) if isinstance(each, Summary)]
    expected = observe(logs, ["m"]).metrics[0]
    if not logs:
        assert summaries == []
        return
    (summary,) = summaries
    three = [expected.min, expected.max, expected.latest]
    assert [each.value for each in summary.values] == [each for each in three if each is not None]
    assert summary.count == expected.count


@contextlib.contextmanager
def running(told: Plan) -> Iterator[subprocess.Popen[bytes]]:
    """The sidecar as a process of its own, ended in the end."""
    arguments = [word.replace("$$", "$") for word in told.arguments()]
    program = subprocess.Popen(
        [sys.executable, "-m", plan.MODULE, *arguments], stdout=subprocess.PIPE
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def reading(folder: Path, kind: str, path: Path, **more: object) -> Plan:
    """A plan for a path of a folder."""
    fields = {"trial": "t", "kind": kind, "metrics": ("accuracy", "loss"), **more}
    return Plan(path=str(path), root=str(folder), **fields)  # type: ignore[arg-type]


def said_until(program: subprocess.Popen[bytes], count: int) -> list[Record | None]:
    """Its next lines, read."""
    assert program.stdout is not None
    return [records.read(program.stdout.readline()) for _ in range(count)]


def ended(program: subprocess.Popen[bytes]) -> list[Record | None]:
    """End it; what it says then."""
    program.send_signal(signal.SIGTERM)
    said, _ = program.communicate(timeout=20)
    assert program.returncode == 0
    return [records.read(line) for line in said.splitlines(keepends=True)]


def test_a_file_is_read_while_it_grows_and_to_its_end(tmp_path: Path) -> None:
    """Values come while the program runs; after SIGTERM the rest, the unended line too, and the sums."""
    file = tmp_path / "m.log"
    with running(reading(tmp_path, "File", file)) as program:
        file.write_text("accuracy=0.5\n")
        assert said_until(program, 1) == [MetricLog("accuracy", "0.5", None, None, "file:0:0")]
        with file.open("a") as growing:
            growing.write("loss=2\naccuracy=0.75")
        values, sums = ended(program), []
        while values and not isinstance(values[0], Summary):
            sums.append(values.pop(0))
        assert [each.value for each in sums if isinstance(each, MetricLog)] == ["2", "0.75"]
        first = values[0]
        assert isinstance(first, Summary)
        assert [each.value for each in first.values] == ["0.5", "0.75", "0.75"]
        assert values[-1] == End(("accuracy", "loss"))


def test_who_prints_nothing_is_told_what_was_missing(tmp_path: Path) -> None:
    """The end names the file; and exit 0 all the same."""
    with running(reading(tmp_path, "File", tmp_path / "m.log")) as program:
        _begun(program)
        (end,) = ended(program)
    assert isinstance(end, End)
    assert end.notes == (f"{tmp_path / 'm.log'} was not written",)


def test_a_sidecar_is_light(tmp_path: Path) -> None:
    """Below 40 MB, with nothing loaded that it does not need, and at rest it uses no processor."""
    with running(reading(tmp_path, "File", tmp_path / "m.log")) as program:
        (tmp_path / "m.log").write_text("accuracy=1\n")
        said_until(program, 1)
        stat = Path(f"/proc/{program.pid}/statm")
        if not stat.exists():
            return
        assert int(stat.read_text().split()[1]) * resource.getpagesize() < 40e6
        maps = Path(f"/proc/{program.pid}/maps").read_text()
        assert not [name for name in ("numpy", "pydantic", "sqlite", "grpc") if name in maps]
        ended(program)


def test_reports_of_every_way_are_read(tmp_path: Path) -> None:
    """`munshi.report_metrics`, a Custom collector and Katib's call, each from a file of its own."""
    for name, value in ((plan.PUSHED, "1"), (plan.COLLECTED, "2"), (plan.ANSWERED, "3")):
        push_file.append(tmp_path / name, push_file.line({"loss": value}, 7, None))
    with running(reading(tmp_path, "Push", tmp_path)) as program:
        said = said_until(program, 3)
        origins = [each.origin for each in said if isinstance(each, MetricLog)]
        assert origins == ["push:0:0", "custom:0:0", "katib:0:0"]
        assert ended(program)[-1] == End(("loss",))


def test_katibs_report_is_answered_in_the_pod(tmp_path: Path) -> None:
    """It is in a file before it is acknowledged, can be read back, and is taken for this trial only."""
    told = reading(tmp_path, "Push", tmp_path, answers=True)
    port = _free_port()
    with desk.answering(told, port) as trouble:
        assert not trouble
        assert (tmp_path / plan.READY).exists()
        classes = messages.classes(messages.KATIB)
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:

            def call(method: str, **fields: object) -> object:
                send = channel.unary_unary(
                    f"/{messages.KATIB}.DBManager/{method}",
                    request_serializer=classes[f"{method}Request"].SerializeToString,
                    response_deserializer=classes[f"{method}Reply"].FromString,
                )
                return send(classes[f"{method}Request"](**fields), timeout=20)

            metric = classes["Metric"](name="loss", value="0.25")
            entry = classes["MetricLog"](time_stamp="2026-11-30T10:00:00Z", metric=metric)
            logs = classes["ObservationLog"](metric_logs=[entry])
            call("ReportObservationLog", trial_name="t", observation_log=logs)
            assert b'"loss": 0.25' in (tmp_path / plan.ANSWERED).read_bytes()
            answer = call("GetObservationLog", trial_name="t")
            assert "0.25" in str(answer)
            with pytest.raises(grpc.RpcError):
                call("ReportObservationLog", trial_name="other", observation_log=logs)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """Everything else goes on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = reading(tmp_path, "Push", tmp_path, answers=True)
        with desk.answering(told, taken.getsockname()[1]) as trouble:
            assert "not answered" in trouble


def test_without_a_plan_it_says_so() -> None:
    """Whoever starts it by hand learns what it is."""
    done = subprocess.run(
        [sys.executable, "-m", plan.MODULE], capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, b"--plan" in done.stderr) == (2, True)


def test_a_plan_survives_the_command_line() -> None:
    """Any language, quotes and dollars included."""
    told = Plan("t", "File", ("정확도", 'a"b'), "/m", "/", ("$(A)=(.*)$",), "TEXT", answers=True)
    (argument,) = told.arguments()
    assert plan.read([argument.replace("$$", "$")]) == told
    json.loads(argument.removeprefix("--plan="))


def _begun(program: subprocess.Popen[bytes]) -> None:
    """Wait until it has blocked its signals: before that, SIGTERM would simply end it."""
    status = Path(f"/proc/{program.pid}/status")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        blocked = [line for line in status.read_text().splitlines() if line.startswith("SigBlk")]
        if int(blocked[0].split()[1], 16) & (1 << (signal.SIGTERM - 1)):
            return
        os.sched_yield()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
