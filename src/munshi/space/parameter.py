"""What one parameter may be: four kinds, one shape.

`read` makes these from an Experiment's texts; `space` strings them together; the algorithms move
between the unit interval and values through them. Each kind answers the same questions, so nobody
outside asks which kind it has (the Parzen windows of TPE are the exception: a category has no
neighbours).

    name, cardinality               how many values there are; None for a continuum
    contains, read, write           is this value inside; text -> value; value -> text
    at, index_of                    the k-th value of a finite parameter, and back (grid order)
    from_unit, to_unit              unit interval -> value, value -> the middle of its bin
    bin                             its part of the unit interval; from_unit of it gives the value

A finite parameter cuts the unit interval into one bin a value. Under a uniform distribution all
bins are equal, so max is as likely as any other value; under the others a point of a numeric grid
owns what lies nearer to it than to its neighbours, and the first and last reach half a step
outwards. Discrete values are ordered by their number and keep the text they were written with; the
value of a list entry is that text.

Faults are not looked for here: `read` lets only sound parameters through, and whoever builds one by
hand keeps to its attributes' limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from munshi.space import text
from munshi.space.axis import Axis
from munshi.space.text import Value

_LARGEST = 1.797e308
_UNITS = 1 << 53  # a double in [0, 1] counts in these
_SNAP = (
    1e-9  # steps; nearer than this to a grid point is the grid point (0.30000000000000004 is 0.3)
)


class Distribution(Enum):
    """How likely the parts of a numeric range are; the values are the wire's words."""

    UNIFORM = "uniform"
    LOG_UNIFORM = "logUniform"
    NORMAL = "normal"
    LOG_NORMAL = "logNormal"

    @property
    def log(self) -> bool:
        """Are positions in the range linear in the logarithm?"""
        return self in (Distribution.LOG_UNIFORM, Distribution.LOG_NORMAL)

    @property
    def normal(self) -> bool:
        """Is the middle of the range likelier than its ends?"""
        return self in (Distribution.NORMAL, Distribution.LOG_NORMAL)


