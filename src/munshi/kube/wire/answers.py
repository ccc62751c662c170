"""What a refusal of the API server means: an HTTP status and its body become one of our errors.

Plain functions. Kubernetes answers a failed request with a `Status` object, which says more than the
number: a 409 may be a taken name or a stale version, a 403 a missing right or a full quota.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from munshi.errors import (
    AlreadyExists,
    ClusterUnreachable,
    Conflict,
    FieldFault,
    Forbidden,
    Gone,
    Invalid,
    MunshiError,
    NotFound,
    Path,
    Retryable,
)

_STEP = re.compile(r"\[(\d+)\]|\[([^\]]*)\]|([^.\[\]]+)")
_TOO_LARGE = re.compile("request is too large|larger than max")  # etcd's word for it
_QUOTED = 300
_QUOTA_PAUSE = timedelta(seconds=10)  # a guess: about as long as a short trial holds its place


def refusal(
    verb: str, path: str, code: int, headers: Mapping[str, str], body: bytes
) -> MunshiError:
    """The error that a failed request is.

    Args:
        verb: `get`, `create`, …, as Kubernetes' roles call it.
        path: What was asked, from the root of the server.
        code: The HTTP status, 300 or more.
        headers: Of the answer, with lower-case names.
        body: The answer; not always a `Status`, where a proxy stands between.
    """
    status = _status(body)
    reason = status.get("reason") or ""
    said = _said(status, code, body)
    what = f"{verb} {thing(path)}"
    match code:
        case 404:
            return NotFound(f"{thing(path)} is not there: {said}")
        case 409 if reason == "AlreadyExists":
            return AlreadyExists(f"{thing(path)} is there already: {said}")
        case 409:
            return Conflict(f"{what} came too late: {said}")
        case 410:
            return Gone(f"{what}: {said}")
        case 400 | 413 | 415 | 422:
            return Invalid(_faults(status, what, said))
        case 401:
            return Forbidden(
                f"the cluster does not know us, so it will not {what}: {said}; "
                "renew the credentials of this kubeconfig context or service account"
            )
        case 403:
            return _not_allowed(status, what, said)
        case _:
            return _trouble(status, headers, what, said)


def _not_allowed(status: Mapping[str, Any], what: str, said: str) -> MunshiError:
    if _has_cause(status, "NamespaceTerminating"):
        return NotFound(f"{what}: its namespace is being deleted ({said})")
    if "exceeded quota" in said:
        return Retryable(f"{what} must wait: {said}", after=_QUOTA_PAUSE)
    return Forbidden(f"the cluster does not let us {what}: {said}; allow it by a Role")


def _trouble(
    status: Mapping[str, Any], headers: Mapping[str, str], what: str, said: str
) -> MunshiError:
    """What a server answers that could not do it now: mostly 429 and 500 to 504."""
    if _TOO_LARGE.search(said):
        return Invalid(_faults(status, what, said))
    if _has_cause(status, "ResourceVersionTooLarge"):  # of another server, or after a restore
        return Gone(f"{what}: {said}")
    return ClusterUnreachable(f"{what}: {said}", after=_after(status, headers))


def thing(path: str) -> str:
    """What a path names, as people say it: `jobs.batch default/random-abc`.

    >>> thing("/apis/batch/v1/namespaces/default/jobs/random-abc/status")
    'jobs.batch/status default/random-abc'
    >>> thing("/api/v1/pods")
    'pods'
    """
    steps = [step for step in path.partition("?")[0].split("/") if step]
    if steps[:1] == ["api"]:
        group, steps = "", steps[2:]
    elif steps[:1] == ["apis"] and len(steps) > 3:
        group, steps = f".{steps[1]}", steps[3:]
    else:
        return path
    namespace = ""
    if steps[:1] == ["namespaces"] and len(steps) > 2:
        namespace, steps = steps[1], steps[2:]
    if not steps:
        return path
    plural, *rest = steps
    below = f"/{'/'.join(rest[1:])}" if rest[1:] else ""
    name = rest[0] if rest else ""
    place = f"{namespace}/{name}" if namespace and name else name
    where = f" {place}" if place else f" in {namespace}" if namespace else ""
    return f"{plural}{group}{below}{where}"


def field_path(text: str) -> Path:
    """A field as the API server writes it, as a path.

    >>> field_path("spec.containers[0].env[key].value")
    ('spec', 'containers', 0, 'env', 'key', 'value')
    """
    return tuple(
        int(match[1]) if match[1] else match[2] or match[3] or "" for match in _STEP.finditer(text)
    )


def _status(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) and read.get("kind") == "Status" else {}


def _said(status: Mapping[str, Any], code: int, body: bytes) -> str:
    message = status.get("message")
    if isinstance(message, str) and message:
        return message
    text = " ".join(body[: 2 * _QUOTED].decode("utf-8", "replace").split())
    return f"HTTP {code} {text[:_QUOTED]}".rstrip()


def _details(status: Mapping[str, Any]) -> Mapping[str, Any]:
    details = status.get("details")
    return details if isinstance(details, dict) else {}


def _causes(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    causes = _details(status).get("causes")
    return [each for each in causes if isinstance(each, dict)] if isinstance(causes, list) else []


def _has_cause(status: Mapping[str, Any], reason: str) -> bool:
    return any(cause.get("reason") == reason for cause in _causes(status))


def _faults(status: Mapping[str, Any], what: str, said: str) -> list[FieldFault]:
    faults = [
        FieldFault(field_path(str(cause.get("field") or "")), str(cause.get("message") or said))
        for cause in _causes(status)
    ]
    return faults or [FieldFault((), f"the cluster refuses to {what}: {said}")]


def _after(status: Mapping[str, Any], headers: Mapping[str, str]) -> timedelta | None:
    for told in (headers.get("retry-after"), _details(status).get("retryAfterSeconds")):
        if str(told or "").isdigit():
            return timedelta(seconds=min(int(str(told)), 300))
    return None
