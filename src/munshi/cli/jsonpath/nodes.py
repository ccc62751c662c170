"""What a template consists of. `at` is the place in the template's text, counted from 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


class Wrong(Exception):
    """A template that cannot be read, or not be applied to the object; `at` is the place.

    Args:
        problem: What is wrong, and how to mend it.
        at: Where in the template's text, counted from 0.
    """

    def __init__(self, problem: str, at: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.at = at


@dataclass(frozen=True, slots=True)
class Literal:
    """`"text"`, `1`, `1.5`, `true`: itself, whatever came before; text comes once, the others for each."""

    value: str | int | float | bool
    at: int


@dataclass(frozen=True, slots=True)
class Field:
    """`.name`."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`.*`: everything directly inside."""

    at: int


@dataclass(frozen=True, slots=True)
class Recursive:
    """`..`: the value and everything in it that holds something."""

    at: int


@dataclass(frozen=True, slots=True)
class Slice:
    """`[1]`, `[-1]`, `[1:3]`, `[::2]`, `[*]`; None is an end that was not said."""

    start: int | None
    end: int | None
    step: int | None
    at: int
    is_index: bool = False


@dataclass(frozen=True, slots=True)
class Union:
    """`['a','b']`, `[0,2]`: one after the other."""

    paths: tuple[Path, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Filter:
    """`[?(@.a=="b")]`; without an operator: those where something is found."""

    left: Path
    operator: str
    right: Path
    at: int


Step: TypeAlias = Literal | Field | Wildcard | Recursive | Slice | Union | Filter
Path: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """What stands in one pair of braces, or text between them."""

    path: Path


@dataclass(frozen=True, slots=True)
class Range:
    """`{range PATH}…{end}`: the body for each that is found."""

    path: Path
    body: Template


Template: TypeAlias = tuple[Action | Range, ...]
