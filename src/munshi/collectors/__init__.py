"""Where a trial's metrics come from: files read as they grow, bytes handed to `metrics`.

On the journey of a value this is where a trial speaks. The engine's runtime opens one collector per
trial (`open_collector`), polls it while the trial runs, and lets it finish (`drain`) when the trial
has ended. What a line means is known to `metrics`; what becomes of a MetricLog, to `store`. A
trial's files are written by a program that nobody has vetted, so nothing here follows its links,
waits for its pipes, or trusts its sizes.

    contract.py     what every collector offers, and what it may cost
    files.py        opening what a trial left behind, safely
    tail.py         StdOut and File: one file, read as it grows
    events.py       TensorFlowEvent: a folder of event files

Push, Custom and PrometheusMetric are not read from files and have no collector here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from munshi.collectors.contract import Collector, Seen
from munshi.errors import LaunchRefused
from munshi.metrics.log import MetricLog

__all__ = ["KINDS", "Collector", "Seen", "drain", "open_collector"]

KINDS = {
    "StdOut": "munshi.collectors.tail:open_stdout",
    "File": "munshi.collectors.tail:open_file",
    "TensorFlowEvent": "munshi.collectors.events:open_folder",
}
"""The registry: collector kind, and what opens it; loaded on first use."""


def open_collector(
    kind: str,
    path: Path,
    metrics: Sequence[str],
    *,
    filters: Sequence[str] = (),
    file_format: str = "TEXT",
    root: Path | None = None,
    known_as: str = "",
) -> Collector:
    """The collector of one trial.

    Args:
        kind: `StdOut`, `File` or `TensorFlowEvent`.
        path: Where it reads: the file, or the folder of event files. Nothing need exist yet.
        metrics: The requested names, the objective first.
        filters: RE2 patterns instead of the default grammar; lines of text only.
        file_format: `TEXT` or `JSON`; only for `File`, standard output is always text.
        root: The trial's private folder, which holds `path`; below it no link is followed. Default:
            the parent of `path`.
        known_as: How the trial itself calls `path`, when that is another name. Its directories take
            part in finding `train/accuracy` in event files.

    Raises:
        LaunchRefused: No such kind or format can be read here.
        Invalid: A filter cannot be used.
        MissingExtra: Filters need a package that is not installed.
        ValueError: `path` is not below `root`.
    """
    if kind not in KINDS:
        raise LaunchRefused(
            f'metrics collector kind "{kind}" cannot be read here; use one of {", ".join(KINDS)}'
        )
    if file_format not in ("TEXT", "JSON"):
        raise LaunchRefused(f'metrics file format "{file_format}" is unknown; use TEXT or JSON')
    module, _, name = KINDS[kind].partition(":")
    opener: Callable[..., Collector] = getattr(import_module(module), name)
    return opener(
        path,
        metrics,
        filters=filters,
        file_format=file_format,
        root=path.parent if root is None else root,
        known_as=known_as,
    )


def drain(collector: Collector) -> Iterator[list[MetricLog]]:
    """Finish a collector: all that is still unread, in bounded batches, the last line included."""
    while True:
        batch = collector.finish()
        if batch:
            yield batch
        if not collector.more:
            return
