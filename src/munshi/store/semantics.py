"""What a write makes of an object: the part of Kubernetes' semantics that needs no database.

Every store that keeps objects itself (SQLite, memory) asks here what the object shall be after
`create`, `replace` or `replace_status`, and then only has to keep it. Plain functions over frozen
objects: the time, the uid and the version are given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from munshi.api.meta import Resource
from munshi.errors import AlreadyExists, Conflict, FieldFault, Gone, Invalid, NotFound

R = TypeVar("R", bound=Resource)

MAX_BYTES = 3 * 512 * 1024
"""1.5 MiB, the limit of a Kubernetes API server: what fits here fits there."""

KEPT_TOMBSTONES = 10_000
"""How many deletions a watch may lag behind: a guess, about 10 MB and one very large Experiment."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What names an object; the order is that of lists."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """As people say it: `Trial default/random-abc`."""
        return f"{self.kind} {self.namespace}/{self.name}"


def key_of(resource: Resource) -> Key:
    """The object's key.

    Raises:
        Invalid: It has no name or no namespace.
    """
    faults = [
        FieldFault(("metadata", field), "is missing", "every stored object has one")
        for field in ("namespace", "name")
        if not getattr(resource.metadata, field)
    ]
    if faults:
        raise Invalid(faults)
    return Key(type(resource).__name__, resource.namespace, resource.name)


def owner_uid_of(resource: Resource) -> str:
    """The uid of whom the object goes with: its controller, or else its first owner; may be empty."""
    owners = resource.metadata.owner_references
    owner = resource.metadata.controller() or (owners[0] if owners else None)
    return owner.uid if owner else ""


def created(resource: R, *, uid: str, version: int, now: datetime) -> R:
    """The object as it is first kept.

    As on a cluster a status is not created, it is reported: the object starts with an empty one. The
    creationTimestamp has whole seconds.
    """
    return _with(
        resource,
        metadata=_metadata(
            resource,
            uid=uid,
            resource_version=str(version),
            generation=1,
            creation_timestamp=now.replace(microsecond=0),
        ),
        **_empty_status(type(resource)),
    )


def replaced(stored: R, sent: R, version: int) -> R:
    """`stored` with the spec and metadata of `sent`; `stored` itself when that changes nothing.

    The uid, creationTimestamp and generation are the store's and stay, whatever was sent; the
    generation rises by one when anything beside metadata and status changed.

    Raises:
        Conflict: `sent` was not read from `stored`.
    """
    check_current(stored, sent)
    kept = stored.metadata
    fields = {"status": getattr(stored, "status")} if _has_status(stored) else {}  # noqa: B009
    changed = content(stored) != content(sent)
    metadata = _metadata(
        sent,
        uid=kept.uid,
        resource_version=kept.resource_version,
        generation=kept.generation + changed,
        creation_timestamp=kept.creation_timestamp,
    )
    return _numbered(stored, _with(sent, metadata=metadata, **fields), version)


def status_replaced(stored: R, sent: R, version: int) -> R:
    """`stored` with the status of `sent`; `stored` itself when that changes nothing.

    Raises:
        Conflict: `sent` was not read from `stored`.
        Invalid: The kind has no status.
    """
    check_current(stored, sent)
    check_has_status(sent)
    status = getattr(sent, "status")  # noqa: B009 - not every Resource has one
    if getattr(stored, "status") == status:  # noqa: B009 - as above
        return stored
    return _with(stored, status=status, metadata=_metadata(stored, resource_version=str(version)))


def last_form(stored: R, version: int) -> R:
    """A deleted object as its tombstone shows it: with the version of its deletion, as on a cluster."""
    return _with(stored, metadata=_metadata(stored, resource_version=str(version)))


