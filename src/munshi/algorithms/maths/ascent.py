"""The greatest value of a function over the unit cube with grids and categories.

    d          parameters; each a continuum, a grid of places in [0, 1], or a category
    points     (n, d): places, and numbers of categories, as in `gaussian_process`

Many points are looked at, the best of them and some others by lot are climbed from: along the gradient
(L-BFGS) in the continua, by trying the neighbours in grids and categories, in turns. Needs scipy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from munshi.algorithms.maths.normal import Array

Values = Callable[[Array], Array]
"""(n, d) -> (n,)."""
Slope = Callable[[Array], tuple[float, Array]]
"""(d,) -> value and gradient (d,)."""

_CLIMBS = 5
_TURNS = 2
_STEPS = 40
_NEIGHBOURS = 256
"""Of more neighbours so many are drawn."""
_TRIED = 24
"""Places of one grid, or choices of one category, that are tried in one turn."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter.

    Attributes:
        places: A grid's places in the unit interval, ascending; a category's numbers from 0; none for a
            continuum.
        is_category: Its numbers have no order.
    """

    places: Array | None = None
    is_category: bool = False

    def snap(self, column: Array) -> Array:
        """The nearest places; `column` (n,) is in [0, 1]."""
        if self.places is None:
            inside: Array = np.clip(column, 0.0, 1.0)
            return inside
        if self.is_category:
            number: Array = np.minimum(np.floor(column * len(self.places)), len(self.places) - 1.0)
            return number
        borders = (self.places[1:] + self.places[:-1]) / 2
        snapped: Array = self.places[np.searchsorted(borders, column)]
        return snapped

    def others(self, place: float, rng: np.random.Generator) -> Array:
        """Places to try instead: all of a few; of many the neighbours and some by lot."""
        assert self.places is not None, "a continuum has no list of places"  # noqa: S101
        others: Array = self.places[self.places != place]
        if len(others) <= _TRIED:
            return others
        by_lot = rng.choice(others, _TRIED // 2, replace=False)
        if self.is_category:
            return by_lot
        at = int(np.searchsorted(self.places, place))
        return np.concatenate([by_lot, self.places[max(at - 4, 0) : at + 5]])


def scatter(axes: Sequence[Axis], count: int, rng: np.random.Generator) -> Array:
    """Points by lot, (count, d), evenly over the cube."""
    cube = rng.random((count, len(axes)))
    return np.stack([axis.snap(cube[:, j]) for j, axis in enumerate(axes)], axis=1)


def scatter_near(
    axes: Sequence[Axis], centres: Array, count: int, rng: np.random.Generator
) -> Array:
    """`count` points near each of the centres (k, d), some closer and some farther: (k · count, d).

    A few of the parameters are moved, each by a normal step or, in a category, to any choice.
    """
    k, d = centres.shape
    points = np.repeat(centres, count, axis=0)
    widths = 10.0 ** rng.uniform(-3, -0.5, (k * count, 1))
    moved = rng.random(points.shape) < np.minimum(1.0, rng.choice([1, 2, 4, d], (k * count, 1)) / d)
    steps = rng.standard_normal(points.shape) * widths
    anywhere = scatter(axes, k * count, rng)
    for j, axis in enumerate(axes):
        new = anywhere[:, j] if axis.is_category else axis.snap(_folded(points[:, j] + steps[:, j]))
        points[:, j] = np.where(moved[:, j], new, points[:, j])
    return points


def ascend(
    axes: Sequence[Axis],
    starts: Array,
    values: Values,
    slope: Slope | None,
    rng: np.random.Generator,
) -> Array:
    """Points with great values, the greatest first: (n, d).

    Args:
        axes: The parameters.
        starts: Where to look first, (m, d).
        values: The function.
        slope: The function with its gradient; without it continua are climbed by ever smaller steps.
        rng: Chance.
    """
    found, reached = starts, values(starts)
    chosen = _chosen(reached, rng)
    tops = starts[chosen]
    for _ in range(_TURNS):
        if slope is None:
            near = scatter_near(axes, tops, 40, rng)
            found, reached = np.concatenate([found, near]), np.append(reached, values(near))
            tops = found[np.argsort(-reached, kind="stable")[:_CLIMBS]]
            continue
        tops = np.stack([_along(axes, top, slope) for top in tops])
        tops = np.stack([_across(axes, top, values, rng) for top in tops])
        found, reached = np.concatenate([found, tops]), np.append(reached, values(tops))
    return found[np.argsort(-reached, kind="stable")]


def _chosen(reached: Array, rng: np.random.Generator) -> NDArray[np.intp]:
    """The numbers of the two best starts and of some others, better ones more likely."""
    order = np.argsort(-reached, kind="stable")
    best, rest = order[:2], order[2:]
    if not len(rest):
        return best
    weights = np.exp(np.maximum(reached[rest] - reached[best[0]], -30.0))
    lots = rng.choice(rest, min(_CLIMBS - 2, len(rest)), replace=False, p=weights / weights.sum())
    return np.concatenate([best, lots])


def _along(axes: Sequence[Axis], start: Array, slope: Slope) -> Array:
    """Climb in the continua; the other parameters stay."""
    free = np.array([axis.places is None for axis in axes])
    if not free.any():
        return start

    def loss(place: Array) -> tuple[float, Array]:
        point = start.copy()
        point[free] = place
        value, gradient = slope(point)
        return -value, -gradient[free]

    ended = optimize.minimize(
        loss,
        start[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * int(free.sum()),
        options={"maxiter": _STEPS, "maxfun": 2 * _STEPS},
    )
    point = start.copy()
    point[free] = np.clip(ended.x, 0.0, 1.0)
    return point


def _across(axes: Sequence[Axis], start: Array, values: Values, rng: np.random.Generator) -> Array:
    """The best neighbour that differs in one grid or category, again and again until none is better."""
    point, reached = start, float(values(start[None, :])[0])
    for _ in range(4):
        near: list[Array] = []
        for j, axis in enumerate(axes):
            if axis.places is not None:
                others = axis.others(float(point[j]), rng)
                tried = np.repeat(point[None, :], len(others), axis=0)
                tried[:, j] = others
                near.append(tried)
        if not near:
            return point
        everywhere = np.concatenate(near)
        if len(everywhere) > _NEIGHBOURS:
            everywhere = rng.choice(everywhere, _NEIGHBOURS, replace=False)
        found = values(everywhere)
        top = int(found.argmax())
        if not found[top] > reached:
            return point
        point, reached = everywhere[top], float(found[top])
    return point


def _folded(column: Array) -> Array:
    """Back into [0, 1], reflected at the ends."""
    folded: Array = np.abs(np.mod(column + 1, 2) - 1)
    return folded
