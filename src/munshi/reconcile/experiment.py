"""How many trials, which ones, and whether it is over (Katib runtime behaviour §2, §3).

The budget is counted in assignments ever given (`Suggestion.status.suggestionCount`), so a crash between
any two steps, a trial without metrics or a deleted trial can never lift the number of trials above
maxTrialCount.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from munshi import template
from munshi.algorithms import registry
from munshi.api import conditions, dialect
from munshi.api.common import AlgorithmSpec, ObjectiveSpec, Observation
from munshi.api.experiment import (
    Experiment,
    ExperimentCondition,
    ExperimentStatus,
    OptimalTrial,
    ResumePolicy,
)
from munshi.api.meta import RETURNED_ANNOTATION, ObjectMeta
from munshi.api.suggestion import Suggestion, SuggestionCondition, SuggestionSpec, TrialAssignment
from munshi.api.trial import Trial
from munshi.errors import TemplateBroken
from munshi.reconcile import controls, stopping
from munshi.reconcile import tally as tallies
from munshi.reconcile.controls import Retries
from munshi.reconcile.plan import (
    Action,
    CreateSuggestion,
    CreateTrial,
    KillTrial,
    Plan,
    RequestSuggestions,
    RetryTrial,
    WithdrawTrial,
)
from munshi.reconcile.suggestion import is_withdrawn
from munshi.reconcile.tally import Tally
from munshi.reconcile.views import ExperimentView, TrialState

GOAL_REACHED = "ExperimentGoalReached"
MAX_TRIALS_REACHED = "ExperimentMaxTrialsReached"
SUGGESTION_END_REACHED = "ExperimentSuggestionEndReached"
FAILED = "ExperimentFailed"
MANY_TRIALS = 20
"""From here on assignments are asked for ahead of time. A guess; results do not depend on it."""
STOPPED = "ExperimentStopped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """It is over, and why."""

    kind: ExperimentCondition
    reason: str
    message: str


def reconcile_experiment(view: ExperimentView, now: datetime) -> Plan[ExperimentStatus]:
    """Decide what an Experiment should say of itself, and which trials should be.

    Args:
        view: The experiment as admitted, its Suggestion, and all its trials in any order.
        now: The time to write down.
    """
    experiment = view.experiment
    if experiment.metadata.deletion_timestamp is not None:
        return Plan(experiment.status)
    counted = tallies.tally(view.trials, _objective(experiment))
    again = controls.retries(experiment, counted)
    status = _summary(_created(experiment.status, now), view, counted)
    if _is_over(status):
        why = _why_restart(view, counted, again)
        if not why:
            return Plan(status, _kills(counted.active, "the experiment is completed"))
        status = _restarted(status, why, now)
    verdict, actions = _verdict(view, counted), tuple[Action, ...]()
    if verdict is None and controls.stop_asked(experiment):
        # Over only once nothing is active: what had ended by itself is still to be judged.
        actions = _kills(counted.active, controls.stop_words(experiment))
    elif verdict is None:
        try:
            actions = _grow_or_shrink(view, counted, again)
            if not any(isinstance(one, WithdrawTrial) for one in actions):
                actions = (*actions, *stopping.renewals(view.rules, counted.active))
        except TemplateBroken as broken:
            text = f"the trial template cannot be rendered: {broken}"
            verdict = Verdict(ExperimentCondition.FAILED, FAILED, text)
    if verdict is not None:
        if not again:
            return Plan(
                _ended(status, verdict, now),
                _kills(counted.active, f"the experiment ended: {verdict.message}"),
            )
        # What the user runs once more is let end first.
        others = [trial for trial in counted.active if trial not in again.begun]
        actions = (
            *_kills(others, f"the experiment ended: {verdict.message}"),
            *_retries(view, counted, again),
        )
    return Plan(_suspension(_running(status, counted, now), experiment, now), actions)


def _created(status: ExperimentStatus, now: datetime) -> ExperimentStatus:
    if conditions.holds(status.conditions, ExperimentCondition.CREATED):
        return status
    said = conditions.put(
        status.conditions,
        ExperimentCondition.CREATED,
        true=True,
        reason="ExperimentCreated",
        message="Experiment is created",
        now=now,
    )
    empty = OptimalTrial(observation=Observation())
    return status.model_copy(
        update={"conditions": said, "start_time": now, "current_optimal_trial": empty}
    )


def _summary(status: ExperimentStatus, view: ExperimentView, counted: Tally) -> ExperimentStatus:
    status = counted.written_into(status)
    best = counted.best
    update: dict[str, object] = {"observed_generation": view.experiment.metadata.generation}
    if best is not None:
        update["current_optimal_trial"] = tallies.described(best)
    return status.model_copy(update=update)


def _is_over(status: ExperimentStatus) -> bool:
    return conditions.holds(status.conditions, ExperimentCondition.SUCCEEDED) or conditions.holds(
        status.conditions, ExperimentCondition.FAILED
    )


def _why_restart(view: ExperimentView, counted: Tally, again: Retries) -> str:
    """With or for what a completed experiment goes on; empty when it does not.

    It takes a wish of the user, never the mere look at a completed experiment (trap T1): a trial to run
    once more, under any resume policy; or, unless that is Never, a raised budget or a stop taken back.
    """
    spec, status = view.experiment.spec, view.experiment.status
    if again:
        return "for trials that are run once more"
    if spec.resume_policy not in (ResumePolicy.LONG_RUNNING, ResumePolicy.FROM_VOLUME):
        return ""
    kinds = (ExperimentCondition.SUCCEEDED, ExperimentCondition.FAILED)
    found = [conditions.find(status.conditions, kind) for kind in kinds]
    ended = next((one for one in found if one is not None and one.is_true), None)
    if ended is None:
        return ""
    if ended.reason == STOPPED:
        return "" if controls.stop_asked(view.experiment) else "where it was stopped"
    if ended.reason != MAX_TRIALS_REACHED:
        return ""
    limit = spec.max_trial_count
    larger = limit is None or (counted.completed < limit and _created_ever(view, counted) < limit)
    return "with a larger budget" if larger else ""


def _restarted(status: ExperimentStatus, why: str, now: datetime) -> ExperimentStatus:
    kinds = ExperimentCondition.SUCCEEDED, ExperimentCondition.FAILED
    said = conditions.put(
        conditions.without(status.conditions, *kinds, ExperimentCondition.RESTARTING),
        ExperimentCondition.RESTARTING,
        true=True,
        reason="ExperimentRestarting",
        message=f"Experiment goes on {why}",
        now=now,
    )
    return status.model_copy(update={"conditions": said})


def _suspension(
    status: ExperimentStatus, experiment: Experiment, now: datetime
) -> ExperimentStatus:
    """`Suspended` is the last condition while it holds, and never afterwards."""
    said, kind = status.conditions, ExperimentCondition.SUSPENDED
    if controls.is_suspended(experiment):
        said = conditions.put(
            said,
            kind,
            true=True,
            reason="ExperimentSuspended",
            message="Experiment is suspended: no new trial begins until it is resumed",
            now=now,
        )
        said = (*conditions.without(said, kind), *(one for one in said if one.type == kind))
    elif conditions.holds(said, kind):
        *others, last = conditions.without(said, kind)
        said = conditions.put(
            tuple(others),
            kind,
            true=False,
            reason="ExperimentResumed",
            message="Experiment is resumed",
            now=now,
        )
        said = (*said, last)
    return status.model_copy(update={"conditions": said})


def _running(status: ExperimentStatus, counted: Tally, now: datetime) -> ExperimentStatus:
    if not counted.total:
        return status
    said = conditions.put(
        status.conditions,
        ExperimentCondition.RUNNING,
        true=True,
        reason="ExperimentRunning",
        message="Experiment is running",
        now=now,
    )
    return status.model_copy(update={"conditions": said})


def _ended(status: ExperimentStatus, verdict: Verdict, now: datetime) -> ExperimentStatus:
    said = conditions.without(status.conditions, ExperimentCondition.SUSPENDED)
    if conditions.find(said, ExperimentCondition.RUNNING) is not None:
        said = conditions.put(
            said,
            ExperimentCondition.RUNNING,
            true=False,
            reason="ExperimentRunning",
            message="Experiment is not running any more",
            now=now,
        )
    said = conditions.put(
        said, verdict.kind, true=True, reason=verdict.reason, message=verdict.message, now=now
    )
    return status.model_copy(update={"conditions": said, "completion_time": now})


def _verdict(view: ExperimentView, counted: Tally) -> Verdict | None:
    """Whether it is over: the user's stop, goal, failures, budget, exhausted space; in this order."""
    spec, objective = view.experiment.spec, _objective(view.experiment)
    best = counted.best
    if controls.stop_asked(view.experiment):
        ended = counted.completed - counted.count(TrialState.KILLED)
        return None if counted.active else _stopped(view.experiment, ended, best)
    value = counted.best_value
    if best is not None and tallies.reaches_goal(value, objective):
        reached = f"{objective.objective_metric_name}={value:g} in {best.name}"
        text = f"the goal {objective.goal:g} is reached: {reached}"
        return Verdict(ExperimentCondition.SUCCEEDED, GOAL_REACHED, text)
    if _too_many_failed(view.experiment, counted.failed):
        text = (
            f"{counted.failed} trials failed or reported no metric; "
            f"maxFailedTrialCount is {spec.max_failed_trial_count}"
        )
        return Verdict(ExperimentCondition.FAILED, FAILED, text)
    if view.suggestion is not None and view.suggestion.is_failed:
        failure = conditions.find(view.suggestion.status.conditions, SuggestionCondition.FAILED)
        text = (
            f"the algorithm cannot go on: {failure.message if failure else 'no reason was given'}"
        )
        return Verdict(ExperimentCondition.FAILED, FAILED, text)
    idle, limit = not counted.active, spec.max_trial_count
    created = _created_ever(view, counted)
    if limit is not None and (counted.completed >= limit or (idle and created >= limit)):
        text = f"{counted.completed} trials are completed; maxTrialCount is {limit}"
        return Verdict(ExperimentCondition.SUCCEEDED, MAX_TRIALS_REACHED, text)
    exhausted = view.suggestion is not None and view.suggestion.is_exhausted
    if idle and exhausted and not _outstanding(view, counted):
        text = f"the search space is exhausted: all of its {created} points were tried"
        return Verdict(ExperimentCondition.SUCCEEDED, SUGGESTION_END_REACHED, text)
    return None


