"""The Tree-structured Parzen Estimator, one parameter at a time or all together.

Bergstra, Bardenet, Bengio and Kégl, 2011, "Algorithms for Hyper-Parameter Optimization", §4: split
the history into good and bad points, estimate the density l(x) of the good ones and g(x) of the
others, draw candidates from l and propose the one with the greatest l(x)/g(x). `tpe` has a density
for each parameter; `multivariate-tpe` one for all (Falkner et al., 2018; Watanabe, 2023), which
also sees that two parameters only work together.

What is particular here:

- Everything happens in the unit cube of the parameters' own distributions, so log ranges, normal
  ranges, ints, steps and discrete lists need no cases of their own; bins keep their width.
- Points still pending, and points that failed, stand on the bad side: no value is invented for them
  and yet nobody is sent there at once. A batch is built point by point, each seeing the ones
  before.
- The first points are random ones (the very points `random` would draw with the same seed).
- A finite space is never asked for the same point twice.
- No memory: index and seed give the chance, the history gives the rest. (Katib's tpe gave every
  point of a batch the same coordinates and started modelling after a single result.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from munshi.algorithms import settings as algorithm_settings
from munshi.algorithms.chance import draw_new, generator, seed_of
from munshi.algorithms.history import History, read_history
from munshi.algorithms.maths import cube, parzen
from munshi.algorithms.maths.normal import Array
from munshi.algorithms.order import in_order
from munshi.algorithms.protocol import Assignments, Reply, Request
from munshi.algorithms.settings import Setting
from munshi.algorithms.taken import Taken, exhausted_because
from munshi.errors import FieldFault
from munshi.space import Categorical, Parameter, Space

SETTINGS = (
    Setting(
        "gamma",
        "The good side holds ceil(gamma · sqrt(n)) of n points, at most 25; a tenth when not set.",
        whole=False,
        above=0,
        below=1,
    ),
    Setting(
        "prior_weight",
        "Weight of the parameter's own distribution against one observed point.",
        whole=False,
        default=1.0,
        above=0,
    ),
    Setting(
        "n_startup_trials",
        "Trials with a result before the model is used; random points until then.",
        default=10,
        at_least=0,
    ),
    Setting(
        "n_ei_candidates",
        "Candidates drawn for each point.",
        default=24,
        at_least=1,
        below=10_001,
        aliases=("n_EI_candidates",),
    ),
    algorithm_settings.RANDOM_STATE,
)

_LARGEST_GOOD_SIDE = 25
_ROUNDS = 4
"""Draws of candidates before a random free point is taken; only small finite spaces need two."""


class Tpe:
    """`algorithmName: tpe` and `multivariate-tpe`.

    Args:
        name: The name it goes by.
        joint: One density for all parameters together, rather than one for each.
    """

    settings = SETTINGS

    def __init__(self, name: str, joint: bool) -> None:
        self.name = name
        self.joint = joint

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """Only the settings can be at fault; every space will do."""
        del space, max_trial_count
        return algorithm_settings.read(SETTINGS, settings)[1]

    def suggest(self, request: Request) -> Reply:
        """Propose points where good trials are dense and bad ones rare.

        Args:
            request: Everything in it matters, the order of results and pending points apart.

        Returns:
            Points of the space; fewer than asked for when a finite space is used up.
            O(count · candidates · n · d) time for n trials, d parameters.

        Raises:
            AlgorithmRefused: The settings are faulty.
        """
        chosen = algorithm_settings.accepted(SETTINGS, request.settings, self.name)
        seed = seed_of(chosen, request.seed)
        seen = in_order(request)
        taken = Taken(request.space, (one.assignments for one in seen))
        history = read_history(request, seen)
        modelling = history.known >= (chosen["n_startup_trials"] or 0) and history.dimensions
        points: list[Assignments] = []
        for index in range(request.first_index, request.first_index + request.count):
            rng = generator(seed, index)
            point: Assignments | None = None
            if modelling:
                point = self._propose(history, chosen, taken, rng)
            if point is None:
                point = draw_new(request.space, taken, rng)
            if point is None:
                return Reply(
                    tuple(points), exhausted=True, because=exhausted_because(request.space)
                )
            taken.add(point)
            points.append(point)
            if modelling:
                history = history.with_pending(point)
        return Reply(tuple(points))

    def _propose(
        self,
        history: History,
        chosen: Mapping[str, float | None],
        taken: Taken,
        rng: np.random.Generator,
    ) -> Assignments | None:
        """The best candidate that is not taken, or None when the draws find only taken points."""
        if taken.exhausted:
            return None
        good, bad = _split(history, chosen["gamma"])
        everything = list(range(len(history.dimensions)))
        groups = [everything] if self.joint else [[j] for j in everything]
        prior_weight = chosen["prior_weight"] or 1.0
        models = [
            (
                group,
                _model(history, good, group, prior_weight),
                _model(history, bad, group, prior_weight),
            )
            for group in groups
        ]
        for _ in range(_ROUNDS):
            point = _best(history, models, int(chosen["n_ei_candidates"] or 1), taken, rng)
            if point is not None:
                return point
        return None


def _split(history: History, gamma: float | None) -> tuple[Array, Array]:
    """The good and the bad points' cells, each in the order of the indexes."""
    failed = np.isnan(history.ranks)
    n = history.ranks.size
    size = math.ceil(0.1 * n) if gamma is None else math.ceil(gamma * math.sqrt(n))
    size = min(max(size, 1), _LARGEST_GOOD_SIDE, n - int(failed.sum()))
    best = np.argsort(history.ranks, kind="stable")[
        :size
    ]  # NaN goes last; the earlier of two equals first
    good = np.zeros(n, dtype=bool)
    good[best] = True
    return history.cells[:, :, good], history.cells[:, :, ~good]