@dataclass(frozen=True, slots=True)
class Double:
    """A double in [min, max], or with a step one of min, min + step, min + 2·step, … up to max.

    Attributes:
        name: The parameter's name.
        min: Least value; above 0 under a logarithmic distribution.
        max: Greatest value, not below min.
        step: Above 0, and wide enough that doubles can tell the points apart; None for a continuum.
        distribution: normal and logNormal are cut off at min and max; mean in the middle, six
            deviations wide.
    """

    name: str
    min: float
    max: float
    step: float | None = None
    distribution: Distribution = Distribution.UNIFORM
    cardinality: int | None = field(init=False, repr=False, compare=False)
    axis: Axis | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        count = 1 if self.min == self.max else None
        if count is None and self.step is not None:
            width = text.EXACT.subtract(text.decimal(self.max), text.decimal(self.min))
            count = int(text.EXACT.divide_int(width, text.decimal(self.step))) + 1
        object.__setattr__(self, "cardinality", count)
        last = self.at(count - 1) if count is not None and self.step is not None else self.max
        axis = _axis(self.min, self.max, last, self.step, self.distribution)
        object.__setattr__(self, "axis", axis)

    def contains(self, value: Value) -> bool:
        """Is this a double of the range, on the grid if there is one?"""
        if not isinstance(value, float) or not self.min <= value <= self.max:
            return False
        if self.cardinality is None or self.step is None:
            return True
        return abs(value - self.at(self.index_of(value))) <= _SNAP * self.step

    def read(self, written: str) -> float | None:
        """The value of a text, or None outside the range; near a grid point, that very point."""
        value = text.read_double(written)
        if not isinstance(value, float) or not self.contains(value):
            return None
        return value if self.cardinality is None else self.at(self.index_of(value))

    def write(self, value: Value) -> str:
        """The text of a value."""
        return text.write(value)

    def at(self, k: int) -> float:
        """Point k of the grid, k from 0: the double nearest to the decimal min + k·step."""
        if k == 0 or self.step is None:
            return self.min
        return float(text.EXACT.fma(Decimal(k), text.decimal(self.step), text.decimal(self.min)))

    def index_of(self, value: float) -> int:
        """Which point of the grid is nearest."""
        return _nearest(value, self.min, self.step or 1.0, self.cardinality or 1)

    def from_unit(self, u: float) -> float:
        """The value at probability u in [0, 1]."""
        if self.cardinality is None and self.axis is not None:
            return min(self.max, max(self.min, self.axis.quantile(u)))
        return self.at(_cell(u, self.axis, self.min, self.step or 1.0, self.cardinality or 1))

    def to_unit(self, value: float) -> float:
        """The probability in [0, 1] of values up to this one; on a grid, the middle of its bin."""
        return _middle(self.bin(value))

    def bin(self, value: float) -> tuple[float, float]:
        """The part of the unit interval that becomes this value; a single spot in a continuum."""
        if self.cardinality is None and self.axis is not None:
            u = self.axis.cdf(value)
            return u, u
        k = self.index_of(value)
        return _bin(k, self.axis, self.min, self.step or 1.0, self.cardinality or 1)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number: min, min + step, … up to max.

    Attributes:
        name: The parameter's name.
        min: Least value; above 0 under a logarithmic distribution. Both bounds fit in 64 bits.
        max: Greatest value allowed; reached when it is a whole number of steps away from min.
        step: At least 1.
        distribution: As for doubles; what is drawn goes to the nearest point of the grid.
    """

    name: str
    min: int
    max: int
    step: int = 1
    distribution: Distribution = Distribution.UNIFORM
    cardinality: int = field(init=False, repr=False, compare=False)
    axis: Axis | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cardinality", (self.max - self.min) // self.step + 1)
        last = float(self.at(self.cardinality - 1))
        axis = _axis(float(self.min), float(self.max), last, float(self.step), self.distribution)
        object.__setattr__(self, "axis", axis)

    def contains(self, value: Value) -> bool:
        """Is this a whole number of the grid?"""
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.min <= value <= self.max and (value - self.min) % self.step == 0

    def read(self, written: str) -> int | None:
        """The value of a text, or None when it is not on the grid."""
        value = text.read_integer(written)
        return value if isinstance(value, int) and self.contains(value) else None

    def write(self, value: Value) -> str:
        """The text of a value."""
        return text.write(value)

    def at(self, k: int) -> int:
        """Point k of the grid, k from 0."""
        return self.min + k * self.step

    def index_of(self, value: int) -> int:
        """Which point of the grid this is."""
        return (value - self.min) // self.step

    def from_unit(self, u: float) -> int:
        """The value at probability u in [0, 1]."""
        return self.at(_cell(u, self.axis, self.min, self.step, self.cardinality))

    def to_unit(self, value: int) -> float:
        """The middle of the value's bin."""
        return _middle(self.bin(value))

    def bin(self, value: int) -> tuple[float, float]:
        """The part of the unit interval that becomes this value."""
        return _bin(self.index_of(value), self.axis, self.min, self.step, self.cardinality)


