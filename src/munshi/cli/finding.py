"""Finding an object by its name, and the answer when it is not there: the nearest name, or where it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from munshi.cli import places
from munshi.errors import NotFound

if TYPE_CHECKING:
    from munshi.api.meta import Resource
    from munshi.cli.places import Document, Glance, Records

    R = TypeVar("R", bound=Resource)

_MANY = 8
"""More names than this in a sentence help nobody."""


def named(glance: Glance, kind: str, namespace: str, name: str) -> Document:
    """One object.

    Raises:
        NotFound: With the namespace it is really in, or the nearest name.
    """
    document = glance.get(kind, namespace, name)
    if document is None:
        others = glance.names(kind, namespace, name)
        raise NotFound(absent(kind, namespace, name, others))
    return document


def placed(document: Mapping[str, Any]) -> tuple[str, str]:
    """The object's namespace and name."""
    meta = document.get("metadata") or {}
    return meta.get("namespace", ""), meta.get("name", "")


async def find(records: Records, kind: type[R], namespace: str, name: str) -> R:
    """One object.

    Raises:
        NotFound: With the namespace it is really in, or the nearest name.
    """
    try:
        return await records.get(kind, namespace, name)
    except NotFound as missing:
        others = await records.names(kind, namespace, name)
        raise NotFound(absent(kind.__name__, namespace, name, others)) from missing


def absent(kind: str, namespace: str, name: str, others: Iterable[tuple[str, str]]) -> str:
    """The sentence for an object that is not there, with what may have been meant.

    Args:
        kind: `Experiment`, say.
        namespace: Where it was looked for.
        name: What it was called.
        others: Namespace and name of the objects of the kind.
    """
    said = f'{kind.lower()} "{name}" is not in namespace {namespace}'
    others = list(others)
    elsewhere = sorted(place for place, other in others if other == name)
    if elsewhere:
        return f"{said}; it is in namespace {elsewhere[0]}: add -n {elsewhere[0]}"
    names = sorted({other for place, other in others if place == namespace})
    plural, flags = f"{kind.lower()}s", places.chosen().flags
    if not names:
        return (
            f"{said}, which has no {plural}; look everywhere with -A: munshi get {plural} -A{flags}"
        )
    from munshi.space import nearest  # noqa: PLC0415 - only a miss needs it

    advice = nearest.advice(name, names)
    if advice.startswith("known") and len(names) > _MANY:
        listing = f"munshi get {plural} -n {namespace}{flags}"
        advice = f"{len(names)} others are: list them with {listing}"
    return f"{said}; {advice}"
