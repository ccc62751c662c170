"""Which parameters matter: PED-ANOVA against another implementation, by hand, and where it says nothing."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from munshi.algorithms.importance import LEAST, importance
from munshi.algorithms.maths import ped_anova
from munshi.space import Categorical, Distribution, Double, Integer, Space

NUMERIC = Space(
    (
        Double("x", 0, 1),
        Double("lr", 1e-4, 1e-1, distribution=Distribution.LOG_UNIFORM),
        Integer("n", 1, 16),
        Double("noise", -5, 5),
    )
)
OPTUNA = {"x": 0.4994943877, "lr": 0.3233998468, "n": 0.0463915046, "noise": 0.0110054640}
"""What optuna 5.0.0's PedAnovaImportanceEvaluator says of these trials; its fifth parameter is left out."""


def trials(count: int = 400) -> tuple[list[dict[str, str]], list[float]]:
    """Points of five parameters and their values, the less the better; the same ones each time."""
    rng = random.Random(7)  # noqa: S311 - the same points for optuna and for us
    points, values = [], []
    for _ in range(count):
        x, lr, n = rng.random(), 10 ** rng.uniform(-4, -1), rng.randint(1, 16)
        act, noise = rng.choice(["relu", "tanh", "gelu"]), rng.uniform(-5, 5)
        value = (x - 0.3) ** 2 * 4 + 0.3 * (math.log10(lr) + 2.5) ** 2 + 0.01 * n
        values.append(value + {"relu": 0, "tanh": 0.3, "gelu": 0.15}[act])
        points.append({"x": str(x), "lr": str(lr), "n": str(n), "act": act, "noise": str(noise)})
    return points, values


def test_numeric_parameters_are_rated_as_optuna_rates_them() -> None:
    """On 400 trials the parts of four numeric parameters differ from optuna's by less than 0.01."""
    points, values = trials()
    total = sum(OPTUNA.values())
    wanted = {name: part / total for name, part in OPTUNA.items()}
    assert importance(NUMERIC, points, values, maximize=False) == pytest.approx(wanted, abs=0.01)


def test_a_category_is_rated_by_counting() -> None:
    """With places 0 and 1 equally frequent and only 0 among the best, D is that of the counted chances."""
    places = np.array([0.0, 1.0] * 50)
    top = np.zeros(100, dtype=np.bool_)
    top[:20:2] = True
    p = [(10 + 0.5) / 11, 0.5 / 11]
    by_hand = sum((each - 0.5) ** 2 / 0.5 for each in p)
    assert ped_anova.unordered(places, top, 2) == pytest.approx(by_hand)


def test_maximizing_is_minimizing_the_opposite() -> None:
    """Values with their sign turned, maximized, give the same parts; and those add up to 1."""
    points, values = trials(100)
    space = Space((*NUMERIC, Categorical("act", ("relu", "tanh", "gelu"))))
    least = importance(space, points, values, maximize=False)
    assert importance(space, points, [-each for each in values], maximize=True) == least
    assert sum(least.values()) == pytest.approx(1)
    assert list(least) == ["x", "lr", "n", "noise", "act"]


NOTHING: dict[str, tuple[int, float]] = {
    "there are fewer trials than LEAST": (LEAST - 1, 1.0),
    "all values are the same": (50, 0.0),
}


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_is_told_where_nothing_can_be(case: str) -> None:
    """No parts are made up where there is nothing to tell."""
    count, scale = NOTHING[case]
    points, values = trials(count)
    assert importance(NUMERIC, points, [scale * each for each in values], maximize=False) == {}


def test_points_outside_and_parameters_that_stand_still_say_nothing() -> None:
    """Trials outside the space, or without a parameter, are passed over; what does not vary has part 0."""
    points, values = trials(60)
    strange = [
        {**one, "lr": "7", "n": "4"} if at % 3 == 0 else {**one, "n": "4"}
        for at, one in enumerate(points)
    ]
    parts = importance(NUMERIC, [*strange, {}], [*values, math.nan], maximize=False)
    assert parts["n"] == 0
    assert parts["x"] > parts["noise"]
