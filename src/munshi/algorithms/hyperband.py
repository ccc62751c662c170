"""Hyperband: many trials on little resource, the best of them again on more.

Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, 2018, "Hyperband: A Novel Bandit-Based Approach to
Hyperparameter Optimization", JMLR 18, algorithm 1. The resource is a parameter that the author names:
epochs, or rows of data. A trial that is promoted is a new trial with the same settings and more of it.

The place of a suggestion in the plan (`brackets`) is its index, so nothing is remembered: who is in a
rung, who has ended and who was promoted already is read from the history. Until the rung below is over
the reply says that it waits, and for how many. That makes the points independent of the timing and of
parallelTrialCount. After the last bracket the plan begins anew with fresh settings.

Failed trials are the worst of their rung; a trial that was stopped early is judged by what it had
reported. One that was deleted leaves its place to another, and if there is none, to new settings.

As in Katib the resource's own min and max do not matter, for the plan overwrites them (Katib's example
says 1 to 1 and asks for 2). Katib's service never leaves its first rung; parallelTrialCount may be
anything here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from munshi.algorithms import brackets
from munshi.algorithms import settings as algorithm_settings
from munshi.algorithms.brackets import Rung
from munshi.algorithms.chance import draw_new, generator, seed_of
from munshi.algorithms.order import Seen, in_order, loss
from munshi.algorithms.protocol import Assignments, Pending, Reply, Request
from munshi.algorithms.settings import Setting, Word
from munshi.algorithms.taken import Taken
from munshi.errors import FieldFault
from munshi.space import Double, Integer, Space, nearest
from munshi.space.text import quoted

_UNUSED = "Katib's memory of where it stands; understood, and not used."
_MEMORY = ("s_max", "b_l", "r", "n", "current_s", "current_i", "evaluating_trials")
SETTINGS: tuple[Setting | Word, ...] = (
    Word("resource_name", "The int or double parameter that carries the resource; required."),
    Setting(
        "r_l",
        "The largest resource that a trial is given; required.",
        whole=False,
        above=0,
    ),
    Setting(
        "eta",
        "One in eta trials of a rung goes on to the next, which has eta times the resource.",
        whole=False,
        default=3,
        at_least=2,
    ),
    algorithm_settings.RANDOM_STATE,
    *(Setting(name, _UNUSED, whole=False) for name in _MEMORY),
)


class Hyperband:
    """`algorithmName: hyperband`."""

    name = "hyperband"
    settings = SETTINGS

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """Settings, and a parameter that can carry the resource. Any maxTrialCount will do."""
        del max_trial_count
        values, faults = algorithm_settings.read(SETTINGS, settings)
        if faults:
            return faults
        name = algorithm_settings.words(SETTINGS, settings)["resource_name"]
        return list(_unfit(space, name, values["r_l"]))

    def suggest(self, request: Request) -> Reply:
        """Hand out the next places of the plan.

        Args:
            request: Everything in it matters, but for the order of results and pending points.

        Returns:
            Points of the space, apart from the resource's own limits. Fewer than asked for while the
            rung below has trials without an outcome (`waiting`), and after every choice of a finite
            space has begun (`exhausted`). O(n log n + count · d) time for n trials, d parameters.

        Raises:
            AlgorithmRefused: The settings are faulty, or no parameter can carry the resource.
        """
        algorithm_settings.refuse(self.name, self.check(request.space, request.settings, None))
        plan = _plan(request)
        points: list[Assignments] = []
        because = ""
        rung: Rung | None = None
        for index in range(request.first_index, request.first_index + request.count):
            if rung is None or index not in rung.indexes:
                rung = plan.rung(index)
            if rung is None:
                because = f"each of the {plan.choices.cardinality} choices of settings has begun"
                return Reply(tuple(points), exhausted=True, because=because)
            unsettled = plan.unsettled(rung)
            if unsettled and rung.below is not None:
                because = f"{plan.words(rung)} waits for {unsettled} of {rung.below.size} trials"
                return Reply(tuple(points), waiting=True, because=because)
            point = plan.point(rung, index)
            if point is None:
                because = "no settings are left that were not tried"
                return Reply(tuple(points), exhausted=True, because=because)
            points.append(point)
            because = f"{plan.words(rung)}: {_who(rung)}"
        return Reply(tuple(points), because=because)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The plan of one experiment, and how far it has come.

    Attributes:
        space: What may be proposed.
        resource: The parameter that carries the resource.
        choices: The other parameters.
        largest: R.
        eta: One in how many goes on.
        seed: Of all chance.
        maximize: Whether greater objective values are better.
        seen: What was handed out, by index; what is handed out now joins it.
        taken: The settings among them.
    """

    space: Space
    resource: Integer | Double
    choices: Space
    largest: Fraction
    eta: Fraction
    seed: int
    maximize: bool
    seen: dict[int, Seen]
    taken: Taken

    def rung(self, index: int) -> Rung | None:
        """The rung that a suggestion belongs to; None after the end of the plan."""
        return brackets.rung_of(index, self.largest, self.eta, self.choices.cardinality)

    def unsettled(self, rung: Rung) -> int:
        """How many trials of the rung below are without an outcome that is to be expected."""
        below = () if rung.below is None else rung.below.indexes
        found = (self.seen.get(index) for index in below)
        return sum(isinstance(one, Pending) and one.active for one in found)

    def point(self, rung: Rung, index: int) -> Assignments | None:
        """The best of the rung below that was not promoted yet, or new settings; None if there are none."""
        settings = self._best(rung)
        if settings is None:
            settings = draw_new(self.choices, self.taken, generator(self.seed, index))
        if settings is None:
            return None
        self.taken.add(settings)
        given = {**settings, self.resource.name: self.amount(rung)}
        point = {parameter.name: given[parameter.name] for parameter in self.space}
        self.seen[index] = Pending(point, index)
        return point

    def amount(self, rung: Rung) -> str:
        """The rung's resource as the parameter writes it; an int gets the whole part."""
        if isinstance(self.resource, Integer):
            return self.resource.write(int(rung.resource))
        return self.resource.write(float(rung.resource))

    def words(self, rung: Rung) -> str:
        """Which rung it is: "rung 2 of 3 (epochs=9)"."""
        at = f"{self.resource.name}={self.amount(rung)}"
        return f"rung {rung.number + 1} of {rung.bracket + 1} ({at})"

    def _best(self, rung: Rung) -> Mapping[str, str] | None:
        if rung.below is None:
            return None
        promoted = [self._settings(one) for one in self._of(rung)]
        for one in self._ranked(rung.below):
            if (settings := self._settings(one)) not in promoted:
                return settings
            promoted.remove(settings)
        return None

    def _of(self, rung: Rung) -> Iterator[Seen]:
        """What was handed out in a rung and lies in the space."""
        for index in rung.indexes:
            one = self.seen.get(index)
            if one is not None and self.choices.contains(self._settings(one)):
                yield one

    def _ranked(self, rung: Rung) -> Sequence[Seen]:
        """The trials of a rung, the best first, the earlier of two equals first."""
        return sorted(self._of(rung), key=lambda one: (loss(one, self.maximize), one.index))

    def _settings(self, one: Seen) -> dict[str, str]:
        return {
            name: value for name, value in one.assignments.items() if name != self.resource.name
        }


