"""How large the generations of each run are, when CMA-ES starts anew after it has converged.

ipop: every run has twice the points of the one before (Auger and Hansen, 2005, "A Restart CMA Evolution
Strategy With Increasing Population Size"). bipop: such runs take turns with small ones of narrow start,
whichever has spent less so far (Hansen, 2009, "Benchmarking a BI-Population CMA-ES on the BBOB-2009
Function Testbed").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NONE, IPOP, BIPOP = "none", "ipop", "bipop"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of CMA-ES.

    Attributes:
        size: Points of a generation.
        narrowing: What the first step size is multiplied with.
        large: Whether it is one of those that grow.
    """

    size: int
    narrowing: float = 1.0
    large: bool = True


def following(
    strategy: str, first: int, past: Sequence[tuple[Run, int]], rng: np.random.Generator
) -> Run:
    """The run after those that converged.

    Args:
        strategy: IPOP or BIPOP.
        first: Points of a generation of the first run.
        past: The runs so far, at least one, each with the points that it spent.
        rng: Chance, for the small runs.
    """
    growth = first * 2 ** sum(run.large for run, _ in past)
    spent_small = sum(spent for run, spent in past if not run.large)
    spent_large = sum(spent for run, spent in past[1:] if run.large)
    if strategy == IPOP or len(past) == 1 or spent_small >= spent_large:
        return Run(growth)
    u = rng.random(2)
    size = int(first * (0.5 * growth / 2 / first) ** (u[0] ** 2))
    return Run(max(first, size), float(10.0 ** (-2 * u[1])), large=False)
