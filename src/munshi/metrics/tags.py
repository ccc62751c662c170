"""Which tag of which event file is which metric.

TensorBoard files are written into directories (`train/`, `validation/`) under tags
(`epoch_accuracy`, `loss/total`), and a metric's name may speak of both. A metric `a/b/c` is looked
for, by whole components, as

    tag `a/b/c` in any directory           (torch and tensorboardX write tags with slashes)
    tag `b/c`   in a directory .../a
    tag `c`     in a directory .../a/b     (Keras, TF1: one directory per run)

and a metric without a slash is that tag in any directory. All of these are exact; where several
occur, all count, so the answer never depends on which file was read first. `pretrain` is not
`train`, and `accuracy_top5` is not `accuracy`.

Katib takes prefixes: metric `accuracy` also collects tag `accuracy_1` (TF1 numbers repeated names
so). Users rely on it, so it remains as the fallback, for a metric that has no exact match in the
whole trial. That is known only when the trial has ended, and deciding earlier would change the
answer while data streams in; so the fallback speaks at the end, and chooses one tag rather than mix
several: the shortest that begins with the name, of equals the first in the alphabet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

Directory = tuple[str, ...]
"""The components of the path of a file's directory, outermost first."""


def is_metric(metric: str, directory: Directory, tag: str) -> bool:
    """Whether this tag, in a file of this directory, is exactly this metric."""
    return _any_split(metric, directory, tag.__eq__)


def resembles(metric: str, directory: Directory, tag: str) -> bool:
    """Whether this tag begins as the metric does, with the directory where the metric names one."""
    return _any_split(metric, directory, tag.startswith)


def nearest(metric: str, seen: Iterable[tuple[Directory, str]]) -> str | None:
    """The one tag that stands in for a metric without an exact match; None when none resembles it."""
    alike = {tag for directory, tag in seen if resembles(metric, directory, tag)}
    return min(alike, key=lambda tag: (len(tag), tag), default=None)


def _any_split(metric: str, directory: Directory, tag_fits: Callable[[str], bool]) -> bool:
    parts = metric.split("/")
    return any(
        directory[len(directory) - count :] == tuple(parts[:count])
        and tag_fits("/".join(parts[count:]))
        for count in range(min(len(parts) - 1, len(directory)) + 1)
    )
