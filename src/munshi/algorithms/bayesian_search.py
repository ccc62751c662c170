"""The search of Bayesian optimization: a model of what is known, and the point that promises most.

The half of `bayesian_optimization` that needs scipy; it is loaded once a model is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from munshi.algorithms.history import History, cells_of
from munshi.algorithms.maths import acquisition, ascent, cube, gaussian_process, warping
from munshi.algorithms.maths.gaussian_process import GaussianProcess
from munshi.algorithms.maths.normal import Array
from munshi.algorithms.protocol import Assignments
from munshi.algorithms.taken import Taken
from munshi.space import Categorical, Parameter

_MOST = 1000
_MOST_FOR_SCALES = 200
_GRID = 4096
"""A grid of more places than this is searched as a continuum."""
_ALL = 2048
"""A space of at most so many points is looked at point by point."""
_SCATTERED = 384
_NEAR = 24
_ACQUISITIONS: Mapping[str, acquisition.Acquisition] = {
    "EI": acquisition.log_expected_improvement,
    "LCB": acquisition.upper_confidence_bound,
    "PI": acquisition.log_probability_of_improvement,
}


class Model(Protocol):
    """What is asked of a model of n points in d parameters, X as in `gaussian_process`."""

    @property
    def points(self) -> Array:
        """X, (n, d)."""

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and deviation at (m, d): both (m,)."""

    def believing(self, point: Array) -> Self:
        """The same with one more point (d,) that has the value expected there."""


class Search:
    """A model of the history, and the next points by it.

    Args:
        history: With at least one result.
        words: The settings that are words.
        seed: What trees are grown by.
    """

    def __init__(self, history: History, words: Mapping[str, str | None], seed: int) -> None:
        self._history, self._words = history, words
        self._axes = [_axis(parameter) for parameter in history.dimensions]
        choices = [
            parameter.cardinality if isinstance(parameter, Categorical) else 0
            for parameter in history.dimensions
        ]
        self._kinds = gaussian_process.Kinds(tuple(choices))
        places, values = _known(history)
        self._best_points = places[np.argsort(-values, kind="stable")[:4]]
        self._model: Model = self._fitted(places, values, seed)
        self._best = float(self._model.predict(places)[0].max())
        for place in history.cells[:, 1, history.is_pending].T:
            self._believe(place)

    def next(self, taken: Taken, rng: np.random.Generator) -> Assignments | None:
        """The most promising free point; None when all that were looked at are taken."""
        space = self._history.space
        promise = self._promise(rng)

        def values(points: Array) -> Array:
            return promise(*self._model.predict(points), self._best)[0]

        count = space.cardinality
        if count is not None and count <= _ALL:
            texts: list[Assignments] = [
                point for point in map(space.point, range(count)) if point not in taken
            ]
            places = self._places(texts)
            top = int(values(places).argmax())
            self._believe(places[top])
            return texts[top]
        starts = np.concatenate(
            [
                ascent.scatter(self._axes, _SCATTERED, rng),
                ascent.scatter_near(self._axes, self._best_points, _NEAR, rng),
            ]
        )
        found = ascent.ascend(self._axes, starts, values, self._slope(promise), rng)
        for place in found:
            point = self._text(place)
            if point not in taken and not self._is_known(place):
                self._believe(place)
                return point
        return None

    def _fitted(self, places: Array, values: Array, seed: int) -> Model:
        estimator = self._words["base_estimator"] or "GP"
        if estimator != "GP":
            from munshi.algorithms.maths.trees import Trees  # noqa: PLC0415

            return Trees(estimator, places, values, self._kinds, seed % 2**32)
        part = _part(values, _MOST_FOR_SCALES)
        hyperparameters = gaussian_process.fit(places[part], values[part], self._kinds)
        return GaussianProcess(places, values, self._kinds, hyperparameters)

    def _promise(self, rng: np.random.Generator) -> acquisition.Acquisition:
        name = self._words["acq_func"] or "EI"
        if name == "gp_hedge":
            name = ("EI", "LCB", "PI")[int(rng.integers(3))]
        return _ACQUISITIONS[name]

    def _slope(self, promise: acquisition.Acquisition) -> ascent.Slope | None:
        model = self._model
        if not isinstance(model, GaussianProcess) or self._words["acq_optimizer"] == "sampling":
            return None
        process, best = model, self._best

        def slope(point: Array) -> tuple[float, Array]:
            mean, deviation, by_mean, by_deviation = process.slope(point)
            value, of_mean, of_deviation = promise(np.array([mean]), np.array([deviation]), best)
            return float(value[0]), of_mean[0] * by_mean + of_deviation[0] * by_deviation

        return slope

    def _believe(self, place: Array) -> None:
        """Take a point for known, with the value the model expects there; it is the one to improve on."""
        self._best = max(self._best, float(self._model.predict(place[None, :])[0][0]))
        self._model = self._model.believing(place)

    def _is_known(self, place: Array) -> bool:
        return bool((np.abs(self._model.points - place).max(axis=1) < 1e-12).any())

    def _places(self, points: Sequence[Assignments]) -> Array:
        return cells_of(self._history.dimensions, points)[:, 1].T

    def _text(self, place: Array) -> Assignments:
        varied = {
            parameter.name: _written(parameter, float(u))
            for parameter, u in zip(self._history.dimensions, place, strict=True)
        }
        return {
            one.name: varied[one.name] if one.name in varied else one.write(one.at(0))
            for one in self._history.space
        }


def _known(history: History) -> tuple[Array, Array]:
    """Places (n, d) and values (n,), greater is better, of at most 1,000 trials that have ended."""
    ended = ~history.is_pending
    places, ranks = history.cells[:, 1, ended].T, history.ranks[ended]
    values = np.where(np.isnan(ranks), np.nanmax(ranks), ranks)
    part = _part(-values, _MOST)
    return places[part], warping.half_rank(-values[part])


def _part(values: Array, most: int) -> NDArray[np.intp]:
    """The numbers of the best and the latest of the values, half of each, in order; all when they are few."""
    if len(values) <= most:
        return np.arange(len(values))
    best = np.argsort(-values, kind="stable")[: most // 2]
    late = np.setdiff1d(np.arange(len(values)), best)[-(most // 2) :]
    return np.union1d(best, late)


def _axis(parameter: Parameter) -> ascent.Axis:
    count = parameter.cardinality
    if isinstance(parameter, Categorical):
        return ascent.Axis(np.arange(parameter.cardinality, dtype=np.float64), is_category=True)
    if count is None or count > _GRID:
        return ascent.Axis()
    texts = [parameter.write(parameter.at(k)) for k in range(count)]
    return ascent.Axis(cube.encode(parameter, texts)[1])


def _written(parameter: Parameter, place: float) -> str:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(place)]
    return parameter.write(parameter.from_unit(place))
