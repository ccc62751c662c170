"""The search distribution of CMA-ES, and how it moves towards the better half of a generation.

Hansen, 2016, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772; equation numbers are his. With
active (negative) weights. Points may come from an earlier distribution, as they do when trials run side by
side: steps that are far too long for the present one are shortened (Hansen, 2011, "Injecting External
Solutions Into CMA-ES", arXiv:1110.4181).

    n        dimensions
    lam      points of a generation; mu: how many of them are the better half
    m        mean, (n,)
    sigma    overall step size
    C        shape of the distribution, (n, n): N(m, sigma² C)
    B, D     C = B diag(D²) B^T
    y        steps in units of sigma, (lam, n): (x - m) / sigma
    w        weights of the ranks, (lam,): positive for the better half, negative for the others
    p_sigma  path for the step size, (n,); p_c: path for the shape, (n,)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from munshi.algorithms.maths.normal import Array

_SMALLEST = 1e-30  # of an eigenvalue: the shape must stay positive definite in floating point


@dataclass(frozen=True)
class Rates:
    """What depends on the size of the problem and of the generation alone (table 1 of the tutorial)."""

    weights: Array
    mu: int
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float
    chi: float


@lru_cache(maxsize=64)
def rates(n: int, lam: int) -> Rates:
    """The default rates for n dimensions and generations of lam points; both at least 1, lam at least 2."""
    raw = math.log((lam + 1) / 2) - np.log(np.arange(1, lam + 1))
    mu = lam // 2
    mu_eff = float(raw[:mu].sum() ** 2 / (raw[:mu] ** 2).sum())
    mu_minus = float(raw[mu:].sum() ** 2 / (raw[mu:] ** 2).sum())
    c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)
    c_mu = min(1 - c_1 - 1e-8, 2 * (mu_eff - 2 + 1 / mu_eff) / ((n + 2) ** 2 + mu_eff))
    negative = 1 + 2 * mu_minus / (mu_eff + 2)
    if c_mu > 0:
        negative = min(negative, 1 + c_1 / c_mu, (1 - c_1 - c_mu) / (n * c_mu))
    good, bad = raw[raw > 0].sum(), -raw[raw < 0].sum()
    return Rates(
        weights=np.where(raw >= 0, raw / good, raw * negative / bad),
        mu=mu,
        mu_eff=mu_eff,
        c_sigma=(mu_eff + 2) / (n + mu_eff + 5),
        d_sigma=1
        + 2 * max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1)
        + (mu_eff + 2) / (n + mu_eff + 5),
        c_c=(4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n),
        c_1=c_1,
        c_mu=c_mu,
        chi=math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
    )


@dataclass(frozen=True)
class Distribution:
    """Where the next points are drawn from, and the paths it came by; letters as above."""

    mean: Array
    sigma: float
    shape: Array
    p_sigma: Array
    p_c: Array
    generation: int = 0

    @staticmethod
    def begin(mean: Array, sigma: float) -> Distribution:
        """A round one."""
        n = mean.size
        return Distribution(mean, sigma, np.eye(n), np.zeros(n), np.zeros(n))

    @cached_property
    def axes(self) -> tuple[Array, Array]:
        """B (n, n) and D (n,)."""
        squares, axes = np.linalg.eigh((self.shape + self.shape.T) / 2)
        return axes, np.sqrt(np.maximum(squares, _SMALLEST))

    @property
    def deviations(self) -> Array:
        """The standard deviation of each coordinate, (n,)."""
        return self.sigma * np.sqrt(np.maximum(np.diag(self.shape), 0.0))

    def sample(self, rng: np.random.Generator) -> Array:
        """One point, (n,)."""
        axes, lengths = self.axes
        return self.mean + self.sigma * (axes @ (lengths * rng.standard_normal(self.mean.size)))

    def told(self, points: Array, *, clip: bool = True) -> Distribution:
        """The distribution after a generation.

        Args:
            points: (lam, n), the best first.
            clip: Shorten steps that this distribution would hardly have made. O(lam · n² + n³) time.
        """
        lam, n = points.shape
        r = rates(n, lam)
        axes, lengths = self.axes
        whiten = (axes / lengths) @ axes.T
        y = (points - self.mean) / self.sigma
        z = y @ whiten
        if clip:
            longest = math.sqrt(n) + 2 * n / (n + 2)
            shorter = np.minimum(1.0, longest / np.maximum(np.linalg.norm(z, axis=1), 1e-300))
            y, z = y * shorter[:, None], z * shorter[:, None]
        w = r.weights
        step = w[: r.mu] @ y[: r.mu]  # (41)
        p_sigma = (1 - r.c_sigma) * self.p_sigma + math.sqrt(
            r.c_sigma * (2 - r.c_sigma) * r.mu_eff
        ) * (whiten @ step)  # (43)
        length = float(np.linalg.norm(p_sigma))
        sigma = self.sigma * math.exp(
            min(1.0, r.c_sigma / r.d_sigma * (length / r.chi - 1))
        )  # (44)
        fading = math.sqrt(1 - (1 - r.c_sigma) ** (2 * (self.generation + 1)))
        calm = float(length / fading < (1.4 + 2 / (n + 1)) * r.chi)
        p_c = (1 - r.c_c) * self.p_c + calm * math.sqrt(
            r.c_c * (2 - r.c_c) * r.mu_eff
        ) * step  # (45)
        scaled = w * np.where(w >= 0, 1.0, n / ((z * z).sum(axis=1) + 1e-8))  # (46)
        missed = (1 - calm) * r.c_c * (2 - r.c_c)
        shape = (
            (1 + r.c_1 * missed - r.c_1 - r.c_mu * float(w.sum())) * self.shape
            + r.c_1 * np.outer(p_c, p_c)
            + r.c_mu * (y.T * scaled) @ y
        )  # (47)
        return replace(
            self,
            mean=self.mean + self.sigma * step,
            sigma=sigma,
            shape=shape,
            p_sigma=p_sigma,
            p_c=p_c,
            generation=self.generation + 1,
        )
