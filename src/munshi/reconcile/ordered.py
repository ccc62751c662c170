"""A small map that is always sorted by its keys: the backbone of a count that is kept, not made anew.

Keys and values stand in two lists side by side, so that all values, or the last hundred keys, can be
handed out without touching each. Putting a key that is the last (trials mostly come in order) costs
nothing; elsewhere the lists are shifted, which for a hundred thousand entries is a matter of
microseconds.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=tuple[Any, ...])
V = TypeVar("V")


class Ordered(Generic[K, V]):
    """Values by sorted keys.

    Attributes:
        keys: In ascending order; for reading only.
        values: At the same positions; for reading only.
    """

    __slots__ = ("keys", "values")

    def __init__(self) -> None:
        self.keys: list[K] = []
        self.values: list[V] = []

    def __len__(self) -> int:
        """How many there are."""
        return len(self.keys)

    def put(self, key: K, value: V) -> None:
        """Take a value in, or another in its place. O(log n) and a shift."""
        at = bisect_left(self.keys, key)
        if at < len(self.keys) and self.keys[at] == key:
            self.values[at] = value
        else:
            self.keys.insert(at, key)
            self.values.insert(at, value)

    def drop(self, key: K) -> None:
        """Leave a key out; one that is not there is fine."""
        at = bisect_left(self.keys, key)
        if at < len(self.keys) and self.keys[at] == key:
            del self.keys[at]
            del self.values[at]
