"""What is asked of an early-stopping method, and what it answers.

The engine fills a `Question` from an Experiment and the curves of its finished trials, an
`EarlyStopping` answers with rules. They are written on the assignment, and so on the Trial, where
anybody can read them; the Trial is then judged by what is written, however the curves move on.

A method that needs no other trials (a threshold, patience with its own best) leaves `curves` aside. One
that stops by rungs (asynchronous successive halving) answers a ladder: a rule for each rung.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from munshi.algorithms.early_stopping.curve import Curve
from munshi.api.common import Comparison
from munshi.errors import FieldFault


@dataclass(frozen=True, slots=True)
class Rule:
    """End a trial when `metric` compares so with `value`, from the report `start_step` on.

    Of several rules of one metric and comparison the one with the latest step that was reached holds.
    What exactly is compared is said in `munshi.metrics.stopping`.

    Attributes:
        metric: The objective (judged by its best value so far) or another metric (by its present one).
        value: A finite number.
        comparison: How the trial's value stands to it when it is met.
        start_step: From which report of the metric on, counted from 1.
        trials: How many finished trials set the value.
    """

    metric: str
    value: float
    comparison: Comparison
    start_step: int
    trials: int


@dataclass(frozen=True, slots=True)
class Question:
    """Everything a method may know.

    Attributes:
        metric: The objective's name.
        maximize: Whether greater values are better.
        settings: The author's settings, name -> text, already accepted by `check`.
        curves: Of the trials that succeeded, in any order, at the marks from `first_step` on.
    """

    metric: str
    maximize: bool
    settings: Mapping[str, str]
    curves: tuple[Curve, ...]


class EarlyStopping(Protocol):
    """A method of telling early that a trial leads nowhere. Stateless; may be called from any thread."""

    @property
    def name(self) -> str:
        """The earlyStopping.algorithmName that selects it."""

    def check(self, settings: Mapping[str, str]) -> list[FieldFault]:
        """Find everything the author must mend.

        Args:
            settings: As written; unknown names are faults.

        Returns:
            All faults; a path is `(setting name,)`, relative to earlyStopping.algorithmSettings.
        """

    def first_step(self, settings: Mapping[str, str]) -> int:
        """The first step at which curves matter: the first of the marks that `curves` are made at."""

    def rules(self, question: Question) -> tuple[Rule, ...]:
        """The rules for a trial that begins now; none as long as too little is known.

        The same question gives the same rules, whatever the order of its curves.

        Raises:
            AlgorithmRefused: `check` would have found faults; the message lists them.
        """
