"""What a problem is, and the catalogue of all of them by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

Values = Mapping[str, Any]
"""Parameter name -> float, int, or an entry of the list."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to minimise.

    Attributes:
        name: As the tables call it.
        parameters: In `munshi.Study`'s short form: `(low, high)`, `(low, high, "log")`, a range, a list.
        evaluate: The objective; the same values always give the same number.
        optimum: The least value; where nobody knows it, the least that any race has found. A
            report takes the least value of all records instead when that is lower.
    """

    name: str
    parameters: Mapping[str, Any]
    evaluate: Callable[[Values], float]
    optimum: float


_ROOMS = ("functions", "mixed", "models")


@cache
def catalogue() -> Mapping[str, Problem]:
    """All problems by name, in the order of the tables. Needs scikit-learn."""
    found: dict[str, Problem] = {}
    for room in _ROOMS:
        for problem in import_module(f"benchmarks.quality.{room}").PROBLEMS:
            found[problem.name] = problem
    return found
