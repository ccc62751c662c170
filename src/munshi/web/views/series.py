"""Reported values for plots, thinned where there are too many, and honest about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from munshi.api.wire import write_time
from munshi.metrics import number
from munshi.metrics.log import Report
from munshi.web import shapes
from munshi.web.views.trials import Cells

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_NS = 86_400 * 10**9


def thinned(values: Sequence[float | None], most: int) -> list[int]:
    """Which of the values to draw: the first, the last, and of each stretch the least and the greatest.

    So a spike is never lost, only the dull values around it.

    Args:
        values: In order; None for what is no number.
        most: About how many to keep, at least 4.

    Returns:
        Positions in ascending order, at most `most`; all of them when they are few enough.
    """
    count = len(values)
    if count <= most:
        return list(range(count))
    stretches = max((most - 2) // 2, 1)
    kept = {0, count - 1}
    for stretch in range(stretches):
        begin, end = stretch * count // stretches, (stretch + 1) * count // stretches
        finite = [at for at in range(begin, end) if values[at] is not None]
        if finite:
            kept.add(min(finite, key=lambda at: values[at] or 0.0))
            kept.add(max(finite, key=lambda at: values[at] or 0.0))
    return sorted(kept)


def value(report: Report) -> float | None:
    """The reported number; None for NaN, infinity and text."""
    got = number.read(report.log.value)
    return got if got is not None and math.isfinite(got) else None


def curve(reports: Sequence[Report], most: int) -> tuple[list[tuple[float, float | None]], bool]:
    """[step, value] pairs of one metric, and whether some were left out.

    The step is the program's own where every report has one, else the number of the report.
    """
    values = [value(one) for one in reports]
    kept = thinned(values, most)
    own = all(one.log.step is not None for one in reports)
    steps = [(one.log.step or 0) if own else one.number for one in reports]
    return [(steps[at], values[at]) for at in kept], len(kept) < len(reports)


def series(reports: Sequence[Report], most: int) -> shapes.Series:
    """[number, time, value] triples of one metric."""
    values = [value(one) for one in reports]
    kept = thinned(values, most)
    count = max((one.number for one in reports), default=0)
    return {
        "thinned": len(kept) < count,
        "count": count,
        "points": [(reports[at].number, _time(reports[at]), values[at]) for at in kept],
    }


def chosen(trials: Sequence[Cells], most: int, *, minimize: bool) -> list[Cells]:
    """The trials whose curves are drawn: half of them the best, the others the newest.

    Args:
        trials: In the order of their index.
        most: How many at most.
        minimize: Which way is better.

    Returns:
        In the same order; all trials when they are few enough.
    """
    if len(trials) <= most:
        return list(trials)
    sign = 1 if minimize else -1
    rated = [one for one in trials if one.objective is not None]
    best = sorted(rated, key=lambda one: sign * (one.objective or 0.0))[: most // 2]
    names = {one.name for one in best}
    for one in reversed(trials):
        if len(names) == most:
            break
        names.add(one.name)
    return [one for one in trials if one.name in names]


def _time(report: Report) -> str | None:
    """The report's date, as far as a calendar goes: programs may date what they like."""
    at = report.log.time_ns
    if at is None:
        return None
    days, rest = divmod(at, _DAY_NS)
    try:
        return write_time(_EPOCH + timedelta(days=days, microseconds=rest // 1_000))
    except OverflowError:
        return None
