"""An experiment's history in the unit cube, as the methods with a model see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from munshi.algorithms.maths import cube
from munshi.algorithms.maths.normal import Array
from munshi.algorithms.order import Seen, loss
from munshi.algorithms.protocol import Assignments, Pending, Request
from munshi.space import Parameter, Space


@dataclass(frozen=True, slots=True)
class History:
    """The trials in the order of their indexes, pending ones where they belong.

    Attributes:
        space: Where the points live.
        dimensions: The d parameters that can vary; the others are left out of any model.
        cells: (d, 3, n), see `maths.cube`; points outside the space are left out.
        ranks: (n,) objective values, smaller is better; NaN for failed and pending points.
        is_pending: (n,), which of the points have no outcome yet.
    """

    space: Space
    dimensions: tuple[Parameter, ...]
    cells: Array
    ranks: Array
    is_pending: NDArray[np.bool_]

    @property
    def known(self) -> int:
        """How many results have a value."""
        return int((~np.isnan(self.ranks)).sum())

    def with_pending(self, point: Assignments) -> History:
        """The history after one more point was handed out."""
        return replace(
            self,
            cells=np.concatenate([self.cells, cells_of(self.dimensions, [point])], axis=2),
            ranks=np.append(self.ranks, np.nan),
            is_pending=np.append(self.is_pending, True),
        )


def read_history(request: Request, seen: Sequence[Seen]) -> History:
    """The history of a request; `seen` is in order."""
    dimensions = tuple(p for p in request.space if p.cardinality != 1)
    cells = cells_of(dimensions, [one.assignments for one in seen])
    ranks = np.array([loss(one, request.maximize) for one in seen], dtype=np.float64)
    ranks[~np.isfinite(ranks)] = np.nan
    pending = np.array([isinstance(one, Pending) for one in seen], dtype=np.bool_)
    inside = ~np.isnan(cells).any(axis=(0, 1))
    return History(request.space, dimensions, cells[:, :, inside], ranks[inside], pending[inside])


def cells_of(dimensions: Sequence[Parameter], points: Sequence[Assignments]) -> Array:
    """(d, 3, n) of n points, see `maths.cube`."""
    cells = np.empty((len(dimensions), 3, len(points)))
    for j, parameter in enumerate(dimensions):
        cells[j] = cube.encode(parameter, [point.get(parameter.name) for point in points])
    return cells
