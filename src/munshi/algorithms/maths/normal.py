"""The normal distribution on arrays, without scipy.

    Φ(x)        probability of a standard normal value up to x
    φ(x)        its density
    mass(a, b)  Φ(b) - Φ(a), also far out in a tail, where the plain difference would be 0

Φ is interpolated: on each 64th between -38 and 0 its exact value and slope (math.erfc) make a
cubic Hermite piece, off by less than 1e-10, relatively by less than 1e-6 down to -8. Fast because a
lookup and three multiplications are all there is; the other half follows by symmetry.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_END = 38  # Φ(-38) is about the smallest double
_PER_UNIT = 64
_LAST = _END * _PER_UNIT - 1


def _pieces() -> tuple[Array, Array, Array, Array]:
    x = np.arange(-_END * _PER_UNIT, 1) / _PER_UNIT
    value = np.array([math.erfc(-node / math.sqrt(2)) / 2 for node in x.tolist()])
    slope = np.exp(-x * x / 2) / math.sqrt(2 * math.pi) / _PER_UNIT
    rise = np.diff(value)
    start, end = slope[:-1], slope[1:]
    return value[:-1], start, 3 * rise - 2 * start - end, start + end - 2 * rise


_A, _B, _C, _D = _pieces()


def cdf(x: Array) -> Array:
    """Φ of every element; any shape."""
    below = _lower(-np.abs(x))
    return np.where(x > 0, 1 - below, below)


def mass(a: Array, b: Array) -> Array:
    """Φ(b) - Φ(a) for a ≤ b, element by element; shapes as in any numpy operation."""
    right = a > 0  # both in the upper tail: mirror them into the lower one, where precision is
    return cdf(np.where(right, -a, b)) - cdf(np.where(right, -b, a))


def _lower(x: Array) -> Array:
    """Φ for x ≤ 0; -38 and below share one value of about 0; NaN stays NaN."""
    at = np.maximum((x + _END) * _PER_UNIT, 0.0)
    piece = np.minimum(np.nan_to_num(at).astype(np.intp), _LAST)
    s = at - piece
    curve: Array = _A[piece] + s * (_B[piece] + s * (_C[piece] + s * _D[piece]))
    return curve
