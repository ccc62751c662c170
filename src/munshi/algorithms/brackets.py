"""Hyperband's plan: which rungs there are, how many trials each has, and on how much resource.

    R       the largest resource a trial may be given
    eta     one in eta goes on to the next rung
    s       a bracket: its trials begin on R · eta^-s; s runs from s_max down to 0
    s_max   the largest s with eta^s <= R, at least 0
    n       trials in the bracket's first rung: ceil((s_max + 1) · eta^s / (s + 1))
    i       a rung: floor(n · eta^-i) trials on R · eta^(i - s) each; i runs from 0 to s

All in exact fractions: logarithms in floating point lose a bracket (R = 243, eta = 3). After the last
bracket the first one comes again. Where there are only so many settings to be had, each begins once: a
bracket takes no more than are left, and the plan ends with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count


@dataclass(frozen=True, slots=True)
class Rung:
    """Trials on the same resource, to be compared with one another.

    Attributes:
        start: The index of its first suggestion.
        size: How many trials it has, at least 1.
        resource: What each of them is given.
        number: Its place in the bracket, from 0; those of rung 0 are new, the others were promoted.
        bracket: Its bracket's s: how many rungs follow rung 0.
        below: The rung from which its trials come; None for rung 0.
    """

    start: int
    size: int
    resource: Fraction
    number: int
    bracket: int
    below: Rung | None = None

    @property
    def indexes(self) -> range:
        """The indexes of its suggestions."""
        return range(self.start, self.start + self.size)


def most(largest: Fraction, eta: Fraction) -> int:
    """s_max: the largest s with eta^s <= R; 0 when there is none. eta is above 1."""
    return next(s for s in count() if eta ** (s + 1) > largest)


def rung_of(index: int, largest: Fraction, eta: Fraction, choices: int | None) -> Rung | None:
    """The rung that a suggestion belongs to, or None after the end of the plan.

    Args:
        index: The suggestion's number, from 0.
        largest: R, above 0.
        eta: Above 1.
        choices: How many different settings there are apart from the resource; None for a continuum,
            whose plan never ends.
    """
    start, left = 0, choices
    while left != 0:
        begun = start
        for rung in rungs(largest, eta, left, start):
            start = rung.start + rung.size
            if index < start:
                return rung
            if left is not None and rung.below is None:
                left -= rung.size
        if left is None:  # over and over: not one by one
            start += (index - start) // (start - begun) * (start - begun)
    return None


def rungs(largest: Fraction, eta: Fraction, left: int | None, start: int = 0) -> Iterator[Rung]:
    """The rungs from the first bracket to the last, each drawn up when it is looked at.

    Args:
        largest: R, above 0.
        eta: Above 1.
        left: How many different settings may begin; None for a continuum.
        start: The index of the first suggestion.
    """
    s_max = most(largest, eta)
    for s in range(s_max, -1, -1):
        planned = math.ceil((s_max + 1) * eta**s / (s + 1))
        begin = planned if left is None else min(planned, left)
        if not begin:
            return
        left = None if left is None else left - begin
        below: Rung | None = None
        for i in range(s + 1):
            size = min(math.floor(planned / eta**i), begin)
            rung = Rung(start, size, largest * eta ** (i - s), i, s, below)
            yield rung
            below, start = rung, start + size
