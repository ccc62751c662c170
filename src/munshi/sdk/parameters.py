"""What a program writes for its parameters, as Katib's list; and the way back to the program's own values.

    "lr": (1e-4, 1e-1, "log")       a range: double, or int when both ends are ints
    "units": range(16, 257, 16)     whole numbers with a step
    "width": [16, 32, 64]           a list of numbers: discrete, with an order
    "act": ["relu", "tanh", None]   any other list: categorical; one entry makes a constant

`Study` alone calls this. What a parameter may be is judged by `admission` and `space`; here only what is no
parameter at all is at fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, TypeAlias, cast

from munshi.api.wire import Json
from munshi.errors import FieldFault, Path
from munshi.space import Discrete, Space, text

Choice: TypeAlias = str | float | int | bool | None
"""An entry of a list as it was written."""
Short: TypeAlias = tuple[object, ...] | range | Sequence[Choice] | Mapping[str, object]
"""One parameter in the short form; a Mapping is Katib's own without its name."""
Values: TypeAlias = dict[str, Any]
"""Parameter name -> float, int, or the entry of a list; Any, for whoever wrote the list knows which."""

_FORMS = 'write (low, high), (low, high, "log"), range(low, end), or a list of choices'
_DISTRIBUTIONS = {"log": "logUniform"}


@dataclass(frozen=True, slots=True)
class Written:
    """Parameters as they were written, in both languages.

    Attributes:
        katib: The list as Katib has it.
        paths: Where each parameter stands in what the program wrote.
        entries: Parameter name -> text -> entry, of lists in the short form.
        faults: What is no parameter at all; such ones are not in `katib`.
    """

    katib: tuple[Json, ...]
    paths: tuple[Path, ...]
    entries: Mapping[str, Mapping[str, Choice]]
    faults: tuple[FieldFault, ...] = ()

    def place(self, path: Path) -> Path:
        """Where the program wrote what stands at `path`, counted from Katib's list."""
        if not path or not isinstance(path[0], int) or path[0] >= len(self.paths):
            return ("parameters", *path)
        at = self.paths[path[0]]
        short = isinstance(at[-1], str) and path[1:2] == ("feasibleSpace",)
        return (*at, *path[2:]) if short else (*at, *path[1:])

    def values(self, space: Space, assignments: Mapping[str, str]) -> Values:
        """The assignments as a program wants them: numbers as numbers, entries as they were written.

        Args:
            space: Of these parameters.
            assignments: A point of it.
        """
        found: Values = {}
        for parameter in space:
            written = assignments[parameter.name]
            entries = self.entries.get(parameter.name, {})
            if written in entries:
                found[parameter.name] = entries[written]
            elif isinstance(parameter, Discrete):
                found[parameter.name] = _number(written)
            else:
                found[parameter.name] = parameter.read(written)
        return found


def understand(parameters: object) -> Written:
    """Read a list of Katib's parameters, or a mapping from name to short form.

    Never refuses: what is wrong stands in `faults`.
    """
    katib: list[Json] = []
    paths: list[Path] = []
    entries: dict[str, Mapping[str, Choice]] = {}
    faults: list[FieldFault] = []
    if isinstance(parameters, Mapping):
        for name, short in parameters.items():
            path: Path = ("parameters", str(name))
            if not isinstance(name, str):
                faults.append(FieldFault(path, "has a name that is no text", "name it by text"))
                continue
            body = _katib(short)
            if isinstance(body, FieldFault):
                faults.append(FieldFault((*path, *body.path), body.problem, body.mend))
                continue
            katib.append({"name": name, **body})
            paths.append(path)
            if isinstance(short, list):
                entries[name] = {_text(one): cast("Choice", one) for one in short}
    elif isinstance(parameters, list | tuple):
        for index, one in enumerate(parameters):
            katib.append(plain(one))
            paths.append(("parameters", index))
    else:
        mend = 'write {"lr": (1e-4, 1e-1, "log")}, or a list of Katib\'s parameters'
        faults.append(FieldFault(("parameters",), f"is {_shown(parameters)}", mend))
    return Written(tuple(katib), tuple(paths), entries, tuple(faults))


def plain(value: object) -> Json:
    """What a program holds as the values of a document: tuples are lists, numbers of any library numbers."""
    match value:
        case None | bool() | str():
            return value
        case Integral():
            return int(value)
        case Real():
            return float(value)
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple() | range():
            return [plain(inner) for inner in value]
        case _:
            return str(value)


def _katib(short: object) -> dict[str, Json] | FieldFault:
    match short:
        case Mapping():
            return {str(key): plain(value) for key, value in short.items() if key != "name"}
        case range():
            return _of_range(short)
        case (_, _) | (_, _, str()) if isinstance(short, tuple):
            return _of_bounds(*short)
        case list():
            return _of_list(short)
        case _:
            return FieldFault((), f"is {_shown(short)}", _FORMS)


def _of_range(short: range) -> dict[str, Json] | FieldFault:
    if not short:
        return FieldFault((), f"is {short}, which holds no number", "swap its ends or widen it")
    space: dict[str, Json] = {"min": str(min(short)), "max": str(max(short))}
    if abs(short.step) != 1:
        space["step"] = str(abs(short.step))
    return {"parameterType": "int", "feasibleSpace": space}


def _of_bounds(low: object, high: object, distribution: str = "") -> dict[str, Json] | FieldFault:
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, Real):
            mend = "write two numbers, or a list for choices"
            return FieldFault((), f"has {_shown(end)} as an end of a range", mend)
    whole = isinstance(low, Integral) and isinstance(high, Integral)
    space: dict[str, Json] = {"min": _text(low), "max": _text(high)}
    if distribution:
        space["distribution"] = _DISTRIBUTIONS.get(distribution, distribution)
    return {"parameterType": "int" if whole else "double", "feasibleSpace": space}


def _of_list(short: list[object]) -> dict[str, Json] | FieldFault:
    for index, entry in enumerate(short):
        if not (entry is None or isinstance(entry, str | bool | Real)):
            mend = "list text, numbers, True, False or None, and look the rest up by these"
            return FieldFault((index,), f"is {_shown(entry)}", mend)
    numbers = all(isinstance(one, Real) and not isinstance(one, bool) for one in short)
    entries: list[Json] = [_text(one) for one in short]
    kind = "discrete" if numbers else "categorical"
    return {"parameterType": kind, "feasibleSpace": {"list": entries}}


def _text(value: object) -> str:
    """An entry or an end of a range as text."""
    match value:
        case bool() | None | str():
            return str(value)
        case Integral():
            return str(int(value))
        case Real():
            return text.write(float(value))
        case _:
            return str(value)


def _number(written: str) -> float | int:
    """The number of a discrete entry: an int when it is written as one."""
    value = text.read_integer(written)
    if isinstance(value, int) and written.strip().lstrip("+-").isdigit():
        return value
    return float(written)


def _shown(value: object) -> str:
    """A value, short and on one line, inside a sentence."""
    said = " ".join(repr(value).split())
    return said if len(said) <= 60 else said[:59] + "…"
