"""When is a trial's job done? Its success and failure conditions, understood and asked.

A condition is a GJSON path into the job object (`template.gjson`). Katib's rule (reconcile contract
§10): it is *met* when it finds an object, or an array with something in it; the first element then
tells the reason and the message. Text, numbers, true and false never count, so `status.succeeded`
is not a condition but `status.[@this].#(succeeded==1)#` is.

`admission` calls `check` on what the author wrote; `reconcile` calls `evaluate` on the job as last
seen, the failure condition before the success condition. Which conditions a kind has by default is
not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from munshi.api.wire import Json
from munshi.template import gjson
from munshi.template.gjson import shape

NOT_UNDERSTOOD = "ConditionNotUnderstood"
"""The reason of a verdict on an expression that cannot be evaluated; the message says why."""

_FRESH_JOB: dict[str, Json] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "trial", "namespace": "default"},
}
_BLANKS = " \t\r\n"  # a YAML block scalar leaves a newline behind


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition says of a job.

    Attributes:
        met: Whether the job has reached it.
        reason: The `reason` of what was found, when met and it has one; NOT_UNDERSTOOD when the
            expression is broken.
        message: The `message` likewise; or what is wrong with the expression.
    """

    met: bool
    reason: str = ""
    message: str = ""


def check(expression: str) -> str | None:
    """Judge a condition before any job exists.

    Args:
        expression: As the author wrote it; blanks around it do not matter.

    Returns:
        What is wrong and how to mend it, in one line, when the expression cannot be read, can never
        be met by any job, or is met by a job that has only just been created. None when it is fine.
    """
    try:
        path = gjson.parse(expression.strip(_BLANKS))
        started = evaluate(expression, _FRESH_JOB)
    except gjson.PathBroken as broken:
        return _told(expression, broken)
    if expression.strip(_BLANKS).startswith("$."):  # JSONPath's root; to GJSON a member's name
        return (
            f"{_quoted(expression)} starts with $, which no job has; leave out the first two signs"
        )
    if never := shape.never_met(path):
        return f"{_quoted(expression)} can never be met: {never}"
    if started.met:
        return (
            f"{_quoted(expression)} is met by every job, even before it starts; "
            'ask the status for a value, as in status.[@this].#(phase=="Succeeded")#'
        )
    if started.reason == NOT_UNDERSTOOD:
        return started.message
    return None


def evaluate(expression: str, job: Mapping[str, Json]) -> Verdict:
    """Ask a condition of a job.

    Args:
        expression: The condition; blanks around it do not matter.
        job: The whole object, as JSON values.

    Returns:
        The verdict. A broken expression is never met and says so with the reason NOT_UNDERSTOOD, so
        that a trial need not wait in silence for what cannot come.
    """
    try:
        found = gjson.get(dict(job), expression.strip(_BLANKS)).value
    except gjson.PathBroken as broken:
        return Verdict(met=False, reason=NOT_UNDERSTOOD, message=_told(expression, broken))
    except gjson.TooCostly as costly:
        return Verdict(
            met=False,
            reason=NOT_UNDERSTOOD,
            message=f"{_quoted(expression)} was given up: {costly}",
        )
    match found:
        case dict() | [dict(), *_]:
            first = found if isinstance(found, dict) else found[0]
            return Verdict(met=True, reason=_text(first, "reason"), message=_text(first, "message"))
        case [_, *_]:
            return Verdict(met=True)
        case _:
            return Verdict(met=False)


def _text(condition: Json, name: str) -> str:
    value = condition.get(name) if isinstance(condition, dict) else None
    return value if isinstance(value, str) else ""


def _told(expression: str, broken: gjson.PathBroken) -> str:
    return f"{_quoted(expression) or 'the condition'} cannot be read: {broken}"


def _quoted(expression: str) -> str:
    line = expression.strip(_BLANKS).replace("\n", " ")
    return line if len(line) <= 200 else f"{line[:200]}…"
