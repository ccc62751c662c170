"""The parts of a GJSON path, as the reader leaves them and the evaluator walks them.

A path is a chain of *stages*; each takes the value the stage before it found.

    status.conditions.#(type=="Complete")#|#(status=="True")#
    └──────────────── Walk ──────────────┘ └───── Walk ────┘
    └Key─┘ └── Key ─┘ └───── Query ──────┘ └──── Query ────┘

`|` always begins a new stage. A `.` does so before or after a modifier or a multipath; elsewhere it
joins steps inside one walk, and after `#` or `#(…)#` what follows it, up to the next `|`, is asked
of *each* element.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from munshi.errors import Terminal
from munshi.template.gjson.compare import Comparison


class PathBroken(Terminal):
    """A path that cannot be read.

    Attributes:
        problem: What is wrong, with the text that was got.
        column: Where, in characters of the path; the first is 1.
        mend: What to write instead.
    """

    def __init__(self, problem: str, column: int, mend: str = "") -> None:
        self.problem = problem
        self.column = column
        self.mend = mend
        super().__init__(f"column {column}: {problem}" + (f"; {mend}" if mend else ""))


class TooCostly(Terminal):
    """Evaluating this path on this document takes more work than any honest condition needs."""


@dataclass(frozen=True, slots=True)
class Path:
    """A whole path, ready to be evaluated; `each` tails, query paths and multipath members are Paths too."""

    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """Steps from container to container, joined by dots; a Count or Query is always the last."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A member of an object by name, or an element of an array by index.

    Attributes:
        name: The name with its escapes resolved.
        index: Which element of an array it means; None when the text is no plain number.
        pattern: What names must match, when the text holds an unescaped `*` or `?`.
    """

    name: str
    index: int | None = None
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """`#`: how many elements; with `each`, what that path finds in every element, as an array."""

    each: Path | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """`#(path op value)`: the first element that fits; `#(…)#`: all of them.

    Attributes:
        path: What to compare, asked of each element; None means the element itself, when it is no
            container.
        test: The comparison; None asks only that `path` finds something.
        every: All elements that fit, as an array, instead of the first.
        each: Asked of each element that fits, in its place.
    """

    path: Path | None
    test: Comparison | None = None
    every: bool = False
    each: Path | None = None


@dataclass(frozen=True, slots=True)
class Modifier:
    """`@name`: a function from value to value; see `modifiers`."""

    name: str


@dataclass(frozen=True, slots=True)
class Multi:
    """`[a,b]` or `{"k":a,b}`: what the members find, as a new array or object; what is missing is left out.

    Attributes:
        as_object: Whether braces were written.
        members: Name and path of each; the names of an array are unused.
    """

    as_object: bool
    members: tuple[tuple[str, Path], ...]


Step = Key | Count | Query
Stage = Walk | Modifier | Multi
