"""A name that is there, but of another kind: what to type instead.

`munshi best` wants an experiment and `munshi logs` a trial; names of both are long and look alike. The
verbs find their objects through here, so that such a slip is answered with the command that was meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from munshi.cli import finding, glimpse, places
from munshi.errors import NotFound

if TYPE_CHECKING:
    from munshi.api.meta import Resource
    from munshi.cli.places import Document, Glance, Records

    R = TypeVar("R", bound=Resource)

_OTHER: Mapping[str, str] = {"Experiment": "Trial", "Trial": "Experiment"}
_OF_ONE_KIND = ("best", "logs", "metrics", "export", "replay", "suspend", "resume", "retry")
"""Verbs that are for experiments, or for trials; the others take either, as KIND NAME."""


async def find(records: Records, kind: type[R], namespace: str, name: str) -> R:
    """As `finding.find`.

    Raises:
        NotFound: With what to type, where something of the other kind has this name.
    """
    from munshi.api.decode import KINDS  # noqa: PLC0415 - `munshi logs` does without models

    try:
        return await finding.find(records, kind, namespace, name)
    except NotFound:
        other = _OTHER.get(kind.__name__)
        if other is None:
            raise
        try:
            found = await records.get(KINDS[other], namespace, name)
        except NotFound:
            found = None
        if found is None:
            raise
        raise NotFound(_instead(kind.__name__, found.dump())) from None


def named(glance: Glance, kind: str, namespace: str, name: str) -> Document:
    """As `finding.named`.

    Raises:
        NotFound: With what to type, where something of the other kind has this name.
    """
    try:
        return finding.named(glance, kind, namespace, name)
    except NotFound:
        found = glance.get(_OTHER[kind], namespace, name) if kind in _OTHER else None
        if found is None:
            raise
        raise NotFound(_instead(kind, found)) from None


def _instead(kind: str, found: Mapping[str, Any]) -> str:
    """`"random-x7" is a trial; its experiment: munshi best random`."""
    namespace, name = finding.placed(found)
    where = places.again(namespace)
    context = click.get_current_context(silent=True)
    verb = str(context.info_name) if context is not None else "describe"
    if kind == "Experiment":
        said = f'"{name}" is a trial'
        if verb not in _OF_ONE_KIND:
            return f"{said}: munshi {verb} trial {name}{where}"
        owner = glimpse.experiment_of(found) or "EXPERIMENT"
        return f"{said}; its experiment: munshi {verb} {owner}{where}"
    said = f'"{name}" is an experiment'
    if verb == "retry":
        return f"{said}; its failed trials: munshi retry --failed {name}{where}"
    if verb not in _OF_ONE_KIND:
        return f"{said}: munshi {verb} experiment {name}{where}"
    best = glimpse.part(found, "status", "currentOptimalTrial").get("bestTrialName")
    if best:
        return f"{said}, and {verb} wants a trial; its best one: munshi {verb} {best}{where}"
    return f"{said}, and {verb} wants a trial; they are: munshi get trials -e {name}{where}"
