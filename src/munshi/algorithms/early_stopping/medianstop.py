"""Median stopping: end a trial whose best is worse than the median of the others' averages so far.

Golovin et al., 2017, "Google Vizier: A Service for Black-Box Optimization", §3.2.2: stop a trial at step s
if its best objective value by step s is strictly worse than the median, over all completed trials, of
the running averages of their objective values up to step s.

A running average lags behind a curve that improves, so a trial needs to be clearly worse, which is what
makes the rule safe with no model of the curves. The median does not mind one trial that diverged. (Katib
calls it median and takes the mean of means, at one step only.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from munshi.algorithms import settings as algorithm_settings
from munshi.algorithms.early_stopping.curve import Curve
from munshi.algorithms.early_stopping.protocol import Question, Rule
from munshi.algorithms.settings import Setting
from munshi.api.common import Comparison
from munshi.errors import FieldFault

SETTINGS = (
    Setting(
        "min_trials_required",
        "How many trials must have succeeded before any is stopped.",
        default=3,
        at_least=1,
    ),
    Setting(
        "start_step",
        "The first report at which a trial may be stopped.",
        default=4,
        at_least=1,
    ),
)


class MedianStop:
    """`earlyStopping.algorithmName: medianstop`."""

    name = "medianstop"
    settings = SETTINGS

    def check(self, settings: Mapping[str, str]) -> list[FieldFault]:
        """Only the settings can be at fault."""
        return algorithm_settings.read(SETTINGS, settings)[1]

    def first_step(self, settings: Mapping[str, str]) -> int:
        """`start_step`."""
        return self._chosen(settings, "start_step")

    def rules(self, question: Question) -> tuple[Rule, ...]:
        """A ladder: at each mark the median of the running averages of all trials that got so far.

        It ends where fewer than `min_trials_required` trials got; its last rung then holds for good. Rungs
        of equal value are one rule. O(m · n log n) time for n trials and m marks.
        """
        required = self._chosen(question.settings, "min_trials_required")
        comparison = Comparison.LESS if question.maximize else Comparison.GREATER
        made: list[Rule] = []
        for step, averages in _by_step(question.curves):
            if len(averages) < required:
                break
            value = median(averages)
            if not made or value != made[-1].value:
                made.append(Rule(question.metric, value, comparison, step, len(averages)))
        return tuple(made)

    def _chosen(self, settings: Mapping[str, str], name: str) -> int:
        return int(algorithm_settings.accepted(SETTINGS, settings, self.name)[name] or 0)


def _by_step(curves: tuple[Curve, ...]) -> Iterator[tuple[int, list[float]]]:
    """The running averages at each step, in the order of steps."""
    found: dict[int, list[float]] = {}
    for one in curves:
        for point in one:
            found.setdefault(point.step, []).append(point.mean)
    yield from sorted(found.items())


MEDIAN_STOP = MedianStop()