@dataclass(frozen=True, slots=True)
class Discrete:
    """One of some numbers, each kept as it was written.

    Attributes:
        name: The parameter's name.
        values: (text, number) pairs, at least one, no number twice; put in order of the numbers.
    """

    name: str
    values: tuple[tuple[str, float], ...]
    cardinality: int = field(init=False, repr=False, compare=False)
    indexes: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.values, key=lambda pair: pair[1]))
        object.__setattr__(self, "values", ordered)
        object.__setattr__(self, "cardinality", len(ordered))
        object.__setattr__(self, "indexes", {written: k for k, (written, _) in enumerate(ordered)})

    def contains(self, value: Value) -> bool:
        """Is this the text of an entry?"""
        return value in self.indexes

    def read(self, written: str) -> str | None:
        """The entry with this text, or else with this number; None when there is none."""
        if written in self.indexes:
            return written
        number = text.read_double(written)
        return next((entry for entry, known in self.values if known == number), None)

    def write(self, value: Value) -> str:
        """The entry, exactly as it was written."""
        return text.write(value)

    def at(self, k: int) -> str:
        """The k-th smallest entry, k from 0."""
        return self.values[k][0]

    def index_of(self, value: str) -> int:
        """The place of an entry in the order of the numbers."""
        return self.indexes[value]

    def from_unit(self, u: float) -> str:
        """The entry whose bin holds u; u in [0, 1]."""
        return self.at(_even(u, self.cardinality))

    def to_unit(self, value: str) -> float:
        """The middle of the entry's bin."""
        return _middle(self.bin(value))

    def bin(self, value: str) -> tuple[float, float]:
        """The part of the unit interval that becomes this entry; all are equal."""
        return _even_bin(self.index_of(value), self.cardinality)


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of some words, without order.

    Attributes:
        name: The parameter's name.
        choices: At least one, none twice, any language.
    """

    name: str
    choices: tuple[str, ...]
    cardinality: int = field(init=False, repr=False, compare=False)
    indexes: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cardinality", len(self.choices))
        object.__setattr__(self, "indexes", {choice: k for k, choice in enumerate(self.choices)})

    def contains(self, value: Value) -> bool:
        """Is this one of the choices?"""
        return value in self.indexes

    def read(self, written: str) -> str | None:
        """The choice with this text, or None."""
        return written if written in self.indexes else None

    def write(self, value: Value) -> str:
        """The choice, exactly as it was written."""
        return text.write(value)

    def at(self, k: int) -> str:
        """The k-th choice as listed, k from 0."""
        return self.choices[k]

    def index_of(self, value: str) -> int:
        """The place of a choice in the list."""
        return self.indexes[value]

    def from_unit(self, u: float) -> str:
        """The choice whose bin holds u; u in [0, 1]."""
        return self.at(_even(u, self.cardinality))

    def to_unit(self, value: str) -> float:
        """The middle of the choice's bin."""
        return _middle(self.bin(value))

    def bin(self, value: str) -> tuple[float, float]:
        """The part of the unit interval that becomes this choice; all are equal."""
        return _even_bin(self.index_of(value), self.cardinality)


Parameter = Double | Integer | Discrete | Categorical


def _axis(
    low: float, high: float, last: float, step: float | None, distribution: Distribution
) -> Axis | None:
    """The axis of a range, or None where even bins do: a single point, or a uniform grid."""
    if low in {high, last}:
        return None
    plain = Axis(low, high, log=distribution.log, normal=distribution.normal)
    if step is None:
        return plain
    if distribution is Distribution.UNIFORM:
        return None
    # Half a step outwards; on a log axis never below half of min, for there the step may be wider
    # than min itself.
    start = max(low - step / 2, low / 2) if plain.log else max(low - step / 2, -_LARGEST)
    end = min(last + step / 2, _LARGEST)
    return Axis(
        low, high, plain.log, plain.normal, t_lo=plain.position(start), t_hi=plain.position(end)
    )


def _cell(u: float, axis: Axis | None, low: float, step: float, count: int) -> int:
    return _even(u, count) if axis is None else _nearest(axis.quantile(u), low, step, count)


def _bin(k: int, axis: Axis | None, low: float, step: float, count: int) -> tuple[float, float]:
    if axis is None:
        return _even_bin(k, count)
    start = 0.0 if k == 0 else axis.cdf(low + (k - 0.5) * step)
    end = 1.0 if k == count - 1 else axis.cdf(low + (k + 0.5) * step)
    return start, end


def _even(u: float, count: int) -> int:
    """Which of `count` equal bins holds u; exact for any count."""
    return min(count - 1, max(0, int(u * _UNITS) * count >> 53))


def _even_bin(k: int, count: int) -> tuple[float, float]:
    return k / count, (k + 1) / count


def _nearest(value: float, low: float, step: float, count: int) -> int:
    """The grid point nearest to a value; a value beyond the ends belongs to the end."""
    steps = (value - low) / step
    if math.isinf(steps):  # the range is wider than the largest double
        steps = value / step - low / step
    return min(count - 1, max(0, round(steps)))


def _middle(part: tuple[float, float]) -> float:
    return part[0] + (part[1] - part[0]) / 2
