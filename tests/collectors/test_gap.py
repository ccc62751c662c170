"""A log whose middle was given up: real holes in real files."""

from __future__ import annotations

import ctypes
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.contract import everything
from munshi import collectors
from munshi.collectors import gap
from munshi.metrics.log import MetricLog

BLOCK = 4096
_PUNCH_AND_KEEP_SIZE = 3
_LIBC = ctypes.CDLL(None, use_errno=True)


def give_up(log: Path, start: int, end: int) -> None:
    """Say where the gap is, then make it, as the supervisor does."""
    written = log.with_name(log.name + ".new")
    written.write_text(json.dumps({"start": start, "end": end}))
    written.replace(log.with_name(log.name + ".gap"))
    with log.open("r+b") as file:
        size, place = ctypes.c_int64(end - start), ctypes.c_int64(start)
        if _LIBC.fallocate(file.fileno(), _PUNCH_AND_KEEP_SIZE, place, size):
            os.pwrite(file.fileno(), bytes(end - start), start)  # a file system without holes


def lines(start: int, stop: int) -> str:
    """Output with a metric on each line, 16 bytes each."""
    return "".join(f"loss={value:<10}\n" for value in range(start, stop))


def append(path: Path, text: str) -> None:
    """As a program writes."""
    with path.open("a") as file:
        file.write(text)


def numbers(logs: list[MetricLog]) -> list[int]:
    """Their values."""
    return [int(log.value) for log in logs]


def test_a_gap_behind_the_reader_is_not_noticed(tmp_path: Path) -> None:
    """What was read may go: reading goes on where it was, with no loss and no new epoch."""
    path = tmp_path / "log"
    append(path, lines(0, 1000))
    collector = collectors.open_collector("StdOut", path, ["loss"])
    assert numbers(collector.poll()) == list(range(1000))
    assert collector.position == 16_000
    give_up(path, BLOCK, 12_288)
    append(path, lines(1000, 2000))
    assert numbers(collector.poll()) == list(range(1000, 2000))
    give_up(path, BLOCK, 28_672)
    append(path, lines(2000, 2001))
    assert [log.origin for log in everything(collector)] == ["stdout:32000:0"]
    assert collector.seen().notes == ()


@pytest.mark.parametrize("cut", range(16))
def test_a_gap_up_to_the_last_bytes_that_were_read(tmp_path: Path, cut: int) -> None:
    """Wherever in the last line read the gap ends, the file is recognised."""
    path = tmp_path / "log"
    append(path, lines(0, 1024))
    collector = collectors.open_collector("StdOut", path, ["loss"])
    collector.poll()
    give_up(path, BLOCK, collector.position - cut)
    append(path, lines(1024, 1026))
    assert numbers(collector.poll()) == [1024, 1025]


def test_a_reader_after_a_crash_steps_over_the_gap(tmp_path: Path) -> None:
    """Head and tail are read with the origins they always had; the lines at the edges are not whole."""
    path = tmp_path / "log"
    append(path, lines(0, 1000))
    before = everything(collectors.open_collector("StdOut", path, ["loss"]))
    give_up(path, BLOCK + 8, 12_288 + 8)  # in the middle of lines
    collector = collectors.open_collector("StdOut", path, ["loss"])
    after = everything(collector)
    assert after == before[:256] + before[769:]
    assert collector.position == 16_000
    note = "8200 bytes in the middle of output were dropped unread, to keep it small"
    assert collector.seen().notes == (note,)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), st.integers(1, 900)),
            st.tuples(st.just("poll"), st.just(0)),
            st.tuples(st.just("drop"), st.integers(0, 3)),
            st.tuples(st.just("reopen"), st.just(0)),
        ),
        max_size=12,
    )
)
def test_gaps_behind_the_position_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Whatever grows, is given up behind `position` and is read again: what was kept once stays known."""
    path = tmp_path_factory.mktemp("gap") / "log"
    path.touch()
    collector = collectors.open_collector("StdOut", path, ["loss"])
    known: dict[str, str] = {}
    written = published = 0
    for step, amount in [*steps, ("reopen", 0), ("poll", 0)]:
        match step:
            case "write":
                append(path, lines(written, written + amount))
                written += amount
            case "poll":
                logs = collector.poll()
                while collector.more:
                    logs += collector.poll()
                known.update({log.origin: log.value for log in logs})
                published = max(published, collector.position)
            case "drop":
                end = published // BLOCK * BLOCK - amount * BLOCK
                was = gap.read(
                    tmp_path_factory.getbasetemp(),
                    path.relative_to(tmp_path_factory.getbasetemp()).parts,
                )
                if end > max(BLOCK, was.end if was else 0):
                    give_up(path, BLOCK, end)
            case _:
                collector = collectors.open_collector("StdOut", path, ["loss"])
    assert known == {f"stdout:{16 * value}:0": str(value) for value in range(written)}


def test_an_unread_gap_is_told(tmp_path: Path) -> None:
    """When nobody read in time, what is lost is said, and zeros are never taken for output."""
    path = tmp_path / "log"
    append(path, lines(0, 100))
    collector = collectors.open_collector("StdOut", path, ["loss"])
    collector.poll()
    append(path, "x" * (3 * BLOCK) + "\n" + lines(7, 9))
    give_up(path, BLOCK, 3 * BLOCK)
    assert numbers(collector.poll()) == [7, 8]
    assert "10688 bytes in the middle" in collector.seen().notes[0]


def test_a_huge_hole_costs_nothing(tmp_path: Path) -> None:
    """A terabyte of nothing is stepped over in one read."""
    path = tmp_path / "log"
    append(path, lines(0, 256))
    with path.open("r+b") as file:
        file.truncate(1 << 40)
    give_up(path, BLOCK, 1 << 40)
    append(path, "\n" + lines(1, 3))
    collector = collectors.open_collector("StdOut", path, ["loss"])
    assert numbers(collector.poll()) == [*range(256), 1, 2]
    assert not collector.more


def test_a_file_of_the_trials_own_has_no_gap(tmp_path: Path) -> None:
    """Only the log that munshi bounds may have one: a trial could write the word of it itself."""
    path = tmp_path / "metrics"
    append(path, lines(0, 10))
    (tmp_path / "metrics.gap").write_text('{"start": 0, "end": 160}')
    assert len(collectors.open_collector("File", path, ["loss"]).poll()) == 10


BROKEN = {
    "no JSON": "{",
    "no object": "[1, 2]",
    "no numbers": '{"start": "0", "end": "5"}',
    "the wrong way round": '{"start": 8, "end": 4}',
    "negative": '{"start": -8, "end": 4}',
    "half written": '{"start": 0, "e',
    "empty": "",
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN)
def test_a_broken_word_of_a_gap_is_no_gap(tmp_path: Path, said: str) -> None:
    """The log is read as it is."""
    append(tmp_path / "log", lines(0, 10))
    (tmp_path / "log.gap").write_text(said)
    assert gap.read(tmp_path, ("log",)) is None
    assert len(collectors.open_collector("StdOut", tmp_path / "log", ["loss"]).poll()) == 10


def test_the_position_waits_for_what_is_handed_out(tmp_path: Path) -> None:
    """Bytes count as done when every log of theirs is out, and never a line that has not ended."""
    path = tmp_path / "log"
    append(path, lines(0, collectors.contract.BATCH_LOGS + 5) + "loss=")
    collector = collectors.open_collector("StdOut", path, ["loss"])
    collector.poll()
    assert (collector.more, collector.position) == (True, 0)
    collector.poll()
    assert (collector.more, collector.position) == (False, path.stat().st_size - 5)
