"""What to ask the algorithm, and what to keep of its answer (Katib runtime behaviour §5, mended).

An algorithm is a pure function of (space, seed, results, pending), so nothing but the objects is
remembered. What it knew at each suggestion is written on the assignments: their number, and the names
of the trials whose results were new. The answer is settled in `status.suggestions`, under the names of
the future trials, before any trial is created; once its Trial exists an assignment leaves the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from munshi import space
from munshi.algorithms import Mark, Pending, Reply, Request, registry
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
from munshi.reconcile import controls, names
from munshi.reconcile import tally as tallies
from munshi.reconcile.history import assignments_of, told
from munshi.reconcile.plan import Ask, Plan
from munshi.reconcile.tally import Tally
from munshi.reconcile.views import SuggestionView

SEED_SETTING = "random_state"
PLAIN_MESSAGE = "Suggestion is running"
"""Of an algorithm that has nothing to say about its points."""


def reconcile_suggestion(view: SuggestionView, now: datetime) -> Plan[SuggestionStatus]:
    """Decide what a Suggestion should say of itself, and whether the algorithm is to be asked."""
    status = _created(view.suggestion.status, now)
    status = _without_created_trials(status, view)
    if view.experiment.is_completed:
        status = status.model_copy(update={"waits_for": ()}) if status.waits_for else status
        return Plan(_closed(status, view.experiment, now))
    status = _reopened(status, now)
    if view.suggestion.is_failed or view.suggestion.is_exhausted:
        return Plan(status)
    if controls.is_suspended(view.experiment):
        return Plan(status)
    wanted = view.suggestion.spec.requests - status.suggestion_count
    if wanted <= 0 or (status.waits_for and set(status.waits_for) == _under_way(view, status)):
        return Plan(status)
    return Plan(status, (_ask(view, status, wanted),))


def settled(
    view: SuggestionView, ask: Ask, reply: Reply, now: datetime, *, served: bool = False
) -> SuggestionStatus:
    """The status with the algorithm's answer written down, under the names of the future trials.

    An answer that was settled before, its write being acknowledged too late, is not settled twice. A name
    that the algorithm gives holds unless it is taken. `served` says that a service answered. What else
    there is to say of the assignments is said in the same write. An algorithm that waits though nothing is
    under way would wait for ever: it is taken for broken.
    """
    status, experiment = view.suggestion.status, view.experiment
    first = ask.request.first_index
    if status.suggestion_count != first:
        return status
    if reply.waiting and not (ask.under_way or reply.assignments):
        message = f"it waits, but no trial is under way: {reply.because or 'no reason was given'}"
        return failed(status, message, now)
    status = _without_created_trials(status, view)
    taken = {one.name for one in status.suggestions} | view.deleted.keys()
    known = _counted(view).by_name
    fresh = []
    for at, assignments in enumerate(reply.assignments):
        mark = reply.marks[at] if reply.marks else Mark()
        name = mark.name
        if not name or name in taken or name in known:
            name = names.trial_name(experiment.name, experiment.uid, first + at, taken, known)
        taken.add(name)
        notes = {INDEX_ANNOTATION: str(first + at)}
        if at == 0 and ask.new_results:
            notes[AFTER_ANNOTATION] = ",".join(ask.new_results)
        pairs = tuple(
            ParameterAssignment(name=parameter, value=value)
            for parameter, value in assignments.items()
        )
        fresh.append(
            TrialAssignment(
                name=name,
                parameter_assignments=pairs,
                early_stopping_rules=view.rules,
                labels=dict(mark.labels),
                annotations=notes,
            )
        )
    message = reply.because or ("results are awaited" if reply.waiting else PLAIN_MESSAGE)
    said = conditions.restate(
        status.conditions,
        SuggestionCondition.RUNNING,
        true=True,
        reason="SuggestionWaiting" if reply.waiting else "SuggestionRunning",
        message=PLAIN_MESSAGE if reply.exhausted else message,
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
            "waits_for": _waits_for(ask, fresh) if reply.waiting else (),
            "algorithm_settings": _recorded(status, ask, reply, served=served),
        }
    )


def _waits_for(ask: Ask, fresh: Iterable[TrialAssignment]) -> tuple[str, ...]:
    """What the algorithm knew to be under way when it said that it waits, and what it gave besides."""
    return tuple(sorted({*ask.under_way, *(one.name for one in fresh)}))


def _under_way(view: SuggestionView, status: SuggestionStatus) -> set[str]:
    """Names of all that may still have an outcome: active trials, and assignments that are to be trials."""
    counted = _counted(view)
    waiting = {one.name for one in status.suggestions if one.name not in counted.by_name}
    return {trial.name for trial in counted.active} | waiting


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


def new_results(counted: Tally, waiting: tuple[TrialAssignment, ...]) -> tuple[str, ...]:
    """Trials that ended and whose result no earlier suggestion knew, in suggestion order."""
    return counted.history.news({name for one in waiting for name in told(one.annotations)})


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
    counted = _counted(view)
    kept = tuple(
        one
        for one in status.suggestions
        if not is_withdrawn(one, view.deleted) and _is_to_go(one, counted.by_name.get(one.name))
    )
    if len(kept) == len(status.suggestions):
        return status
    return status.model_copy(update={"suggestions": kept})


def _is_to_go(one: TrialAssignment, trial: Trial | None) -> bool:
    if trial is None:
        return True
    from_it = bool(trial.uid) and one.annotations.get(RETURNED_ANNOTATION) == trial.uid
    return from_it and not trial.is_completed


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


def question(view: SuggestionView, count: int) -> Request:
    """What the algorithm would be asked now: everything it may know, for so many assignments."""
    return _ask(view, view.suggestion.status, count).request


def _ask(view: SuggestionView, status: SuggestionStatus, count: int) -> Ask:
    experiment = view.experiment
    objective = experiment.spec.objective or ObjectiveSpec()
    algorithm = view.suggestion.spec.algorithm
    settings = algorithm.settings if algorithm else {}
    counted = _counted(view)
    results = tuple(counted.history.results.values)
    waiting = [
        Pending(assignments_of(one.parameter_assignments), _index(one))
        for one in status.suggestions
        if one.name not in counted.by_name
    ]
    request = Request(
        space=space.read(experiment.spec.parameters),
        maximize=objective.type is ObjectiveType.MAXIMIZE,
        settings=settings,
        seed=_seed(status, experiment),
        results=results,
        pending=(*counted.history.unlearnt.values, *waiting),
        first_index=status.suggestion_count,
        count=count,
        max_trial_count=experiment.spec.max_trial_count,
        parallel_trial_count=experiment.spec.parallel_trial_count or 1,
    )
    news = new_results(counted, status.suggestions)
    why = f"{_counted_words(count, 'assignment')} wanted; {_counted_words(len(results), 'result')} known"
    under_way = tuple(sorted(_under_way(view, status)))
    return Ask(algorithm.algorithm_name if algorithm else "", request, news, why, under_way)


def _counted_words(number: int, what: str) -> str:
    return f"1 {what} is" if number == 1 else f"{number} {what}s are"


def _counted(view: SuggestionView) -> Tally:
    return tallies.tally(view.trials, view.experiment.spec.objective or ObjectiveSpec())


def _index(one: TrialAssignment) -> int:
    return int(one.annotations.get(INDEX_ANNOTATION, "0"))


def _seed(status: SuggestionStatus, experiment: Experiment) -> int:
    said = {setting.name: setting.value for setting in status.algorithm_settings}
    recorded = said.get(SEED_SETTING, "")
    return int(recorded) if recorded.isdecimal() else names.seed(experiment.uid)


def _recorded(
    status: SuggestionStatus, ask: Ask, reply: Reply, *, served: bool
) -> tuple[AlgorithmSetting, ...]:
    """What the algorithm chose itself, written down so that anyone can compute the search again.

    The seed is drawn once. A service draws its own, and may know no such setting.
    """
    kept = {setting.name: setting.value for setting in status.algorithm_settings}
    known = SEED_SETTING in ask.request.settings or kept
    if not known and not served and registry.draws(ask.algorithm):
        kept[SEED_SETTING] = str(ask.request.seed)
    kept |= reply.settings
    return tuple(AlgorithmSetting(name=name, value=value) for name, value in kept.items())
