"""Classic test functions of a continuum, on boxes whose middle is not the optimum.

Formulas and optima as in Surjanovic and Bingham, "Virtual Library of Simulation Experiments"; the
Hartmann functions' constants are those of Picheny, Wagner and Ginsbourger, 2013.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from benchmarks.quality.problem import Problem, Values

Array = npt.NDArray[np.float64]

_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_A6 = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_P6 = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_A3 = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
_P3 = 1e-4 * np.array(
    [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]
)


def branin(x: Array) -> float:
    """Three equal valleys in two dimensions."""
    a = x[1] - 5.1 / (4 * math.pi**2) * x[0] ** 2 + 5 / math.pi * x[0] - 6
    return float(a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10)


def log_goldstein_price(x: Array) -> float:
    """Logarithm of a polynomial of degree 8 that spans six decades."""
    u, v = x
    first = 19 - 14 * u + 3 * u**2 - 14 * v + 6 * u * v + 3 * v**2
    second = 18 - 32 * u + 12 * u**2 + 48 * v - 36 * u * v + 27 * v**2
    return float(math.log((1 + (u + v + 1) ** 2 * first) * (30 + (2 * u - 3 * v) ** 2 * second)))


def hartmann3(x: Array) -> float:
    """Four bumps in three dimensions."""
    return float(-_ALPHA @ np.exp(-(_A3 * (x - _P3) ** 2).sum(axis=1)))


def hartmann6(x: Array) -> float:
    """Four bumps in six dimensions."""
    return float(-_ALPHA @ np.exp(-(_A6 * (x - _P6) ** 2).sum(axis=1)))


def rosenbrock(x: Array) -> float:
    """A long, bent valley."""
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def ackley(x: Array) -> float:
    """A funnel in a plain of ripples."""
    bowl = -20 * math.exp(-0.2 * math.sqrt((x**2).mean()))
    return float(bowl - math.exp(np.cos(2 * math.pi * x).mean()) + 20 + math.e)


def levy(x: Array) -> float:
    """Waves over a bowl."""
    w = 1 + (x - 1) / 4
    middle = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)).sum()
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return float(math.sin(math.pi * w[0]) ** 2 + middle + last)


def styblinski_tang(x: Array) -> float:
    """Two valleys in each dimension, one a little deeper."""
    return float((x**4 - 16 * x**2 + 5 * x).sum() / 2)


def rastrigin(x: Array) -> float:
    """A valley at every integer point."""
    return float((x**2 - 10 * np.cos(2 * math.pi * x) + 10).sum())


def michalewicz(x: Array) -> float:
    """Narrow crossing ravines."""
    i = np.arange(1, x.size + 1)
    return float(-(np.sin(x) * np.sin(i * x**2 / math.pi) ** 20).sum())


def ellipsoid(x: Array) -> float:
    """A bowl that is a hundred times steeper one way than another, away from the middle."""
    t = np.linspace(0, 1, x.size)
    return float((100**t * (x - 0.7 + 0.5 * t) ** 2).sum())


def _box(
    name: str, f: Callable[[Array], float], d: int, low: float, high: float, optimum: float
) -> Problem:
    names = [f"x{i}" for i in range(d)]

    def evaluate(values: Values) -> float:
        return f(np.array([values[one] for one in names], dtype=np.float64))

    return Problem(name, dict.fromkeys(names, (low, high)), evaluate, optimum)


def _branin(values: Values) -> float:
    return branin(np.array([values["x"], values["y"]]))


PROBLEMS = (
    Problem("branin", {"x": (-5.0, 10.0), "y": (0.0, 15.0)}, _branin, 0.39788735772973816),
    _box("log-goldstein-price", log_goldstein_price, 2, -2.0, 2.0, math.log(3)),
    _box("hartmann6", hartmann6, 6, 0.0, 1.0, -3.322368011415515),
    _box("rosenbrock4", rosenbrock, 4, -2.0, 3.0, 0.0),
    _box("ackley5", ackley, 5, -12.0, 20.0, 0.0),
    _box("levy6", levy, 6, -10.0, 10.0, 0.0),
    _box("styblinski-tang4", styblinski_tang, 4, -5.0, 5.0, 4 * -39.166165703771426),
    _box("rastrigin3", rastrigin, 3, -3.0, 5.0, 0.0),
    _box("michalewicz5", michalewicz, 5, 0.0, math.pi, -4.687658179),
    _box("ellipsoid8", ellipsoid, 8, -1.0, 1.0, 0.0),
)
