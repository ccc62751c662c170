"""The algorithm that picks the algorithm: by the space, the budget and how many trials run at once.

It looks at nothing that changes while the search goes on, so the choice stays what it is (unless the
author raises the budget), and says why in every reply. What it picks is a row of `CHOICES`, the first that
fits; whoever measures better changes that table and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec

from munshi.algorithms import registry
from munshi.algorithms import settings as algorithm_settings
from munshi.algorithms.protocol import Reply, Request
from munshi.errors import FieldFault
from munshi.space import Categorical, Space

SETTINGS = (algorithm_settings.RANDOM_STATE,)


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be searched, as far as the choice depends on it.

    Attributes:
        points: How many points the space has; None for a continuum.
        dimensions: How many parameters can vary.
        words: How many of them have no order.
        rough: How many of them are neither continuous nor fine (fewer than ten values).
        budget: maxTrialCount, if there is one.
        parallel: Trials at the same time.
    """

    points: int | None
    dimensions: int
    words: int
    rough: int
    budget: int | None
    parallel: int

    @staticmethod
    def of(request: Request) -> Case:
        """The case of a request."""
        free = [parameter for parameter in request.space if parameter.cardinality != 1]
        return Case(
            points=request.space.cardinality,
            dimensions=len(free),
            words=sum(isinstance(parameter, Categorical) for parameter in free),
            rough=sum((parameter.cardinality or 10) < 10 for parameter in free),
            budget=request.max_trial_count,
            parallel=request.parallel_trial_count,
        )

    def within(self, trials: int) -> bool:
        """Whether there is a budget and it is at most this."""
        return self.budget is not None and self.budget <= trials

    def beyond(self, trials: int) -> bool:
        """Whether there is a budget and it is at least this."""
        return self.budget is not None and self.budget >= trials


@dataclass(frozen=True, slots=True)
class Choice:
    """A row: take this when that holds.

    Attributes:
        name: An algorithm's name; passed over where there is none of that name.
        fits: Whether to take it.
        why: A sentence that may name the case's attributes in braces.
        needs: A package without which it is passed over.
    """

    name: str
    fits: Callable[[Case], bool]
    why: str
    needs: str = ""

    def is_there(self) -> bool:
        """Whether it can be asked here."""
        return registry.is_own(self.name) and (not self.needs or find_spec(self.needs) is not None)


CHOICES = (
    Choice(
        "grid",
        lambda case: (
            case.points is not None
            and (case.beyond(case.points) or (case.budget is None and case.points <= 100))
        ),
        "all {points} points of the space can be tried",
    ),
    Choice(
        "sobol",
        lambda case: case.within(case.parallel) and case.dimensions <= 20,
        "all {budget} trials run at once, so none can learn from another; these spread evenly",
    ),
    Choice(
        "bayesianoptimization",
        lambda case: case.within(150) and case.dimensions <= 20,
        "{budget} trials of {dimensions} parameters are few enough to weigh each of them carefully",
        needs="scipy",
    ),
    Choice(
        "cmaes",
        lambda case: (
            case.words == case.rough == 0
            and 2 <= case.dimensions <= 100
            and case.beyond(max(150, 30 * case.dimensions, 15 * case.parallel))
        ),
        "{budget} trials of {dimensions} parameters without lists are enough to learn which way it goes down",
    ),
    Choice(
        "tpe",
        lambda case: case.dimensions > 30,
        "{dimensions} parameters are too many for one model of all; each is modelled by itself",
    ),
    Choice(
        "multivariate-tpe",
        lambda _: True,
        "it copes with every kind of parameter, and sees which only work together",
    ),
)
"""The first row that fits is taken. Regret on Hartmann-6, median of three seeds, four at a time: `cmaes` and
`multivariate-tpe` both 0.44 after 100 trials, 0.04 and 0.21 after 200, 0.0003 and 0.16 after 400;
likewise on an ellipsoid. One by one, `bayesianoptimization` has the best mean rank after 30 and after 60
trials, and the best median on all four made-up problems with lists (`benchmarks/quality`)."""


class Auto:
    """`algorithmName: auto`, and what holds when an Experiment names none."""

    name = "auto"
    settings = SETTINGS

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """Only the settings can be at fault; for every space there is an algorithm."""
        del space, max_trial_count
        return algorithm_settings.read(SETTINGS, settings)[1]

    def suggest(self, request: Request) -> Reply:
        """What the algorithm that fits best proposes.

        Args:
            request: Which algorithm is taken depends on the space, the budget and the parallelism.

        Returns:
            Its reply; an ordinary one says which algorithm it is and why.

        Raises:
            AlgorithmRefused: The settings are faulty.
        """
        algorithm_settings.accepted(SETTINGS, request.settings, self.name)
        case = Case.of(request)
        choice = next(one for one in CHOICES if one.fits(case) and one.is_there())
        reply = registry.find(choice.name).suggest(request)
        if reply.exhausted or reply.waiting or not reply.assignments:
            return reply
        return replace(reply, because=f"{choice.name}: {_words(choice, case)}")


def _words(choice: Choice, case: Case) -> str:
    return choice.why.format(
        points=case.points, budget=case.budget, dimensions=case.dimensions, parallel=case.parallel
    )


AUTO = Auto()
