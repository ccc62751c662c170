"""Output that no program should write, in amounts: memory stays flat and the reading quick."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from munshi import collectors
from munshi.collectors import Collector

MIB = 1 << 20
FLAT = 12 * MIB
"""Bytes a collector may hold at most, however much it reads: a batch, and a line of 1 MiB a few times."""

PIECES: dict[str, tuple[bytes, int]] = {
    "ordinary lines": (b"step 17 of training, all is well so far\n" * 26_000, 48),
    "NUL bytes": (bytes(MIB), 48),
    "a line without end": (b"x" * MIB, 100),
    "a line of names without end": (b"loss=" * (MIB // 5), 24),
    "blanks without end": (b"loss   " + b" " * MIB, 24),
    "a progress bar": (b"\r 31%|###   | 3/10 [00:01<00:02]" * 32_000, 24),
    "bytes that are not UTF-8": (bytes(range(128, 256)) * 8_192, 48),
    "colours without end": (b"\x1b[31m" * 200_000, 24),
    "empty lines": (b"\n" * MIB, 24),
    "short lines": (b"a\r\n" * 300_000, 24),
    "braces without end": (b"{" * MIB, 24),
}
"""What a program writes, as a piece of about a megabyte and how often."""


def written(path: Path, piece: bytes, count: int) -> int:
    """Write an output that begins and ends with a metric; gives its size."""
    with path.open("wb") as file:
        file.write(b'loss=1\n{"loss": 1}\n')
        for _ in range(count):
            file.write(piece)
        file.write(b'\nloss=2\n{"loss": 2}\n')
    return path.stat().st_size


def drained(collector: Collector) -> list[str]:
    """The first and the last value; what lies between may be many."""
    values = list[str]()
    for batch in collectors.drain(collector):
        values[1:] = [batch[-1].value] if values else [batch[0].value, batch[-1].value]
    collector.seen()
    return values


@pytest.mark.parametrize("kind", ["StdOut", "Push"])
@pytest.mark.parametrize("what", PIECES)
def test_memory_stays_flat(tmp_path: Path, what: str, kind: str) -> None:
    """However much of it comes, a collector holds a few megabytes, and finds the metrics around it."""
    piece, count = PIECES[what]
    if kind == "Push":  # bad JSON is slow to read while every allocation is traced
        piece, count = piece[: MIB // 16], 6
    written(tmp_path / "log", piece, count)
    collector = collectors.open_collector(kind, tmp_path / "log", ["loss"])
    tracemalloc.start()
    try:
        values = drained(collector)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert values == ["1", "2"]
    assert peak < FLAT


@pytest.mark.parametrize("what", list(PIECES)[1:])
def test_no_output_is_slow_to_read(tmp_path: Path, what: str) -> None:
    """Reading it takes but a few times as long as ordinary lines without a metric, byte for byte."""

    def pace(name: str) -> float:
        piece, _ = PIECES[name]
        size = written(tmp_path / "log", piece, 8)
        began = time.process_time()
        assert drained(collectors.open_collector("StdOut", tmp_path / "log", ["loss"]))
        return (time.process_time() - began) / size

    slower = min(pace(what) / pace("ordinary lines") for _ in range(3))
    assert slower < 12


def test_a_flood_is_read_while_it_comes(tmp_path: Path) -> None:
    """Every poll of a collector that is behind takes a bounded piece, whatever lies before it."""
    path = tmp_path / "log"
    written(path, b"loss=0.5 acc=0.25\n" * 15_000, 2)
    collector = collectors.open_collector("StdOut", path, ["loss", "acc"])
    tracemalloc.start()
    try:
        count = len(collector.poll())
        while collector.more:
            count += len(collector.poll())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 2 * 15_000 * 2 + 2
    assert peak < 4 * FLAT
