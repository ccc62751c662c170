"""The watch over a running trial: report by report, do its early-stopping rules say that it leads nowhere?

A rule (`EarlyStoppingRule`, as it stands on the Trial) says "metric less than, greater than or equal to a
value, from a step on". A step is the number of the metric's report, whatever the program calls it. At
every report from that step on

- the objective is judged by its best value so far, in the objective's direction, and strictly: as good
  as the value is good enough for `less` and `greater`;
- any other metric is judged by the value just reported;
- NaN, infinity and text count as reports but have no value. The objective is then still judged by what
  it had reached before; a metric that never had a value is not judged.

Rules of one metric and comparison are a ladder: the one with the latest step that was reached is in
force. Ladders of several metrics stand together, as in Katib: the trial is to end once each of them has
been met, at the same report or at different ones.

The verdict is a function of the rules and of the reports in their order, and is final. So a watch that is
begun anew, after a crash or because the Trial was given other rules, comes to the same: `resume` takes in
what the observation log has, and reports that come again, by their origin, are passed over. Whoever
collects feeds the watch with what is *already kept*: no crash can lose a report that a verdict rests on.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from munshi.api.common import Comparison, EarlyStoppingRule, ObjectiveSpec, ObjectiveType
from munshi.metrics import number
from munshi.metrics.log import MetricLog, Report
from munshi.metrics.origin import NOWHERE, Place, place_of


@dataclass(slots=True)
class _Rung:
    """One rule with its value as a number."""

    rule: EarlyStoppingRule
    value: float


@dataclass(slots=True)
class _Ladder:
    """The rules of one metric and comparison, by their steps; `met` tells when and how, once it was."""

    metric: str
    comparison: Comparison
    steps: list[int]
    rungs: list[_Rung]
    met: str = ""

    def met_by(self, step: int, value: float) -> EarlyStoppingRule | None:
        """The rule in force at a step, if the value meets it."""
        at = bisect_right(self.steps, step) - 1
        if at < 0 or not _holds(self.comparison, value, self.rungs[at].value):
            return None
        return self.rungs[at].rule


@dataclass(slots=True)
class _Series:
    """A metric as far as it has come."""

    count: int = 0
    best: float | None = None
    best_text: str = ""
    taken: dict[str, Place] = field(default_factory=dict)


class Watch:
    """Takes a trial's reports as they come and holds the verdict so far.

    Args:
        rules: The trial's; one with an unknown comparison, or whose value is no finite number, is left out.
        objective: The trial's: which metric is judged by its best value, and which way is better.
    """

    def __init__(self, rules: Sequence[EarlyStoppingRule], objective: ObjectiveSpec | None) -> None:
        said = objective or ObjectiveSpec()
        self._objective = said.objective_metric_name
        self._sign = -1.0 if said.type is ObjectiveType.MAXIMIZE else 1.0
        self._ladders = _ladders(rules)
        self._series = {ladder.metric: _Series() for ladder in self._ladders}
        self.tripped = ""
        """Why the trial is to end, in a sentence for people; empty as long as it may go on."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose reports matter; empty when there is nothing to watch for."""
        return tuple(self._series)

    def resume(self, reports: Iterable[Report]) -> None:
        """Take in what an engine before us has kept, judging each report by its own number.

        Args:
            reports: In the order of their numbers for each metric; of a thinned series the kept ones.
        """
        for report in reports:
            self._take(report.log, report.number)

    def add(self, logs: Iterable[MetricLog]) -> str:
        """Take more reports, in the order they came; says `tripped` afterwards."""
        for log in logs:
            self._take(log)
        return self.tripped

    def _take(self, log: MetricLog, at: int | None = None) -> None:
        series = self._series.get(log.metric)
        if series is None or _is_known(series, log):
            return
        series.count = series.count + 1 if at is None else at
        value = _finite(log.value)
        is_objective = log.metric == self._objective
        if is_objective:
            if value is not None and self._is_better(value, series.best):
                series.best, series.best_text = value, log.value
            value = series.best
        if value is None or self.tripped:
            return
        for ladder in self._ladders:
            if ladder.metric != log.metric or ladder.met:
                continue
            rule = ladder.met_by(series.count, value)
            if rule is not None:
                text = series.best_text if is_objective else log.value
                ladder.met = _sentence(rule, ladder.comparison, series.count, text, is_objective)
        if all(ladder.met for ladder in self._ladders):
            self.tripped = "; ".join(ladder.met for ladder in self._ladders)

    def _is_better(self, value: float, than: float | None) -> bool:
        return than is None or self._sign * value < self._sign * than


def _ladders(rules: Iterable[EarlyStoppingRule]) -> tuple[_Ladder, ...]:
    made: dict[tuple[str, Comparison], _Ladder] = {}
    for rule in sorted(rules, key=lambda rule: rule.start_step):
        comparison, value = _comparison_of(rule), _finite(rule.value)
        if comparison is None or value is None:
            continue
        key = (rule.name, comparison)
        ladder = made.setdefault(key, _Ladder(rule.name, comparison, [], []))
        ladder.steps.append(rule.start_step)
        ladder.rungs.append(_Rung(rule, value))
    return tuple(made.values())


def _comparison_of(rule: EarlyStoppingRule) -> Comparison | None:
    """The rule's comparison; None for a word that means none."""
    return next((one for one in Comparison if one.value == rule.comparison), None)


def _is_known(series: _Series, log: MetricLog) -> bool:
    """Whether the report was taken before; if not, it is from now on. One without origin is always new."""
    if not log.origin:
        return False
    source, place = place_of(log.origin)
    if place <= series.taken.get(source, NOWHERE):
        return True
    series.taken[source] = place
    return False


def _finite(text: str) -> float | None:
    value = number.read(text)
    return value if value is not None and math.isfinite(value) else None


def _holds(comparison: Comparison, value: float, against: float) -> bool:
    match comparison:
        case Comparison.LESS:
            return value < against
        case Comparison.GREATER:
            return value > against
        case Comparison.EQUAL:
            return value == against


_RELATION = {
    Comparison.LESS: "less than",
    Comparison.GREATER: "greater than",
    Comparison.EQUAL: "equal to",
}


def _sentence(
    rule: EarlyStoppingRule, comparison: Comparison, count: int, value: str, is_best: bool
) -> str:
    """`the best accuracy of 4 reports is 0.31: less than 0.55, set by 7 finished trials`."""
    reports = "1 report" if count == 1 else f"{count} reports"
    if is_best:
        said = f"the best {rule.name} of {reports} is {value}"
    else:
        said = f"{rule.name} is {value} after {reports}"
    trials = "1 finished trial" if rule.trials == 1 else f"{rule.trials} finished trials"
    source = f", set by {trials}" if rule.trials else ""
    return f"{said}: {_RELATION[comparison]} {_short(rule.value)}{source}"


def _short(text: str) -> str:
    """Six digits of a median say enough; a value that has no more stays as it was written."""
    return f"{number.read(text):.6g}" if len(text) > len("-0.123456") else text
