"""Facts about what a user may ask of objects that exist: stop, suspend, run once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from munshi.api import conditions
from munshi.api.common import ObjectiveType
from munshi.api.experiment import Experiment, ResumePolicy
from munshi.api.trial import Trial
from munshi.reconcile import controls
from munshi.reconcile.experiment import reconcile_experiment
from munshi.reconcile.plan import LaunchTrial, Plan, StopTrial
from munshi.reconcile.suggestion import reconcile_suggestion
from munshi.reconcile.tally import state_of
from munshi.reconcile.trial import MAX_ATTEMPTS, begun_anew, interrupted, killed, reconcile_trial
from munshi.reconcile.views import ExperimentView, Run, SuggestionView, TrialState, TrialView
from munshi.testing.builders import (
    NOW,
    Fate,
    a_trial,
    a_view,
    an_assignment,
    an_experiment,
    an_objective,
    failed,
    pending,
    running,
    succeeded,
    without_metrics,
)
from munshi.testing.builders import (
    killed as was_killed,
)
from reconcile.world import World, annotated

LATER = NOW.replace(year=2030)
GONE = Run({}, live=False, collected=False, lost="switched off")


def noted(view: ExperimentView, **said: str) -> ExperimentView:
    """The view with annotations on its Experiment."""
    return replace(view, experiment=annotated(view.experiment, said))


def marked(view: ExperimentView, at: int, **said: str) -> ExperimentView:
    """The view with annotations on one of its trials."""
    trials = [annotated(t, said) if i == at else t for i, t in enumerate(view.trials)]
    return replace(view, trials=tuple(trials))


def decided(view: ExperimentView) -> list[str]:
    """The kinds of a plan's actions, in order."""
    return [type(one).__name__ for one in reconcile_experiment(view, NOW).actions]


def after(view: ExperimentView) -> ExperimentView:
    """The view once the pass's status is written."""
    status = reconcile_experiment(view, NOW).status
    return replace(view, experiment=view.experiment.model_copy(update={"status": status}))


def types(view: ExperimentView) -> list[tuple[str, str]]:
    """Types and statuses of the Experiment's conditions, as they stand."""
    return [(one.type, one.status) for one in view.experiment.status.conditions]


def last(view: ExperimentView) -> tuple[str, str, str]:
    """What the last condition says after a pass."""
    one = reconcile_experiment(view, NOW).status.conditions[-1]
    return one.type, one.status, one.reason


# -- suspend ------------------------------------------------------------------------------------


def test_nothing_begins_while_suspended() -> None:
    """No trial is created and nothing asked; what runs goes on, and is still withdrawn or judged."""
    waiting = [an_assignment("w-0", 1)]
    view = a_view(an_experiment(), [running()], waiting=waiting)
    assert decided(view) == ["RequestSuggestions", "CreateTrial"]
    assert decided(noted(view, suspend="")) == []
    fewer = noted(a_view(an_experiment(parallel=1), [running(), running()]), suspend="")
    assert decided(fewer) == ["WithdrawTrial"]
    done = noted(a_view(an_experiment(max_trials=1), [succeeded()]), suspend="")
    assert last(done) == ("Succeeded", "True", "ExperimentMaxTrialsReached")


def test_the_algorithm_is_not_asked_while_suspended() -> None:
    """Requests written down before the suspension wait for its end."""
    view = a_view(an_experiment(), given=1)
    assert view.suggestion is not None
    more = view.suggestion.spec.model_copy(update={"requests": 3})
    suggestion = view.suggestion.model_copy(update={"spec": more})
    for owner, asks in ((view.experiment, 1), (annotated(view.experiment, {"suspend": ""}), 0)):
        plan = reconcile_suggestion(SuggestionView(owner, suggestion), NOW)
        assert len(plan.actions) == asks


def test_suspended_is_the_last_condition_while_it_holds() -> None:
    """`kubectl get` reads Suspended, then Running again; Running stays True all along."""
    view = after(noted(a_view(an_experiment(), [running()]), suspend=""))
    assert types(view) == [("Created", "True"), ("Running", "True"), ("Suspended", "True")]
    assert after(view) == view
    resumed = after(replace(view, experiment=annotated(view.experiment, {"suspend": None})))
    assert types(resumed) == [("Created", "True"), ("Suspended", "False"), ("Running", "True")]
    assert after(resumed) == resumed
    since = [c.last_transition_time for c in resumed.experiment.status.conditions]
    assert set(since) == {NOW}


