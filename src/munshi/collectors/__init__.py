"""Where a trial's metrics come from: bytes found while it runs, handed to `metrics`.

On the journey of a value this is where a trial speaks. The engine's runtime opens one collector per
trial (`open_collector`), polls it while the trial runs, lets it finish (`drain`) when the trial has
ended, and closes it. What a line means is known to `metrics`; what becomes of a MetricLog, to `store`.
A trial's files are written by a program that nobody has vetted, so nothing here follows its links,
waits for its pipes, or trusts its sizes.

    contract.py     what every collector offers, and what it may cost
    files.py        opening what a trial left behind, safely
    tail.py         StdOut and File: one file, read as it grows
    gap.py          the part of a long log that was given up to keep it small
    push.py         Push and Custom: the file of reports; push_file.py says how it is written
    events.py       TensorFlowEvent: a folder of event files
    prometheus.py   PrometheusMetric: a page scraped while the program runs, with
                    scrape.py for HTTP, listeners.py for whose port it is, exposition.py for the text
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from munshi.collectors.contract import Collector, Endpoint, Seen
from munshi.errors import LaunchRefused
from munshi.metrics.log import MetricLog

__all__ = ["KINDS", "Collector", "Endpoint", "Seen", "drain", "open_collector"]

KINDS = {
    "StdOut": "munshi.collectors.tail:open_stdout",
    "File": "munshi.collectors.tail:open_file",
    "TensorFlowEvent": "munshi.collectors.events:open_folder",
    "Push": "munshi.collectors.push:open_push",
    "Custom": "munshi.collectors.push:open_push",
    "PrometheusMetric": "munshi.collectors.prometheus:open_page",
}
"""The registry: collector kind, and what opens it; loaded on first use."""


def open_collector(
    kind: str,
    path: Path | Endpoint,
    metrics: Sequence[str],
    *,
    filters: Sequence[str] = (),
    file_format: str = "TEXT",
    root: Path | None = None,
    known_as: str = "",
) -> Collector:
    """The collector of one trial.

    Args:
        kind: One of KINDS. Custom is somebody else's collector, which reports as Push does.
        path: Where it reads: the file, the folder of event files, or for `PrometheusMetric` the
            Endpoint. Nothing need exist yet.
        metrics: The requested names, the objective first.
        filters: RE2 patterns instead of the default grammar; lines of text only.
        file_format: `TEXT` or `JSON`; only for `File`, standard output is always text.
        root: The trial's private folder, which holds the file; below it no link is followed. Default:
            its parent.
        known_as: How the trial itself calls `path`, when that is another name. Its directories take
            part in finding `train/accuracy` in event files.

    Raises:
        LaunchRefused: No such kind or format can be read here.
        Invalid: A filter cannot be used.
        MissingExtra: Filters need a package that is not installed.
        ValueError: `path` is not below `root`, or is not of the sort that the kind reads.
    """
    if kind not in KINDS:
        raise LaunchRefused(
            f'metrics collector kind "{kind}" cannot be read here; use one of {", ".join(KINDS)}'
        )
    if file_format not in ("TEXT", "JSON"):
        raise LaunchRefused(f'metrics file format "{file_format}" is unknown; use TEXT or JSON')
    if isinstance(path, Endpoint) is not (kind == "PrometheusMetric"):
        raise ValueError(f"{path} is not what a collector of kind {kind} reads")
    module, _, name = KINDS[kind].partition(":")
    opener: Callable[..., Collector] = getattr(import_module(module), name)
    if isinstance(path, Endpoint):
        return opener(path, metrics)
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
