"""Assignments asked for before there is a place: only where it cannot change what is tried."""

from __future__ import annotations

import pytest

from munshi import algorithms
from munshi.algorithms import Request, Result
from munshi.api.meta import INDEX_ANNOTATION
from munshi.reconcile.experiment import MANY_TRIALS, reconcile_experiment
from munshi.reconcile.plan import CreateSuggestion, CreateTrial, RequestSuggestions
from munshi.reconcile.views import ExperimentView
from munshi.space import Double, Integer, Space
from munshi.testing.builders import (
    NOW,
    a_suggestion,
    a_trial,
    an_assignment,
    an_experiment,
    running,
    succeeded,
)

SPACE = Space((Double("lr", 0.0, 1.0, 0.001), Integer("epochs", 1, 3)))
NEEDED = {"hyperband": {"resource_name": "epochs", "r_l": "3"}}


def wanted(
    ended: int,
    active: int,
    waiting: int,
    *,
    algorithm: str = "random",
    limit: int | None = 100,
    requested: int | None = None,
) -> int | None:
    """How many assignments a pass asks for at four places, counted from the first; None: nothing new."""
    owner = an_experiment(parallel=4, max_trials=limit, algorithm=algorithm)
    fates = [succeeded()] * ended + [running()] * active
    given = len(fates) + waiting
    view = ExperimentView(
        owner,
        a_suggestion(
            given=given,
            requests=requested,
            waiting=[an_assignment(f"e-{at}", at) for at in range(len(fates), given)],
            experiment=owner,
        ),
        tuple(a_trial(f"e-{at}", fate, index=at) for at, fate in enumerate(fates)),
    )
    for action in reconcile_experiment(view, NOW).actions:
        if isinstance(action, RequestSuggestions):
            return action.requests
    return None


def test_the_first_question_is_for_more_than_the_places() -> None:
    """Four places: four at once and sixteen for later; as many as there may be trials, at most."""
    first = ExperimentView(an_experiment(parallel=4, max_trials=MANY_TRIALS))
    (action,) = reconcile_experiment(first, NOW).actions
    assert isinstance(action, CreateSuggestion)
    assert action.suggestion.spec.requests == 20
    assert wanted(0, 0, 0) == 20
    assert wanted(94, 3, 0) == 100


CASES: dict[str, tuple[int | None, int | None]] = {
    "enough wait": (wanted(10, 4, 4), None),
    "a place is free and enough wait": (wanted(10, 3, 5), None),
    "fewer wait than there are places": (wanted(10, 4, 3), 30),
    "a place is free and then too few wait": (wanted(10, 3, 4), 30),
    "nothing waits": (wanted(10, 3, 0), 30),
    "nothing waits, and it is asked for already": (wanted(10, 3, 0, requested=20), None),
    "more places became free than were asked for": (wanted(13, 0, 0, requested=15), 33),
    "a few trials in all": (wanted(10, 3, 0, limit=MANY_TRIALS - 1), 14),
    "no end of trials": (wanted(10, 3, 0, limit=None), 30),
    "tpe learns": (wanted(10, 3, 0, algorithm="tpe"), 14),
    "an algorithm nobody knows may learn": (wanted(10, 3, 0, algorithm="other"), 14),
}


@pytest.mark.parametrize("case", CASES)
def test_how_many_are_asked_for(case: str) -> None:
    """Four rounds of places, once fewer than one wait; one by one where it matters or would puzzle."""
    got, expected = CASES[case]
    assert got == expected


def test_what_waits_is_tried_in_order() -> None:
    """Assignments that came early become trials by their numbers, as places become free."""
    owner = an_experiment(parallel=4, max_trials=MANY_TRIALS)
    suggestion = a_suggestion(
        given=9, waiting=[an_assignment(f"e-{at}", at) for at in range(3, 9)], experiment=owner
    )
    trials = tuple(
        a_trial(f"e-{at}", fate, index=at)
        for at, fate in enumerate([succeeded(), running(), running()])
    )
    made = [
        int(action.trial.metadata.annotations[INDEX_ANNOTATION])
        for action in reconcile_experiment(ExperimentView(owner, suggestion, trials), NOW).actions
        if isinstance(action, CreateTrial)
    ]
    assert made == [3, 4]


@pytest.mark.parametrize("name", algorithms.known())
def test_who_is_said_not_to_learn_does_not(name: str) -> None:
    """Points asked with good, bad or no results are the same exactly when `learns` says no."""
    points = (
        algorithms.find("random").suggest(Request(SPACE, False, {}, 7, (), (), 0, 45)).assignments
    )
    replies = []
    for sign in (1.0, -1.0):
        results = tuple(Result(one, sign * float(one["lr"]), at) for at, one in enumerate(points))
        request = Request(SPACE, False, NEEDED.get(name, {}), 7, results, (), 45, 8)
        replies.append(algorithms.find(name).suggest(request).assignments)
    assert (replies[0] != replies[1]) == algorithms.registry.learns(name)
