"""Facts about the story: which events follow from a new status, and from an action."""

from __future__ import annotations

from datetime import timedelta

from munshi.api.suggestion import Suggestion
from munshi.reconcile import story
from munshi.reconcile.experiment import reconcile_experiment
from munshi.reconcile.plan import (
    CreateSuggestion,
    CreateTrial,
    KillTrial,
    LaunchTrial,
    RequestSuggestions,
)
from munshi.reconcile.trial import begun_anew, interrupted, reconcile_trial
from munshi.reconcile.views import Run, TrialView
from munshi.testing.builders import (
    NOW,
    a_suggestion,
    a_trial,
    a_view,
    an_experiment,
    failed,
    pending,
    running,
    succeeded,
)
from reconcile.world import annotated

LATER = NOW + timedelta(minutes=1)


def test_a_condition_that_came_to_hold_is_an_event() -> None:
    """Once, with its reason and message, at the time of the decision; what held before is not told again."""
    view = a_view(an_experiment(max_trials=1), [succeeded(0.7)])
    after = view.experiment.model_copy(update={"status": reconcile_experiment(view, NOW).status})
    told = story.of_change(view.experiment, after, LATER)
    assert [(one.reason, one.warning) for one in told] == [
        ("ExperimentCreated", False),
        ("ExperimentMaxTrialsReached", False),
    ]
    assert told[1].message == "1 trials are completed; maxTrialCount is 1"
    assert {(one.kind, one.name, one.uid, one.experiment_uid, one.time) for one in told} == {
        ("Experiment", "e", "uid-e", "uid-e", LATER)
    }
    assert story.of_change(after, after, LATER) == ()


def test_a_trials_events_belong_to_its_experiment() -> None:
    """By the controller's uid; a failure and a loss are warnings, an interruption is none."""
    trial = a_trial(fate=running())
    gone = Run({}, live=False, collected=False, lost="switched off")
    lost = trial.model_copy(
        update={"status": reconcile_trial(TrialView(trial, gone), LATER).status}
    )
    [event] = story.of_change(trial, lost, LATER)
    assert (event.reason, event.warning, event.experiment_uid) == ("TrialLost", True, "uid-e")
    paused = trial.model_copy(update={"status": interrupted(trial, LATER)})
    [event] = story.of_change(trial, paused, LATER)
    assert (event.reason, event.warning) == ("TrialInterrupted", False)
    broken = a_trial(fate=failed())
    [event] = story.of_change(trial, broken, LATER)
    assert (event.reason, event.warning) == ("TrialFailed", True)


def test_a_retry_and_its_second_end_are_told() -> None:
    """The same reason at another time is news: a trial that failed twice has two failures in its story."""
    trial = annotated(a_trial(fate=failed()), {"retry": "1"})
    again = trial.model_copy(update={"status": begun_anew(trial, "asked", LATER)})
    assert [one.reason for one in story.of_change(trial, again, LATER)] == ["TrialRetried"]
    ended = Run(
        {"status": {"conditions": [{"type": "Failed", "status": "True"}]}},
        live=False,
        collected=True,
    )
    status = reconcile_trial(TrialView(again, ended), LATER).status
    twice = again.model_copy(update={"status": status})
    assert [one.reason for one in story.of_change(again, twice, LATER)] == ["TrialFailed"]


def test_an_action_is_told_of_whom_it_befell() -> None:
    """Creations and killings are the trial's, questions the Suggestion's, the rest the actor's."""
    owner, trial = an_experiment(), a_trial(fate=pending())
    fresh = trial.model_copy(update={"metadata": trial.metadata.model_copy(update={"uid": ""})})
    asked: Suggestion = a_suggestion(experiment=owner)
    cases = {
        story.of_action(owner, CreateTrial(fresh, "a place"), NOW, "u-1"): ("Trial", "e-0", "u-1"),
        story.of_action(owner, KillTrial(trial, "over"), NOW): ("Trial", "e-0", "uid-e-0"),
        story.of_action(trial, LaunchTrial("no job"), NOW): ("Trial", "e-0", "uid-e-0"),
        story.of_action(owner, CreateSuggestion(asked, "go"), NOW): (
            "Suggestion",
            "e",
            "uid-suggestion-e",
        ),
        story.of_action(owner, RequestSuggestions(4, "free"), NOW): ("Suggestion", "e", ""),
    }
    for event, said in cases.items():
        assert (event.kind, event.name, event.uid) == said
        assert event.experiment_uid == "uid-e"
    assert {event.reason for event in cases} == {
        "CreateTrial",
        "KillTrial",
        "LaunchTrial",
        "CreateSuggestion",
        "RequestSuggestions",
    }
