"""The mirror alone: newer wins, what was dropped stays away, and what is missing is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.api.common import ObjectiveSpec
from munshi.api.experiment import Experiment
from munshi.api.meta import ConfigMap, ObjectMeta, Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.engine.mirror import Mirror
from munshi.testing.stores import with_metadata

R = TypeVar("R", bound=Resource)

OWNER = Experiment(
    metadata=ObjectMeta(namespace="default", name="e", uid="e", resource_version="1")
)
KINDS: dict[str, type[Resource]] = {
    "an Experiment": Experiment,
    "a Suggestion": Suggestion,
    "a Trial": Trial,
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def made(kind: type[R], version: int, uid: str = "uid", name: str = "x") -> R:
    """An object as a store would tell of it, owned by OWNER unless it is an Experiment."""
    owners = () if kind is Experiment else (OWNER.owned_by(),)
    meta = ObjectMeta(
        namespace="default",
        name=name,
        uid=uid,
        resource_version=str(version),
        owner_references=owners,
    )
    return kind(metadata=meta)


@EVERY_KIND
@given(versions=st.lists(st.integers(1, 1_000), min_size=1))
def test_the_newest_wins_in_whatever_order(kind: type[Resource], versions: Sequence[int]) -> None:
    """Versions are compared as numbers; `put` says of each whether it brought anything new."""
    mirror = Mirror()
    best = 0
    for version in versions:
        assert mirror.put(made(kind, version)) == (version > best)
        best = max(best, version)
        assert mirror.everything() == [made(kind, best)]


@EVERY_KIND
def test_what_was_dropped_stays_away(kind: type[Resource]) -> None:
    """A late answer to a write does not bring a deleted object back, however new it claims to be."""
    mirror = Mirror()
    mirror.put(made(kind, 1))
    assert mirror.drop(made(kind, 2))
    assert not mirror.put(made(kind, 3))
    assert not mirror.drop(made(kind, 2))
    assert mirror.everything() == []


@EVERY_KIND
def test_a_deletion_may_come_before_the_object(kind: type[Resource]) -> None:
    """What is dropped before it was ever seen does not come either."""
    mirror = Mirror()
    assert not mirror.drop(made(kind, 2))
    assert not mirror.put(made(kind, 1))
    assert mirror.everything() == []


@EVERY_KIND
def test_another_of_the_same_name_takes_the_place(kind: type[Resource]) -> None:
    """By uid, not by version; the deletion of the former, told late, leaves the new one alone."""
    mirror = Mirror()
    mirror.put(made(kind, 9, "old"))
    assert mirror.put(made(kind, 3, "new"))
    assert not mirror.drop(made(kind, 10, "old"))
    assert mirror.everything() == [made(kind, 3, "new")]


def test_objects_are_found_by_their_experiment() -> None:
    """Trials and the Suggestion under its uid; nothing under another's; owners come first."""
    mirror = Mirror()
    trials = [made(Trial, 2, f"uid-{name}", name) for name in "ab"]
    suggestion = made(Suggestion, 1)
    for one in (*trials, suggestion, OWNER):
        assert mirror.put(one)
    assert mirror.experiments == {("default", "e"): OWNER}
    assert mirror.suggestion("e") == suggestion
    assert mirror.trials("e") == tuple(trials)
    assert mirror.trial_named("e", "b") == trials[1]
    assert mirror.everything() == [OWNER, suggestion, *trials]
    assert (mirror.suggestion("f"), mirror.trials("f")) == (None, ())
    assert mirror.trial_named("e", "c") is None


def test_other_kinds_are_passed_over() -> None:
    """A ConfigMap changes nothing, coming or going."""
    mirror = Mirror()
    config = ConfigMap(metadata=OWNER.metadata)
    assert not mirror.put(config)
    assert not mirror.drop(with_metadata(config, uid="other"))
    assert mirror.everything() == []


def test_the_count_of_the_trials_follows_them() -> None:
    """One count an experiment, whatever comes or goes after it was first asked for, or before."""
    mirror = Mirror()
    first, second = made(Trial, 2, "uid-a", "a"), made(Trial, 3, "uid-b", "b")
    mirror.put(first)
    counted = mirror.tally(OWNER)
    assert list(counted) == [first]
    mirror.put(second)
    mirror.put(newer := made(Trial, 4, "uid-a", "a"))
    assert mirror.tally(OWNER) is counted
    assert list(counted) == [newer, second]
    mirror.drop(newer)
    assert (list(counted), mirror.trials("e")) == ([second], (second,))


def test_another_objective_is_another_count() -> None:
    """The trials are judged anew by what their experiment says now."""
    mirror = Mirror()
    mirror.put(trial := made(Trial, 2, "uid-a", "a"))
    objective = ObjectiveSpec(objective_metric_name="loss")
    spec = OWNER.spec.model_copy(update={"objective": objective})
    counted = mirror.tally(OWNER.model_copy(update={"spec": spec}))
    assert (counted.objective, list(counted)) == (objective, [trial])
