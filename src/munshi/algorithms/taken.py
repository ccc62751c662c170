"""The points of a finite space that were handed out already.

Random search, Sobol points and TPE ask it before they propose, so that a finite space is walked
through once and then known to be exhausted. In a continuum it does nothing: two draws meet with
probability nil. Points are remembered by their number in the space, never by listing the space.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from munshi.space import Parameter, Space


class Taken:
    """A set of points of one space.

    Args:
        space: The space; points outside it are ignored.
        points: What was handed out.
    """

    def __init__(self, space: Space, points: Iterable[Mapping[str, str]] = ()) -> None:
        self._cardinality = space.cardinality
        self._indexes: set[int] = set()
        # For each parameter, text -> digit of the odometer (None: outside): most texts recur.
        self._digits: list[dict[str, int | None]] = [{} for _ in space]
        self._space = space
        if self._cardinality is not None:  # a continuum has nothing to remember
            for point in points:
                self.add(point)

    def add(self, point: Mapping[str, str]) -> None:
        """Remember a point."""
        index = self._index(point)
        if index is not None:
            self._indexes.add(index)

    def __contains__(self, point: Mapping[str, str]) -> bool:
        return self._index(point) in self._indexes

    @property
    def exhausted(self) -> bool:
        """Is every point of the space taken?"""
        return self._cardinality is not None and self.left == 0

    @property
    def left(self) -> int:
        """How many points of a finite space are free."""
        return (self._cardinality or 0) - len(self._indexes)

    def free(self, rank: int) -> int:
        """The number of the rank-th free point (from 0) of a finite space, in the space's order."""
        index = rank
        for taken in sorted(self._indexes):
            if taken > index:
                break
            index += 1
        return index

    def _index(self, point: Mapping[str, str]) -> int | None:
        if self._cardinality is None:
            return None
        index = 0
        for parameter, digits in zip(self._space, self._digits, strict=True):
            written = point.get(parameter.name)
            if written is None:
                return None
            if written not in digits:
                digits[written] = _digit(parameter, written)
            digit = digits[written]
            if digit is None or parameter.cardinality is None:
                return None
            index = index * parameter.cardinality + digit
        return index


def _digit(parameter: Parameter, written: str) -> int | None:
    value = parameter.read(written)
    if value is None:
        return None
    return parameter.index_of(value)  # type: ignore[arg-type]  # from this very parameter


def exhausted_because(space: Space) -> str:
    """The sentence of an exhausted reply."""
    count = space.cardinality
    if count == 1:
        return "the space has a single point, and it has been handed out"
    return f"all {count} points of the space have been handed out"
