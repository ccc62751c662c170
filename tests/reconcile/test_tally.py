"""The trials counted one by one: whatever comes, changes and goes, the sum is that of a fresh count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.api.common import ObjectiveSpec, ObjectiveType
from munshi.api.experiment import ExperimentStatus
from munshi.api.meta import AFTER_ANNOTATION, INDEX_ANNOTATION, RETRY_ANNOTATION
from munshi.api.trial import Trial
from munshi.reconcile.ordered import Ordered
from munshi.reconcile.tally import Tally, index_of, objective_value, tally
from munshi.reconcile.views import TrialState
from munshi.testing.builders import (
    a_trial,
    failed,
    killed,
    pending,
    running,
    succeeded,
    without_metrics,
)

NAMES = tuple(f"e-{letter}" for letter in "abcdefg")
VALUES = ("0.5", "0.5", "-1.0", "0.25", "nan", "inf", "genotype", "0x1p-1", "-0.0")
FATES = (
    *(pending(), running(), failed(), killed(), without_metrics()),
    *(succeeded(value) for value in VALUES),
)
OBJECTIVES = st.sampled_from(
    [
        ObjectiveSpec(type=kind, objective_metric_name="accuracy")
        for kind in (ObjectiveType.MAXIMIZE, ObjectiveType.MINIMIZE)
    ]
)


@dataclass(frozen=True)
class Put:
    """A trial comes, or takes another form: it may end, be retried, be another of the same name."""

    trial: Trial


@dataclass(frozen=True)
class Drop:
    """A trial is deleted or withdrawn; one that never was, too."""

    name: str


@st.composite
def forms(draw: st.DrawFn) -> Trial:
    """One form of one of a few trials, mostly with the number its name suggests."""
    at = draw(st.integers(0, len(NAMES) - 1))
    index = draw(st.sampled_from([str(at), str(at), "0", "?"]))
    notes = {INDEX_ANNOTATION: index}
    if draw(st.booleans()):
        notes[AFTER_ANNOTATION] = ",".join(draw(st.lists(st.sampled_from(NAMES), max_size=3)))
    if draw(st.booleans()):
        notes[RETRY_ANNOTATION] = "1"
    return a_trial(NAMES[at], draw(st.sampled_from(FATES)), index=at, notes=notes)


STEPS = st.lists(
    st.one_of(forms().map(Put), forms().map(Put), st.sampled_from(NAMES).map(Drop)), max_size=30
)


def what_it_says(counted: Tally) -> dict[str, object]:
    """All that a pass can read off a Tally."""
    best = counted.best
    return {
        "status": counted.written_into(ExperimentStatus()),
        "best": best and best.name,
        "best value": counted.best_value,
        "active": counted.active,
        "completed": counted.completed,
        "failed": counted.failed,
        "marked": list(counted.marked),
        "all": list(counted),
        "by name": dict(counted.by_name),
        "results": counted.history.results.values,
        "unlearnt": counted.history.unlearnt.values,
        "news": counted.history.news(()),
    }


@given(OBJECTIVES, STEPS)
def test_counted_one_by_one_is_counted_at_once(
    objective: ObjectiveSpec, steps: Sequence[Put | Drop]
) -> None:
    """After any puts, changes, retries and deletions the kept count equals one made from scratch."""
    kept = Tally(objective)
    trials: dict[str, Trial] = {}
    for step in steps:
        match step:
            case Put(trial):
                kept.put(trial)
                trials[trial.name] = trial
            case Drop(name):
                kept.drop(name)
                trials.pop(name, None)
        assert what_it_says(kept) == what_it_says(Tally(objective, trials.values()))


def place(trial: Trial) -> tuple[int, str]:
    """Where the trial stands among the others."""
    return index_of(trial), trial.name


def plainly_best(trials: Sequence[Trial], objective: ObjectiveSpec) -> Trial | None:
    """The best, by looking at each of them."""
    sign = -1.0 if objective.type is ObjectiveType.MAXIMIZE else 1.0
    ranked = [
        (sign * value, place(trial), trial)
        for trial in trials
        if (value := objective_value(trial, objective)) is not None
    ]
    if ranked:
        return min(ranked, key=lambda item: item[:2])[2]
    observed = [(trial, trial.status.observation) for trial in trials]
    said = [trial for trial, seen in observed if seen and seen.metrics[0].latest == "genotype"]
    return max(said, key=place) if said else None


@given(OBJECTIVES, st.lists(forms(), max_size=12, unique_by=lambda trial: trial.name))
def test_the_best_is_the_best(objective: ObjectiveSpec, trials: Sequence[Trial]) -> None:
    """Of equal values the earlier suggestion; never NaN or infinity; without numbers the last text."""
    counted = Tally(objective, trials)
    best = plainly_best(trials, objective)
    assert counted.best == best
    if best is not None:
        assert counted.best_value == objective_value(best, objective)


def test_a_kept_count_is_not_counted_again() -> None:
    """Only for the objective it was kept for."""
    kept = Tally(ObjectiveSpec(objective_metric_name="accuracy"), [a_trial("e-a", succeeded(0.5))])
    assert tally(kept, kept.objective) is kept
    other = tally(kept, ObjectiveSpec(objective_metric_name="loss"))
    assert (list(other), other.best) == (list(kept), None)
    assert tally(list(kept), kept.objective).best == kept.best


@pytest.mark.parametrize("state", [TrialState.SUCCEEDED, TrialState.FAILED])
def test_the_newest_names_are_listed(state: TrialState) -> None:
    """The last hundred in suggestion order, in whatever order the trials came."""
    fate = succeeded(0.5) if state is TrialState.SUCCEEDED else failed()
    trials = [a_trial(f"e-{at}", fate, index=at) for at in range(250)]
    counted = Tally(ObjectiveSpec(), reversed(trials))
    assert counted.names(state) == tuple(f"e-{at}" for at in range(150, 250))
    assert counted.count(state) == 250


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers()), max_size=40))
def test_ordered_is_a_sorted_dict(steps: Sequence[tuple[int, bool, int]]) -> None:
    """Putting and dropping, keys stay in order, each with the value that was put last."""
    ordered: Ordered[tuple[int], int] = Ordered()
    plain: dict[tuple[int], int] = {}
    for key, is_put, value in steps:
        if is_put:
            ordered.put((key,), value)
            plain[key,] = value
        else:
            ordered.drop((key,))
            plain.pop((key,), None)
        assert list(zip(ordered.keys, ordered.values, strict=True)) == sorted(plain.items())
        assert len(ordered) == len(plain)
