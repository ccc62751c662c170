"""How many trials, which ones, and whether it is over (Katib runtime behaviour §2, §3).

The budget is counted in assignments ever given (`Suggestion.status.suggestionCount`), so a crash between
any two steps, a trial without metrics or a deleted trial can never lift the number of trials above
maxTrialCount.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from munshi import template
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
from munshi.reconcile import tally as tallies
from munshi.reconcile.plan import (
    Action,
    CreateSuggestion,
    CreateTrial,
    KillTrial,
    Plan,
    RequestSuggestions,
    WithdrawTrial,
)
from munshi.reconcile.suggestion import is_withdrawn
from munshi.reconcile.tally import Tally
from munshi.reconcile.views import ExperimentView

GOAL_REACHED = "ExperimentGoalReached"
MAX_TRIALS_REACHED = "ExperimentMaxTrialsReached"
SUGGESTION_END_REACHED = "ExperimentSuggestionEndReached"
FAILED = "ExperimentFailed"


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
    counted = tallies.tally(view.trials)
    status = _summary(_created(experiment.status, now), view, counted)
    if _is_over(status):
        if not _may_restart(view, counted):
            return Plan(status, _kills(counted, "the experiment is completed"))
        status = _restarted(status, now)
    verdict = _verdict(view, counted)
    if verdict is not None:
        return Plan(_ended(status, verdict, now), _kills(counted, verdict.message))
    try:
        actions = _grow_or_shrink(view, counted)
    except TemplateBroken as broken:
        verdict = Verdict(
            ExperimentCondition.FAILED, FAILED, f"the trial template cannot be rendered: {broken}"
        )
        return Plan(_ended(status, verdict, now), _kills(counted, verdict.message))
    return Plan(_running(status, counted, now), actions)


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
    best = tallies.optimal(view.trials, _objective(view.experiment))
    update: dict[str, object] = {"observed_generation": view.experiment.metadata.generation}
    if best is not None:
        update["current_optimal_trial"] = tallies.described(best)
    return status.model_copy(update=update)


def _is_over(status: ExperimentStatus) -> bool:
    return conditions.holds(status.conditions, ExperimentCondition.SUCCEEDED) or conditions.holds(
        status.conditions, ExperimentCondition.FAILED
    )


def _may_restart(view: ExperimentView, counted: Tally) -> bool:
    """Only a raised budget restarts, never the mere look at a completed experiment (trap T1)."""
    spec, status = view.experiment.spec, view.experiment.status
    ended = conditions.find(status.conditions, ExperimentCondition.SUCCEEDED)
    if ended is None or not ended.is_true or ended.reason != MAX_TRIALS_REACHED:
        return False
    if spec.resume_policy not in (ResumePolicy.LONG_RUNNING, ResumePolicy.FROM_VOLUME):
        return False
    limit = spec.max_trial_count
    return limit is None or (counted.completed < limit and _created_ever(view) < limit)


def _restarted(status: ExperimentStatus, now: datetime) -> ExperimentStatus:
    said = conditions.put(
        conditions.without(
            status.conditions, ExperimentCondition.SUCCEEDED, ExperimentCondition.FAILED
        ),
        ExperimentCondition.RESTARTING,
        true=True,
        reason="ExperimentRestarting",
        message="Experiment is restarted with a larger budget",
        now=now,
    )
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
    said = status.conditions
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
    """Whether it is over: goal, failures, budget, exhausted space; in this order."""
    spec, objective = view.experiment.spec, _objective(view.experiment)
    best = tallies.optimal(view.trials, objective)
    value = tallies.objective_value(best, objective) if best else None
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
    created = _created_ever(view)
    if limit is not None and (counted.completed >= limit or (idle and created >= limit)):
        text = f"{counted.completed} trials are completed; maxTrialCount is {limit}"
        return Verdict(ExperimentCondition.SUCCEEDED, MAX_TRIALS_REACHED, text)
    exhausted = view.suggestion is not None and view.suggestion.is_exhausted
    if idle and exhausted and not _outstanding(view):
        text = f"the search space is exhausted: all of its {created} points were tried"
        return Verdict(ExperimentCondition.SUCCEEDED, SUGGESTION_END_REACHED, text)
    return None


def _too_many_failed(experiment: Experiment, failed: int) -> bool:
    limit = experiment.spec.max_failed_trial_count
    if limit is None or not failed:
        return False
    if dialect.of(experiment) is dialect.Dialect.V1ALPHA3:
        return failed > limit
    return failed >= limit


def _kills(counted: Tally, why: str) -> tuple[Action, ...]:
    return tuple(KillTrial(trial, f"stopped because {why}") for trial in counted.active)


def _grow_or_shrink(view: ExperimentView, counted: Tally) -> tuple[Action, ...]:
    spec, active = view.experiment.spec, counted.active
    parallel = spec.parallel_trial_count or 1
    returning = _returning(view)
    if len(active) > parallel:
        why = f"parallelTrialCount is now {parallel}; its settings will be tried later"
        newest = [*returning, *(t for t in reversed(active) if t not in returning)]
        return tuple(WithdrawTrial(trial, why) for trial in newest[: len(active) - parallel])
    if returning:
        why = "its settings were taken back when parallelTrialCount was lowered"
        return tuple(WithdrawTrial(trial, why) for trial in returning)
    places, waiting = parallel - len(active), _outstanding(view)
    if spec.max_trial_count is not None:
        begun = max(_created_ever(view), counted.completed + len(active))
        places = min(places, spec.max_trial_count - begun)
    creations = tuple(
        CreateTrial(
            template.trial(view.experiment, assignment, view.template_text),
            f"{len(active) + at + 1} of {parallel} parallel trials",
        )
        for at, assignment in enumerate(waiting[: max(0, places)])
    )
    return (*_requests(view, max(0, places - len(waiting))), *creations)


def _requests(view: ExperimentView, fresh: int) -> tuple[Action, ...]:
    suggestion, limit = view.suggestion, view.experiment.spec.max_trial_count
    given = suggestion.status.suggestion_count if suggestion else 0
    if limit is not None:
        fresh = min(fresh, limit - given)
    if fresh <= 0 or (suggestion is not None and suggestion.is_exhausted):
        return ()
    wanted = given + fresh
    why = f"{fresh} parallel places are free"
    if suggestion is None:
        return (CreateSuggestion(_suggestion(view.experiment, wanted), why),)
    if suggestion.spec.requests == wanted:
        return ()
    return (RequestSuggestions(wanted, why),)


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


def _outstanding(view: ExperimentView) -> list[TrialAssignment]:
    """Assignments that wait for their Trial, in order."""
    if view.suggestion is None:
        return []
    names = {trial.name for trial in view.trials}
    return [
        one
        for one in view.suggestion.status.suggestions
        if one.name not in names and not is_withdrawn(one, view.deleted)
    ]


def _created_ever(view: ExperimentView) -> int:
    """How many assignments became a Trial, deleted ones included; it never goes down by itself."""
    if view.suggestion is None:
        return len(view.trials)
    return view.suggestion.status.suggestion_count - len(_outstanding(view))


def _returning(view: ExperimentView) -> list[Trial]:
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
        for trial in tallies.by_index(view.trials)
        if not trial.is_completed and trial.uid and marks.get(trial.name) == trial.uid
    ]


def _objective(experiment: Experiment) -> ObjectiveSpec:
    return experiment.spec.objective or ObjectiveSpec()
