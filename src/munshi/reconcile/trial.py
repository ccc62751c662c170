"""Launch, judge, end: the life of one trial (Katib runtime behaviour §10, mended).

A trial always ends. Its job is judged by the failure condition first, then by the success condition;
a job that succeeded is judged again by its metrics, once all it reported is collected. One that still
runs when its early-stopping rules say that it leads nowhere is ended and keeps what it had reported. A
job that vanished through no fault of its own is started again and not counted as failed.
"""

from __future__ import annotations

import difflib
import re
from datetime import datetime

from munshi.api import conditions
from munshi.api.common import (
    CollectorKind,
    Metric,
    MetricsCollectorSpec,
    MetricStrategyType,
    ObjectiveSpec,
    Observation,
)
from munshi.api.trial import FINAL, Trial, TrialCondition, TrialStatus
from munshi.metrics import number
from munshi.metrics import observation as observations
from munshi.reconcile import controls
from munshi.reconcile.plan import ForgetRun, LaunchTrial, Plan, StopTrial
from munshi.reconcile.views import Run, TrialView
from munshi.template import condition

MAX_ATTEMPTS = 5
"""Starts after which a job that keeps vanishing is given up. A guess: generous to reboots."""
LOST, INTERRUPTED, RETRIED = "TrialLost", "TrialInterrupted", "TrialRetried"
"""Why a trial is not running any more though it has not ended."""
WORDS = 5
"""How many last lines of output a failure quotes."""
_A_WORD = re.compile(r"[a-z]+ ")


def reconcile_trial(view: TrialView, now: datetime) -> Plan[TrialStatus]:
    """Decide what a Trial should say of itself, and what should happen to its job.

    Args:
        view: The trial, its job if any, and (once `run.collected` or `run.tripped`) what it reported.
        now: The time to write down.
    """
    trial, run = view.trial, view.run
    status = _created(trial.status, now)
    if trial.is_completed:
        if run is not None and run.live:
            return Plan(status, (StopTrial(f"the trial is {_outcome(trial)}"),))
        return Plan(status)
    if run is not None and not status.attempts:  # it was started, and that was not written yet
        status = _started(status, run.began)
    has_ended = run is not None and not run.live and not run.lost
    if controls.stop_asked(trial) and not has_ended:
        text = controls.stop_words(trial)
        ends = (StopTrial(text),) if run is not None and run.live else ()
        return Plan(_killed(status, "TrialStopped", text, now), ends)
    if run is None:
        return _launch(trial, status, now)
    if run.lost:
        return Plan(_lost(status, run.lost, now), (ForgetRun(f"the job vanished: {run.lost}"),))
    status = _judged(view, run, status, now)
    if conditions.holds(status.conditions, TrialCondition.EARLY_STOPPED):
        return Plan(status, (StopTrial(status.conditions[-1].message),))
    if run.ended is not None and status.completion_time is not None:
        status = status.model_copy(update={"completion_time": run.ended})
    return Plan(status)


def killed(trial: Trial, because: str, now: datetime, run: Run | None = None) -> TrialStatus:
    """The status of an active trial that is stopped from outside; a completed one stays as it is."""
    if trial.is_completed:
        return trial.status
    status = _created(trial.status, now)
    if run is not None and not status.attempts:
        status = _started(status, run.began)
    return _killed(status, "TrialKilled", because, now)


def begun_anew(trial: Trial, because: str, now: datetime) -> TrialStatus:
    """The status of a trial that ended without a result and that the user wants to run once more."""
    if not controls.wants_retry(trial):
        return trial.status
    said = trial.status.conditions
    for kind in FINAL:
        if conditions.holds(said, kind):
            said = conditions.put(said, kind, true=False, reason=RETRIED, message=because, now=now)
    status = trial.status.model_copy(
        update={
            "conditions": said,
            "attempts": trial.status.attempts + 1,
            "observation": None,
            "start_time": now,
            "completion_time": None,
        }
    )
    return _not_running(status, RETRIED, because, now)


def interrupted(trial: Trial, now: datetime) -> TrialStatus:
    """The status of an active trial whose job was taken away by the user; it is to begin anew."""
    if trial.is_completed:
        return trial.status
    status = _created(trial.status, now)
    told = "Trial was interrupted; it begins anew when the experiment goes on"
    attempts = max(0, status.attempts - 1)
    status = _not_running(status, INTERRUPTED, told, now)
    return status.model_copy(update={"attempts": attempts})


def refused(trial: Trial, message: str, now: datetime) -> TrialStatus:
    """The status of a trial that cannot be launched, whatever one does."""
    return _ended(_created(trial.status, now), TrialCondition.FAILED, "TrialFailed", message, now)


