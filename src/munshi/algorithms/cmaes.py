"""CMA-ES: a bell over the space that moves, stretches and turns towards the better half of its points.

Hansen, 2016, "The CMA Evolution Strategy: A Tutorial" (the bell: `maths/cma`), in the unit cube of the
parameters' own distributions: a parameter from 1e-5 to 1 and one from 16 to 512 are equally wide.

- A generation is the next so many results in the order of their indexes, whatever distribution they were
  drawn from. Nothing waits for a generation to be complete: until then its distribution is drawn from
  again. So nothing is remembered, and parallelTrialCount blocks nobody; generations are never smaller.
- Ints, steps and discrete lists are rounded. So that the bell cannot shrink into one value, a small
  probability of the neighbouring values is kept (the margin of Hamano, Saito, Nomura and Shirakawa, 2022,
  "CMA-ES with Margin"). Each categorical parameter has probabilities of its own that move towards the better
  half and keep a margin likewise (Hamano et al., 2024, "CatCMA").
- Failed trials are the worst of their generation; one in which all failed moves nothing.
- When a run has converged `restart_strategy` says how to go on (`maths/restarts`); `none` draws at random.

Why it is not the package `cmaes`: its chance and its state live in an object, while here any worker has to
come to the same point from the history alone, also after an update of a package, and a single
parameter must do. It is an oracle of the tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from munshi.algorithms import settings as algorithm_settings
from munshi.algorithms.chance import draw_new, generator, seed_of
from munshi.algorithms.maths import cube, normal, restarts
from munshi.algorithms.maths.cma import Distribution, rates
from munshi.algorithms.maths.normal import Array
from munshi.algorithms.maths.restarts import Run
from munshi.algorithms.order import in_order, loss
from munshi.algorithms.protocol import Assignments, Reply, Request, Result
from munshi.algorithms.settings import Setting, Word
from munshi.algorithms.taken import Taken, exhausted_because
from munshi.errors import FieldFault
from munshi.space import Categorical, Parameter, Space

SETTINGS: tuple[Setting | Word, ...] = (
    Setting(
        "sigma",
        "Width of the bell at first, as a part of every parameter's range (of its probability).",
        whole=False,
        default=0.2,
        above=0,
    ),
    Word(
        "restart_strategy",
        "What to do when a run has converged.",
        (restarts.NONE, restarts.IPOP, restarts.BIPOP),
        restarts.NONE,
    ),
    algorithm_settings.RANDOM_STATE,
)

_TRIES = 64
"""Draws of a point that is in the cube and not taken, before others are taken."""
_NARROW = 1e-8
"""Of the unit interval: a bell narrower than this in every direction has converged."""
_FLAT = 1e-12
"""Generations whose best values differ by less than this have converged."""
_MARGIN = 0.73
"""CMA-ES with Margin: with this probability no parameter leaves its value by the margin alone."""


class CmaEs:
    """`algorithmName: cmaes`."""

    name = "cmaes"
    settings = SETTINGS

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """Only the settings can be at fault; every space will do, also one of a single parameter."""
        del space, max_trial_count
        return algorithm_settings.read(SETTINGS, settings)[1]

    def suggest(self, request: Request) -> Reply:
        """Draw from the distribution to which the results so far have led.

        Args:
            request: Everything in it matters, but for the order of results and pending points.

        Returns:
            Points of the space; fewer than asked for when a finite space is used up. O(n · d² + g · d³ +
            count · d²) time for n results in g generations, d parameters.

        Raises:
            AlgorithmRefused: The settings are faulty.
        """
        values = algorithm_settings.accepted(SETTINGS, request.settings, self.name)
        strategy = algorithm_settings.words(SETTINGS, request.settings)["restart_strategy"]
        seed = seed_of(values, request.seed)
        state = _replayed(request, values["sigma"] or 0.2, strategy or restarts.NONE, seed)
        taken = Taken(request.space, (one.assignments for one in in_order(request)))
        points: list[Assignments] = []
        for index in range(request.first_index, request.first_index + request.count):
            rng = generator(seed, index)
            point = state.draw_new(taken, rng) or draw_new(request.space, taken, rng)
            if point is None:
                because = exhausted_because(request.space)
                return Reply(tuple(points), exhausted=True, because=because)
            taken.add(point)
            points.append(point)
        return Reply(tuple(points))


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of the space can vary.

    Attributes:
        space: All of it.
        numbers: Parameters with an order.
        words: Parameters without one.
        margin: The least probability with which each that is not continuous leaves its value.
    """

    space: Space
    numbers: tuple[Parameter, ...]
    words: tuple[Categorical, ...]
    margin: float

    @staticmethod
    def of(space: Space) -> _Shape:
        """The shape of a space."""
        free = [parameter for parameter in space if parameter.cardinality != 1]
        words = tuple(p for p in free if isinstance(p, Categorical))
        numbers = tuple(p for p in free if not isinstance(p, Categorical))
        rough = len(words) + sum(p.cardinality is not None for p in numbers)
        return _Shape(space, numbers, words, 1 - _MARGIN ** (1 / rough) if rough else 0.0)

    @property
    def dimensions(self) -> int:
        """How many parameters can vary."""
        return len(self.numbers) + len(self.words)


