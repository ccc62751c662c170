"""A column of history, from texts to the unit interval, all rows at once.

    n        rows
    x        a parameter's values, (n,)
    u        their probabilities under the parameter's distribution, in [0, 1]
    cells    (3, n): the low edge, the middle and the high edge of each value's bin of the unit
             interval; in a continuum all three are u, for a category all three are its place in
             the list. A row of NaN is a value outside the parameter.

Ten thousand rows of eight parameters would take the methods of `space.parameter` a good part of a
second; these are the same sums on arrays, and a test holds them equal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from munshi.algorithms.maths import normal
from munshi.algorithms.maths.normal import Array
from munshi.space import Categorical, Double, Integer, Parameter
from munshi.space.axis import Axis
from munshi.space.text import read_doubles

_TOLERANCE = 1e-6  # steps; the columns' sums may be a little less exact than the parameters' own


def encode(parameter: Parameter, texts: Sequence[str | None]) -> Array:
    """The cells (3, n) of a column of texts; None and texts outside the parameter become NaN."""
    if isinstance(parameter, Double | Integer):
        x = np.array(read_doubles(texts), dtype=np.float64)
        if isinstance(parameter, Integer):
            x[x != np.rint(x)] = np.nan
        with np.errstate(all="ignore"):  # outside values may overflow on their way to NaN
            return (
                _continuum(parameter, x) if parameter.cardinality is None else _grid(parameter, x)
            )
    places = {written: _place(parameter, written) for written in set(texts)}
    k = np.array([places[written] for written in texts], dtype=np.float64)
    if isinstance(parameter, Categorical):
        return np.stack([k, k, k])
    return _even(k, parameter.cardinality)


def _place(parameter: Parameter, written: str | None) -> float:
    value = None if written is None else parameter.read(written)
    if value is None:
        return math.nan
    return parameter.index_of(value)  # type: ignore[arg-type]  # from this very parameter


def _continuum(parameter: Double | Integer, x: Array) -> Array:
    assert parameter.axis is not None, "a continuum has an axis"  # noqa: S101  # by construction
    inside = (x >= parameter.min) & (x <= parameter.max)
    u = _cdf(parameter.axis, np.where(inside, x, np.nan))
    return np.stack([u, u, u])


def _grid(parameter: Double | Integer, x: Array) -> Array:
    low, step, count = float(parameter.min), float(parameter.step or 1), parameter.cardinality or 1
    steps = (x - low) / step if math.isfinite(parameter.max - low) else x / step - low / step
    k = np.clip(np.rint(steps), 0, count - 1)
    near = _TOLERANCE * step + 4 * math.ulp(max(abs(low), abs(float(parameter.max))))
    k = np.where(np.abs(x - (low + k * step)) <= near, k, np.nan)
    if parameter.axis is None:
        return _even(k, count)
    start = np.where(k == 0, 0.0, _cdf(parameter.axis, low + (k - 0.5) * step))
    end = np.where(k == count - 1, 1.0, _cdf(parameter.axis, low + (k + 0.5) * step))
    return np.stack([start, start + (end - start) / 2, end])


def _even(k: Array, count: int) -> Array:
    start, end = k / count, (k + 1) / count
    return np.stack([start, start + (end - start) / 2, end])


def _cdf(axis: Axis, x: Array) -> Array:
    """`Axis.cdf` on an array."""
    if axis.log:
        start, end = math.log(axis.low), math.log(axis.high)
        t = (np.log(x) - start) / (end - start)
    elif math.isinf(axis.high - axis.low):
        t = (x / 2 - axis.low / 2) / (axis.high / 2 - axis.low / 2)
    else:
        t = (x - axis.low) / (axis.high - axis.low)
    first, last = axis.shape(axis.t_lo), axis.shape(axis.t_hi)
    shaped = normal.cdf(6 * (t - 0.5)) if axis.normal else t
    return np.clip((shaped - first) / (last - first), 0.0, 1.0)
