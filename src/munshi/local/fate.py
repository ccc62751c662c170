"""What became of a trial's programs, in the words of its job: an Exit becomes a Stage.

Between `process`, which knows signals and exit codes, and `jobs`, which draws a kind's status from a
stage; so that a deadline or a lack of memory here reads as it does on a cluster.
"""

from __future__ import annotations

import signal
from datetime import UTC, datetime

from munshi.local import jobs
from munshi.local.jobs import Stage
from munshi.local.process import Exit, Reason

OUT_OF_MEMORY = "OOMKilled"
HERE = (
    " (programs are this machine's own: --mount puts your files where the image had them, "
    "--runtime podman runs the image itself)"
)
_TERMINATED, _KILLED = 143, 137


def stage_of(exit_: Exit) -> Stage:
    """The stage of a job whose programs have ended so."""
    started, ended = time_of(exit_.started_ns), time_of(exit_.ended_ns)
    if exit_.reason is Reason.EXITED and exit_.code == 0:
        return jobs.Succeeded(started, ended)
    who = f'program "{exit_.program}"' if exit_.program else "the program"
    code, reason = 1, jobs.BACKOFF_LIMIT_EXCEEDED
    match exit_.reason:
        case Reason.EXITED:
            code = exit_.code or 1
            said = f"{who} ended with exit code {code}"
        case Reason.SIGNAL:
            code = 128 + (exit_.signal or 0)
            said = f"{who} was ended by signal {exit_.signal}{_name(exit_.signal)}"
        case Reason.STOPPED:
            code = _TERMINATED
            said = f"{who} was stopped"
        case Reason.NOT_STARTED:
            code = 127
            said = f"{who} could not be started"
        case Reason.DEADLINE:
            code, reason = _TERMINATED, jobs.DEADLINE_EXCEEDED
            said = "it was ended by activeDeadlineSeconds"
        case Reason.OUT_OF_MEMORY:
            code, reason = _KILLED, OUT_OF_MEMORY
            said = f"{who} needed more memory than resources.limits.memory allows"
    message = f"{said}: {exit_.message}" if exit_.message else said
    if exit_.reason is Reason.NOT_STARTED and exit_.message.startswith("no such program"):
        message += HERE
    return jobs.Failed(
        started, ended, reason=reason, message=message, exit_code=code, replica=exit_.program
    )


def time_of(nanoseconds: int) -> datetime:
    """A time in UTC, from nanoseconds since 1970."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def _name(number: int | None) -> str:
    try:
        return f" ({signal.Signals(number or 0).name})"
    except ValueError:
        return ""
