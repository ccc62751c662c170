"""Random search: independent draws by the parameters' own distributions.

Bergstra and Bengio, 2012, "Random Search for Hyper-Parameter Optimization". The plainest of the
methods, and the one the others start with and are measured against. Unlike Katib's, it never
proposes a point of a finite space twice, and it carries on after a restart instead of starting
over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from munshi.algorithms import settings as algorithm_settings
from munshi.algorithms.chance import draw_new, generator, seed_of
from munshi.algorithms.protocol import Assignments, Pending, Reply, Request, Result
from munshi.algorithms.taken import Taken, exhausted_because
from munshi.errors import FieldFault
from munshi.space import Space

SETTINGS = (algorithm_settings.RANDOM_STATE,)


class Random:
    """`algorithmName: random`."""

    name = "random"
    settings = SETTINGS

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """Only the settings can be at fault; every space will do."""
        del space, max_trial_count
        return algorithm_settings.read(SETTINGS, settings)[1]

    def suggest(self, request: Request) -> Reply:
        """Draw points that were not handed out before.

        Whatever has become of earlier points makes no difference: suggestion i depends on the seed,
        on i and on the points with smaller indexes.

        Args:
            request: Only space, settings, seed, indexes and the points handed out are looked at.

        Returns:
            Points of the space; fewer than asked for when a finite space is used up.
            O(count · d) time for d parameters; in a finite space O(n · d) more for n points handed out.

        Raises:
            AlgorithmRefused: The settings are faulty.
        """
        chosen = algorithm_settings.accepted(SETTINGS, request.settings, self.name)
        seed = seed_of(chosen, request.seed)
        taken = Taken(request.space, earlier(request))
        points: list[Assignments] = []
        for index in range(request.first_index, request.first_index + request.count):
            point = draw_new(request.space, taken, generator(seed, index))
            if point is None:
                return Reply(
                    tuple(points), exhausted=True, because=exhausted_because(request.space)
                )
            taken.add(point)
            points.append(point)
        return Reply(tuple(points))


def earlier(request: Request) -> Iterator[Assignments]:
    """The points handed out before the ones now asked for."""
    seen: tuple[Result | Pending, ...] = (*request.results, *request.pending)
    return (point.assignments for point in seen if point.index < request.first_index)


RANDOM = Random()
