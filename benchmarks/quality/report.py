"""From records to tables.

    regret   (best - optimum) / (median of all random points - optimum): 0 is the optimum, 1 is what
             one random point gives; never cut off
    rank     among the contestants, on the same problem with the same seed; equals share the mean
    wins     share of races won against the reference, equals counting half
    p        Wilcoxon's signed-rank test on the pairs' log regrets, two-sided: how often chance alone
             would make as clear a difference

Only races that all contestants of a table have run are compared. `munshi:random` must be among the
records: the scale of regret comes from its points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from benchmarks.quality.records import Record
from scipy.stats import rankdata, wilcoxon

_RANDOM = "munshi:random"
_FLOOR = 1e-9
"""Regrets below this count as equal: most optima are known to no more digits."""


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant in one table."""

    contestant: str
    mean: float
    middle: float
    rank: float
    wins: float
    p: float
    cpu_ms: float


def scales(
    records: Iterable[Record], optima: Mapping[str, float]
) -> Mapping[str, tuple[float, float]]:
    """Problem -> (optimum, median of random points), for problems with races of random search.

    Args:
        records: All there are.
        optima: Problem -> least value known; a lower one among the records takes its place.
    """
    least = dict(optima)
    drawn: dict[str, list[float]] = {}
    for one in records:
        least[one.problem] = min(least.get(one.problem, min(one.values)), *one.values)
        if one.contestant == _RANDOM:
            drawn.setdefault(one.problem, []).extend(one.values)
    return {name: (least[name], median(values)) for name, values in drawn.items()}


def compare(
    records: Sequence[Record],
    scale: Mapping[str, tuple[float, float]],
    budget: int,
    parallel: int,
    reference: str,
) -> tuple[list[Row], int]:
    """The table of one budget, best mean rank first, and over how many races it goes.

    Args:
        records: One for each race; the last of several counts.
        scale: As `scales` gives it.
        budget: Trials; races with fewer are left out unless their space is used up.
        parallel: Trials at the same time.
        reference: Whom `wins` and `p` are against.
    """
    races: dict[str, dict[tuple[str, int], Record]] = {}
    for one in records:
        if one.parallel == parallel and len(one.values) >= budget and one.problem in scale:
            races.setdefault(one.contestant, {})[one.problem, one.seed] = one
    if not races:
        return [], 0
    shared = sorted(set.intersection(*(set(runs) for runs in races.values())))
    if not shared:
        return [], 0
    names = sorted(races)
    regrets = np.array(
        [[_regret(races[name][key], budget, scale[key[0]]) for key in shared] for name in names]
    )
    ranks = rankdata(np.maximum(regrets, _FLOOR), axis=0).mean(axis=1)
    against = regrets[names.index(reference)] if reference in names else None
    rows = []
    for i, name in enumerate(names):
        wins, p = _against(regrets[i], against) if name != reference else (np.nan, np.nan)
        cpu = [s for key in shared for s in races[name][key].cpu_s[:budget]]
        rows.append(
            Row(
                name,
                float(regrets[i].mean()),
                float(np.median(regrets[i])),
                float(ranks[i]),
                wins,
                p,
                1000 * float(np.mean(cpu)),
            )
        )
    return sorted(rows, key=lambda row: row.rank), len(shared)


def markdown(rows: Sequence[Row], reference: str) -> str:
    """A table as Markdown."""
    wins_head = f"wins against `{reference}`"
    lines = [
        f"| contestant | mean rank | regret: mean | median | {wins_head} | p | CPU per suggestion |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        wins = "–" if np.isnan(row.wins) else f"{row.wins:.0%}"
        p = "–" if np.isnan(row.p) else f"{row.p:.2g}"
        lines.append(
            f"| `{row.contestant}` | {row.rank:.2f} | {row.mean:.3f} | {row.middle:.3f} "
            f"| {wins} | {p} | {row.cpu_ms:.1f} ms |"
        )
    return "\n".join(lines)


def by_problem(
    records: Sequence[Record],
    scale: Mapping[str, tuple[float, float]],
    budget: int,
    parallel: int,
) -> str:
    """Median regret of each contestant on each problem, as Markdown; the least in bold."""
    cells: dict[tuple[str, str], list[float]] = {}
    for one in records:
        if one.parallel == parallel and len(one.values) >= budget and one.problem in scale:
            found = _regret(one, budget, scale[one.problem])
            cells.setdefault((one.problem, one.contestant), []).append(found)
    names = sorted({contestant for _, contestant in cells})
    lines = [
        "| problem | " + " | ".join(f"`{name}`" for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for problem in dict.fromkeys(problem for problem in scale):
        found_here = {n: median(cells[problem, n]) for n in names if (problem, n) in cells}
        if not found_here:
            continue
        least = min(found_here.values())
        shown = [
            "–"
            if n not in found_here
            else f"**{found_here[n]:.3f}**"
            if found_here[n] <= least + 5e-4
            else f"{found_here[n]:.3f}"
            for n in names
        ]
        lines.append(f"| {problem} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _regret(record: Record, budget: int, scale: tuple[float, float]) -> float:
    optimum, middle = scale
    return (record.best(budget) - optimum) / (middle - optimum)


def _against(regrets: np.typing.NDArray[np.float64], others: object) -> tuple[float, float]:
    if others is None:
        return float("nan"), float("nan")
    own = np.log(np.maximum(regrets, _FLOOR))
    theirs = np.log(np.maximum(np.asarray(others), _FLOOR))
    wins = float(((own < theirs) + 0.5 * (own == theirs)).mean())
    if (own == theirs).all():
        return wins, 1.0
    return wins, float(wilcoxon(own, theirs).pvalue)
