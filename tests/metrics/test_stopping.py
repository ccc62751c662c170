"""Facts about the watch over a running trial: what trips it, when, and that it cannot be confused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.api.common import EarlyStoppingRule, ObjectiveSpec, ObjectiveType
from munshi.metrics.log import MetricLog, Report
from munshi.metrics.stopping import Watch

MAXIMIZE = ObjectiveSpec(type=ObjectiveType.MAXIMIZE, objective_metric_name="accuracy")
MINIMIZE = ObjectiveSpec(type=ObjectiveType.MINIMIZE, objective_metric_name="accuracy")


def rule(said: str, start: int = 0, trials: int = 0) -> EarlyStoppingRule:
    """`accuracy less 0.5`, from the report `start` on."""
    name, comparison, value = said.split()
    return EarlyStoppingRule(
        name=name, comparison=comparison, value=value, start_step=start, trials=trials
    )


def said(*values: str, metric: str = "accuracy") -> list[MetricLog]:
    """Reports of one metric in one output."""
    return [
        MetricLog(metric, text, None, origin=f"stdout:{10 * at}:{len(metric)}")
        for at, text in enumerate(values)
    ]


def tripped_at(watch: Watch, logs: Sequence[MetricLog]) -> int | None:
    """The number of the report, of all that are told, at which the watch trips."""
    return next((at for at, log in enumerate(logs, 1) if watch.add([log])), None)


@dataclass(frozen=True)
class Case:
    """Rules, what a trial reports, and the report at which it is to end."""

    rules: tuple[EarlyStoppingRule, ...]
    values: tuple[str, ...]
    at: int | None
    objective: ObjectiveSpec = MAXIMIZE


CASES = {
    "no rule, no end": Case((), ("0", "0"), None),
    "nothing is judged before the start step": Case(
        (rule("accuracy less 0.5", 3),), ("0.1", "0.2", "0.3"), 3
    ),
    "without a start step the first report is judged": Case(
        (rule("accuracy less 0.5"),), ("0.1",), 1
    ),
    "every report from the start step on, not that one alone": Case(
        (rule("accuracy greater 0.5", 2),), ("0.1", "0.1", "0.2", "0.6"), 4
    ),
    "the objective is judged by its best so far": Case(
        (rule("accuracy less 0.5", 2),), ("0.6", "0.1", "0.1"), None
    ),
    "where less is better the best is the least": Case(
        (rule("accuracy greater 0.5", 2),), ("0.4", "0.9", "0.9"), None, MINIMIZE
    ),
    "where less is better a trial above ends": Case(
        (rule("accuracy greater 0.5", 2),), ("0.9", "0.8", "0.7"), 2, MINIMIZE
    ),
    "as good as the value is good enough": Case((rule("accuracy less 0.5", 1),), ("0.50",), None),
    "equal means the same number": Case((rule("accuracy equal 0.5", 1),), ("0.4", "5e-1"), 2),
    "NaN counts as a report and is not better than anything": Case(
        (rule("accuracy less 0.5", 3),), ("0.1", "nan", "nan"), 3
    ),
    "NaN alone ends nothing": Case((rule("accuracy less 0.5", 1),), ("nan", "inf", "-inf"), None),
    "infinity is no best value": Case((rule("accuracy less 0.5", 2),), ("inf", "0.1"), 2),
    "text is passed over": Case((rule("accuracy less 0.5", 2),), ("Genotype(a)", "0.1"), 2),
    "a rule whose value is no number is never met": Case(
        (rule("accuracy less nan"), rule("accuracy less much")), ("0.1",), None
    ),
    "a rule with a word that compares nothing is never met": Case(
        (rule("accuracy below 0.5"),), ("0.1",), None
    ),
    "of a ladder the latest step reached is in force": Case(
        (rule("accuracy less 0.5", 4), rule("accuracy less 0.2", 2), rule("accuracy less 0.1", 3)),
        ("0.3", "0.3", "0.05", "0.4"),
        4,
    ),
    "the last step of a ladder holds for good": Case(
        (rule("accuracy less 0.1", 1), rule("accuracy less 0.3", 2)), ("0.2", "0.2"), 2
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_trial_is_to_end_at(case: str) -> None:
    """The verdict falls at the report that the table says."""
    one = CASES[case]
    assert tripped_at(Watch(one.rules, one.objective), said(*one.values)) == one.at


def test_another_metric_is_judged_by_its_present_value() -> None:
    """A loss that was low and is high now meets `greater`; NaN in between is not judged."""
    watch = Watch([rule("loss greater 5", 2)], MAXIMIZE)
    logs = said("9", "1", "nan", "6", metric="loss")
    assert tripped_at(watch, logs) == 4
    assert watch.tripped == "loss is 6 after 4 reports: greater than 5"


def test_rules_of_several_metrics_stand_together() -> None:
    """Each must have been met, at the same report or not; what was met once stays met (as in Katib)."""
    watch = Watch([rule("accuracy less 0.5", 1), rule("loss greater 5", 1)], MAXIMIZE)
    assert not watch.add(said("0.1"))
    assert not watch.add(said("1", metric="loss"))
    assert not watch.add(said("0.1", "0.9"))
    assert "; " in watch.add(said("1", "6", metric="loss"))


def test_the_sentence_says_what_was_compared() -> None:
    """Metric, value, how many reports, the threshold in six digits, and who set it."""
    rules = [rule("accuracy less 0.7341500000000001", 2, trials=7)]
    assert Watch(rules, MAXIMIZE).add(said("0.25", "0.31")) == (
        "the best accuracy of 2 reports is 0.31: less than 0.73415, set by 7 finished trials"
    )


def test_a_verdict_is_final() -> None:
    """Whatever is reported afterwards changes neither the verdict nor its words."""
    watch = Watch([rule("accuracy less 0.5", 1)], MAXIMIZE)
    words = watch.add(said("0.1"))
    assert watch.add(said("0.1", "0.9")) == words != ""


RULES = st.lists(
    st.builds(
        lambda metric, word, value, start: rule(f"{metric} {word} {value}", start),
        st.sampled_from(["accuracy", "loss"]),
        st.sampled_from(["less", "greater", "equal"]),
        st.sampled_from(["0", "0.25", "0.5", "0.75"]),
        st.integers(0, 6),
    ),
    max_size=4,
)
VALUES = st.sampled_from(["0", "0.2", "0.25", "0.4", "0.5", "0.6", "0.9", "nan", "inf", "word"])
OUTPUT = st.lists(st.tuples(st.sampled_from(["accuracy", "loss"]), VALUES), max_size=12)
DIRECTION = st.sampled_from([MAXIMIZE, MINIMIZE])


def written(output: list[tuple[str, str]]) -> list[MetricLog]:
    """One output of two metrics."""
    return [
        MetricLog(metric, text, None, origin=f"stdout:{at}:0")
        for at, (metric, text) in enumerate(output)
    ]


@given(RULES, OUTPUT, DIRECTION, st.integers(0, 12), st.integers(0, 12), st.booleans())
def test_a_watch_begun_anew_comes_to_the_same(
    rules: list[EarlyStoppingRule],
    output: list[tuple[str, str]],
    objective: ObjectiveSpec,
    kept: int,
    again: int,
    backwards: bool,
) -> None:
    """After a crash: the kept reports by metric, then the output again from any earlier place."""
    logs = written(output)
    straight = Watch(rules, objective)
    straight.add(logs)
    anew = Watch(rules, objective)
    for metric in sorted(anew.metrics, reverse=backwards):
        mine = [log for log in logs[:kept] if log.metric == metric]
        anew.resume(Report(number, log) for number, log in enumerate(mine, 1))
    anew.add(logs[min(kept, again) :])
    assert bool(anew.tripped) == bool(straight.tripped)
    assert sorted(anew.tripped.split("; ")) == sorted(straight.tripped.split("; "))


@given(RULES, OUTPUT, DIRECTION, st.lists(st.integers(0, 12), max_size=5))
def test_how_reports_are_handed_over_makes_no_difference(
    rules: list[EarlyStoppingRule],
    output: list[tuple[str, str]],
    objective: ObjectiveSpec,
    replays: list[int],
) -> None:
    """One by one, all at once, or with parts of it told again: the same verdict in the same words."""
    logs = written(output)
    at_once, piecemeal = Watch(rules, objective), Watch(rules, objective)
    at_once.add(logs)
    for at, log in enumerate(logs):
        for back in replays:
            piecemeal.add(logs[max(0, at - back) : at])
        piecemeal.add([log])
    assert piecemeal.tripped == at_once.tripped
