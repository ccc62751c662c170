"""The application: routes, the guard before them, and what is opened as long as it serves."""

from __future__ import annotations

import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from munshi.errors import MunshiError
from munshi.web import answers, openapi, routes
from munshi.web.context import Context
from munshi.web.desk import Desk
from munshi.web.guard import Guard, Secrets
from munshi.web.live import Live
from munshi.web.pages import FOLDER, Pages
from munshi.web.ports import Place

log = logging.getLogger(__name__)


class State(TypedDict):
    """What requests carry."""

    context: Context


def application(
    place: Place,
    secrets: Secrets,
    hosts: frozenset[str],
    *,
    cookie: str = "munshi",
    prefix: str = "",
    folder: Path = FOLDER,
    opened: Callable[[Live], None] = lambda _: None,
) -> ASGIApp:
    """The web, as an ASGI application.

    Args:
        place: Where experiments live.
        secrets: What is asked of those who ask.
        hosts: `HOST:PORT` by which it may be called.
        cookie: The cookie's name.
        prefix: The path it is served under, such as `/katib`; empty for the root.
        folder: The built pages.
        opened: Is told of the streams when all is open, so that it can end them.
    """

    @asynccontextmanager
    async def serving(_: Starlette) -> AsyncIterator[State]:
        desk = Desk(place.glance)
        try:
            async with place.values() as values:
                live = Live(lambda: desk.ask(lambda ledger: ledger.news()))
                opened(live)
                try:
                    yield {"context": Context(place, desk, live, values, secrets)}
                finally:
                    live.close()
        finally:
            desk.close()

    table = [
        Route(one.path, _endpoint(one), methods=[one.method])
        for one in (*routes.ROUTES, openapi.PATH)
    ]
    inner = [*table, Route("/{path:path}", Pages(folder).__call__, methods=["GET"])]
    return Starlette(
        routes=[Mount(prefix, routes=inner)] if prefix else inner,
        middleware=[Middleware(Guard, secrets=secrets, hosts=hosts, cookie=cookie)],
        exception_handlers={HTTPException: _http},
        lifespan=serving,
    )


def _endpoint(route: routes.Route) -> Callable[[Request], Awaitable[Response]]:
    """The handler with its answer written and its errors said."""

    @functools.wraps(route.handler)
    async def answer(request: Request) -> Response:
        try:
            found = await route.handler(request)
            if isinstance(found, Response):
                return found
            return answers.send(answers.pack(found), request, route.status)
        except MunshiError as error:
            return answers.refused(error, request)
        except Exception as bug:  # the edge: a sentence for who asks, the traceback for the log
            log.exception("an answer failed: %s", request.url.path)
            message = f"this is a bug in munshi ({type(bug).__name__})"
            mend = "please report it with munshi.log, which is in munshi's home"
            return answers.refusal(request, 500, message, mend)

    return answer


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    said = {404: "there is nothing at this address", 405: "this address has no such method"}
    message = said.get(error.status_code, error.detail)
    return answers.refusal(request, error.status_code, message, headers=error.headers)