def _created(status: TrialStatus, now: datetime) -> TrialStatus:
    if conditions.holds(status.conditions, TrialCondition.CREATED):
        return status
    said = conditions.put(
        status.conditions,
        TrialCondition.CREATED,
        true=True,
        reason="TrialCreated",
        message="Trial is created",
        now=now,
    )
    return status.model_copy(update={"conditions": said, "start_time": now})


def _started(status: TrialStatus, began: datetime | None) -> TrialStatus:
    """The first start, which is written down only when its job is seen."""
    return status.model_copy(update={"attempts": 1, "start_time": began or status.start_time})


def _launch(trial: Trial, status: TrialStatus, now: datetime) -> Plan[TrialStatus]:
    """Begin the next attempt, or once more the one that was written down but has no job.

    Only a job that was seen and vanished uses up an attempt; a lost write, a launcher that is busy or
    a start that the user asked for does not.
    """
    said = conditions.find(status.conditions, TrialCondition.RUNNING)
    vanished = said is not None and said.reason in (LOST, INTERRUPTED)
    if status.attempts and not vanished:
        return Plan(status, (LaunchTrial("the trial has no job yet"),))
    if controls.starts_that_count(trial) >= MAX_ATTEMPTS:
        why = f"its job vanished {MAX_ATTEMPTS} times without an outcome"
        if said is not None and said.message:
            why += f". {said.message}"
        return Plan(_ended(status, TrialCondition.FAILED, "TrialFailed", why, now))
    # From here on the trial takes its time; what it waited for before is not its own.
    status = status.model_copy(update={"attempts": status.attempts + 1, "start_time": now})
    if not vanished:
        return Plan(status, (LaunchTrial("the trial has no job yet"),))
    status = _not_running(status, "TrialStartedAgain", "Trial is started again", now)
    return Plan(status, (LaunchTrial(f"start number {status.attempts}: its job vanished"),))


def _lost(status: TrialStatus, why: str, now: datetime) -> TrialStatus:
    return _not_running(status, LOST, f"The job vanished: {why}", now)


def _not_running(status: TrialStatus, reason: str, message: str, now: datetime) -> TrialStatus:
    kind = TrialCondition.RUNNING
    said = conditions.put(
        status.conditions, kind, true=False, reason=reason, message=message, now=now
    )
    return status.model_copy(update={"conditions": said})


def _judged(view: TrialView, run: Run, status: TrialStatus, now: datetime) -> TrialStatus:
    spec = view.trial.spec
    job = dict(run.job)
    failure = condition.evaluate(spec.failure_condition, job)
    if failure.met:
        text = _sentence("Trial has failed", failure.reason, failure.message)
        text = f"{text.rstrip('.')}: {run.cause}" if run.cause else text
        return _ended(status, TrialCondition.FAILED, "TrialFailed", _with_words(text, run), now)
    success = condition.evaluate(spec.success_condition, job)
    if success.met:
        if not run.collected:
            return _running(status, run, now)
        return _observed(view, run, status, now)
    if run.tripped and run.live:  # one that has ended by itself is judged by its end
        text = f"Trial is early stopped: {run.tripped}"
        status = _with_observation(view, status)
        return _ended(status, TrialCondition.EARLY_STOPPED, "TrialEarlyStopped", text, now)
    for verdict in (failure, success):
        if verdict.reason == condition.NOT_UNDERSTOOD:
            text = f"a condition cannot be evaluated: {verdict.message}"
            return _ended(status, TrialCondition.FAILED, "TrialFailed", text, now)
    if run.collected and not run.live:
        return _ended(status, TrialCondition.FAILED, "TrialFailed", _undecided(view, run), now)
    return _running(status, run, now)


def _undecided(view: TrialView, run: Run) -> str:
    spec = view.trial.spec
    text = (
        "the job ended, and neither of its conditions is met; mend trialTemplate.successCondition "
        f"({spec.success_condition}) or failureCondition ({spec.failure_condition})"
    )
    return _with_words(text, run)


