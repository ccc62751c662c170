"""Bayesian optimization: a model of the objective, asked where the most is to be gained.

Jones, Schonlau and Welch, 1998, "Efficient Global Optimization of Expensive Black-Box Functions". The model
is a Gaussian process (`maths.gaussian_process`) or trees (`maths.trees`); what is to be gained is the
expected improvement, taken as its logarithm (`maths.acquisition`).

What is particular here:

- Everything happens in the unit cube of the parameters' own distributions, categories apart, which are
  alike or not. Grids and categories are searched as such, not rounded afterwards (`maths.ascent`).
- Values below the median count by rank only, so a diverged trial does no harm (`maths.warping`).
- A failed trial has the worst value seen. A pending point has the value the model expects there, so
  nobody is sent there again, and a batch is built point by point.
- The first points are a Sobol sequence, shifted by the seed.
- No memory: index and seed give the chance, the history gives the rest. Of more than 1,000 results the
  500 best and the 500 latest make the model; of more than 200 a part makes the length-scales.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from munshi.algorithms import settings as algorithm_settings
from munshi.algorithms.chance import draw_new, generator, seed_of
from munshi.algorithms.history import History, read_history
from munshi.algorithms.order import in_order
from munshi.algorithms.protocol import Assignments, Reply, Request
from munshi.algorithms.settings import Setting, Word
from munshi.algorithms.sobol import shifted_point
from munshi.algorithms.taken import Taken, exhausted_because
from munshi.errors import FieldFault, MissingExtra
from munshi.space import Space

if TYPE_CHECKING:
    from munshi.algorithms.bayesian_search import Search

SETTINGS = (
    Word(
        "base_estimator",
        "The model: a Gaussian process, a random forest, extremely randomised or boosted trees.",
        choices=("GP", "RF", "ET", "GBRT"),
        default="GP",
    ),
    Setting(
        "n_initial_points",
        "Results before the model is used; points of a shifted Sobol sequence until then.",
        at_least=1,
    ),
    Word(
        "acq_func",
        "What is to be gained: EI (by its logarithm), LCB, PI, or one of the three by lot (gp_hedge).",
        choices=("EI", "LCB", "PI", "gp_hedge"),
        default="EI",
    ),
    Word(
        "acq_optimizer",
        "How the greatest gain is found: by sampling alone, or along gradients too, which trees have not.",
        choices=("auto", "sampling", "lbfgs"),
        default="auto",
    ),
    algorithm_settings.RANDOM_STATE,
)


class BayesianOptimization:
    """`algorithmName: bayesianoptimization`."""

    name = "bayesianoptimization"
    settings = SETTINGS

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """Settings, and the libraries that the model needs."""
        del space, max_trial_count
        faults = algorithm_settings.read(SETTINGS, settings)[1]
        if faults:
            return faults
        words = algorithm_settings.words(SETTINGS, settings)
        if words["acq_optimizer"] == "lbfgs" and words["base_estimator"] != "GP":
            problem = f'trees have no gradients, and base_estimator is "{words["base_estimator"]}"'
            return [FieldFault(("acq_optimizer",), problem, 'write "sampling", or leave it out')]
        missing = _missing(words["base_estimator"] or "GP")
        return [FieldFault((), str(missing), "")] if missing else []

    def suggest(self, request: Request) -> Reply:
        """Propose the points at which the most is to be gained, one after the other.

        Args:
            request: Everything in it matters, the order of results and pending points apart.

        Returns:
            Points of the space; fewer than asked for when a finite space is used up.

        Raises:
            AlgorithmRefused: The settings are faulty.
        """
        chosen = algorithm_settings.accepted(SETTINGS, request.settings, self.name)
        words = algorithm_settings.words(SETTINGS, request.settings)
        algorithm_settings.refuse(self.name, self.check(request.space, request.settings, None))
        seed = seed_of(chosen, request.seed)
        seen = in_order(request)
        taken = Taken(request.space, (one.assignments for one in seen))
        history = read_history(request, seen)
        d = len(history.dimensions)
        first = chosen["n_initial_points"]
        wanted = min(10, d + 3) if first is None else int(first)
        search: Search | None = None
        points: list[Assignments] = []
        for index in range(request.first_index, request.first_index + request.count):
            if taken.exhausted:
                return Reply(
                    tuple(points), exhausted=True, because=exhausted_because(request.space)
                )
            rng = generator(seed, index)
            if history.known >= max(wanted, 1) and d:
                if search is None:
                    search = _searching(history, words, seed)
                point = search.next(taken, rng)
            else:
                point = shifted_point(request.space, index, seed)
            if point is None or point in taken:
                point = draw_new(request.space, taken, rng)
            assert point is not None, "the space is not exhausted"  # noqa: S101
            taken.add(point)
            points.append(point)
        return Reply(tuple(points))


def _searching(history: History, words: Mapping[str, str | None], seed: int) -> Search:
    from munshi.algorithms.bayesian_search import Search  # noqa: PLC0415 - needs scipy

    return Search(history, words, seed)


def _missing(estimator: str) -> MissingExtra | None:
    if find_spec("scipy") is None:
        return MissingExtra("bayesianoptimization", "pip install 'munshi[bayes]'")
    if estimator != "GP" and find_spec("sklearn") is None:
        return MissingExtra(f"base_estimator {estimator}", "pip install 'munshi[trees]'")
    return None


BAYESIAN_OPTIMIZATION = BayesianOptimization()
