"""What to ask the algorithm, and what to keep of its answer (Katib runtime behaviour §5, mended).

An algorithm is a pure function of (space, seed, results, pending), so nothing but the objects is
remembered. What it knew at each suggestion is written on the assignments: their number, and the names
of the trials whose results were new. The answer is settled in `status.suggestions`, under the names of
the future trials, before any trial is created; once its Trial exists an assignment leaves the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from munshi import space
from munshi.algorithms import Pending, Reply, Request, Result, registry
from munshi.api import conditions
from munshi.api.common import AlgorithmSetting, ObjectiveSpec, ObjectiveType, ParameterAssignment
from munshi.api.experiment import Experiment, ResumePolicy
from munshi.api.meta import AFTER_ANNOTATION, INDEX_ANNOTATION, RETURNED_ANNOTATION
from munshi.api.suggestion import (
    SuggestionCondition,
    SuggestionStatus,
    TrialAssignment,
)
from munshi.api.trial import Trial
from munshi.reconcile import names, tally
from munshi.reconcile.plan import Ask, Plan
from munshi.reconcile.views import SuggestionView, TrialState

SEED_SETTING = "random_state"


def reconcile_suggestion(view: SuggestionView, now: datetime) -> Plan[SuggestionStatus]:
    """Decide what a Suggestion should say of itself, and whether the algorithm is to be asked."""
    status = _created(view.suggestion.status, now)
    status = _without_created_trials(status, view)
    if view.experiment.is_completed:
        return Plan(_closed(status, view.experiment, now))
    status = _reopened(status, now)
    if view.suggestion.is_failed or view.suggestion.is_exhausted:
        return Plan(status)
    wanted = view.suggestion.spec.requests - status.suggestion_count
    if wanted <= 0:
        return Plan(status)
    return Plan(status, (_ask(view, wanted),))


def settled(view: SuggestionView, ask: Ask, reply: Reply, now: datetime) -> SuggestionStatus:
    """The status with the algorithm's answer written down, under the names of the future trials.

    An answer that was settled before, its write being acknowledged too late, is not settled twice.
    """
    status, experiment = view.suggestion.status, view.experiment
    first = ask.request.first_index
    if status.suggestion_count != first:
        return status
    taken = {trial.name for trial in view.trials} | {one.name for one in status.suggestions}
    fresh = []
    for at, assignments in enumerate(reply.assignments):
        name = names.trial_name(experiment.name, experiment.uid, first + at, taken)
        notes = {INDEX_ANNOTATION: str(first + at)}
        if at == 0 and ask.new_results:
            notes[AFTER_ANNOTATION] = ",".join(ask.new_results)
        pairs = tuple(
            ParameterAssignment(name=parameter, value=value)
            for parameter, value in assignments.items()
        )
        fresh.append(TrialAssignment(name=name, parameter_assignments=pairs, annotations=notes))
    said = conditions.put(
        status.conditions,
        SuggestionCondition.RUNNING,
        true=True,
        reason="SuggestionRunning",
        message="Suggestion is running",
        now=now,
    )
    if reply.exhausted:
        said = conditions.put(
            said,
            SuggestionCondition.EXHAUSTED,
            true=True,
            reason="SearchSpaceExhausted",
            message=reply.because or "every point of the search space was suggested",
            now=now,
        )
    return status.model_copy(
        update={
            "conditions": said,
            "suggestions": (*status.suggestions, *fresh),
            "suggestion_count": first + len(fresh),
            "algorithm_settings": _recorded(status, ask.algorithm, ask.request),
        }
    )


def failed(status: SuggestionStatus, message: str, now: datetime) -> SuggestionStatus:
    """The status of a Suggestion whose algorithm refused."""
    said = conditions.put(
        status.conditions,
        SuggestionCondition.FAILED,
        true=True,
        reason="SuggestionFailed",
        message=message,
        now=now,
    )
    return status.model_copy(update={"conditions": said})


def returned(status: SuggestionStatus, trial: Trial) -> SuggestionStatus:
    """The status with a trial's assignment given back, to be tried later; once is enough."""
    if any(one.annotations.get(RETURNED_ANNOTATION) == trial.uid for one in status.suggestions):
        return status
    kept = {
        key: value
        for key, value in trial.metadata.annotations.items()
        if key in (INDEX_ANNOTATION, AFTER_ANNOTATION)
    }
    back = TrialAssignment(
        name=trial.name,
        parameter_assignments=trial.spec.parameter_assignments,
        early_stopping_rules=trial.spec.early_stopping_rules,
        annotations={**kept, RETURNED_ANNOTATION: trial.uid},
    )
    others = tuple(one for one in status.suggestions if one.name != trial.name)
    return status.model_copy(update={"suggestions": (back, *others)})


def new_results(trials: tuple[Trial, ...], waiting: tuple[TrialAssignment, ...]) -> tuple[str, ...]:
    """Trials that ended and whose result no earlier suggestion knew, in suggestion order."""
    told: set[str] = set()
    for notes in (
        *(trial.metadata.annotations for trial in trials),
        *(one.annotations for one in waiting),
    ):
        told.update(filter(None, notes.get(AFTER_ANNOTATION, "").split(",")))
    return tuple(
        trial.name
        for trial in tally.by_index(trials)
        if _is_result(trial) and trial.name not in told
    )