def test_an_experiment_suspended_before_its_first_trial() -> None:
    """Suspended stays last though Running comes later, and Created is last again after it."""
    empty = after(noted(a_view(), suspend=""))
    assert types(empty) == [("Created", "True"), ("Suspended", "True")]
    with_trial = after(replace(empty, trials=(a_trial(fate=running()),)))
    assert types(with_trial)[-1] == ("Suspended", "True")
    resumed = after(replace(empty, experiment=annotated(empty.experiment, {"suspend": None})))
    assert types(resumed) == [("Suspended", "False"), ("Created", "True")]


def test_a_suspension_ends_with_its_experiment() -> None:
    """A completed experiment is not suspended, whatever the annotation says."""
    view = after(noted(a_view(an_experiment(), [was_killed()]), suspend=""))
    over = after(noted(view, stop=""))
    assert all(kind != "Suspended" for kind, _ in types(over))
    assert after(over) == over


# -- stop an experiment -------------------------------------------------------------------------

STOPS: dict[str, tuple[ExperimentView, str, str]] = {
    "with a result and a reason": (
        noted(a_view(an_experiment(), [succeeded(), was_killed()]), stop="good\nenough"),
        "Succeeded",
        "stopped by the user after 1 of 12 trials: good enough",
    ),
    "without a bound, without a reason": (
        noted(a_view(an_experiment(max_trials=None), [succeeded()]), stop=""),
        "Succeeded",
        "stopped by the user after 1 trials",
    ),
    "without a result": (
        noted(a_view(an_experiment(), [failed(), succeeded("nan")]), stop=""),
        "Failed",
        "stopped by the user after 2 of 12 trials, none of which has a result",
    ),
    "before the first trial": (
        noted(a_view(an_experiment()), stop=""),
        "Failed",
        "stopped by the user after 0 of 12 trials, none of which has a result",
    ),
}


def test_what_runs_is_killed_before_a_stopped_experiment_is_over() -> None:
    """A trial that has just ended by itself is still judged by its end, and counts."""
    view = noted(a_view(an_experiment(), [succeeded(), running(), running()]), stop="enough")
    assert last(view) == ("Running", "True", "ExperimentRunning")
    plan = reconcile_experiment(view, NOW)
    told = {action.because for action in plan.actions}
    assert (decided(view), told) == (["KillTrial"] * 2, {"stopped by the user: enough"})


@pytest.mark.parametrize("case", STOPS)
def test_a_stopped_experiment_is_completed_now(case: str) -> None:
    """It succeeds with what there is, or fails with nothing; and so it stays."""
    view, kind, message = STOPS[case]
    said = reconcile_experiment(view, NOW).status.conditions[-1]
    assert (said.type, said.reason, said.message) == (kind, "ExperimentStopped", message)
    assert decided(view) == []
    assert reconcile_experiment(after(view), LATER).status == after(view).experiment.status


@pytest.mark.parametrize(
    ("policy", "goes_on"),
    [
        (ResumePolicy.NEVER, False),
        (ResumePolicy.LONG_RUNNING, True),
        (ResumePolicy.FROM_VOLUME, True),
    ],
)
@pytest.mark.parametrize("fate", [succeeded(), failed()])
def test_a_stop_taken_back(policy: ResumePolicy, goes_on: bool, fate: Fate) -> None:
    """The experiment goes on without a larger budget, unless its resumePolicy is Never."""
    over = after(noted(a_view(an_experiment(resume=policy), [fate]), stop=""))
    again = replace(over, experiment=annotated(over.experiment, {"stop": None}))
    said = after(again)
    assert said.experiment.is_completed is not goes_on
    assert bool(decided(again)) is goes_on
    if goes_on:
        found = conditions.find(said.experiment.status.conditions, "Restarting")
        assert found is not None
        assert found.message == "Experiment goes on where it was stopped"
    assert after(said) == said


# -- stop a trial -------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", [pending(), running()])
def test_a_stopped_trial_is_killed(fate: Fate) -> None:
    """Reason TrialStopped, with the user's words; it is not launched, and what runs is ended next."""
    trial = annotated(a_trial(fate=fate), {"stop": "too slow"})
    plan = reconcile_trial(TrialView(trial), NOW)
    said = plan.status.conditions[-1]
    assert (said.type, said.reason) == ("Killed", "TrialStopped")
    assert said.message == "stopped by the user: too slow"
    assert plan.actions == ()
    live = Run({}, live=True, collected=False)
    assert reconcile_trial(TrialView(trial, live), NOW).actions == (StopTrial(said.message),)


@pytest.mark.parametrize("fate", [succeeded(), failed(), was_killed(), without_metrics()])
def test_a_completed_trial_is_not_stopped(fate: Fate) -> None:
    """Its end stays as it is."""
    trial = annotated(a_trial(fate=fate), {"stop": ""})
    assert reconcile_trial(TrialView(trial), NOW) == Plan(trial.status)


