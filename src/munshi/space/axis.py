"""The arithmetic of one numeric range: unit interval to value and back, through a distribution.

Every sampler thinks in numbers between 0 and 1; a parameter has a range, perhaps a logarithmic one,
perhaps with a preferred middle. An `Axis` is the cumulative distribution function that joins the
two, and its inverse. `parameter` builds one for each Double and Integer; nobody else calls it. It
knows neither text nor steps beyond the half step by which a grid's first and last points may reach
outside the range, so that they weigh as much as the others. `algorithms/maths/cube.py` does the
same sums on whole columns; a test holds the two together.

    x           a value
    t           its position: 0 at low, 1 at high; linear in x, or in ln x
    u           its probability: u = (S(t) - S(t_lo)) / (S(t_hi) - S(t_lo))
    S           the shape: the identity, or the normal CDF with mean 1/2 and deviation 1/6 (a range
                is six deviations wide, as Katib's normal has it; here the tails are cut off)
    t_lo, t_hi  where the axis ends: 0 and 1, or half a step further out for a grid
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

_SHAPE = NormalDist(0.5, 1 / 6)


@dataclass(frozen=True, slots=True)
class Axis:
    """A range [low, high] with low < high, and how likely its parts are.

    Attributes:
        low: The value at position 0; above 0 when `log`.
        high: The value at position 1.
        log: Positions are linear in the logarithm.
        normal: The middle is likelier: a truncated normal over positions.
        t_lo: The position where probability begins; below 0 for a grid.
        t_hi: The position where probability ends; half a step after the last point of a grid.
    """

    low: float
    high: float
    log: bool = False
    normal: bool = False
    t_lo: float = 0.0
    t_hi: float = 1.0

    def cdf(self, x: float) -> float:
        """The probability of a value up to `x`, in [0, 1]."""
        start, end = self.shape(self.t_lo), self.shape(self.t_hi)
        return min(1.0, max(0.0, (self.shape(self.position(x)) - start) / (end - start)))

    def quantile(self, u: float) -> float:
        """The value below which the part `u` of all probability lies; u in [0, 1]."""
        if not self.normal:
            return self.value(self.t_lo + u * (self.t_hi - self.t_lo))
        start, end = self.shape(self.t_lo), self.shape(self.t_hi)
        p = start + u * (end - start)
        t = _SHAPE.inv_cdf(p) if 0.0 < p < 1.0 else p
        return self.value(min(self.t_hi, max(self.t_lo, t)))

    def position(self, x: float) -> float:
        """Where `x` stands between low (0) and high (1); outside them beyond."""
        if self.log:
            start, end, at = math.log(self.low), math.log(self.high), math.log(x)
            return (at - start) / (end - start)
        width = self.high - self.low
        if math.isinf(width):  # a range wider than the largest double
            return (x / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return (x - self.low) / width

    def value(self, t: float) -> float:
        """The value at position `t`."""
        if self.log:
            start, end = math.log(self.low), math.log(self.high)
            return math.exp(start + t * (end - start))
        return self.low * (1.0 - t) + self.high * t

    def shape(self, t: float) -> float:
        """S(t): the untruncated probability up to position `t`."""
        return _SHAPE.cdf(t) if self.normal else t
