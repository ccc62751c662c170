"""StdOut and File: one growing file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.contract import CollectorContract, everything
from munshi import collectors
from munshi.collectors import Collector
from munshi.collectors.tail import TailCollector
from munshi.metrics import lines
from munshi.metrics.json_lines import JsonScanner
from munshi.metrics.text import TextScanner


class TestText(CollectorContract):
    """Lines of text, in a file two folders down."""

    def open(self, root: Path) -> Collector:
        """Kind StdOut."""
        return collectors.open_collector("StdOut", self.where(root), ["loss"], root=root)

    def write(self, root: Path, values: range) -> None:
        """`loss=1` on a line."""
        self.where(root).parent.mkdir(parents=True, exist_ok=True)
        with self.where(root).open("a") as file:
            file.writelines(f"step loss={value}\n" for value in values)

    def where(self, root: Path) -> Path:
        """A path of three components."""
        return root / "var" / "log" / "metrics.log"


class TestJson(TestText):
    """JSON lines."""

    def open(self, root: Path) -> Collector:
        """Kind File, format JSON."""
        return collectors.open_collector(
            "File", self.where(root), ["loss"], file_format="JSON", root=root
        )

    def write(self, root: Path, values: range) -> None:
        """`{"loss": 1}` on a line."""
        self.where(root).parent.mkdir(parents=True, exist_ok=True)
        with self.where(root).open("a") as file:
            file.writelines(f'{{"loss": {value}}}\n' for value in values)


def tail(path: Path) -> TailCollector:
    """A collector of `loss` in lines of text."""
    return TailCollector(path, TextScanner(["loss"]))


def append(path: Path, text: str | bytes) -> None:
    """Write at the end of a file, as a program does."""
    with path.open("ab") as file:
        file.write(text.encode() if isinstance(text, str) else text)


def values(collector: Collector) -> list[str]:
    """The values of one poll."""
    return [log.value for log in collector.poll()]


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    """A number is not read before the line that holds it has ended."""
    path = tmp_path / "out"
    collector = tail(path)
    append(path, "loss=0.1")
    assert values(collector) == []
    append(path, "25\nloss=")
    assert values(collector) == ["0.125"]
    append(path, "3")
    assert [(log.value, log.origin) for log in everything(collector)] == [("3", "file:11:0")]


def test_a_progress_bar_is_read_while_it_is_drawn(tmp_path: Path) -> None:
    """Every redraw with a carriage return ends a line, long before there is a newline."""
    path = tmp_path / "out"
    collector = tail(path)
    append(path, "\rloss=3 [#  ]\rloss=2 [## ]\rloss=1 [###]")
    assert values(collector) == ["3", "2"]
    append(path, "\r\n")
    assert values(collector) == ["1"]


@settings(max_examples=30)
@given(
    st.lists(
        st.sampled_from(["loss=1", "loss=22 ", "x", "\n", "\r", "\r\n", "정확도", "\n\n"]),
        max_size=12,
    )
)
def test_it_does_not_matter_when_one_looks(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    """Polling after every write gives the same logs as reading once at the end."""
    path = tmp_path_factory.mktemp("tail") / "out"
    collector, logs = tail(path), []
    for piece in pieces:
        append(path, piece)
        logs += collector.poll()
    logs += everything(collector)
    assert logs == everything(tail(path))


def test_a_file_cut_short_is_begun_anew(tmp_path: Path) -> None:
    """After a truncation reading starts over, with origins of a new epoch."""
    path = tmp_path / "out"
    collector = tail(path)
    append(path, "a long first line\nloss=1\n")
    assert values(collector) == ["1"]
    path.write_text("loss=2\n")
    assert [(log.value, log.origin) for log in collector.poll()] == [("2", "file@1:0:0")]
    assert collector.seen().notes == (f"{path} was begun anew 1 time(s) while it was read",)


def test_a_file_cut_short_and_grown_again_is_noticed(tmp_path: Path) -> None:
    """Even when the new content is longer than what was read, the bytes before the place tell."""
    path = tmp_path / "out"
    collector = tail(path)
    append(path, "loss=1\n")
    assert values(collector) == ["1"]
    path.write_text("loss=2\nloss=3\nloss=4\n")
    assert values(collector) == ["2", "3", "4"]


def test_a_rotated_file_is_begun_anew(tmp_path: Path) -> None:
    """Another file under the same name is read from its start."""
    path = tmp_path / "out"
    collector = tail(path)
    append(path, "loss=1\n")
    assert values(collector) == ["1"]
    path.rename(tmp_path / "out.1")
    assert values(collector) == []
    append(path, "loss=1\nloss=2\n")
    assert [log.origin for log in collector.poll()] == ["file@1:0:0", "file@1:7:0"]


def test_an_epoch_can_be_carried_on(tmp_path: Path) -> None:
    """A collector opened after a restart continues the count of epochs it is given."""
    path = tmp_path / "out"
    append(path, "loss=1\n")
    collector = tail(path)
    collector.epoch = 2
    (log,) = collector.poll()
    assert log.origin == "file@2:0:0"


def test_an_endless_line_costs_bounded_memory_and_ends(tmp_path: Path) -> None:
    """Of a line beyond MAX_LINE the head is read and the rest passed over; the next line is read again."""
    path = tmp_path / "out"
    append(path, "loss=1 ")
    append(path, b"x" * (6 * lines.MAX_LINE))
    append(path, " loss=2\nloss=3\n")
    collector = tail(path)
    assert [log.value for log in everything(collector)] == ["1", "3"]
    assert collector.seen().notes == (
        "1 line(s) were longer than 1 MiB; only their beginning was read",
    )


def test_an_endless_line_is_read_alike_however_it_grows(tmp_path: Path) -> None:
    """What is read of a long line does not depend on how much was there at each look."""
    path = tmp_path / "out"
    collector, logs = tail(path), []
    for piece in (b"loss=1 ", b"x" * lines.MAX_LINE, b"loss=9", b" loss=2", b"\nloss=3\n"):
        append(path, piece)
        logs += collector.poll()
    logs += everything(collector)
    assert [log.value for log in logs] == ["1", "3"]
    assert logs == everything(tail(path))


def test_one_call_reads_a_bounded_piece(tmp_path: Path) -> None:
    """A gigabyte without a metric is read a few megabytes a call."""
    path = tmp_path / "out"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    collector = tail(path)
    assert values(collector) == []
    assert collector.more


PIPES = {"a pipe": "is a pipe", "a directory": "is a directory", "a socket": "is a socket"}


@pytest.mark.parametrize(("kind", "said"), PIPES.items(), ids=PIPES)
def test_only_regular_files_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, said: str
) -> None:
    """A pipe, a directory or a socket in place of the file is refused at once, without waiting."""
    path = tmp_path / "out"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a directory":
        path.mkdir()
    else:
        monkeypatch.chdir(tmp_path)  # a socket's path must be short
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("out")
    collector = tail(path)
    assert everything(collector) == []
    assert said in collector.seen().notes[0]


def test_a_device_is_refused() -> None:
    """/dev/zero would never end."""
    collector = TailCollector(Path("/dev/zero"), TextScanner(["loss"]))
    assert everything(collector) == []
    assert collector.seen().notes == ("/dev/zero is a device; only regular files are read",)


def test_a_path_may_not_climb_out(tmp_path: Path) -> None:
    """A path that leaves the root is refused when the collector is made."""
    with pytest.raises(ValueError, match="climbs out"):
        TailCollector(tmp_path / "a" / ".." / ".." / "secret", TextScanner(["loss"]), root=tmp_path)


def test_says_what_the_output_holds_instead(tmp_path: Path) -> None:
    """Names at either end of a long output, and values that were no numbers."""
    path = tmp_path / "out"
    append(path, b"lr=0.1\n" + b"." * (1 << 20) + b"\n{'val_loss': 0.3}\nloss=None\n")
    collector = tail(path)
    everything(collector)
    seen = collector.seen()
    assert seen.names == ("val_loss", "lr")
    assert seen.notes == ('1 reported value(s) were not numbers, the first: "loss=None"',)


def test_says_that_the_output_is_empty(tmp_path: Path) -> None:
    """An empty file is told apart from a missing one, by the name the trial knows."""
    (tmp_path / "out").touch()
    collector = TailCollector(
        tmp_path / "out", TextScanner(["loss"]), known_as="/var/log/katib/x.log"
    )
    assert collector.seen().notes == ("/var/log/katib/x.log is empty",)


def test_bad_json_lines_are_told_by_their_number(tmp_path: Path) -> None:
    """The number of a bad line counts from the start of the file, over several reads and long lines."""
    path = tmp_path / "out"
    collector = TailCollector(path, JsonScanner(["loss"]))
    append(path, '{"loss": 1}\n')
    collector.poll()
    append(path, '{"loss": 2}\nstray\n' + "y" * (2 * lines.MAX_LINE) + '\n{"loss": 3}\n{"lo')
    assert [log.value for log in everything(collector)] == ["2", "3"]
    assert collector.seen().notes[0] == "3 line(s) were not JSON objects, the first is line 3"
