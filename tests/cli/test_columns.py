"""Katib's printer columns, by kind and version."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from munshi.api import meta
from munshi.api.common import MetricStrategy, MetricStrategyType, ObjectiveType
from munshi.api.meta import V1ALPHA3, Resource
from munshi.api.trial import Trial
from munshi.cli import columns, facts, glimpse, tables
from support.cli_world import NOW, a_suggestion, a_trial, an_experiment, condition

ENDED = (condition("Running", true=False), condition("Succeeded", reason="ExperimentGoalReached"))


def table(shown: Sequence[Resource], *, wide: bool = False, namespaces: bool = False) -> str:
    """The table of objects, from their wire form."""
    return columns.table([one.dump() for one in shown], NOW, wide=wide, namespaces=namespaces)


HEADS: dict[str, tuple[Sequence[Resource], str]] = {
    "an Experiment of v1beta1": ([an_experiment("random", *ENDED)], "NAME TYPE STATUS AGE"),
    "an Experiment of v1alpha3": (
        [an_experiment("random", *ENDED, version=V1ALPHA3)],
        "NAME STATUS AGE",
    ),
    "both versions together": (
        [an_experiment("a", *ENDED), an_experiment("b", *ENDED, version=V1ALPHA3)],
        "NAME TYPE STATUS AGE",
    ),
    "a Trial": ([a_trial("t", "Running")], "NAME TYPE STATUS AGE"),
    "a Suggestion": ([a_suggestion()], "NAME TYPE STATUS REQUESTED ASSIGNED AGE"),
}


@pytest.mark.parametrize(("shown", "head"), HEADS.values(), ids=HEADS.keys())
def test_heads(shown: Sequence[Resource], head: str) -> None:
    """Each kind and version has the columns of Katib's own definition."""
    assert table(shown).splitlines()[0].split() == head.split()


def test_the_last_condition_is_shown() -> None:
    """TYPE and STATUS are those of the last condition; in v1alpha3, STATUS is its type."""
    new = table([an_experiment("random", *ENDED)])
    old = table([an_experiment("random", *ENDED, version=V1ALPHA3)])
    assert new == "NAME     TYPE        STATUS   AGE\nrandom   Succeeded   True     2m10s\n"
    assert old == "NAME     STATUS      AGE\nrandom   Succeeded   2m10s\n"


def test_wide_experiments() -> None:
    """`-o wide` adds how far an Experiment is, what it reached and what it seeks."""
    best = a_trial("random-x7", "Succeeded", accuracy="0.9722")
    one = an_experiment("random", *ENDED, best=best, trials_succeeded=6, trials_failed=1)
    rows = table([one], wide=True, namespaces=True).splitlines()
    assert rows[0].split()[5:] == ["PROGRESS", "FAILED", "BEST", "GOAL", "ALGORITHM", "REASON"]
    assert rows[1].split()[0] == "default"
    assert rows[1].split()[5:] == [
        "7/12", "1", "0.9722", ">=0.99", "random", "ExperimentGoalReached",
    ]  # fmt: skip


def test_wide_trials() -> None:
    """`-o wide` adds a Trial's objective value, settings, duration and reason."""
    trial = a_trial("random-x7", "Succeeded", accuracy="0.9722", lr="0.0234123412")
    rows = table([trial], wide=True).splitlines()
    assert rows[0].split()[4:] == ["OBJECTIVE", "PARAMETERS", "DURATION", "REASON"]
    assert rows[1].split()[4:] == ["0.9722", "lr=0.0234123", "10s", "TrialSucceeded"]


TRIALS = {
    "a pending trial": a_trial("t"),
    "a running trial": a_trial("t", "Running"),
    "a trial that succeeded": a_trial("t", "Succeeded", accuracy="0.9722123412"),
    "a trial without a completion time": a_trial("t", "Failed", took_s=None),
    "a trial that reported words": a_trial("t", "Succeeded", accuracy="unavailable"),
    "a trial that reported infinity": a_trial("t", "Succeeded", accuracy="inf", lr="0.1234567890"),
    "a trial with a Korean setting": a_trial("t", "Killed", lr="빠르게"),
}


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS.keys())
@pytest.mark.parametrize("strategy", list(MetricStrategyType))
@pytest.mark.parametrize("way", list(ObjectiveType))
def test_documents_say_what_objects_say(
    trial: Trial, strategy: MetricStrategyType, way: ObjectiveType
) -> None:
    """What `glimpse` reads off a document is what `facts` read off the object it came from."""
    strategies = (MetricStrategy(name="accuracy", value=strategy),)
    assert trial.spec.objective is not None
    objective = trial.spec.objective.model_copy(
        update={"type": way, "metric_strategies": strategies}
    )
    spec = trial.spec.model_copy(update={"objective": objective})
    trial = trial.model_copy(update={"spec": spec})
    best = an_experiment("e", best=trial)
    best = best.model_copy(update={"spec": best.spec.model_copy(update={"objective": objective})})
    found, document = facts.best(best), trial.dump()
    assert glimpse.objective_value(document) == facts.objective_value(trial)
    assert glimpse.took(document, NOW) == facts.took(trial, NOW)
    assert glimpse.pairs(document["spec"]["parameterAssignments"]) == facts.pairs(
        trial.spec.parameter_assignments
    )
    assert glimpse.best_value(best.dump()) == (found.value if found else None)


def test_a_best_trial_is_needed_for_a_best_value() -> None:
    """An Experiment without a best trial has no best value, in both twins."""
    one = an_experiment("e")
    assert (glimpse.best_value(one.dump()), facts.best(one)) == (None, None)


def test_progress_is_said_the_same() -> None:
    """PROGRESS counts every completed trial, whatever became of it, as `facts` does."""
    one = an_experiment(
        "e",
        trials_succeeded=1, trials_failed=2, trials_killed=3,
        trials_early_stopped=4, trial_metrics_unavailable=5,
    )  # fmt: skip
    assert table([one], wide=True).splitlines()[1].split()[4] == facts.progress(one) == "15/12"


def test_an_object_that_says_nothing_has_a_row() -> None:
    """Fields that were never said are `<none>` or 0, never an error."""
    for kind in ("Experiment", "Trial", "Suggestion"):
        bare = {"apiVersion": meta.HOME, "kind": kind, "metadata": {"name": "bare"}}
        head, row = columns.table([bare], NOW, wide=True, namespaces=True).splitlines()
        assert row.split()[:4] == [tables.NONE, "bare", tables.NONE, tables.NONE]
        assert len(row.split()) == len(head.split())


def test_the_old_version_is_known_by_its_name() -> None:
    """The name that the columns look for is the API's own."""
    assert columns.V1ALPHA3 == meta.V1ALPHA3