@dataclass(frozen=True, slots=True)
class _State:
    """Where the search stands.

    Attributes:
        shape: Of the space.
        bell: Over the numbers.
        chances: For each word the probability of each choice.
        bests: The best value of each generation of this run.
        run: The present one.
        over: It has converged and nothing follows.
    """

    shape: _Shape
    bell: Distribution
    chances: tuple[Array, ...]
    run: Run
    bests: tuple[float, ...] = ()
    over: bool = False

    @staticmethod
    def begin(shape: _Shape, run: Run, sigma: float, mean: Array) -> _State:
        """A run at its start; every choice is equally likely."""
        chances = tuple(np.full(p.cardinality, 1 / p.cardinality) for p in shape.words)
        return _State(shape, Distribution.begin(mean, sigma * run.narrowing), chances, run)

    def told(self, numbers: Array, words: Array, losses: Array) -> _State:
        """After a generation: numbers (lam, d) in the unit cube, words (lam, k), losses (lam,)."""
        if not np.isfinite(losses).any():
            return self
        order = np.argsort(losses, kind="stable")  # the earlier of two equals first
        r = rates(max(1, self.shape.dimensions), losses.size)
        chances = tuple(
            _moved(chance, words[order[: r.mu], j], r.weights[: r.mu], r.mu_eff, self.shape)
            for j, chance in enumerate(self.chances)
        )
        bell = self.bell.told(numbers[order]) if self.shape.numbers else self.bell
        bests = (*self.bests, float(losses.min()))
        return replace(self, bell=bell, chances=chances, bests=bests)

    @property
    def converged(self) -> bool:
        """Nothing more is to be expected of this run."""
        window = 10 + math.ceil(30 * max(1, self.shape.dimensions) / self.run.size)
        recent = self.bests[-window:]
        flat = len(recent) == window and max(recent) - min(recent) < _FLAT
        continuous = any(p.cardinality is None for p in self.shape.numbers)
        wide = self.bell.deviations
        return (
            flat or (continuous and bool(wide.max() < _NARROW)) or bool(wide.max(initial=0) > 1e4)
        )

    def draw_new(self, taken: Taken, rng: np.random.Generator) -> dict[str, str] | None:
        """A point that is not taken; None when the draws find only taken ones, and once it is over."""
        if self.over or not self.shape.dimensions or taken.exhausted:
            return None
        for _ in range(_TRIES):
            point = self._draw(rng)
            if point not in taken:
                return point
        return None

    def _draw(self, rng: np.random.Generator) -> dict[str, str]:
        coordinates = {}
        for parameter, u, deviation, mean in zip(
            self.shape.numbers,
            self._inside(rng).tolist(),
            self.bell.deviations.tolist(),
            np.clip(self.bell.mean, 0.0, 1.0).tolist(),
            strict=True,
        ):
            kept = _with_margin(parameter, u, mean, deviation, self.shape.margin, rng)
            coordinates[parameter.name] = parameter.write(parameter.from_unit(kept))
        for word, chance in zip(self.shape.words, self.chances, strict=True):
            place = int(np.searchsorted(np.cumsum(chance), rng.random(), side="right"))
            coordinates[word.name] = word.choices[min(place, word.cardinality - 1)]
        return {p.name: coordinates.get(p.name) or p.write(p.at(0)) for p in self.shape.space}

    def _inside(self, rng: np.random.Generator) -> Array:
        for _ in range(_TRIES):
            point = self.bell.sample(rng)
            if bool(((point >= 0) & (point <= 1)).all()):
                return point
        return np.clip(point, 0.0, 1.0)


