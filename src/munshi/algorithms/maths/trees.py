"""Trees as models with an uncertainty: forests, and boosted trees. Needs scikit-learn.

    n, m, d    known points, points asked about, parameters; points as in `gaussian_process`

A forest's deviation is that among its trees' leaves (Hutter, Hoos and Leyton-Brown, 2011, "Sequential
Model-Based Optimization for General Algorithm Configuration", §4.1); of boosted trees it is half the distance
between the 16th and the 84th of a hundred quantiles.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn import ensemble

from munshi.algorithms.maths.gaussian_process import Kinds
from munshi.algorithms.maths.normal import Array

_TREES = 100
_LEAST = 1e-3


class _Regressor(Protocol):
    def predict(self, points: NDArray[np.floating]) -> Array: ...


class Trees:
    """A model of n points with their values.

    Args:
        name: RF, ET or GBRT.
        points: (n, d).
        values: (n,).
        kinds: Which parameters are categories.
        seed: The seed of all chance.
    """

    def __init__(self, name: str, points: Array, values: Array, kinds: Kinds, seed: int) -> None:
        self.points, self._values, self._seed = points, values, seed
        self._name, self._kinds, self._is_forest = name, kinds, name != "GBRT"
        features = kinds.features(points)
        self._fitted: list[_Regressor]
        if self._is_forest:
            make = ensemble.RandomForestRegressor if name == "RF" else ensemble.ExtraTreesRegressor
            forest = make(_TREES, min_samples_leaf=1, random_state=seed, n_jobs=1)
            self._fitted = list(forest.fit(features, values).estimators_)
            return
        self._fitted = [
            ensemble.GradientBoostingRegressor(
                loss="quantile", alpha=alpha, n_estimators=30, random_state=seed
            ).fit(features, values)
            for alpha in (0.16, 0.5, 0.84)
        ]

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and deviation at (m, d): both (m,)."""
        features = self._kinds.features(points).astype(np.float32)
        said = np.stack([one.predict(features) for one in self._fitted])
        if self._is_forest:
            return said.mean(axis=0), np.maximum(said.std(axis=0), _LEAST)
        return said[1], np.maximum((said[2] - said[0]) / 2, _LEAST)

    def believing(self, point: Array) -> Trees:
        """The same, grown anew with one more point (d,) that has the value expected there."""
        mean, _ = self.predict(point[None, :])
        points = np.concatenate([self.points, point[None, :]])
        values = np.append(self._values, mean)
        return Trees(self._name, points, values, self._kinds, self._seed)