# -- retry --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", [failed(), was_killed(), without_metrics()])
def test_a_trial_without_a_result_begins_anew(fate: Fate) -> None:
    """Its end is no longer True, its values and times are gone; the next pass launches it."""
    trial = annotated(a_trial(fate=fate), {"retry": "1"})
    status = begun_anew(trial, "asked", LATER)
    again = trial.model_copy(update={"status": status})
    assert state_of(again) is TrialState.PENDING
    assert (status.attempts, status.observation, status.completion_time) == (2, None, None)
    assert status.start_time == LATER
    assert status.conditions[-1].reason == "TrialRetried"
    plan = reconcile_trial(TrialView(again), LATER)
    assert [type(one) for one in plan.actions] == [LaunchTrial]
    assert plan.status.attempts == 2
    assert begun_anew(again, "asked", LATER) == status, "a second time changes nothing"


NOT_AGAIN: dict[str, Trial] = {
    "it has a result": annotated(a_trial(fate=succeeded()), {"retry": "1"}),
    "it runs": annotated(a_trial(fate=running()), {"retry": "1"}),
    "the wish is of an earlier start": annotated(a_trial(fate=failed()), {"retry": "0"}),
    "the wish is no number": annotated(a_trial(fate=failed()), {"retry": "soon"}),
    "the number is not ASCII": annotated(a_trial(fate=failed()), {"retry": "١"}),
    "nobody asked": a_trial(fate=failed()),
}


@pytest.mark.parametrize("case", NOT_AGAIN)
def test_a_trial_that_is_not_run_again(case: str) -> None:
    """It keeps its status, and its experiment plans nothing for it."""
    trial = NOT_AGAIN[case]
    assert begun_anew(trial, "asked", LATER) == trial.status
    view = replace(a_view(given=12), trials=(trial,))
    assert "RetryTrial" not in decided(view)


def test_retries_come_before_new_trials_within_the_parallel_places() -> None:
    """Three wishes and two places: two begin now, in suggestion order, and no new trial does."""
    view = a_view(an_experiment(parallel=3), [running(), failed(), failed(), failed()])
    for at in (3, 2, 1):
        view = marked(view, at, retry="1")
    plan = reconcile_experiment(view, NOW)
    named = [(type(one).__name__, getattr(one, "trial").name) for one in plan.actions]  # noqa: B009
    assert named == [("RetryTrial", "e-1"), ("RetryTrial", "e-2")]
    assert decided(noted(view, suspend="")) == []


def wished(experiment: Experiment, fates: Sequence[Fate], at: int) -> ExperimentView:
    """A completed experiment, one trial of which the user wants to run once more."""
    over = after(a_view(experiment, fates))
    assert over.experiment.is_completed
    return marked(over, at, retry="1")


MAXIMISED = an_objective(ObjectiveType.MAXIMIZE, 0.9)
GOES_ON: dict[str, tuple[ExperimentView, list[str]]] = {
    "the budget was used up": (
        wished(an_experiment(max_trials=2), [succeeded(), failed()], 1),
        ["RetryTrial"],
    ),
    "too many had failed": (
        wished(an_experiment(max_failed=1, parallel=1), [failed()], 0),
        ["RetryTrial"],
    ),
    "still too many have failed": (
        wished(an_experiment(max_failed=2, parallel=4), [failed()] * 3, 0),
        ["RetryTrial"],
    ),
    "the goal was reached": (
        wished(an_experiment(objective=MAXIMISED), [succeeded(1), failed()], 1),
        ["RetryTrial"],
    ),
}


@pytest.mark.parametrize("case", GOES_ON)
def test_a_completed_experiment_waits_for_a_trial_that_is_run_again(case: str) -> None:
    """It is Restarting, whatever its resumePolicy, begins nothing new, and ends when the trial has."""
    view, actions = GOES_ON[case]
    assert decided(view) == actions
    on = after(view)
    assert not on.experiment.is_completed
    assert ("Restarting", "True") in types(on)
    assert after(on) == on
    wanting = next(trial for trial in view.trials if controls.wants_retry(trial))
    again = wanting.model_copy(update={"status": begun_anew(wanting, "asked", NOW)})
    live = replace(on, trials=tuple(again if t is wanting else t for t in view.trials))
    assert not after(live).experiment.is_completed
    assert set(decided(live)) <= {"RequestSuggestions"}
    for fate in (succeeded(0.1), failed()):
        ended = wanting.model_copy(update={"status": a_trial(fate=fate).status})
        ended = ended.model_copy(update={"status": ended.status.model_copy(update={"attempts": 2})})
        then = replace(on, trials=tuple(ended if t is wanting else t for t in view.trials))
        grows = "too many had failed" in case and fate == succeeded(0.1)
        assert after(then).experiment.is_completed is not grows