def _created(status: SuggestionStatus, now: datetime) -> SuggestionStatus:
    if conditions.holds(status.conditions, SuggestionCondition.CREATED):
        return status
    said = conditions.put(
        status.conditions,
        SuggestionCondition.CREATED,
        true=True,
        reason="SuggestionCreated",
        message="Suggestion is created",
        now=now,
    )
    return status.model_copy(update={"conditions": said, "start_time": now})


def is_withdrawn(one: TrialAssignment, deleted: Mapping[str, str]) -> bool:
    """Whether the assignment's Trial was deleted by somebody, and not merely given back (trap T7)."""
    uid = deleted.get(one.name)
    return uid is not None and one.annotations.get(RETURNED_ANNOTATION) != uid


def _without_created_trials(status: SuggestionStatus, view: SuggestionView) -> SuggestionStatus:
    """Without those whose Trial is there, or was; an active one that was given back is to go again."""
    there = {trial.name: "" if trial.is_completed else trial.uid for trial in view.trials}
    kept = tuple(
        one
        for one in status.suggestions
        if not is_withdrawn(one, view.deleted)
        and (
            one.name not in there
            or (there[one.name] and one.annotations.get(RETURNED_ANNOTATION) == there[one.name])
        )
    )
    if len(kept) == len(status.suggestions):
        return status
    return status.model_copy(update={"suggestions": kept})


def _closed(status: SuggestionStatus, experiment: Experiment, now: datetime) -> SuggestionStatus:
    """Never and FromVolume end the dialogue with the experiment; LongRunning keeps it open."""
    if experiment.spec.resume_policy is ResumePolicy.LONG_RUNNING:
        return status
    said = status.conditions
    if conditions.holds(said, SuggestionCondition.FAILED):
        return status
    outcome = "succeeded" if experiment.is_succeeded else "failed"
    reason = f"Experiment is {outcome}"
    if conditions.find(said, SuggestionCondition.RUNNING) is not None:
        said = conditions.put(
            said,
            SuggestionCondition.RUNNING,
            true=False,
            reason=reason,
            message="Suggestion is not running",
            now=now,
        )
    said = conditions.put(
        said,
        SuggestionCondition.SUCCEEDED,
        true=True,
        reason=reason,
        message=f"Suggestion is succeeded: the experiment {outcome}",
        now=now,
    )
    ended = status.completion_time or now
    return status.model_copy(update={"conditions": said, "completion_time": ended})


def _reopened(status: SuggestionStatus, now: datetime) -> SuggestionStatus:
    if not conditions.holds(status.conditions, SuggestionCondition.SUCCEEDED):
        return status
    said = conditions.put(
        conditions.without(status.conditions, SuggestionCondition.SUCCEEDED),
        SuggestionCondition.RUNNING,
        true=False,
        reason="Experiment is restarting",
        message="Suggestion is asked again",
        now=now,
    )
    return status.model_copy(update={"conditions": said, "completion_time": None})


def _ask(view: SuggestionView, count: int) -> Ask:
    experiment, status = view.experiment, view.suggestion.status
    objective = experiment.spec.objective or ObjectiveSpec()
    algorithm = view.suggestion.spec.algorithm
    settings = algorithm.settings if algorithm else {}
    trials = tally.by_index(view.trials)
    results = tuple(_result(trial, objective) for trial in trials if _is_result(trial))
    known = {trial.name for trial in trials}
    pending = [
        Pending(_assignments(trial.spec.parameter_assignments), tally.index_of(trial))
        for trial in trials
        if not _is_result(trial)
    ] + [
        Pending(_assignments(one.parameter_assignments), _index(one))
        for one in status.suggestions
        if one.name not in known
    ]
    request = Request(
        space=space.read(experiment.spec.parameters),
        maximize=objective.type is ObjectiveType.MAXIMIZE,
        settings=settings,
        seed=_seed(status, experiment),
        results=results,
        pending=tuple(pending),
        first_index=status.suggestion_count,
        count=count,
        max_trial_count=experiment.spec.max_trial_count,
    )
    news = new_results(view.trials, status.suggestions)
    why = f"{count} assignments are wanted; {len(results)} results are known"
    return Ask(algorithm.algorithm_name if algorithm else "", request, news, why)


def _is_result(trial: Trial) -> bool:
    """Ended with something to learn from; a killed trial says nothing about its settings."""
    state = tally.state_of(trial)
    return not state.is_active and state is not TrialState.KILLED


def _result(trial: Trial, objective: ObjectiveSpec) -> Result:
    return Result(
        _assignments(trial.spec.parameter_assignments),
        tally.objective_value(trial, objective),
        tally.index_of(trial),
    )


def _assignments(pairs: tuple[ParameterAssignment, ...]) -> dict[str, str]:
    return {pair.name: pair.value for pair in pairs}


def _index(one: TrialAssignment) -> int:
    return int(one.annotations.get(INDEX_ANNOTATION, "0"))


def _seed(status: SuggestionStatus, experiment: Experiment) -> int:
    said = {setting.name: setting.value for setting in status.algorithm_settings}
    return int(said[SEED_SETTING]) if SEED_SETTING in said else names.seed(experiment.uid)


def _recorded(
    status: SuggestionStatus, name: str, request: Request
) -> tuple[AlgorithmSetting, ...]:
    """The seed is drawn once and written down, so that anyone can compute the search again."""
    if SEED_SETTING in request.settings or status.algorithm_settings or not registry.draws(name):
        return status.algorithm_settings
    return (AlgorithmSetting(name=SEED_SETTING, value=str(request.seed)),)
