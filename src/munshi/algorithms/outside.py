"""Algorithms of other packages: found by the entry points of the group `munshi.algorithms`.

A package on the path registers `name = "module:OBJECT"`. It is looked for only when a name is not built in,
so nobody else pays for it, and loaded when it is asked. What it says is checked here, for munshi did not
write it: an answer of the wrong shape becomes a sentence that names the package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import cast

from munshi.algorithms.protocol import Algorithm, Reply, Request
from munshi.errors import AlgorithmRefused, FieldFault
from munshi.space import Space
from munshi.space.text import quoted

GROUP = "munshi.algorithms"
_CALLED = ("check", "suggest")


@dataclass(frozen=True, slots=True)
class Broken:
    """An algorithm that is registered and cannot be used.

    Attributes:
        problem: What is wrong, after its name.
        mend: What its package, or its user, should do.
    """

    problem: str
    mend: str


@cache
def _registered() -> Mapping[str, tuple[EntryPoint, ...]]:
    """The entry points by name; read once, so a package that is installed later needs a new process."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        others = found.get(point.name, ())
        if all(other.value != point.value for other in others):  # a path may be listed twice
            found[point.name] = (*others, point)
    return found


def names() -> tuple[str, ...]:
    """All registered names, in alphabetical order."""
    return tuple(sorted(_registered()))


def find(name: str) -> Algorithm | Broken | None:
    """The algorithm that a package registers by this name, watched; None when there is none."""
    points = _registered().get(name, ())
    if not points:
        return None
    if len(points) > 1:
        owners = " and ".join(sorted(f"{_package(one)} ({one.value})" for one in points))
        return Broken(f"is registered by {owners}", "uninstall all but one of them")
    [point] = points
    owner = f"{_package(point)} ({point.value})"
    try:
        found = point.load()
    except Exception as broken:  # whatever a foreign module does while it is imported
        problem = f"of {owner} cannot be loaded: {type(broken).__name__}: {broken}"
        return Broken(problem, "mend or reinstall that package")
    if isinstance(found, type):
        return Broken(f"of {owner} is a class", f"register an object, such as {found.__name__}()")
    lacking = [part for part in _CALLED if not callable(getattr(found, part, None))]
    if lacking:
        problem = f"of {owner} is no algorithm: it has no {' and no '.join(lacking)}"
        return Broken(problem, "give it what munshi.algorithms.Algorithm promises")
    return Watched(name, owner, cast("Algorithm", found))


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "a package"


class Watched:
    """An algorithm of another package, held to the shape of its answers.

    Args:
        name: As it is registered.
        owner: Its package, for sentences.
        algorithm: What was registered.
    """

    def __init__(self, name: str, owner: str, algorithm: Algorithm) -> None:
        self.name = name
        self._owner, self._algorithm = owner, algorithm

    @property
    def settings(self) -> object:
        """What it says of its settings, if anything."""
        return getattr(self._algorithm, "settings", ())

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """What it finds; if it breaks, or finds what are no faults, that is the fault."""
        try:
            found = self._algorithm.check(space, settings, max_trial_count)
            faults = list(found)
        except Exception as broken:
            problem = f"of {self._owner} breaks in check: {type(broken).__name__}: {broken}"
            return [FieldFault((), f"{quoted(self.name)} {problem}", "mend that package")]
        if not all(isinstance(one, FieldFault) for one in faults):
            problem = f"of {self._owner} gives in check what are no FieldFaults: {found!r:.60}"
            return [FieldFault((), f"{quoted(self.name)} {problem}", "mend that package")]
        return faults

    def suggest(self, request: Request) -> Reply:
        """What it proposes, as plain data.

        Raises:
            AlgorithmRefused: It refuses; or its reply is none, has too many points or too few without a
                reason, or a point that lies outside of the space.
            Exception: Whatever else it raises.
        """
        reply = self._algorithm.suggest(request)
        if not isinstance(reply, Reply):
            raise self._wrong(f"it replied with {type(reply).__name__}, not with a Reply")
        points = list(islice(reply.assignments, request.count + 1))
        if len(points) > request.count:
            raise self._wrong(f"it proposed more than the {request.count} that were asked for")
        for point in points:
            if not _is_inside(request.space, point):
                raise self._wrong(f"it proposed {point!r:.200}, which is not in the space")
        if len(points) < request.count and not (reply.exhausted or reply.waiting):
            few = (
                f"it proposed {len(points)} of {request.count} and is neither exhausted nor waiting"
            )
            raise self._wrong(few)
        plain = tuple(dict(point) for point in points)
        return Reply(plain, bool(reply.exhausted), bool(reply.waiting), str(reply.because))

    def _wrong(self, how: str) -> AlgorithmRefused:
        return AlgorithmRefused(f"{quoted(self.name)} of {self._owner} broke its promise: {how}")


def _is_inside(space: Space, point: object) -> bool:
    if not isinstance(point, Mapping):
        return False
    texts = all(isinstance(one, str) for pair in point.items() for one in pair)
    return texts and space.contains(point)