def _stopped(experiment: Experiment, ended: int, best: Trial | None) -> Verdict:
    """A success if there is something to show for it: Katib's clients know no third end."""
    limit, why = experiment.spec.max_trial_count, controls.stop_reason(experiment)
    of = f"{ended} of {limit} trials" if limit is not None else f"{ended} trials"
    text = f"stopped by the user after {of}"
    if best is None:
        text += ", none of which has a result"
    text = f"{text}: {why}" if why else text
    kind = ExperimentCondition.FAILED if best is None else ExperimentCondition.SUCCEEDED
    return Verdict(kind, STOPPED, text)


def _too_many_failed(experiment: Experiment, failed: int) -> bool:
    limit = experiment.spec.max_failed_trial_count
    if limit is None or not failed:
        return False
    if dialect.of(experiment) is dialect.Dialect.V1ALPHA3:
        return failed > limit
    return failed >= limit


def _kills(active: Iterable[Trial], why: str) -> tuple[Action, ...]:
    return tuple(KillTrial(trial, why) for trial in active)


def _retries(view: ExperimentView, counted: Tally, again: Retries) -> tuple[Action, ...]:
    """Trials to run once more come before new ones, as many as there are places."""
    if controls.is_suspended(view.experiment):
        return ()
    places = (view.experiment.spec.parallel_trial_count or 1) - len(counted.active)
    why = "the user asked to run it once more"
    return tuple(RetryTrial(trial, why) for trial in again.wanted[: max(0, places)])


