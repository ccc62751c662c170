"""What a contestant is, and munshi's own: any algorithm by its name, through `munshi.Study`.

A contestant is named `library:algorithm`, as in `munshi:tpe`, `optuna:cmaes`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Protocol

from benchmarks.quality.problem import Problem

import munshi


class Search(Protocol):
    """One search under way. Trials are numbered from 0 in the order they were asked for."""

    def ask(self) -> Mapping[str, Any] | None:
        """The next trial's values; None when nothing is proposed before more is told, or ever again."""

    def tell(self, index: int, value: float) -> None:
        """A trial has ended with this value; trials end in any order."""


Begin = Callable[[Problem, int, int], Search]
"""(problem, seed, trials at the same time) -> a search."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who races.

    Attributes:
        name: `library:algorithm`.
        version: Of what is measured; records of another version are not gone on with.
        begin: Starts a search.
    """

    name: str
    version: str
    begin: Begin


class _Study:
    """A search by `munshi.Study`."""

    def __init__(self, algorithm: str, problem: Problem, seed: int, parallel: int) -> None:
        self._study = munshi.Study(
            dict(problem.parameters), algorithm=algorithm, seed=seed, parallel=parallel
        )

    def ask(self) -> Mapping[str, Any] | None:
        asked = self._study.ask()
        return asked[0].assignments if asked else None

    def tell(self, index: int, value: float) -> None:
        self._study.tell(f"trial-{index}", value)


def find(name: str) -> Contestant:
    """The contestant of this name.

    Raises:
        LookupError: The library is unknown or not installed; the message says what to do.
    """
    library, _, algorithm = name.partition(":")
    if library == "munshi":
        if algorithm not in munshi_names():
            raise LookupError(f"munshi has no {algorithm!r}; known: {', '.join(munshi_names())}")

        def begin(problem: Problem, seed: int, parallel: int) -> Search:
            return _Study(algorithm, problem, seed, parallel)

        return Contestant(name, own_version(), begin)
    try:
        from benchmarks.quality import peers  # noqa: PLC0415  # needs the group `peers`
    except ModuleNotFoundError as error:
        message = f"{name} needs {error.name}; install the dependency group `peers` (README.md)"
        raise LookupError(message) from error
    if name not in peers.PEERS:
        raise LookupError(f"{name!r} is unknown; known: munshi:…, {', '.join(peers.PEERS)}")
    package = peers.PACKAGES[library]
    return Contestant(name, f"{package} {version(package)}", peers.PEERS[name])


_UNFIT = {"grid", "hyperband", "pbt", "sobol"}
"""Those that learn nothing, walk lists, or want a parameter that says what a trial costs."""


def munshi_names() -> tuple[str, ...]:
    """Our algorithms that search any space with no settings: random search and those that learn."""
    from munshi import algorithms  # noqa: PLC0415  # loads no numpy before it is needed

    return tuple(name for name in algorithms.known() if name not in _UNFIT)


@cache
def own_version() -> str:
    """Munshi's version and eight digits of a checksum of its algorithms' sources."""
    digest = hashlib.sha256()
    for source in _sources(files("munshi.algorithms")):
        digest.update(source.read_bytes())
    return f"munshi {version('munshi')}+{digest.hexdigest()[:8]}"


def _sources(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if one.is_dir():
            found += _sources(one)
        elif one.name.endswith(".py"):
            found.append(one)
    return found