def _plan(request: Request) -> _Plan:
    values = algorithm_settings.accepted(SETTINGS, request.settings, HYPERBAND.name)
    name = algorithm_settings.words(SETTINGS, request.settings)["resource_name"]
    resource = next(p for p in request.space if p.name == name and isinstance(p, Integer | Double))
    choices = Space(tuple(p for p in request.space if p.name != name))
    seen = {one.index: one for one in in_order(request) if one.index < request.first_index}
    return _Plan(
        space=request.space,
        resource=resource,
        choices=choices,
        largest=_exact(values["r_l"] or 1),
        eta=_exact(values["eta"] or 3),
        seed=seed_of(values, request.seed),
        maximize=request.maximize,
        seen=seen,
        taken=Taken(choices, (one.assignments for one in seen.values())),
    )


def _exact(number: float) -> Fraction:
    """The number as it was written: 2.1 is 21/10."""
    return Fraction(Decimal(repr(number)))


def _who(rung: Rung) -> str:
    if rung.below is None:
        return f"{rung.size} new settings"
    return f"the best {rung.size} of {rung.below.size} go on"


def _unfit(space: Space, name: str | None, largest: float | None) -> Iterator[FieldFault]:
    """What the settings miss, and why the parameter cannot carry the resource."""
    if not len(space):
        yield FieldFault((), "hyperband has no parameter to carry the resource", "add an int one")
    if name is None:
        mend = "write the name of an int or double parameter, such as the number of epochs"
        yield FieldFault((), 'hyperband needs the setting "resource_name"', mend)
    if largest is None:
        mend = "write the largest resource of a trial, such as 27"
        yield FieldFault((), 'hyperband needs the setting "r_l"', mend)
    if name is None or not len(space):
        return
    resource = next((parameter for parameter in space if parameter.name == name), None)
    if resource is None:
        mend = nearest.advice(name, [parameter.name for parameter in space])
        yield FieldFault(("resource_name",), f"{quoted(name)} is no parameter", mend)
    elif not isinstance(resource, Integer | Double):
        problem = f"{quoted(name)} is a list, which is not more or less of anything"
        yield FieldFault(("resource_name",), problem, "name an int or double parameter")
    elif isinstance(resource, Integer) and largest is not None and largest < 1:
        problem = f"{largest:g} leaves nothing of {quoted(name)}, which is an int"
        yield FieldFault(("r_l",), problem, "write at least 1, or make the parameter a double")


HYPERBAND = Hyperband()