_Model = tuple[list[int], parzen.Parzen, parzen.Parzen]


def _model(history: History, cells: Array, group: list[int], prior_weight: float) -> parzen.Parzen:
    cells = cells[group]
    choices = [
        parameter.cardinality if isinstance(parameter, Categorical) else 0
        for parameter in (history.dimensions[j] for j in group)
    ]
    d, _, n = cells.shape
    single = len(group) == 1
    sigma = parzen.neighbour_bandwidths(cells[0, 1]) if single else parzen.joint_bandwidths(d, n)
    return parzen.Parzen(cells, choices, sigma, parzen.recency_weights(n), prior_weight)


def _best(
    history: History, models: Sequence[_Model], count: int, taken: Taken, rng: np.random.Generator
) -> Assignments | None:
    """Draw candidates from the good side and take the one where good most outweighs bad."""
    columns: list[list[str]] = [[] for _ in history.dimensions]
    scores = np.zeros(count)
    winner: dict[str, str] = {}
    for group, good, bad in models:
        drawn = good.sample(rng, count)
        for row, j in enumerate(group):
            columns[j] = _texts(history.dimensions[j], drawn[row])
        cells = np.stack([cube.encode(history.dimensions[j], columns[j]) for j in group])
        part = good.log_density(cells) - bad.log_density(cells)
        scores += part
        top = int(part.argmax())
        winner.update({history.dimensions[j].name: columns[j][top] for j in group})
    constant = {p.name: p.write(p.at(0)) for p in history.space if p.cardinality == 1}
    names = [p.name for p in history.space]
    rows = [
        dict(zip((p.name for p in history.dimensions), row, strict=True))
        for row in zip(*columns, strict=True)
    ]
    for candidate in (winner, *(rows[i] for i in np.argsort(-scores, kind="stable"))):
        point = {**constant, **candidate}
        if point not in taken:
            return {name: point[name] for name in names}
    return None


def _texts(parameter: Parameter, drawn: Array) -> list[str]:
    if isinstance(parameter, Categorical):
        return [parameter.choices[int(k)] for k in drawn]
    return [parameter.write(parameter.from_unit(u)) for u in drawn.tolist()]


TPE = Tpe("tpe", joint=False)
MULTIVARIATE_TPE = Tpe("multivariate-tpe", joint=True)
