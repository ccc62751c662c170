"""What happened, as far as a cluster tells it to a visitor: conditions, and Events beside the objects.

The operator's ledger has every deed with its reason. Without it a condition tells only of its last change,
and an Event is kept for about an hour. Pure: objects and documents in, the story's events out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from munshi.api.experiment import Experiment
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.api.wire import Object
from munshi.kube.operator.events import RENAMED
from munshi.reconcile import story
from munshi.reconcile.story import Event, Told

REMARK = (
    "told by conditions, which keep their last change, and by the cluster's Events, which last an hour; "
    "every step is in the operator's log"
)
UNSEEN = f"{REMARK}. The Events of this namespace may not be read by you"
_SAME_S = 5.0
"""A condition and the Event of it are written within this time."""
_ITS_REASON = {told: reason for reason, told in RENAMED.items()}


def told(objects: Iterable[Told], documents: Iterable[Object]) -> list[Event]:
    """The events of objects, in the order of time, to the second.

    Args:
        objects: Whose conditions tell.
        documents: Kubernetes' Events of them, and of what belongs to them.
    """
    said = [event for one in objects for event in _of_conditions(one)]
    said.sort(key=lambda event: event.time)
    more = [event for event in map(_of_event, documents) if not _is_said(event, said)]
    # Events know seconds only; so does the order, in which what is more exact goes first.
    whole = [replace(event, time=event.time.replace(microsecond=0)) for event in (*said, *more)]
    return sorted(whole, key=lambda event: event.time)


def is_about(document: Object, uids: set[str]) -> bool:
    """Whether a Kubernetes Event is about one of these objects."""
    return _about(document).get("uid") in uids


def is_of_its_job(document: Object, trial: Trial) -> bool:
    """Whether it is about a trial's job, or about one of the pods of that, which are named after it."""
    about = _about(document)
    name, kind = str(about.get("name")), about.get("kind")
    is_younger = trial.metadata.creation_timestamp is None or (
        _time(document) >= trial.metadata.creation_timestamp
    )
    spec = trial.spec.run_spec or {}
    is_job = (kind, name) == (spec.get("kind"), trial.name)
    return is_younger and (is_job or (kind == "Pod" and name.startswith(f"{trial.name}-")))


def _of_conditions(one: Experiment | Suggestion | Trial) -> Iterator[Event]:
    """Each condition by itself, as the engine would have told of it."""
    before = _with(one)
    for condition in one.status.conditions:
        when = condition.last_transition_time or one.metadata.creation_timestamp
        if when is not None:
            after = _with(one, condition)
            yield from story.of_change(before, after, when)


def _with(one: Told, *conditions: Any) -> Told:  # noqa: ANN401 - a Condition; of the three kinds
    status = one.status.model_copy(update={"conditions": conditions})
    return one.model_copy(update={"status": status})


def _of_event(document: Object) -> Event:
    about, reason = _about(document), str(document.get("reason") or "")
    times = document.get("count") or (document.get("series") or {}).get("count") or 1
    message = str(document.get("message") or "")
    return Event(
        time=_time(document),
        kind=str(about.get("kind") or ""),
        namespace=str(about.get("namespace") or ""),
        name=str(about.get("name") or ""),
        uid=str(about.get("uid") or ""),
        experiment_uid="",
        reason=_ITS_REASON.get(reason, reason),
        message=f"{message} (x{times})" if times > 1 else message,
        warning=document.get("type") == "Warning",
    )


def _is_said(event: Event, said: Iterable[Event]) -> bool:
    return any(
        (event.uid, event.reason) == (one.uid, one.reason)
        and abs((event.time - one.time).total_seconds()) <= _SAME_S
        for one in said
    )


def _about(document: Object) -> Object:
    about = document.get("involvedObject")
    return about if isinstance(about, dict) else {}


def _time(document: Object) -> datetime:
    """When it began; the two generations of Events say so in different fields."""
    made = (document.get("metadata") or {}).get("creationTimestamp")
    when = document.get("firstTimestamp") or document.get("eventTime") or made
    read = datetime.fromisoformat(str(when or "1970-01-01T00:00:00Z"))
    return read if read.tzinfo else read.replace(tzinfo=UTC)
