"""Facts about early stopping among the objects: verdicts, counts, and by whose rules a trial is judged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.algorithms import Reply
from munshi.api.common import EarlyStoppingRule, EarlyStoppingSpec, Metric
from munshi.api.experiment import Experiment
from munshi.api.trial import Trial, TrialCondition, TrialSpec
from munshi.metrics.log import MetricLog
from munshi.metrics.observation import observe
from munshi.metrics.stopping import Watch
from munshi.reconcile import stopping
from munshi.reconcile.experiment import MANY_TRIALS, reconcile_experiment
from munshi.reconcile.plan import Ask, CreateTrial, RenewRules, RequestSuggestions, StopTrial
from munshi.reconcile.suggestion import reconcile_suggestion, settled
from munshi.reconcile.tally import Tally
from munshi.reconcile.trial import reconcile_trial
from munshi.reconcile.views import Run, SuggestionView, TrialState, TrialView
from munshi.testing.builders import (
    NOW,
    Fate,
    a_suggestion,
    a_trial,
    a_view,
    an_experiment,
    an_objective,
    failed,
    killed,
    pending,
    running,
    succeeded,
    without_metrics,
)

WHY = "the best accuracy of 4 reports is 0.3: less than 0.5"


def a_rule(
    value: str = "0.5", start: int = 4, trials: int = 0, metric: str = "accuracy"
) -> EarlyStoppingRule:
    """End a trial below `value` from the report `start` on."""
    return EarlyStoppingRule(
        name=metric, value=value, comparison="less", start_step=start, trials=trials
    )


def judged_by(trial: Trial, *rules: EarlyStoppingRule) -> Trial:
    """The trial with these rules."""
    spec = trial.spec.model_copy(update={"early_stopping_rules": rules})
    return trial.model_copy(update={"spec": spec})


def early_stopped(value: str = "0.3") -> Fate:
    """Ended by its rules, and what it had reported by then."""
    return Fate(
        TrialCondition.EARLY_STOPPED, Metric(name="accuracy", min="0.1", max=value, latest=value)
    )


def a_run(*kinds: str, live: bool, tripped: str = WHY) -> Run:
    """A Job whose conditions of these kinds are True, and whose reports met the rules."""
    said: list[object] = [{"type": kind, "status": "True"} for kind in kinds]
    job = {"status": {"conditions": said}}
    return Run(job, live=live, collected=not live, tripped=tripped)  # type: ignore[arg-type] # JSON


SEEN = observe([MetricLog("accuracy", text, 0) for text in ("0.1", "0.3", "0.2")], ["accuracy"])


def stopping_early(owner: Experiment) -> Experiment:
    """The experiment with medianstop."""
    wanted = EarlyStoppingSpec(algorithm_name="medianstop")
    return owner.model_copy(
        update={"spec": owner.spec.model_copy(update={"early_stopping": wanted})}
    )


# -- the trial ----------------------------------------------------------------------------------


def test_a_running_trial_that_met_its_rules_ends() -> None:
    """EarlyStopped with reason and words, its observation kept, its end noted, its job stopped."""
    plan = reconcile_trial(TrialView(a_trial(fate=running()), a_run(live=True), SEEN), NOW)
    last = plan.status.conditions[-1]
    assert (last.type, last.reason) == ("EarlyStopped", "TrialEarlyStopped")
    assert last.message == f"Trial is early stopped: {WHY}"
    assert plan.status.observation is not None
    assert plan.status.observation.metrics == (
        Metric(name="accuracy", min="0.1", max="0.3", latest="0.2"),
    )
    assert plan.status.completion_time == NOW
    assert not any(one.is_true for one in plan.status.conditions if one.type == "Running")
    assert [type(one) for one in plan.actions] == [StopTrial]


ENDED_BY_ITSELF = {
    "well, and over": (a_run("Complete", live=False), "Succeeded"),
    "well, though something of it still runs": (a_run("Complete", live=True), "Running"),
    "badly": (a_run("Failed", live=True), "Failed"),
    "undecided": (a_run(live=False), "Failed"),
}


@pytest.mark.parametrize("case", ENDED_BY_ITSELF)
def test_a_trial_that_ends_at_that_moment_is_judged_by_its_end(case: str) -> None:
    """The rules end only what runs and would go on."""
    run, kind = ENDED_BY_ITSELF[case]
    plan = reconcile_trial(TrialView(a_trial(fate=running()), run, SEEN), NOW)
    assert plan.status.conditions[-1].type == kind
    assert plan.actions == ()


def test_an_early_stopped_trial_is_completed() -> None:
    """Another pass changes nothing, and ends what still runs after a crash before the stop."""
    trial = a_trial(fate=early_stopped())
    plan = reconcile_trial(TrialView(trial, a_run(live=True), SEEN), NOW)
    assert plan.status == trial.status
    assert [type(one) for one in plan.actions] == [StopTrial]
    assert reconcile_trial(TrialView(trial, a_run("Failed", live=False)), NOW).actions == ()


# -- the experiment -----------------------------------------------------------------------------


def test_early_stopped_trials_count_as_in_katib() -> None:
    """They are completed, use up the budget, may be the best, and are results for the algorithm."""
    owner = an_experiment(max_trials=3)
    view = a_view(owner, [succeeded(0.2), early_stopped("0.9"), early_stopped("0.1")])
    plan = reconcile_experiment(view, NOW)
    assert plan.status.conditions[-1].reason == "ExperimentMaxTrialsReached"
    assert plan.status.trials_early_stopped == 2
    assert plan.status.early_stopped_trial_list == ("e-1", "e-2")
    assert plan.status.current_optimal_trial is not None
    assert plan.status.current_optimal_trial.best_trial_name == "e-1"
    history = Tally(an_objective(), view.trials).history
    assert [one.value for one in history.results.values] == [0.2, 0.9, 0.1]


def test_only_trials_that_succeeded_teach() -> None:
    """Stopped, failed and running ones never enter the history, and of very many the latest do."""
    fates = [
        succeeded(),
        early_stopped(),
        failed(),
        killed(),
        without_metrics(),
        running(),
        pending(),
    ]
    counted = Tally(an_objective(), a_view(fates=fates).trials)
    assert [trial.name for trial in stopping.teachers(counted)] == ["e-0"]
    many = Tally(an_objective(), [a_trial(f"e-{at}", succeeded(), index=at) for at in range(1200)])
    assert stopping.teachers(many)[0].name == "e-200"
    assert len(stopping.teachers(many)) == stopping.MOST


def test_an_assignment_carries_the_rules_of_its_day() -> None:
    """They are settled in the Suggestion, under the name of the future trial, and copied to the Trial."""
    owner = stopping_early(an_experiment())
    suggestion = a_suggestion(given=0, requests=1, experiment=owner)
    view = SuggestionView(owner, suggestion, rules=(a_rule(trials=3),))
    (ask,) = reconcile_suggestion(view, NOW).actions
    assert isinstance(ask, Ask)
    status = settled(view, ask, Reply(({"lr": "0.02"},)), NOW)
    assert status.suggestions[0].early_stopping_rules == (a_rule(trials=3),)
    ready = a_view(owner, [], waiting=status.suggestions)
    (create,) = (
        one for one in reconcile_experiment(ready, NOW).actions if isinstance(one, CreateTrial)
    )
    assert create.trial.spec.early_stopping_rules == (a_rule(trials=3),)


def test_assignments_are_not_asked_for_ahead() -> None:
    """Their rules would be old when their trials begin."""
    owner = an_experiment(parallel=1, max_trials=MANY_TRIALS)
    plain = a_view(owner, [succeeded()])
    early = replace(plain, experiment=stopping_early(owner))
    asked = [
        action.requests
        for view in (plain, early)
        for action in reconcile_experiment(view, NOW).actions
        if isinstance(action, RequestSuggestions)
    ]
    assert asked == [6, 2]


# -- renewal ------------------------------------------------------------------------------------

OUTDATED = {
    "none yet, and nothing to give": (0, 0, False),
    "none yet": (0, 3, True),
    "as many as its own": (3, 3, False),
    "a third more": (3, 4, False),
    "half as many again": (4, 6, True),
    "twice as many": (3, 6, True),
    "one, then two": (1, 2, True),
    "fewer, as trials were deleted": (6, 3, False),
}


@pytest.mark.parametrize("case", OUTDATED)
def test_rules_are_renewed_when_half_as_many_trials_again_have_finished(case: str) -> None:
    """For running and for waiting trials alike, never for completed ones; and once is enough."""
    own, now, wanted = OUTDATED[case]
    rules = (a_rule(trials=now),) if now else ()
    mine = (a_rule(trials=own),) if own else ()
    trials = [judged_by(a_trial(fate=one), *mine) for one in (running(), pending(), succeeded())]
    plans = stopping.renewals(rules, trials)
    assert [one.trial for one in plans] == (trials[:2] if wanted else [])
    again = [
        one.trial.model_copy(update={"spec": stopping.renewed(one.trial.spec, one.rules, {})})
        for one in plans
    ]
    assert stopping.renewals(rules, again) == ()


def test_an_experiment_renews_its_running_trials() -> None:
    """Beside whatever else it does; nothing once it has ended."""
    owner = stopping_early(an_experiment(parallel=1, max_trials=5))
    view = replace(a_view(owner, [succeeded(), running()]), rules=(a_rule(trials=1),))
    renewed = [
        one for one in reconcile_experiment(view, NOW).actions if isinstance(one, RenewRules)
    ]
    assert [one.trial.name for one in renewed] == ["e-1"]
    assert "1 trial that succeeded" in renewed[0].because
    over = replace(view, experiment=stopping_early(an_experiment(max_trials=1)))
    assert not any(isinstance(one, RenewRules) for one in reconcile_experiment(over, NOW).actions)


def test_what_was_judged_stays_judged() -> None:
    """Rungs up to the last report stay; what is in force now begins at the next; later ones follow."""
    spec = TrialSpec(early_stopping_rules=(a_rule("0.1", 4), a_rule("0.2", 6), a_rule("0.3", 9)))
    rules = (a_rule("0.5", 4, 9), a_rule("0.6", 6, 9), a_rule("0.7", 9, 9))
    assert stopping.renewed(spec, rules, {"accuracy": 6}).early_stopping_rules == (
        a_rule("0.1", 4),
        a_rule("0.2", 6),
        a_rule("0.6", 7, 9),
        a_rule("0.7", 9, 9),
    )
    assert stopping.renewed(spec, rules, {}).early_stopping_rules == rules
    beyond = stopping.renewed(TrialSpec(), rules, {"accuracy": 50}).early_stopping_rules
    assert beyond == (a_rule("0.7", 51, 9),)


LADDER = st.lists(
    st.builds(
        lambda value, start: a_rule(value, start, 9),
        st.sampled_from(["0.2", "0.4", "0.6", "0.8"]),
        st.integers(0, 12),
    ),
    max_size=4,
    unique_by=lambda rule: rule.start_step,
)
VALUES = st.lists(st.sampled_from(["0.1", "0.3", "0.5", "0.7", "0.9", "nan"]), max_size=12)


@given(LADDER, LADDER, VALUES, st.integers(0, 12))
def test_a_renewal_changes_no_verdict_of_the_past(
    own: list[EarlyStoppingRule], new: list[EarlyStoppingRule], values: list[str], reported: int
) -> None:
    """Up to the renewal a trial is judged by its own rules, afterwards by the new ones: by all who read."""
    logs = [MetricLog("accuracy", text, None) for text in values]
    reported = min(reported, len(logs))
    spec = TrialSpec(objective=an_objective(), early_stopping_rules=tuple(own))
    rules = stopping.renewed(spec, tuple(new), {"accuracy": reported}).early_stopping_rules
    straight, whole = Watch(own, an_objective()), Watch(rules, an_objective())
    assert bool(straight.add(logs[:reported])) == bool(whole.add(logs[:reported]))
    if not straight.tripped and any(rule.start_step <= reported + 1 for rule in new):
        heard = [_below(new, logs[:at], at) for at in range(reported + 1, len(logs) + 1)]
        assert any(heard) == bool(whole.add(logs[reported:]))


def _below(rules: list[EarlyStoppingRule], logs: list[MetricLog], at: int) -> bool:
    """Whether the best of the reports is below the rule in force at a step; told in another way."""
    in_force = max((one for one in rules if one.start_step <= at), key=lambda one: one.start_step)
    values = [float(log.value) for log in logs if log.value != "nan"]
    return bool(values) and max(values) < float(in_force.value)


def test_states_are_told_apart() -> None:
    """A trial that was stopped early is neither running nor failed."""
    counted = Tally(an_objective(), [a_trial(fate=early_stopped())])
    assert counted.count(TrialState.EARLY_STOPPED) == counted.completed == 1
    assert counted.failed == 0
