"""Facts about `reconcile_experiment`: when an experiment ends, how many trials it has, what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from munshi.api import conditions
from munshi.api.common import MetricStrategyType, ObjectiveType
from munshi.api.experiment import (
    ConfigMapSource,
    Experiment,
    ExperimentStatus,
    ResumePolicy,
)
from munshi.api.meta import INDEX_ANNOTATION, RETURNED_ANNOTATION, V1ALPHA3
from munshi.reconcile import tally
from munshi.reconcile.experiment import reconcile_experiment
from munshi.reconcile.plan import (
    Action,
    CreateSuggestion,
    CreateTrial,
    KillTrial,
    RequestSuggestions,
    WithdrawTrial,
)
from munshi.reconcile.views import ExperimentView
from munshi.testing.builders import (
    NOW,
    Fate,
    a_suggestion,
    a_template,
    a_trial,
    a_view,
    an_assignment,
    an_experiment,
    an_objective,
    failed,
    killed,
    pending,
    running,
    succeeded,
    without_metrics,
)

MAX, MIN = ObjectiveType.MAXIMIZE, ObjectiveType.MINIMIZE


def ended(view: ExperimentView) -> tuple[str, str] | None:
    """The terminal condition and its reason that a pass leads to."""
    last = reconcile_experiment(view, NOW).status.conditions[-1]
    return (last.type, last.reason) if last.type in ("Succeeded", "Failed") else None


def of_kind(view: ExperimentView, kind: type[Action]) -> list[str]:
    """The names of the trials that a plan's actions of this kind are about, in order."""
    actions = reconcile_experiment(view, NOW).actions
    return [one.trial.name for one in actions if isinstance(one, kind) and hasattr(one, "trial")]


