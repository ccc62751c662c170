"""What is asked of an algorithm, and what it answers.

The Suggester fills a `Request` from an Experiment's spec and history, an `Algorithm` answers with a
`Reply`. Every algorithm is a pure function of the request: no memory, no clock, no chance but the
seed. Any worker may therefore die at any time and the next one continues the very same sequence.

Each suggestion of an experiment has an index, counted from 0 in the order they were handed out.
Chance is drawn from (seed, index) and from nothing else, so three points asked at once are the
points asked one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from munshi.errors import FieldFault
from munshi.space import Space

Assignments = Mapping[str, str]
"""A point of the space as it travels: parameter name -> text."""


@dataclass(frozen=True, slots=True)
class Result:
    """A trial that ended.

    Attributes:
        assignments: What it was given.
        value: The objective as reported, not sign-adjusted. None for a trial that failed or was
            infeasible; NaN and infinity are taken for None.
        index: The suggestion's number in the experiment, from 0.
    """

    assignments: Assignments
    value: float | None
    index: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A point that was handed out and has no outcome yet.

    Attributes:
        assignments: What was handed out.
        index: The suggestion's number in the experiment, from 0.
        active: An outcome is to be expected. False for a trial that was stopped from outside: it has
            none, and will have one only if a user runs it once more.
    """

    assignments: Assignments
    index: int
    active: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """Everything an algorithm may know.

    Attributes:
        space: What may be proposed.
        maximize: Whether greater objective values are better.
        settings: The author's algorithm settings, name -> text, already accepted by `check`.
        seed: The experiment's own seed, at least 0; a `random_state` setting takes its place.
        results: Ended trials, in any order. Points outside the space are not learnt from.
        pending: Points handed out and still without outcome, in any order.
        first_index: The index of the first point asked for: how many were handed out before it.
        count: How many points are asked for.
        max_trial_count: The experiment's limit, when it has one.
        parallel_trial_count: How many trials run at the same time.
    """

    space: Space
    maximize: bool
    settings: Mapping[str, str]
    seed: int
    results: tuple[Result, ...]
    pending: tuple[Pending, ...]
    first_index: int
    count: int
    max_trial_count: int | None = None
    parallel_trial_count: int = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """What an algorithm says of a point besides its values.

    Attributes:
        name: The name that the Trial is to have; empty leaves it to munshi.
        labels: Labels for the Trial.
    """

    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an algorithm proposes.

    Fewer points than asked for are an answer only of an algorithm that is exhausted or waiting.

    Attributes:
        assignments: Points for the indexes first_index, first_index + 1, …
        exhausted: There is nothing left to propose.
        waiting: There is nothing to propose before more of the pending points have an outcome.
        because: Why it is exhausted, waits, or proposes these: one sentence a person can read.
        marks: Of each point its name and labels, in the same order; none when no point has any.
        settings: Settings that it chose itself, name -> text, to be written down and told it again.
    """

    assignments: tuple[Assignments, ...]
    exhausted: bool = False
    waiting: bool = False
    because: str = ""
    marks: tuple[Mark, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


class Algorithm(Protocol):
    """A method of proposing points.

    Implementations are stateless and may be called from any thread or process. The suite that each
    of them passes is `munshi.testing.algorithms.AlgorithmContract`.
    """

    @property
    def name(self) -> str:
        """The algorithmName that selects it."""

    def check(
        self, space: Space, settings: Mapping[str, str], max_trial_count: int | None
    ) -> list[FieldFault]:
        """Find everything the author must mend before the first trial.

        Args:
            space: The experiment's space.
            settings: As written; unknown names are faults.
            max_trial_count: The experiment's limit, when it has one.

        Returns:
            All faults. A path is `(setting name,)`, relative to spec.algorithm.algorithmSettings
            (the caller knows at which index that name stands), or `()` when the algorithm and the
            space do not fit each other.
        """

    def suggest(self, request: Request) -> Reply:
        """Propose points.

        Args:
            request: One that `check` found no fault with.

        Returns:
            `request.count` points of the space, none of them handed out before as long as a finite
            space has others; fewer when it is exhausted or waits. The same request gives the same reply,
            whatever the order of its results and pending points.

        Raises:
            AlgorithmRefused: `check` would have found faults; the message lists them.
        """
