"""Where chance comes from, and drawing a point nobody has had.

One generator for each suggestion, seeded by (seed, index): nothing depends on how many points were
asked for at once, or on which worker drew the one before. PCG64 (O'Neill, 2014) seeded through
numpy's SeedSequence, whose streams numpy keeps stable across versions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from munshi.algorithms.taken import Taken
from munshi.space import Space

_TRIES = 64
"""Draws before counting what is left: in a space half free, all of them miss once in 2**64."""


def seed_of(settings: Mapping[str, float | None], seed: int) -> int:
    """The seed that holds: the author's random_state, or else the experiment's own."""
    chosen = settings.get("random_state")
    return abs(seed) if chosen is None else int(chosen)


def generator(seed: int, index: int) -> np.random.Generator:
    """The chance of suggestion `index` in an experiment seeded with `seed`; both at least 0."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index])))


def draw(space: Space, rng: np.random.Generator) -> dict[str, str]:
    """A point drawn by the parameters' own distributions."""
    return space.from_unit(rng.random(len(space)).tolist())


def draw_new(space: Space, taken: Taken, rng: np.random.Generator) -> dict[str, str] | None:
    """A point that is not taken, or None when a finite space is used up.

    Draws by the parameters' distributions; when that only finds taken points, picks one of those
    that are left, all equally likely. O(taken · log taken) at worst.
    """
    if taken.exhausted:
        return None
    for _ in range(_TRIES):
        point = draw(space, rng)
        if point not in taken:
            return point
    # More bits than the number of points needs, so that the remainder's bias is below 2**-64.
    bits = int.from_bytes(rng.bytes(taken.left.bit_length() // 8 + 9))
    return space.point(taken.free(bits % taken.left))