def _observed(view: TrialView, run: Run, status: TrialStatus, now: datetime) -> TrialStatus:
    objective = view.trial.spec.objective or ObjectiveSpec()
    wanted = objective.objective_metric_name
    status = _with_observation(view, status)
    if not view.observation.reported(wanted):
        kind, text = TrialCondition.METRICS_UNAVAILABLE, _missing(wanted, view, run)
        return _ended(status, kind, "MetricsUnavailable", _with_words(text, run), now)
    strategy = objective.strategy(wanted)
    value = observations.objective_value(view.observation, wanted, _strategy(strategy))
    text = "Trial has succeeded"
    summary = view.observation.get(wanted)
    if value is None and summary is not None and summary.non_finite:
        text += f"; {wanted} is not a finite number ({summary.latest}), so it cannot be the best"
    text = "; ".join((text, *run.remarks))
    return _ended(status, TrialCondition.SUCCEEDED, "TrialSucceeded", text, now)


def _with_observation(view: TrialView, status: TrialStatus) -> TrialStatus:
    seen = Observation(metrics=tuple(_metric(one) for one in view.observation.metrics))
    return status.model_copy(update={"observation": seen})


def _strategy(said: MetricStrategyType) -> observations.Strategy:
    match said:
        case MetricStrategyType.MIN:
            return "min"
        case MetricStrategyType.MAX:
            return "max"
        case _:
            return "latest"


def _metric(summary: observations.MetricSummary) -> Metric:
    return Metric(
        name=summary.name,
        min=number.to_wire(summary.min),
        max=number.to_wire(summary.max),
        latest=number.to_wire(summary.latest),
    )


def _missing(wanted: str, view: TrialView, run: Run) -> str:
    text = f'Metrics are not available: the objective "{wanted}" was never reported'
    if run.seen:
        near = difflib.get_close_matches(wanted, run.seen, n=1, cutoff=0.4)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        text += f"; metrics that were seen: {', '.join(run.seen)}{hint}"
    else:
        text += "; nothing that looks like a metric was seen"
        if _prints(view.trial.spec.metrics_collector):
            text += f'; let the program print lines like "{wanted}=0.93"'
    return ". ".join((text, *run.notes, *run.remarks))


def _prints(collector: MetricsCollectorSpec | None) -> bool:
    """Whether metrics are lines of the output, of the usual form."""
    if collector is None:
        return True
    filters = collector.source.filter if collector.source else None
    usual = collector.collector.kind in (CollectorKind.STDOUT, CollectorKind.UNSET)
    return usual and not (filters and filters.metrics_format)


def _with_words(text: str, run: Run) -> str:
    words = [line for line in run.last_words if line.strip()][-WORDS:]
    return f"{text}. Last output:\n" + "\n".join(words) if words else text


def _sentence(what: str, reason: str, message: str) -> str:
    text = f"{what}. Job reason: {reason}" if reason else what
    if _A_WORD.match(message):
        message = message[0].upper() + message[1:]  # a name (python3, worker-0) stays as it is
    return f"{text}. {message}" if message else text


def _running(status: TrialStatus, run: Run, now: datetime) -> TrialStatus:
    """Its job is there; where nothing of it runs for long, the reason says so, and the message why."""
    kind, reason, text = TrialCondition.RUNNING, "TrialRunning", "Trial is running"
    if run.waits:
        reason, text = "TrialWaiting", f"Trial waits for its pods: {run.waits}"
    said = status.conditions
    before = conditions.find(said, kind)
    if before is not None and before.is_true and (before.reason, before.message) != (reason, text):
        # The condition holds as before; only what there is to say of it has changed.
        same = {"reason": reason, "message": text, "last_update_time": now}
        changed = before.model_copy(update=same)
        said = tuple(changed if one is before else one for one in said)
    else:
        said = conditions.put(said, kind, true=True, reason=reason, message=text, now=now)
    return status.model_copy(update={"conditions": said})


def _ended(
    status: TrialStatus, kind: TrialCondition, reason: str, message: str, now: datetime
) -> TrialStatus:
    if conditions.find(status.conditions, TrialCondition.RUNNING) is not None:
        status = _not_running(status, reason, "Trial is not running any more", now)
    said = status.conditions
    said = conditions.put(said, kind, true=True, reason=reason, message=message, now=now)
    return status.model_copy(update={"conditions": said, "completion_time": now})


def _killed(status: TrialStatus, reason: str, message: str, now: datetime) -> TrialStatus:
    """A start that an interruption took back counts after all: it is the one that is killed here.

    So the number of starts rises with every retry, and one wish for a retry is met once.
    """
    said = conditions.find(status.conditions, TrialCondition.RUNNING)
    if said is not None and said.reason == INTERRUPTED:
        status = status.model_copy(update={"attempts": status.attempts + 1})
    return _ended(status, TrialCondition.KILLED, reason, message, now)


def _outcome(trial: Trial) -> str:
    last = trial.status.conditions[-1]
    return f"{last.type}: {last.message.splitlines()[0]}" if last.message else last.type