def _grow_or_shrink(view: ExperimentView, counted: Tally, again: Retries) -> tuple[Action, ...]:
    spec, active = view.experiment.spec, counted.active
    parallel = spec.parallel_trial_count or 1
    returning = _returning(view, counted)
    if len(active) > parallel:
        why = f"parallelTrialCount is now {parallel}; its settings will be tried later"
        newest = list(reversed(active))
        newest.sort(key=lambda trial: (trial not in returning, trial in again.begun))
        return tuple(WithdrawTrial(trial, why) for trial in newest[: len(active) - parallel])
    if returning:
        why = "its settings were taken back when parallelTrialCount was lowered"
        return tuple(WithdrawTrial(trial, why) for trial in returning)
    retried = _retries(view, counted, again)
    if controls.is_suspended(view.experiment):
        return retried
    places, waiting = parallel - len(active) - len(retried), _outstanding(view, counted)
    if spec.max_trial_count is not None:
        begun = max(_created_ever(view, counted), counted.completed + len(active))
        places = min(places, spec.max_trial_count - begun)
    creations = tuple(
        CreateTrial(
            template.trial(view.experiment, assignment, view.template_text),
            f"{len(active) + len(retried) + at + 1} of {parallel} parallel trials",
        )
        for at, assignment in enumerate(waiting[: max(0, places)])
    )
    missing, left = max(0, places - len(waiting)), len(waiting) - len(creations)
    return (*retried, *_requests(view, missing, left), *creations)