ENDS: dict[str, tuple[ExperimentView, tuple[str, str] | None]] = {
    "no trial yet: it goes on": (a_view(), None),
    "a maximised goal reached exactly": (
        a_view(an_experiment(objective=an_objective(MAX, 0.9)), [succeeded(0.9), running()]),
        ("Succeeded", "ExperimentGoalReached"),
    ),
    "a maximised goal missed": (
        a_view(an_experiment(objective=an_objective(MAX, 0.9)), [succeeded(0.89)]),
        None,
    ),
    "a minimised goal reached": (
        a_view(an_experiment(objective=an_objective(MIN, 0.1)), [succeeded(0.09)]),
        ("Succeeded", "ExperimentGoalReached"),
    ),
    "a minimised goal of zero is a goal": (
        a_view(an_experiment(objective=an_objective(MIN, 0.0)), [succeeded(0.0)]),
        ("Succeeded", "ExperimentGoalReached"),
    ),
    "NaN reaches no goal": (
        a_view(an_experiment(objective=an_objective(MIN, 0.1)), [succeeded("nan")]),
        None,
    ),
    "the goal comes before failures": (
        a_view(
            an_experiment(max_failed=1, objective=an_objective(MAX, 0.9)), [failed(), succeeded(1)]
        ),
        ("Succeeded", "ExperimentGoalReached"),
    ),
    "as many failures as maxFailedTrialCount (v1beta1)": (
        a_view(an_experiment(max_failed=2), [failed(), without_metrics()]),
        ("Failed", "ExperimentFailed"),
    ),
    "fewer failures than maxFailedTrialCount": (
        a_view(an_experiment(max_failed=2), [failed(), succeeded()]),
        None,
    ),
    "as many failures as maxFailedTrialCount (v1alpha3)": (
        a_view(an_experiment(max_failed=2, api_version=V1ALPHA3), [failed(), failed()]),
        None,
    ),
    "more failures than maxFailedTrialCount (v1alpha3)": (
        a_view(an_experiment(max_failed=2, api_version=V1ALPHA3), [failed()] * 3),
        ("Failed", "ExperimentFailed"),
    ),
    "maxFailedTrialCount 0 and no failure": (
        a_view(an_experiment(max_failed=0), [succeeded(), killed()]),
        None,
    ),
    "maxFailedTrialCount 0 and one failure": (
        a_view(an_experiment(max_failed=0), [failed()]),
        ("Failed", "ExperimentFailed"),
    ),
    "maxTrialCount reached by trials of every ending": (
        a_view(an_experiment(max_trials=4), [succeeded(), failed(), killed(), without_metrics()]),
        ("Succeeded", "ExperimentMaxTrialsReached"),
    ),
    "maxTrialCount not reached while one runs": (
        a_view(an_experiment(max_trials=2), [succeeded(), running()]),
        None,
    ),
    "maxTrialCount reached though the user deleted a trial": (
        a_view(an_experiment(max_trials=4), [succeeded()] * 3, given=4),
        ("Succeeded", "ExperimentMaxTrialsReached"),
    ),
    "the algorithm refused": (
        a_view(failed="no such setting"),
        ("Failed", "ExperimentFailed"),
    ),
    "the space is exhausted and nothing runs": (
        a_view(None, [succeeded()], exhausted=True),
        ("Succeeded", "ExperimentSuggestionEndReached"),
    ),
    "the space is exhausted but one still runs": (
        a_view(None, [succeeded(), running()], exhausted=True),
        None,
    ),
    "the space is exhausted but an assignment waits": (
        a_view(None, [succeeded()], waiting=[an_assignment("e-1", 1)], exhausted=True),
        None,
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_an_experiment_ends_when_and_as_katib_says(case: str) -> None:
    """The first of goal, failures, algorithm, budget and exhausted space decides; else it goes on."""
    view, expected = ENDS[case]
    assert ended(view) == expected


def test_the_end_is_said_in_katibs_order() -> None:
    """Running turns False before the last condition, which is the terminal one, is put."""
    going = a_view(an_experiment(max_trials=2), [succeeded(), running()])
    status = reconcile_experiment(going, NOW).status
    assert [c.type for c in status.conditions] == ["Created", "Running"]
    done = a_view(an_experiment(max_trials=2), [succeeded(), succeeded()])
    view = replace(done, experiment=done.experiment.model_copy(update={"status": status}))
    end = reconcile_experiment(view, NOW).status
    assert [(c.type, c.status) for c in end.conditions] == [
        ("Created", "True"),
        ("Running", "False"),
        ("Succeeded", "True"),
    ]


@pytest.mark.parametrize("case", [name for name, (_, end) in ENDS.items() if end])
def test_an_end_has_a_time_and_kills_what_is_active(case: str) -> None:
    """Every end, a failed Suggestion's too (trap T6), has completionTime; active trials go (T4)."""
    view, _ = ENDS[case]
    plan = reconcile_experiment(view, NOW)
    assert plan.status.completion_time == NOW
    active = [t.name for t in view.trials if not t.is_completed]
    assert of_kind(view, KillTrial) == active
    assert len(plan.actions) == len(active)


def test_a_completed_experiment_goes_on_killing_until_nothing_is_active() -> None:
    """A kill that was lost is planned again, and nothing else ever is."""
    view = a_view(an_experiment(max_failed=1), [failed(), running(), pending()])
    first = reconcile_experiment(view, NOW)
    again = replace(view, experiment=_with(view.experiment, first.status))
    assert of_kind(again, KillTrial) == ["e-1", "e-2"]
    assert reconcile_experiment(again, NOW).status == first.status


def _with(experiment: Experiment, status: ExperimentStatus) -> Experiment:
    return experiment.model_copy(update={"status": status})


def _raised(view: ExperimentView, **spec: object) -> ExperimentView:
    """The view after its plan, with another spec."""
    status = reconcile_experiment(view, NOW).status
    changed = view.experiment.spec.model_copy(update=spec)
    return replace(
        view, experiment=view.experiment.model_copy(update={"status": status, "spec": changed})
    )


BOTH = [succeeded(), succeeded()]
RESTARTS: dict[str, tuple[ExperimentView, bool]] = {
    "LongRunning with a larger budget": (
        _raised(
            a_view(an_experiment(max_trials=2, resume=ResumePolicy.LONG_RUNNING), BOTH),
            max_trial_count=4,
        ),
        True,
    ),
    "FromVolume with a larger budget": (
        _raised(
            a_view(an_experiment(max_trials=2, resume=ResumePolicy.FROM_VOLUME), BOTH),
            max_trial_count=4,
        ),
        True,
    ),
    "FromVolume with the bound taken away": (
        _raised(
            a_view(an_experiment(max_trials=2, resume=ResumePolicy.FROM_VOLUME), BOTH),
            max_trial_count=None,
        ),
        True,
    ),
    "Never with a larger budget": (
        _raised(a_view(an_experiment(max_trials=2), BOTH), max_trial_count=4),
        False,
    ),
    "LongRunning with the same budget": (
        _raised(a_view(an_experiment(max_trials=2, resume=ResumePolicy.LONG_RUNNING), BOTH)),
        False,
    ),
    "LongRunning with a smaller budget": (
        _raised(
            a_view(an_experiment(max_trials=2, resume=ResumePolicy.LONG_RUNNING), BOTH),
            max_trial_count=1,
        ),
        False,
    ),
    "LongRunning, ended by its goal, with a larger budget": (
        _raised(
            a_view(
                an_experiment(objective=an_objective(MAX, 0.4), resume=ResumePolicy.LONG_RUNNING),
                BOTH,
            ),
            max_trial_count=40,
        ),
        False,
    ),
    "LongRunning without any bound, ended by its goal (trap T1)": (
        _raised(
            a_view(
                an_experiment(
                    max_trials=None,
                    objective=an_objective(MAX, 0.4),
                    resume=ResumePolicy.LONG_RUNNING,
                ),
                BOTH,
            )
        ),
        False,
    ),
    "LongRunning, failed, with a larger budget": (
        _raised(
            a_view(an_experiment(max_failed=1, resume=ResumePolicy.LONG_RUNNING), [failed()]),
            max_trial_count=40,
        ),
        False,
    ),
    "LongRunning, budget cut below what ran, then raised to hold a waiting assignment": (
        _raised(
            a_view(
                an_experiment(max_trials=2, resume=ResumePolicy.LONG_RUNNING),
                BOTH,
                waiting=[an_assignment("e-2", 2)],
            ),
            max_trial_count=3,
        ),
        True,
    ),
}


@pytest.mark.parametrize("case", RESTARTS)
def test_only_a_larger_budget_restarts(case: str) -> None:
    """Finished is finished, unless the resume policy lets a larger maxTrialCount go on."""
    view, restarts = RESTARTS[case]
    plan = reconcile_experiment(view, NOW)
    assert conditions.holds(plan.status.conditions, "Restarting") is restarts
    if restarts:
        assert not view.experiment.model_copy(update={"status": plan.status}).is_completed
        assert plan.actions
    else:
        assert plan.status.conditions == view.experiment.status.conditions
        assert plan.status.completion_time == view.experiment.status.completion_time
        assert plan.actions == ()


BEST: dict[str, tuple[list[Fate], ObjectiveType, MetricStrategyType | None, str | None]] = {
    "the greatest": ([succeeded(0.1), succeeded(0.3), succeeded(0.2)], MAX, None, "e-1"),
    "the smallest": ([succeeded(0.3), succeeded(0.1), succeeded(0.2)], MIN, None, "e-1"),
    "a NaN that came first cannot win (trap T2)": (
        [succeeded("nan"), succeeded(0.1)],
        MAX,
        None,
        "e-1",
    ),
    "infinity cannot win": ([succeeded("inf"), succeeded(0.1)], MAX, None, "e-1"),
    "of equals the earlier suggestion": (
        [succeeded(0.1), succeeded(0.2), succeeded(0.2)],
        MAX,
        None,
        "e-1",
    ),
    "by max: the peak counts": (
        [succeeded(low="1", high="9", latest="2"), succeeded(low="3", high="8", latest="8")],
        MAX,
        None,
        "e-0",
    ),
    "by min though maximised": (
        [succeeded(low="1", high="9", latest="2"), succeeded(low="3", high="8", latest="8")],
        MAX,
        MetricStrategyType.MIN,
        "e-1",
    ),
    "by latest": (
        [succeeded(low="1", high="9", latest="2"), succeeded(low="3", high="8", latest="8")],
        MAX,
        MetricStrategyType.LATEST,
        "e-1",
    ),
    "trials without a number are passed over": (
        [failed(), without_metrics(), running()],
        MAX,
        None,
        None,
    ),
    "text is best only where nothing is a number": (
        [succeeded("cell=1"), succeeded(0.1)],
        MAX,
        None,
        "e-1",
    ),
    "of texts the last": ([succeeded("cell=1"), succeeded("cell=2")], MAX, None, "e-1"),
}


@pytest.mark.parametrize("case", BEST)
def test_the_best_trial_is_a_finite_one(case: str) -> None:
    """The optimal trial follows direction and strategy; NaN and infinity never win; ties go early."""
    fates, kind, strategy, best = BEST[case]
    view = a_view(an_experiment(objective=an_objective(kind, None, strategy)), fates)
    for trials in (view.trials, view.trials[::-1]):
        said = reconcile_experiment(replace(view, trials=trials), NOW).status.current_optimal_trial
        assert said is not None
        assert (said.best_trial_name or None) == best


def test_the_first_pass_opens_the_dialogue_with_as_many_requests_as_places() -> None:
    """Without a Suggestion one is created, owned by the experiment, asking for parallelTrialCount."""
    owner = an_experiment(parallel=3, max_trials=2)
    (action,) = reconcile_experiment(ExperimentView(owner), NOW).actions
    assert isinstance(action, CreateSuggestion)
    assert action.suggestion.spec.requests == 2
    assert action.suggestion.metadata.owner_references == (owner.owned_by(),)


REQUESTS: dict[str, tuple[ExperimentView, int | None]] = {
    "one place is free": (a_view(None, [succeeded(), running(), running()]), 4),
    "no place is free": (a_view(None, [running()] * 3), None),
    "the budget leaves one": (a_view(an_experiment(max_trials=4), [succeeded()] * 3), 4),
    "the budget is given away": (
        a_view(an_experiment(max_trials=4), [succeeded()] * 3 + [running()]),
        None,
    ),
    "trials without metrics use up the budget (trap T5)": (
        a_view(an_experiment(max_trials=4), [without_metrics()] * 3 + [running()]),
        None,
    ),
    "deleted trials use up the budget": (
        a_view(an_experiment(max_trials=4), [succeeded(), running()], given=4),
        None,
    ),
    "a waiting assignment fills the place": (
        a_view(None, [running(), running()], waiting=[an_assignment("e-2", 2)]),
        None,
    ),
    "an exhausted space is not asked": (a_view(None, [running()], exhausted=True), None),
    "a deleted trial's place is filled with a new assignment (trap T7)": (
        a_view(None, [running(), running()], given=3),
        4,
    ),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_requests_follow_free_places_and_budget(case: str) -> None:
    """`requests` rises by the free places, never above maxTrialCount, whatever became of the trials."""
    view, requests = REQUESTS[case]
    actions = reconcile_experiment(view, NOW).actions
    asked = [one.requests for one in actions if isinstance(one, RequestSuggestions)]
    assert asked == ([] if requests is None else [requests])


def test_assignments_become_trials_in_order_up_to_the_free_places() -> None:
    """Three wait, two places are free: the first two become trials with their names and values."""
    waiting = [an_assignment(f"e-{at}", at, f"0.0{at}") for at in (1, 2, 3)]
    view = a_view(None, [running()], waiting=waiting)
    plan = reconcile_experiment(view, NOW)
    made = [one.trial for one in plan.actions if isinstance(one, CreateTrial)]
    assert [trial.name for trial in made] == ["e-1", "e-2"]
    assert [trial.spec.parameter_assignments[0].value for trial in made] == ["0.01", "0.02"]
    assert [trial.metadata.annotations[INDEX_ANNOTATION] for trial in made] == ["1", "2"]


def test_a_budget_cut_after_a_deletion_is_not_exceeded() -> None:
    """One of two created trials was deleted and maxTrialCount is now 2: the waiting one stays waiting."""
    view = a_view(
        an_experiment(max_trials=2), [succeeded()], given=3, waiting=[an_assignment("e-2", 2)]
    )
    assert of_kind(view, CreateTrial) == []
    assert ended(view) == ("Succeeded", "ExperimentMaxTrialsReached")


def test_lowering_parallel_withdraws_the_newest_active_only() -> None:
    """Finished trials are never touched (trap T8)."""
    view = a_view(an_experiment(parallel=1), [running(), pending(), running(), succeeded()])
    assert of_kind(view, WithdrawTrial) == ["e-2", "e-1"]


def test_a_trial_given_back_that_ended_meanwhile_is_kept() -> None:
    """Its assignment was returned, then it succeeded before it was deleted: the result stands (T8)."""
    mark = {RETURNED_ANNOTATION: "uid-e-0"}
    for fate, withdrawn in ((running(), ["e-0"]), (succeeded(), [])):
        view = a_view(an_experiment(parallel=1), [fate], given=1)
        suggestion = a_suggestion(given=1, waiting=[an_assignment("e-0", 0, **mark)])
        view = replace(view, suggestion=suggestion)
        assert of_kind(view, WithdrawTrial) == withdrawn
        assert of_kind(view, CreateTrial) == []


def test_a_broken_template_ends_the_experiment_with_the_reason() -> None:
    """What cannot be rendered fails at once, and says which parameter."""
    owner = an_experiment(template=a_template("nosuch"))
    view = a_view(owner, waiting=[an_assignment("e-0")])
    status = reconcile_experiment(view, NOW).status
    assert ended(view) == ("Failed", "ExperimentFailed")
    assert "nosuch" in status.conditions[-1].message


def test_a_template_whose_config_map_is_missing_says_so() -> None:
    """A template text that is not there fails the experiment instead of waiting in silence."""
    kept = ConfigMapSource(config_map_name="m", config_map_namespace="n", template_path="p")
    said = a_template().model_copy(update={"trial_spec": None, "config_map": kept})
    owner = an_experiment(template=said)
    assert ended(a_view(owner, waiting=[an_assignment("e-0")])) == ("Failed", "ExperimentFailed")


def test_a_hundred_thousand_trials_leave_a_small_status() -> None:
    """Name lists are capped and counts exact: the object stays below 100 KiB."""
    fates = [succeeded(0.5), failed(), killed(), without_metrics(), running()]
    model = [a_trial(f"long-experiment-name-{at}", fate) for at, fate in enumerate(fates)]
    trials = tuple(
        one.model_copy(
            update={
                "metadata": one.metadata.model_copy(
                    update={
                        "name": f"an-experiment-with-a-rather-long-name-{at:08}",
                        "annotations": {INDEX_ANNOTATION: str(at)},
                    }
                )
            }
        )
        for at, one in enumerate(model * 20_000)
    )
    owner = an_experiment(max_trials=None, parallel=20_000)
    view = ExperimentView(owner, a_suggestion(given=100_000), trials)
    status = reconcile_experiment(view, NOW).status
    assert status.trials == 100_000
    assert status.trials_succeeded == status.trial_metrics_unavailable == 20_000
    assert len(status.succeeded_trial_list) == tally.LIST_CAP
    assert len(status.model_dump_json(by_alias=True)) < 100 * 1024


def test_an_experiment_being_deleted_is_left_alone() -> None:
    """Nothing is planned for an object that is going."""
    view = a_view(None, [running()])
    meta = view.experiment.metadata.model_copy(update={"deletion_timestamp": NOW})
    owner = view.experiment.model_copy(update={"metadata": meta})
    plan = reconcile_experiment(replace(view, experiment=owner), NOW)
    assert (plan.status, plan.actions) == (owner.status, ())