def test_a_reached_goal_ends_all_others_while_one_is_run_again() -> None:
    """Only what the user asked for is let end."""
    again = annotated(a_trial("e-1", running(), index=1), {"retry": "0"})
    view = a_view(an_experiment(objective=MAXIMISED), [succeeded(1), pending(), running()])
    view = replace(view, trials=(view.trials[0], again, view.trials[2]))
    plan = reconcile_experiment(view, NOW)
    assert [getattr(one, "trial").name for one in plan.actions] == ["e-2"]  # noqa: B009
    assert plan.status.conditions[-1].type == "Running"


def test_a_stop_is_stronger_than_a_retry() -> None:
    """Nothing is begun in a stopped experiment, and a retried trial is killed with the others."""
    view = marked(a_view(an_experiment(), [succeeded(), failed()]), 1, retry="1")
    assert decided(noted(view, stop="")) == []
    view = marked(a_view(an_experiment(), [succeeded(), running()]), 1, retry="0")
    assert decided(noted(view, stop="")) == ["KillTrial"]


def test_a_broken_template_waits_for_a_trial_that_is_run_again() -> None:
    """The experiment fails by it only when the retried trial has ended."""
    view = wished(an_experiment(max_failed=1, max_trials=3), [failed()], 0)
    template = view.experiment.spec.trial_template
    assert template is not None
    broken = template.model_copy(update={"trial_parameters": ()})
    spec = view.experiment.spec.model_copy(update={"trial_template": broken})
    on = replace(view, experiment=view.experiment.model_copy(update={"spec": spec}))
    waiting = [an_assignment("w-0", 1)]
    assert on.suggestion is not None
    status = on.suggestion.status.model_copy(
        update={"suggestions": tuple(waiting), "suggestion_count": 2}
    )
    on = replace(on, suggestion=on.suggestion.model_copy(update={"status": status}))
    assert decided(on) == ["RetryTrial"]
    assert not after(on).experiment.is_completed


def test_the_users_retries_leave_all_starts_to_accidents() -> None:
    """After a retry a job may vanish as often as that of a fresh trial."""
    trial = a_trial(fate=failed())
    tried = trial.status.model_copy(update={"attempts": MAX_ATTEMPTS})
    trial = annotated(trial.model_copy(update={"status": tried}), {"retry": str(MAX_ATTEMPTS)})
    trial = trial.model_copy(update={"status": begun_anew(trial, "asked", NOW)})
    launches = 0
    while not trial.is_completed:
        plan = reconcile_trial(TrialView(trial), NOW)
        launches += len(plan.actions)
        trial = trial.model_copy(update={"status": plan.status})
        if not trial.is_completed:
            plan = reconcile_trial(TrialView(trial, GONE), NOW)
            trial = trial.model_copy(update={"status": plan.status})
    assert launches == MAX_ATTEMPTS


def test_a_wish_is_met_once_though_the_retried_trial_is_interrupted_and_killed() -> None:
    """The number of starts has risen, so what is killed then is not begun once more."""
    trial = annotated(a_trial(fate=failed()), {"retry": "1"})
    trial = trial.model_copy(update={"status": begun_anew(trial, "asked", NOW)})
    trial = trial.model_copy(update={"status": interrupted(trial, NOW)})
    for status in (
        killed(trial, "enough", NOW),
        reconcile_trial(TrialView(annotated(trial, {"stop": ""})), NOW).status,
    ):
        assert not controls.wants_retry(trial.model_copy(update={"status": status}))


def test_a_whole_experiment_with_all_controls() -> None:
    """Suspended, resumed, one trial stopped and run again, stopped, resumed: it ends with its budget."""
    owner = an_experiment(max_trials=6, parallel=2, resume=ResumePolicy.LONG_RUNNING)
    world, chance = World(owner), Random(3)  # noqa: S311
    world.settle_down()
    world.annotate(suspend="")
    world.run(chance)
    assert len(world.created) == 2
    world.annotate(suspend=None)
    world.settle_down()
    stopped = world.active[0]
    world.annotate_trial(stopped, stop="")
    world.settle_down()
    assert state_of(world.trials[stopped]) is TrialState.KILLED
    settings = world.trials[stopped].spec
    world.annotate_trial(stopped, stop=None, retry=str(world.trials[stopped].status.attempts))
    world.run(chance)
    assert state_of(world.trials[stopped]) is not TrialState.KILLED
    assert world.trials[stopped].spec == settings
    assert world.experiment.is_completed
    assert len(world.created) == 6
