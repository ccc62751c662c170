"""From an Experiment's `parameters` to a Space, or to every fault in them at once.

Admission calls this for the CLI, the web and the webhook alike, so its messages are what authors
see; the engine calls it again when it asks for suggestions. It knows the shape of a parameter as it
travels (`ParameterLike`), but not the `api` classes, and nothing of the document around the list:
paths start at the list.

What a FeasibleSpace may say is the Katib api contract's (§1 and rules R22 to R27), made stricter
where Katib lets through what can only fail later: reversed ranges, words for numbers, empty lists,
logarithms of zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from munshi.errors import FieldFault, Invalid, Path
from munshi.space import nearest, text
from munshi.space.parameter import (
    Categorical,
    Discrete,
    Distribution,
    Double,
    Integer,
    Parameter,
)
from munshi.space.space import Space
from munshi.space.text import Unreadable, quoted

Number = TypeVar("Number", int, float)

TYPES = ("double", "int", "discrete", "categorical")
DISTRIBUTIONS = tuple(distribution.value for distribution in Distribution)

_OTHER_TYPE_NAMES = {
    **dict.fromkeys(("float", "real", "number"), "double"),
    "integer": "int",
    **dict.fromkeys(("string", "str", "choice", "enum", "category"), "categorical"),
    **dict.fromkeys(("bool", "boolean"), "categorical"),
}
_OTHER_DISTRIBUTIONS = {
    **dict.fromkeys(("log", "log_uniform", "log-uniform", "loguniform"), "logUniform"),
    "gaussian": "normal",
    **dict.fromkeys(("log_normal", "log-normal", "lognormal"), "logNormal"),
}
_FEWEST_ULPS = 4
"""A step must be this many times wider than the gap between neighbouring doubles, or points would
fall together."""


class FeasibleSpaceLike(Protocol):
    """A feasibleSpace as it travels: text, or None for what was not written."""

    @property
    def min(self) -> str | None:
        """Least value, for int and double."""

    @property
    def max(self) -> str | None:
        """Greatest value, for int and double."""

    @property
    def step(self) -> str | None:
        """Distance between values; optional."""

    @property
    def list_(self) -> Sequence[str] | None:
        """The entries, for discrete and categorical."""

    @property
    def distribution(self) -> str | None:
        """One of `DISTRIBUTIONS`; uniform when not written."""


class ParameterLike(Protocol):
    """One entry of `parameters` as it travels."""

    @property
    def name(self) -> str | None:
        """Unique in the list."""

    @property
    def parameter_type(self) -> str | None:
        """One of `TYPES`."""

    @property
    def feasible_space(self) -> FeasibleSpaceLike | None:
        """What the values may be."""


def read(parameters: Sequence[ParameterLike]) -> Space:
    """Understand a list of parameters.

    Args:
        parameters: As written. An empty list is a space of one point; whether that is wanted,
            admission decides.

    Returns:
        The space, parameters in the same order.

    Raises:
        Invalid: With all faults of all parameters; paths begin at the list: `(0, "feasibleSpace",
            "min")`.
    """
    faults: list[FieldFault] = list(_name_faults(parameters))
    understood: list[Parameter] = []
    for i, written in enumerate(parameters):
        reader = _Reader(i, written)
        parameter = reader.read()
        faults.extend(reader.faults)
        if parameter is not None:
            understood.append(parameter)
    if faults:
        raise Invalid(sorted(faults, key=lambda fault: fault.path[0]))
    return Space(tuple(understood))


def _name_faults(parameters: Sequence[ParameterLike]) -> Iterable[FieldFault]:
    first: dict[str, int] = {}
    for i, parameter in enumerate(parameters):
        name = parameter.name or ""
        if not name.strip():
            yield FieldFault((i, "name"), "is empty", "give the parameter a name")
        elif name in first:
            problem = f"{quoted(name)} is already the name of parameters[{first[name]}]"
            yield FieldFault((i, "name"), problem, "rename one of them")
        else:
            first[name] = i


class _Reader:
    """Reads one parameter and gathers what is wrong with it."""

    def __init__(self, index: int, written: ParameterLike) -> None:
        self.index = index
        self.written = written
        self.faults: list[FieldFault] = []

    def read(self) -> Parameter | None:
        """The parameter, or None when `faults` say why not."""
        feasible, kind = self.written.feasible_space, self.written.parameter_type
        if not kind:
            self._fault(("parameterType",), "is missing", f"write one of: {', '.join(TYPES)}")
        elif kind not in TYPES:
            mend = nearest.advice(kind, TYPES, _OTHER_TYPE_NAMES)
            self._fault(("parameterType",), f"{quoted(kind)} is unknown", mend)
        if feasible is None:
            self._fault(("feasibleSpace",), "is missing", "write min and max, or a list")
            return None
        distribution = self._distribution(feasible.distribution)
        name = self.written.name or ""
        match kind:
            case "double":
                return self._double(name, feasible, distribution)
            case "int":
                return self._integer(name, feasible, distribution)
            case "discrete":
                return self._discrete(name, self._list(kind, feasible))
            case "categorical":
                return self._categorical(name, self._list(kind, feasible))
        return None

    def _fault(self, path: Path, problem: str, mend: str) -> None:
        self.faults.append(FieldFault((self.index, *path), problem, mend))

    def _space_fault(self, field: str, problem: str, mend: str) -> None:
        self._fault(("feasibleSpace", field), problem, mend)

    def _unreadable(self, field: str, why: Unreadable) -> None:
        self._space_fault(field, why.problem, why.mend)

    def _distribution(self, written: str | None) -> Distribution:
        if (
            not written or written == "unknown"
        ):  # Katib lets "unknown" through and means uniform by it
            return Distribution.UNIFORM
        if written not in DISTRIBUTIONS:
            mend = nearest.advice(written, DISTRIBUTIONS, _OTHER_DISTRIBUTIONS)
            self._space_fault("distribution", f"{quoted(written)} is unknown", mend)
            return Distribution.UNIFORM
        return Distribution(written)

    def _double(
        self, name: str, feasible: FeasibleSpaceLike, distribution: Distribution
    ) -> Double | None:
        self._refuse_list("double", feasible)
        low = self._bound("min", feasible.min, text.read_double)
        high = self._bound("max", feasible.max, text.read_double)
        step = self._optional_step(feasible.step, text.read_double)
        if low is None or high is None:
            return None
        self._check_range(low, high, feasible, distribution)
        if step is not None and step < _FEWEST_ULPS * math.ulp(max(abs(low), abs(high))):
            problem = (
                f"{quoted(feasible.step or '')} is too small to tell neighbouring points apart"
            )
            self._space_fault("step", problem, "take a wider step, or leave step out")
        return None if self.faults else Double(name, low, high, step, distribution)

    def _integer(
        self, name: str, feasible: FeasibleSpaceLike, distribution: Distribution
    ) -> Integer | None:
        self._refuse_list("int", feasible)
        low = self._bound("min", feasible.min, text.read_integer)
        high = self._bound("max", feasible.max, text.read_integer)
        step = self._optional_step(feasible.step, text.read_integer)
        if low is None or high is None:
            return None
        self._check_range(low, high, feasible, distribution)
        return None if self.faults else Integer(name, low, high, step or 1, distribution)

    def _discrete(self, name: str, entries: Sequence[str]) -> Discrete | None:
        numbers: dict[Decimal, str] = {}
        values: list[tuple[str, float]] = []
        for j, entry in enumerate(entries):
            number = text.read_double(entry)
            if isinstance(number, Unreadable):
                mend = f"{number.mend}, or use parameterType: categorical"
                self._fault(("feasibleSpace", "list", j), number.problem, mend)
                continue
            same = numbers.setdefault(text.decimal(number), entry)
            if len(numbers) == len(values):
                problem = f"{quoted(entry)} is the same number as {quoted(same)}"
                self._fault(("feasibleSpace", "list", j), problem, "remove one of them")
                continue
            values.append((entry, number))
        return None if self.faults or not values else Discrete(name, tuple(values))

    def _categorical(self, name: str, entries: Sequence[str]) -> Categorical | None:
        seen: set[str] = set()
        for j, entry in enumerate(entries):
            if entry in seen:
                problem = f"{quoted(entry)} stands in the list twice"
                self._fault(("feasibleSpace", "list", j), problem, "remove one of them")
            seen.add(entry)
        return None if self.faults or not entries else Categorical(name, tuple(entries))

    def _bound(
        self, field: str, written: str | None, read_number: Callable[[str], Number | Unreadable]
    ) -> Number | None:
        if written is None or not written.strip():
            kind = self.written.parameter_type
            self._space_fault(field, "is missing", f"a parameter of type {kind} needs min and max")
            return None
        value = read_number(written)
        if isinstance(value, Unreadable):
            self._unreadable(field, value)
            return None
        return value

    def _optional_step(
        self, written: str | None, read_number: Callable[[str], Number | Unreadable]
    ) -> Number | None:
        if written is None or not written.strip():
            return None
        value = read_number(written)
        if isinstance(value, Unreadable):
            self._unreadable("step", value)
            return None
        if value <= 0:
            self._space_fault(
                "step", f"{quoted(written)} is not above 0", "write the distance between values"
            )
            return None
        return value

    def _check_range(
        self,
        low: float,
        high: float,
        feasible: FeasibleSpaceLike,
        distribution: Distribution,
    ) -> None:
        if low > high:
            problem = f"{quoted(feasible.min or '')} is above max {quoted(feasible.max or '')}"
            self._space_fault("min", problem, "swap them or widen the space")
        if distribution.log and low <= 0:
            problem = (
                f"{quoted(feasible.min or '')} has no logarithm, which {distribution.value} needs"
            )
            other = "normal" if distribution.normal else "uniform"
            self._space_fault("min", problem, f"raise min above 0 or use distribution: {other}")

    def _list(self, kind: str, feasible: FeasibleSpaceLike) -> Sequence[str]:
        for field in ("min", "max", "step"):
            if getattr(feasible, field):
                mend = "remove it, or use parameterType: double or int"
                self._space_fault(field, f"does not apply to a {kind} parameter", mend)
        entries = feasible.list_
        if not entries:
            problem = "is missing" if entries is None else "is empty"
            self._space_fault("list", problem, "list at least one value")
            return ()
        return entries

    def _refuse_list(self, kind: str, feasible: FeasibleSpaceLike) -> None:
        if feasible.list_:
            mend = "remove it, or use parameterType: discrete or categorical"
            self._space_fault("list", f"does not apply to a parameter of type {kind}", mend)