def _requests(view: ExperimentView, missing: int, left: int) -> tuple[Action, ...]:
    """Ask for the assignments that are missing, and for some more where that makes no difference.

    Args:
        view: What to look at.
        missing: Free places without an assignment.
        left: Assignments without a free place.
    """
    suggestion, limit = view.suggestion, view.experiment.spec.max_trial_count
    given = suggestion.status.suggestion_count if suggestion else 0
    fresh = missing + _ahead(view.experiment, left)
    if limit is not None:
        fresh = min(fresh, limit - given)
    if fresh <= 0 or (suggestion is not None and suggestion.is_exhausted):
        return ()
    wanted = given + fresh
    why = f"{missing} parallel places are free" if missing else "the next places will be free soon"
    if suggestion is None:
        return (CreateSuggestion(_suggestion(view.experiment, wanted), why),)
    under_way = suggestion.spec.requests - given
    if suggestion.spec.requests == wanted or (fresh > missing and under_way >= max(1, missing)):
        return ()
    return (RequestSuggestions(wanted, why),)


def _ahead(experiment: Experiment, left: int) -> int:
    """How many assignments to ask for before there is a place for them.

    An algorithm that does not look at results gives the same points early and late; asked early, no
    place stays empty while the answer is on its way, and one answer serves many trials. That matters
    for many short trials; a small experiment is told one by one, which is easier to follow.
    """
    spec, parallel = experiment.spec, experiment.spec.parallel_trial_count or 1
    name = spec.algorithm.algorithm_name if spec.algorithm else ""
    many = spec.max_trial_count is None or spec.max_trial_count >= MANY_TRIALS
    judged = spec.early_stopping is not None  # by rules that are better made late
    if registry.learns(name) or judged or not many or left >= parallel:
        return 0
    return 4 * parallel - left


def _suggestion(experiment: Experiment, requests: int) -> Suggestion:
    meta = ObjectMeta(
        name=experiment.name,
        namespace=experiment.namespace,
        labels=experiment.metadata.labels,
        owner_references=(experiment.owned_by(),),
    )
    spec = SuggestionSpec(
        algorithm=experiment.spec.algorithm or AlgorithmSpec(),
        early_stopping=experiment.spec.early_stopping,
        requests=requests,
        resume_policy=experiment.spec.resume_policy,
    )
    return Suggestion(api_version=experiment.api_version, metadata=meta, spec=spec)


def _outstanding(view: ExperimentView, counted: Tally) -> list[TrialAssignment]:
    """Assignments that wait for their Trial, in order."""
    if view.suggestion is None:
        return []
    return [
        one
        for one in view.suggestion.status.suggestions
        if one.name not in counted.by_name and not is_withdrawn(one, view.deleted)
    ]


def _created_ever(view: ExperimentView, counted: Tally) -> int:
    """How many assignments became a Trial, deleted ones included; it never goes down by itself."""
    if view.suggestion is None:
        return counted.total
    return view.suggestion.status.suggestion_count - len(_outstanding(view, counted))


def _returning(view: ExperimentView, counted: Tally) -> list[Trial]:
    """Active trials whose assignment was given back already and which are still to be deleted.

    One that ended meanwhile keeps its result (trap T8); its assignment leaves the Suggestion again.
    """
    if view.suggestion is None:
        return []
    marks = {
        one.name: one.annotations.get(RETURNED_ANNOTATION)
        for one in view.suggestion.status.suggestions
    }
    return [
        trial
        for trial in counted.active
        if not trial.is_completed and trial.uid and marks.get(trial.name) == trial.uid
    ]


def _objective(experiment: Experiment) -> ObjectiveSpec:
    return experiment.spec.objective or ObjectiveSpec()
