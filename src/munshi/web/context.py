"""What every handler needs, made once when the server begins, and the numbers that a query may hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import metadata
from typing import cast

from starlette.requests import Request

from munshi.errors import FieldFault, Invalid
from munshi.web.answers import Shelf
from munshi.web.desk import Desk
from munshi.web.guard import Secrets
from munshi.web.live import Live
from munshi.web.ports import Place, Values

VERSION = metadata.version("munshi")


@dataclass(slots=True)
class Context:
    """What handlers work with.

    Attributes:
        place: Where experiments live.
        desk: Reads documents.
        live: Tells what changes.
        values: Reads reported values and events.
        secrets: For `api/session`.
        shelf: Large answers; used in the desk's thread.
    """

    place: Place
    desk: Desk
    live: Live
    values: Values
    secrets: Secrets
    shelf: Shelf = field(default_factory=Shelf)


def of(request: Request) -> Context:
    """The context of the server that a request came to."""
    return cast("Context", request.state.context)


def named(request: Request) -> tuple[str, str]:
    """The namespace and name of the experiment in the address."""
    return request.path_params["namespace"], request.path_params["name"]


def number(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query.

    Raises:
        Invalid: It is none, or not within the limits.
    """
    said = request.query_params.get(name)
    if said is None:
        return default
    try:
        value = int(said) if len(said) < 20 else most + 1
    except ValueError:
        value = most + 1
    if not least <= value <= most:
        problem = f'"{said[:40]}" is not a whole number from {least} to {most}'
        raise Invalid([FieldFault((name,), problem, f"leave it out for {default}")])
    return value