def _with_margin(
    parameter: Parameter,
    u: float,
    mean: float,
    deviation: float,
    margin: float,
    rng: np.random.Generator,
) -> float:
    """The coordinate, or one of the value beside the mean's, as often as is missing to the margin."""
    if parameter.cardinality is None:
        return u
    low, high = parameter.bin(parameter.from_unit(mean))  # type: ignore[arg-type]  # its own value
    if not low <= u <= high:
        return u
    edges = np.array([low - mean, mean - high]) / max(deviation, 1e-300)
    leaves = float(np.sum(normal.cdf(edges)))
    if rng.random() * (1 - leaves) >= margin - leaves:
        return u
    beside = [
        edge for edge in (math.nextafter(low, -1.0), math.nextafter(high, 2.0)) if 0 <= edge <= 1
    ]
    return beside[int(rng.random() * len(beside))] if beside else u


def _moved(chance: Array, places: Array, weights: Array, mu_eff: float, shape: _Shape) -> Array:
    """The probabilities of a word's choices after a generation, none below the margin's share."""
    found = np.bincount(places.astype(int), weights=weights, minlength=chance.size)
    rate = mu_eff / (mu_eff + shape.dimensions * chance.size)
    floor = shape.margin / (chance.size - 1) if chance.size > 1 else 0.0
    moved = np.maximum((1 - rate) * chance + rate * found, min(floor, 1 / chance.size))
    above = moved - min(floor, 1 / chance.size)
    spare = float(above.sum())
    levelled: Array = moved - (float(moved.sum()) - 1) * above / spare if spare > 0 else moved
    return levelled


def _replayed(request: Request, sigma: float, strategy: str, seed: int) -> _State:
    """The state to which the results lead, a generation after the other."""
    shape = _Shape.of(request.space)
    numbers, words, losses = _table(request, shape)
    usual = 4 + math.floor(3 * math.log(max(1, shape.dimensions)))
    first = max(usual, request.parallel_trial_count)
    past: list[tuple[Run, int]] = []
    state = _State.begin(shape, Run(first), sigma, np.full(len(shape.numbers), 0.5))
    at = begun = 0
    while not state.over and at + state.run.size <= losses.size:
        part = slice(at, at + state.run.size)
        state = state.told(numbers[part], words[part], losses[part])
        at = part.stop
        if not state.converged:
            continue
        if strategy == restarts.NONE:
            return replace(state, over=True)
        past.append((state.run, at - begun))
        rng = np.random.default_rng([seed, len(past), 0])
        run = restarts.following(strategy, first, past, rng)
        state = _State.begin(shape, run, sigma, rng.random(len(shape.numbers)))
        begun = at
    return state


def _table(request: Request, shape: _Shape) -> tuple[Array, Array, Array]:
    """The results in the unit cube (n, d), their choices (n, k) and losses (n,), in order."""
    seen = [one for one in in_order(request) if isinstance(one, Result)]
    points = [one.assignments for one in seen]
    losses = np.array([loss(one, request.maximize) for one in seen], dtype=np.float64)
    numbers = _columns(shape.numbers, points)
    words = _columns(shape.words, points)
    inside = ~(np.isnan(numbers).any(axis=1) | np.isnan(words).any(axis=1))
    return numbers[inside], words[inside], losses[inside]


def _columns(parameters: Sequence[Parameter], points: Sequence[Assignments]) -> Array:
    """The middles of the cells: (n, parameters)."""
    table = np.empty((len(points), len(parameters)))
    for j, parameter in enumerate(parameters):
        table[:, j] = cube.encode(parameter, [point.get(parameter.name) for point in points])[1]
    return table


CMAES = CmaEs()
