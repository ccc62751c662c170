"""Sobol search: points that fill the space evenly, however many there will be.

I. M. Sobol', 1967, with the direction numbers of Joe and Kuo, 2008. As in Katib the origin is
skipped and the dimensions go to the parameters in alphabetical order, those with a single value
included. With `random_state` every dimension gets a random digital shift (Cranley and Patterson's
idea in base 2: each coordinate's bits are xored with the same random word), which keeps the
evenness and makes every seed another sequence; without it the sequence is the classical one.

Ints fall into equal bins, so max is reached. In a finite space points that were handed out already
are passed over. Katib's service reads no settings, here `random_state` is known and others are
faults.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from munshi.algorithms import settings as algorithm_settings
from munshi.algorithms.maths import sobol
from munshi.algorithms.protocol import Assignments, Reply, Request
from munshi.algorithms.random import earlier
from munshi.algorithms.taken import Taken, exhausted_because
from munshi.errors import FieldFault
from munshi.space import Space

SETTINGS = (algorithm_settings.RANDOM_STATE,)

_TRIES = 1024
"""Points of the sequence to look at before simply the first free one of the space is taken."""


class Sobol:
    """`algorithmName: sobol`."""

    name = "sobol"
    settings = SETTINGS

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """Settings, and no more parameters than there are direction numbers."""
        del max_trial_count
        return algorithm_settings.read(SETTINGS, settings)[1] + _too_wide(space)

    def suggest(self, request: Request) -> Reply:
        """Hand out points of the sequence, from number first_index + 1 on.

        In a finite space the suggestion with index i is the first point of the sequence from
        number i + 1 on that was not handed out: those before it have all been handed out, so this
        walks the sequence without repetitions and without remembering where it stood.

        Args:
            request: Only the points handed out and the indexes are looked at.

        Returns:
            Points of the space; fewer than asked for when a finite space is used up.
            O(count · d) time for d parameters; in a finite space O(n · d) more for n points handed out,
            and up to 1,024 points of the sequence for each of its last free points.

        Raises:
            AlgorithmRefused: The settings are faulty, or there are too many parameters.
        """
        space = request.space
        algorithm_settings.refuse(self.name, _too_wide(space))
        chosen = algorithm_settings.accepted(SETTINGS, request.settings, self.name)
        key = chosen["random_state"]
        sequence = _Sequence(space, None if key is None else int(key))
        taken = Taken(space, earlier(request))
        points: list[Assignments] = []
        for index in range(request.first_index, request.first_index + request.count):
            if taken.exhausted:
                return Reply(tuple(points), exhausted=True, because=exhausted_because(space))
            point = _next_free(sequence, index + 1, taken)
            taken.add(point)
            points.append(point)
        return Reply(tuple(points))


def shifted_point(space: Space, index: int, seed: int) -> Assignments | None:
    """Point `index` of the sequence shifted by a seed, an even start for others; None where too wide."""
    if len(space) > sobol.DIMENSIONS:
        return None
    return _Sequence(space, seed).point(index + 1)


class _Sequence:
    """The sequence over one space."""

    def __init__(self, space: Space, key: int | None) -> None:
        self.space = space
        names = sorted(parameter.name for parameter in space)
        self.dimensions = [names.index(parameter.name) for parameter in space]
        self.shifts = [0] * len(space)
        if key is not None:
            words = np.random.SeedSequence([key]).generate_state(len(space), np.uint32)
            self.shifts = [int(words[dimension]) for dimension in self.dimensions]

    def point(self, n: int) -> dict[str, str]:
        """Point n as assignments."""
        pairs = zip(self.dimensions, self.shifts, strict=True)
        scale = float(1 << sobol.BITS)
        return self.space.from_unit(
            [(sobol.coordinate(n, d) ^ shift) / scale for d, shift in pairs]
        )


def _next_free(sequence: _Sequence, n: int, taken: Taken) -> dict[str, str]:
    for number in range(n, n + _TRIES):
        point = sequence.point(number)
        if point not in taken:
            return point
    return sequence.space.point(taken.free(0))


def _too_wide(space: Space) -> list[FieldFault]:
    if len(space) <= sobol.DIMENSIONS:
        return []
    problem = f"sobol serves up to {sobol.DIMENSIONS} parameters, and there are {len(space)}"
    return [FieldFault((), problem, "use random or tpe, or search fewer parameters at once")]


SOBOL = Sobol()
