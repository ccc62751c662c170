"""Katib's printer columns, by kind and version."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from munshi.api.meta import V1ALPHA3
from munshi.cli import columns
from munshi.cli.columns import Shown
from support.cli_world import NOW, a_suggestion, a_trial, an_experiment, condition

ENDED = (condition("Running", true=False), condition("Succeeded", reason="ExperimentGoalReached"))

HEADS: dict[str, tuple[Sequence[Shown], str]] = {
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
def test_heads(shown: Sequence[Shown], head: str) -> None:
    """Each kind and version has the columns of Katib's own definition."""
    assert columns.table(shown, NOW).splitlines()[0].split() == head.split()


def test_the_last_condition_is_shown() -> None:
    """TYPE and STATUS are those of the last condition; in v1alpha3, STATUS is its type."""
    new = columns.table([an_experiment("random", *ENDED)], NOW)
    old = columns.table([an_experiment("random", *ENDED, version=V1ALPHA3)], NOW)
    assert new == "NAME     TYPE        STATUS   AGE\nrandom   Succeeded   True     2m10s\n"
    assert old == "NAME     STATUS      AGE\nrandom   Succeeded   2m10s\n"


def test_wide_experiments() -> None:
    """`-o wide` adds how far an Experiment is, what it reached and what it seeks."""
    best = a_trial("random-x7", "Succeeded", accuracy="0.9722")
    one = an_experiment("random", *ENDED, best=best, trials_succeeded=6, trials_failed=1)
    rows = columns.table([one], NOW, wide=True, namespaces=True).splitlines()
    assert rows[0].split()[5:] == ["PROGRESS", "FAILED", "BEST", "GOAL", "ALGORITHM", "REASON"]
    assert rows[1].split()[0] == "default"
    assert rows[1].split()[5:] == [
        "7/12", "1", "0.9722", ">=0.99", "random", "ExperimentGoalReached",
    ]  # fmt: skip


def test_wide_trials() -> None:
    """`-o wide` adds a Trial's objective value, settings, duration and reason."""
    trial = a_trial("random-x7", "Succeeded", accuracy="0.9722", lr="0.0234123412")
    rows = columns.table([trial], NOW, wide=True).splitlines()
    assert rows[0].split()[4:] == ["OBJECTIVE", "PARAMETERS", "DURATION", "REASON"]
    assert rows[1].split()[4:] == ["0.9722", "lr=0.0234123", "10s", "TrialSucceeded"]
