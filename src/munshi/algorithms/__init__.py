"""The methods that propose points: one file for each, named as in its paper.

On the journey of a value this is where `lr` in [0.01, 0.05] becomes 0.0234. The Suggester asks
`find(name).suggest(request)` in a worker process, admission asks `find(name).check(...)`. Every
method is a pure function of the request; none knows of Experiments, trials, clocks or files.

    protocol.py    Request, Result, Pending, Reply, and what an Algorithm promises
    registry.py    name -> algorithm, loaded on use (so importing this package loads no numpy)
    outside.py     algorithms of other packages, by entry points
    settings.py    algorithmSettings: declared, read, faulted
    chance.py      the one source of randomness; taken.py: points already handed out
    order.py       the history by index
    random.py, grid.py, sobol.py, tpe.py, hyperband.py (its plan: brackets.py), cmaes.py
    auto.py        the one that picks another
    maths/         the arithmetic in arrays
    early_stopping/  the methods that end unpromising trials
"""

from munshi.algorithms.protocol import (
    Algorithm,
    Assignments,
    Mark,
    Pending,
    Reply,
    Request,
    Result,
)
from munshi.algorithms.registry import find, known, planned

__all__ = [
    "Algorithm",
    "Assignments",
    "Mark",
    "Pending",
    "Reply",
    "Request",
    "Result",
    "find",
    "known",
    "planned",
]
