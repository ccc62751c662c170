"""All parameters of an Experiment together: the set of points that trials may be given.

`read` makes a Space from what the author wrote; the algorithms propose points of it. A point
travels as assignments, name -> text; inside, as one value a parameter in the order of the
parameters. A finite space is numbered like an odometer (mixed radix, the last parameter turning
fastest), so that any of its points can be found by its index without the others ever being made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from munshi.space.parameter import Parameter
from munshi.space.text import Value


@dataclass(frozen=True, slots=True)
class Space:
    """The product of its parameters.

    Attributes:
        parameters: In the author's order, names unique. None at all is a space of one point: `{}`.
    """

    parameters: tuple[Parameter, ...]

    def __len__(self) -> int:
        """How many parameters (dimensions) there are."""
        return len(self.parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    @property
    def cardinality(self) -> int | None:
        """How many points there are; None for a continuum."""
        counts = [parameter.cardinality for parameter in self.parameters]
        finite = [count for count in counts if count is not None]
        return math.prod(finite) if len(finite) == len(counts) else None

    def contains(self, assignments: Mapping[str, str]) -> bool:
        """Has every parameter one of its values, and is nothing else assigned?"""
        return len(assignments) == len(self) and self.read(assignments) is not None

    def read(self, assignments: Mapping[str, str]) -> tuple[Value, ...] | None:
        """The values of a point in the parameters' order; None when one is missing or outside.

        Names that the space does not know are passed over.
        """
        values: list[Value] = []
        for parameter in self.parameters:
            written = assignments.get(parameter.name)
            value = None if written is None else parameter.read(written)
            if value is None:
                return None
            values.append(value)
        return tuple(values)

    def write(self, values: Iterable[Value]) -> dict[str, str]:
        """Assignments of values given in the order of the parameters."""
        pairs = zip(self.parameters, values, strict=True)
        return {parameter.name: parameter.write(value) for parameter, value in pairs}

    def point(self, index: int) -> dict[str, str]:
        """The point of a finite space with this number, in odometer order.

        Args:
            index: From 0 to cardinality - 1.

        Raises:
            IndexError: There is no such point.
            ValueError: The space is a continuum.
        """
        radixes = self._radixes()
        if not 0 <= index < math.prod(radixes):
            message = f"no point {index} in a space of {math.prod(radixes)}"
            raise IndexError(message)
        values: list[Value] = []
        for parameter, radix in zip(reversed(self.parameters), reversed(radixes), strict=True):
            index, digit = divmod(index, radix)
            values.append(parameter.at(digit))
        return self.write(reversed(values))

    def index(self, assignments: Mapping[str, str]) -> int | None:
        """The number of a point in a finite space: the inverse of `point`; None for one outside.

        Raises:
            ValueError: The space is a continuum.
        """
        radixes = self._radixes()
        values = self.read(assignments)
        if values is None:
            return None
        digits = (
            parameter.index_of(value)  # type: ignore[arg-type]  # from this very parameter
            for parameter, value in zip(self.parameters, values, strict=True)
        )
        return reduce(lambda n, pair: n * pair[0] + pair[1], zip(radixes, digits, strict=True), 0)

    def from_unit(self, point: Sequence[float]) -> dict[str, str]:
        """The assignments at a point of the unit cube, one coordinate in [0, 1] a parameter."""
        pairs = zip(self.parameters, point, strict=True)
        return self.write([parameter.from_unit(float(u)) for parameter, u in pairs])

    def to_unit(self, assignments: Mapping[str, str]) -> tuple[float, ...] | None:
        """Where assignments lie in the unit cube, or None outside the space."""
        values = self.read(assignments)
        if values is None:
            return None
        return tuple(
            parameter.to_unit(value)  # type: ignore[arg-type]  # as in `index`
            for parameter, value in zip(self.parameters, values, strict=True)
        )

    def _radixes(self) -> list[int]:
        counts = [parameter.cardinality for parameter in self.parameters]
        finite = [count for count in counts if count is not None]
        if len(finite) != len(counts):
            message = "a continuum has no point numbers"
            raise ValueError(message)
        return finite
