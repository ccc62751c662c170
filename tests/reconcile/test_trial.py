"""Facts about `reconcile_trial`: launch, judge, end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from munshi.api.trial import Trial, TrialStatus
from munshi.metrics.log import MetricLog
from munshi.metrics.observation import observe
from munshi.reconcile.plan import ForgetRun, LaunchTrial, StopTrial
from munshi.reconcile.trial import MAX_ATTEMPTS, interrupted, killed, reconcile_trial
from munshi.reconcile.views import Run, TrialView
from munshi.testing.builders import NOW, a_trial, failed, pending, running, succeeded


def a_run(*kinds: str, live: bool = False, collected: bool = True, **said: tuple[str, ...]) -> Run:
    """A Job whose conditions of these kinds are True."""
    conditions: list[object] = [{"type": kind, "status": "True"} for kind in kinds]
    job = {"status": {"conditions": conditions}}
    return Run(job, live=live, collected=collected, **said)  # type: ignore[arg-type] # JSON


GONE = Run({}, live=False, collected=False, lost="switched off")
JUDGED: dict[str, tuple[Run, str]] = {
    "failure is looked at before success": (a_run("Complete", "Failed"), "Failed"),
    "success waits until everything is collected": (a_run("Complete", collected=False), "Running"),
    "success with the objective": (a_run("Complete"), "Succeeded"),
    "neither condition, still at work": (a_run(live=True, collected=False), "Running"),
    "neither condition, and it ended": (a_run(), "Failed"),
}


@pytest.mark.parametrize("case", JUDGED)
def test_a_job_is_judged_by_its_conditions(case: str) -> None:
    """Failure first, then success once collected; a job that ended undecided fails."""
    run, kind = JUDGED[case]
    view = TrialView(a_trial(), run, observe([MetricLog("accuracy", "0.9", 0)], ["accuracy"]))
    assert reconcile_trial(view, NOW).status.conditions[-1].type == kind


def test_a_silent_trial_names_what_was_seen() -> None:
    """MetricsUnavailable says the objective, what was seen instead, and the nearest name."""
    view = TrialView(
        a_trial(), a_run("Complete", seen=("acuracy", "loss")), observe([], ["accuracy"])
    )
    last = reconcile_trial(view, NOW).status.conditions[-1]
    assert last.type == "MetricsUnavailable"
    assert 'did you mean "acuracy"?' in last.message
    assert "loss" in last.message


def test_a_trial_that_waits_says_what_for() -> None:
    """Its condition stays as true as it was, and tells the reason as long as that is so."""
    view = TrialView(a_trial(fate=running()), a_run(live=True, collected=False))
    waits = replace(view.run, waits="no node has room") if view.run else None
    waiting = TrialView(view.trial, waits)
    said = reconcile_trial(waiting, NOW).status
    last = said.conditions[-1]
    assert (last.type, last.status, last.reason) == ("Running", "True", "TrialWaiting")
    assert "no node has room" in last.message
    trial = _again(view.trial, said)
    assert reconcile_trial(TrialView(trial, waits), NOW).status == said
    again = reconcile_trial(TrialView(trial, view.run), NOW).status.conditions[-1]
    assert (again.reason, again.message) == ("TrialRunning", "Trial is running")


def test_a_failure_tells_what_ended_it() -> None:
    """The job's own words first, then the program, then its last output."""
    run = replace(a_run("Failed", last_words=("oh no",)), cause='container "main" ended')
    message = reconcile_trial(TrialView(a_trial(), run), NOW).status.conditions[-1].message
    assert message == 'Trial has failed: container "main" ended. Last output:\noh no'


def _again(trial: Trial, status: TrialStatus) -> Trial:
    return trial.model_copy(update={"status": status})


def test_a_lost_job_is_started_again_five_times_in_all() -> None:
    """Every loss is one attempt; writing the same attempt down twice is not."""
    trial, launches = a_trial(fate=pending()), 0
    while not trial.is_completed:
        for _ in range(2):
            plan = reconcile_trial(TrialView(trial), NOW)
            trial = _again(trial, plan.status)
        launches += any(isinstance(one, LaunchTrial) for one in plan.actions)
        if not trial.is_completed:
            plan = reconcile_trial(TrialView(trial, GONE), NOW)
            assert isinstance(plan.actions[0], ForgetRun)
            trial = _again(trial, plan.status)
    assert launches == MAX_ATTEMPTS == trial.status.attempts
    assert "switched off" in trial.status.conditions[-1].message


def test_an_interruption_is_no_attempt() -> None:
    """Taken away by the user, the trial begins anew with the same attempt's number."""
    trial = a_trial(fate=running())
    trial = _again(trial, interrupted(trial, NOW))
    plan = reconcile_trial(TrialView(trial), NOW)
    assert isinstance(plan.actions[0], LaunchTrial)
    assert plan.status.attempts == 1


@pytest.mark.parametrize("fate", [succeeded(), failed()])
def test_a_completed_trial_never_changes_but_is_stopped(fate: object) -> None:
    """Killing or interrupting it changes nothing; what still runs is stopped."""
    trial = a_trial(fate=fate)  # type: ignore[arg-type] # a Fate
    assert killed(trial, "late", NOW) == interrupted(trial, NOW) == trial.status
    plan = reconcile_trial(TrialView(trial, a_run(live=True)), NOW)
    assert plan.status == trial.status
    assert [type(one) for one in plan.actions] == [StopTrial]
