"""Grid search: every combination once.

A mixed-radix counter over the parameters; the index of the suggestion is the number of the
combination, so nothing is stored, nothing is made in advance, and a grid of 10^30 costs as much as
one of ten. Without `random_state` the combinations come in the order people read a table: the last
parameter changes fastest. With it they come shuffled, by a permutation that is computed for one
index at a time.

Katib shuffles always, unreproducibly unless seeded, materialises all combinations, and fails when
the last one is reported; here the experiment simply ends. A maxTrialCount above the number of
combinations is no fault for the same reason. Distributions do not matter to a grid (as in Katib).
"""

from __future__ import annotations

from collections.abc import Mapping

from munshi.algorithms import settings as algorithm_settings
from munshi.algorithms.maths.permutation import permuted
from munshi.algorithms.protocol import Reply, Request
from munshi.algorithms.taken import exhausted_because
from munshi.errors import FieldFault
from munshi.space import Space

SETTINGS = (algorithm_settings.RANDOM_STATE,)


class Grid:
    """`algorithmName: grid`."""

    name = "grid"
    settings = SETTINGS

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """Settings, and a step for every double: a continuum has no combinations to count."""
        del max_trial_count
        return algorithm_settings.read(SETTINGS, settings)[1] + _continuous(space)

    def suggest(self, request: Request) -> Reply:
        """Hand out combinations by their number, which is the index of the suggestion.

        Args:
            request: Neither results nor pending points are looked at.

        Returns:
            Combinations; fewer than asked for after the last one. O(count · d) time.

        Raises:
            AlgorithmRefused: The settings are faulty, or a double has no step.
        """
        space = request.space
        algorithm_settings.refuse(self.name, _continuous(space))
        chosen = algorithm_settings.accepted(SETTINGS, request.settings, self.name)
        total = space.cardinality or 0
        end = request.first_index + request.count
        indexes = range(request.first_index, min(end, total))
        key = chosen["random_state"]
        numbers = indexes if key is None else [permuted(i, total, int(key)) for i in indexes]
        points = tuple(space.point(number) for number in numbers)
        if end > total:
            return Reply(points, exhausted=True, because=exhausted_because(space))
        return Reply(points)


def _continuous(space: Space) -> list[FieldFault]:
    return [
        FieldFault(
            (),
            f'parameter "{parameter.name}" is a double without step: grid cannot count its values',
            "give its feasibleSpace a step, or use another algorithm such as sobol or tpe",
        )
        for parameter in space
        if parameter.cardinality is None
    ]


GRID = Grid()
