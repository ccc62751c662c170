"""A cursor over a rendered job: it knows where it stands, and no fault it meets is lost.

Readers of this package walk a job with `Field.at(...)` and ask for a type; what has another type is
written down as a fault with its path and the reader goes on with a harmless default. So one reading
finds every fault. An absent field and an explicit `null` are the same, as they are for Kubernetes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from munshi.api.wire import Json
from munshi.errors import FieldFault, Invalid, Path

_SHOWN = 60
"""Longest value repeated in a message, in characters."""
QUOTE_IT = "quote it as the program shall see it"
"""How a mend begins that ends with an example; who knows the file may put what is written there."""

INT32_MAX = 2**31 - 1
"""Kubernetes' counts and seconds are 32-bit; more seconds than this would be 68 years."""


class Faults:
    """The faults of one reading, in the order they were met, each once."""

    def __init__(self) -> None:
        self._found: dict[FieldFault, None] = {}

    def add(self, fault: FieldFault) -> None:
        """Remember a fault; meeting the same one again changes nothing."""
        self._found.setdefault(fault)

    def raise_any(self) -> None:
        """End the reading if anything was wrong.

        Raises:
            Invalid: With all faults.
        """
        if self._found:
            raise Invalid(self._found)


class FaultsElsewhere(Faults):
    """Faults of a part that was put together from other places of the job, told at those places.

    Args:
        home: Where they belong in the end.
        places: Path in the part to path in the job; the longest that fits wins. One that fits
            always must be there: `()`.
    """

    def __init__(self, home: Faults, places: Mapping[Path, Path]) -> None:
        super().__init__()
        self._home, self._places = home, dict(places)

    def add(self, fault: FieldFault) -> None:
        """Tell a fault at home."""
        length = next(
            length
            for length in range(len(fault.path), -1, -1)
            if fault.path[:length] in self._places
        )
        there = (*self._places[fault.path[:length]], *fault.path[length:])
        self._home.add(FieldFault(there, fault.problem, fault.mend, fault.mark, fault.of_key))


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the job together with its place. `value` is `None` when the field is absent."""

    value: Json
    path: Path
    faults: Faults

    @classmethod
    def root(cls, job: Mapping[str, Json]) -> Field:
        """The whole job, with no faults yet."""
        return cls(dict(job), (), Faults())

    def fault(self, problem: str, mend: str = "") -> None:
        """Say that this field is wrong."""
        self.faults.add(FieldFault(self.path, problem, mend))

    def at(self, *steps: str) -> Field:
        """The field below, absent when any step is; stepping through a non-mapping is a fault."""
        here = self
        for step in steps:
            here = Field(here.entries_json().get(step), (*here.path, step), here.faults)
        return here

    def entries_json(self) -> dict[str, Json]:
        """The raw mapping; empty when absent."""
        if isinstance(self.value, dict):
            return self.value
        if self.value is not None:
            self.fault(f"{shown(self.value)} is not a mapping", "write `key: value` lines here")
        return {}

    def entries(self) -> dict[str, Field]:
        """The fields of a mapping by name, in order; `null` ones are left out."""
        found: dict[str, Field] = {}
        for key, value in self.entries_json().items():
            if "\0" in key or not is_unicode(key):
                self.fault(f"{shown(key)} cannot be a name", "use whole characters, and no NUL")
            elif value is not None:
                found[key] = self.at(key)
        return found

    def items(
        self, mend: str = "write a list: each item on its own line after a dash"
    ) -> list[Field]:
        """The items of a list; empty when absent."""
        if isinstance(self.value, list):
            return [
                Field(item, (*self.path, index), self.faults)
                for index, item in enumerate(self.value)
            ]
        if self.value is not None:
            self.fault(f"{shown(self.value)} is not a list", mend)
        return []

    def text(self, default: str = "") -> str:
        """A string that an operating system can carry; `default` when absent."""
        if self.value is None:
            return default
        if not isinstance(self.value, str):
            self.fault(f"{shown(self.value)} is not text", _how_to_quote(self.value))
            return default
        if "\0" in self.value:
            self.fault(
                f"{shown(self.value)} holds a NUL character",
                "take it out; no program can receive it",
            )
            return default
        if not is_unicode(self.value):
            self.fault(
                f"{shown(self.value)} holds half of a surrogate pair", "write the whole character"
            )
            return default
        return self.value

    def required_text(self, mend: str) -> str:
        """A string that must be there and not empty."""
        got = self.text()
        if self.value is None or self.value == "":
            self.fault("is missing" if self.value is None else "is empty", mend)
        return got

    def texts(self) -> tuple[str, ...]:
        """A list of strings. A `null` item is a fault: nobody means it."""
        found = []
        for item in self.items():
            if item.value is None:
                item.fault("is null", 'write "" for an empty argument, or take the line out')
            found.append(item.text())
        return tuple(found)

    def whole(self, *, least: int = 0, most: int = INT32_MAX) -> int | None:
        """A whole number within bounds; `None` when absent or wrong."""
        got = self.value
        if got is None:
            return None
        if isinstance(got, bool) or not isinstance(got, int):
            unquote = isinstance(got, str) and got.lstrip("-").isdecimal()
            self.fault(
                f"{shown(got)} is not a whole number",
                "take away the quotes" if unquote else f"write a whole number from {least}",
            )
            return None
        if not least <= got <= most:
            self.fault(f"{shown(got)} is out of bounds", f"write a number from {least} to {most}")
            return None
        return got

    def flag(self) -> bool:
        """True or false; false when absent."""
        if self.value is None:
            return False
        if not isinstance(self.value, bool):
            self.fault(
                f"{shown(self.value)} is neither true nor false", "write true or false, unquoted"
            )
            return False
        return self.value


def shown(value: object) -> str:
    """A value as a message repeats it: scalars as JSON, cut when long; containers by sort."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return "a huge number"  # Python refuses to print integers of thousands of digits
    text = json.dumps(value, ensure_ascii=False, default=str)
    if not is_unicode(text):
        text = json.dumps(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def is_unicode(text: str) -> bool:
    """Whether the text can be written as UTF-8 (halves of surrogate pairs cannot)."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def guess(word: str, known: Iterable[str]) -> str:
    """Help with a word nobody knows: `did you mean "x"?`, or else all that are known."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known here: {', '.join(names[:8])}" if names else "none is known here"


def _how_to_quote(value: Json) -> str:
    if isinstance(value, list | dict):
        return "write one piece of text"
    return f'{QUOTE_IT}, e.g. "{shown(value)}"'