def check_current(stored: Resource, sent: Resource) -> None:
    """See that `sent` was read from `stored`.

    Raises:
        Conflict: It was read earlier, or never, or from another object of the same name.
    """
    key = Key(type(stored).__name__, stored.namespace, stored.name)
    if sent.uid and sent.uid != stored.uid:
        raise Conflict(f"{key} was deleted and created anew (uid {stored.uid}); read it again")
    if sent.metadata.resource_version != stored.metadata.resource_version:
        raise Conflict(
            f'{key} is at resourceVersion "{stored.metadata.resource_version}", the write was decided '
            f'at "{sent.metadata.resource_version}"; read it again'
        )


def check_has_status(sent: Resource) -> None:
    """See that the kind has a status to write.

    Raises:
        Invalid: It has none.
    """
    if not _has_status(sent):
        problem = f"a {type(sent).__name__} has none"
        raise Invalid([FieldFault(("status",), problem, "replace the object itself")])


def check_uid(key: Key, stored: Resource, uid: str) -> None:
    """See that a deletion means this very object.

    Raises:
        NotFound: A uid was given and it is another's.
    """
    if uid and uid != stored.uid:
        raise NotFound(f"{key} with uid {uid} is not there; the one there has uid {stored.uid}")


def not_found(key: Key) -> NotFound:
    """The answer for an object that is not there."""
    return NotFound(f"{key} is not there")


def already_exists(key: Key) -> AlreadyExists:
    """The answer for a name that is taken."""
    return AlreadyExists(f"{key} is there already")


def watch_floor(since: int, last: int) -> int:
    """Up to which version a new watch need not hear of deletions.

    A watch from 0 knows no object, so what was deleted before it began does not concern it.

    Args:
        since: Where the watch begins.
        last: The last version given.

    Raises:
        Gone: `since` lies in the future: it comes from another database.
    """
    if since > last:
        raise Gone(f"version {since} was never given here, the last is {last}; list again")
    return since or last


def body_of(resource: Resource) -> str:
    """The object as the JSON text that is kept.

    Raises:
        Invalid: It is larger than MAX_BYTES, or holds what JSON in UTF-8 cannot.
    """
    key = Key(type(resource).__name__, resource.namespace, resource.name)
    try:
        body = text_of(resource)
        size = len(body) if body.isascii() else len(body.encode())
    except (ValueError, TypeError, RecursionError) as error:
        problem = f"{key} cannot be written as JSON in UTF-8 ({error})"
        raise Invalid([FieldFault((), problem, "remove what is not plain text")]) from error
    if size > MAX_BYTES:
        problem = f"{key} takes {size:,} bytes, at most {MAX_BYTES:,} can be kept"
        mend = "move large files out of the object"
        raise Invalid([FieldFault((), problem, mend)])
    return body


def text_of(resource: Resource) -> str:
    """The object as JSON text, unchecked."""
    return json.dumps(resource.dump(), ensure_ascii=False, separators=(",", ":"))


def content(resource: Resource) -> Mapping[str, Any]:
    """What the generation counts: everything beside metadata and status, as exact JSON text.

    Text, because in Python 1, 1.0 and true are equal.
    """
    document = resource.dump()
    return {
        name: json.dumps(value, sort_keys=True)
        for name, value in document.items()
        if name not in ("metadata", "status")
    }


def _numbered(stored: R, new: R, version: int) -> R:
    """`new` with its version; a write that changes nothing is none, as on a cluster."""
    if body_of(new) == body_of(stored):
        return stored
    return _with(new, metadata=_metadata(new, resource_version=str(version)))


def _metadata(resource: Resource, **fields: object) -> object:
    return resource.metadata.model_copy(update=fields)


def _with(resource: R, **fields: object) -> R:
    return resource.model_copy(update=fields)


def _has_status(resource: Resource) -> bool:
    return "status" in type(resource).model_fields


def _empty_status(kind: type[Resource]) -> dict[str, object]:
    field = kind.model_fields.get("status")
    return {} if field is None else {"status": field.get_default(call_default_factory=True)}
