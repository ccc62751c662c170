"""The status a job's own controller would write, told from the little a machine knows of it.

Trials are judged by GJSON conditions over the job object (Katib api contract §7), here as on a
cluster. So a local job needs a status with the same shape: the adapters of each kind draw it from a
`Stage`, one of four moments in the life of a job. The clock is the caller's: every time comes in as
an aware `datetime`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from munshi.api.wire import Json

BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
"""Reason of a Job whose program failed once more than it may."""
DEADLINE_EXCEEDED = "DeadlineExceeded"
"""Reason of a Job, Pod or TFJob that ran longer than its active deadline."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Accepted, not started."""


@dataclass(frozen=True, slots=True)
class Running:
    """The program runs.

    Attributes:
        started: When the job first started.
        failures: How many earlier attempts failed.
    """

    started: datetime
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The program ended with 0; fields as in `Running`."""

    started: datetime
    ended: datetime
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """The job is given up.

    Attributes:
        started: When the job first started; `None` if no program ever did.
        ended: When it was given up.
        reason: One CamelCase word, e.g. `BACKOFF_LIMIT_EXCEEDED`.
        message: One sentence for people.
        failures: How many attempts failed, the last one included.
        exit_code: Of the last attempt; 128 + n for signal n.
        replica: Name of the replica that failed, as in `Replica`; "" for the primary one.
    """

    started: datetime | None
    ended: datetime
    reason: str = BACKOFF_LIMIT_EXCEEDED
    message: str = "Job has reached the specified backoff limit"
    failures: int = 1
    exit_code: int = 1
    replica: str = ""


Stage: TypeAlias = Pending | Running | Succeeded | Failed


def written(moment: datetime) -> str:
    """A time as Kubernetes writes it: RFC 3339, UTC, whole seconds.

    Raises:
        ValueError: The time has no zone, so nobody could say when it was.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def condition(
    type_: str,
    when: datetime,
    reason: str,
    message: str,
    *,
    probed_as: str = "",
    true: bool = True,
) -> dict[str, Json]:
    """One condition; `probed_as` is the kind's own name for the time of the last look, if any."""
    return {
        "type": type_,
        "status": "True" if true else "False",
        "reason": reason,
        "message": message,
        **({probed_as: written(when)} if probed_as else {}),
        "lastTransitionTime": written(when),
    }
