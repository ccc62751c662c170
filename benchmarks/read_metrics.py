"""How fast metrics are read.

    python benchmarks/read_metrics.py [--lines 1000000] [--scalars 200000]

Each figure stands beside a plain reference measured in the same run on the same bytes, so machines can be
compared: what a reader would write in ten lines, without bounds, origins, dates, checksums or damage.
"""

from __future__ import annotations

import argparse
import re
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from munshi import collectors
from munshi.metrics import tfrecord
from munshi.metrics.json_lines import JsonScanner
from munshi.metrics.observation import Fold
from munshi.metrics.text import TextScanner
from munshi.metrics.tfevent import EventScanner

KATIB = re.compile(rb"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)")
FILTER = r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"
BLOCK = 1 << 20


def main() -> None:
    """Measure everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--scalars", type=int, default=200_000)
    options = parser.parse_args()
    count = options.lines
    quiet = b"".join(b"step %d of training, all is well so far\n" % i for i in range(count))
    sparse = b"".join(
        b"epoch %d: loss=0.%d\n" % (i, i) if i % 100 == 0 else b"batch %d is done\n" % i
        for i in range(count)
    )
    dense = b"".join(b"epoch=%d loss=0.%d\n" % (i, i) for i in range(count // 5))
    objects = b"".join(b'{"epoch": %d, "loss": 0.%d}\n' % (i, i) for i in range(count // 5))
    events = event_file(options.scalars)

    print(f"{'what':44}{'reference':>14}{'munshi':>14}{'ratio':>8}")
    compare("lines without the metric", count, lambda: regex(quiet), lambda: text(quiet))
    compare("lines, 1 in 100 with it", count, lambda: regex(sparse), lambda: text(sparse))
    compare("lines, each with it", count // 5, lambda: regex(dense), lambda: text(dense))
    compare(
        "lines, each with it, a user's filter",
        count // 5,
        lambda: regex(dense),
        lambda: filtered(dense),
    )
    compare("JSON lines", count // 5, lambda: plain_json(objects), lambda: json_lines(objects))
    compare(
        "event file scalars",
        options.scalars,
        lambda: plain_events(events),
        lambda: tfevents(events),
    )
    compare(
        "event file scalars, another tag wanted",
        options.scalars,
        lambda: plain_events(events),
        lambda: tfevents(events, "no"),
    )
    logs = TextScanner(["loss"]).scan(dense, 0, "stdout")
    compare(
        "logs into an observation",
        len(logs),
        lambda: [float(log.value) for log in logs],
        lambda: Fold(["loss"]).add(logs),
    )
    collect(dense, count // 5)


def compare(
    what: str, count: int, reference: Callable[[], object], ours: Callable[[], object]
) -> None:
    """One row: items per second of both, the better of three runs each, and their ratio."""
    rates = [count / min(seconds(work) for _ in range(3)) for work in (reference, ours)]
    print(f"{what:44}{rates[0]:>12,.0f}/s{rates[1]:>12,.0f}/s{rates[1] / rates[0]:>8.2f}")


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def collect(output: bytes, count: int) -> None:
    """From a file on disk to MetricLogs, and what a poll costs when nothing is new."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdout"
        path.write_bytes(output)
        compare(
            "a file on disk, each line with it",
            count,
            lambda: regex(path.read_bytes()),
            lambda: sum(
                map(len, collectors.drain(collectors.open_collector("StdOut", path, ["loss"])))
            ),
        )
        tail = collectors.open_collector("StdOut", path, ["loss"])
        tail.poll()
        while tail.more:
            tail.poll()
        compare(
            "polls with nothing new",
            1000,
            lambda: [path.stat() for _ in range(1000)],
            lambda: [tail.poll() for _ in range(1000)],
        )


def regex(output: bytes) -> list[bytes]:
    """Katib's pattern over every line."""
    return [
        match[2]
        for line in output.split(b"\n")
        for match in KATIB.finditer(line)
        if match[1] == b"loss"
    ]


def text(output: bytes) -> int:
    """The default grammar, in blocks."""
    scanner = TextScanner(["loss"])
    return sum(len(scanner.scan(block, 0, "stdout")) for block in blocks(output))


def filtered(output: bytes) -> int:
    """A user's filter, in blocks."""
    scanner = TextScanner(["loss"], [FILTER])
    return sum(len(scanner.scan(block, 0, "stdout")) for block in blocks(output))


def plain_json(output: bytes) -> list[float]:
    """Json.loads on every line."""
    import json  # noqa: PLC0415  beside its only use

    return [json.loads(line)["loss"] for line in output.splitlines()]


def json_lines(output: bytes) -> int:
    """JSON lines, in blocks."""
    scanner = JsonScanner(["loss"])
    return sum(len(scanner.scan(block, 0, "file")) for block in blocks(output))


def blocks(output: bytes) -> list[bytes]:
    """Pieces of about a megabyte that end with a line."""
    pieces, at = [], 0
    while at < len(output):
        end = output.rfind(b"\n", at, at + BLOCK) + 1
        pieces.append(output[at:end])
        at = end
    return pieces


def event_file(count: int) -> bytes:
    """Two tags in turn, as TF1 writes them, steps as varints."""
    return b"".join(framed(event(b"loss" if i % 2 else b"accuracy", i)) for i in range(count))


def event(tag: bytes, step: int) -> bytes:
    """A simple value."""
    inner = b"\x0a" + bytes([len(tag)]) + tag + b"\x15" + struct.pack("<f", 1 / (step + 1))
    varint = bytes([step & 0x7F | 0x80, step >> 7 & 0x7F | 0x80, step >> 14])
    summary = b"\x0a" + bytes([len(inner)]) + inner
    return (
        b"\x09"
        + struct.pack("<d", 1.7e9 + step)
        + b"\x10"
        + varint
        + b"\x2a"
        + bytes([len(summary)])
        + summary
    )


def framed(content: bytes) -> bytes:
    """A TFRecord."""
    length = struct.pack("<Q", len(content))
    crcs = [struct.pack("<I", tfrecord.masked_crc(each)) for each in (length, content)]
    return length + crcs[0] + content + crcs[1]


def plain_events(data: bytes) -> int:
    """The record loop alone: every record cut out, none understood."""
    at = count = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        content = data[at + 12 : at + 12 + length]
        count += len(content) > 0
        at += length + 16
    return count


def tfevents(data: bytes, *wanted: str) -> int:
    """The event scanner, in blocks; both tags wanted unless others are given."""
    names = wanted or ("loss", "accuracy")
    scanner = EventScanner(
        lambda tag: [(i, n) for i, n in enumerate(names) if n == tag], len(names)
    )
    at = count = 0
    while at < len(data):
        count += len(scanner.scan(data[at : at + BLOCK], at, "f"))
        at += scanner.consumed
    return count


if __name__ == "__main__":
    main()
