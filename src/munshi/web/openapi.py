"""The description of the API for programs, made of the table of routes and of the shapes of its answers."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request

from munshi.web import shapes
from munshi.web.context import VERSION
from munshi.web.routes import ROUTES, Query, Route

_REFERENCE = "#/components/schemas/{model}"
_WHAT = {
    "namespace": "Of the Experiment.",
    "name": "Of the Experiment.",
    "trial": "The trial's name.",
}
_REFUSED = "What is wrong, and how to mend it."
_INTRODUCTION = (
    "The JSON twin of munshi's pages. Every request carries the link's token, as "
    "`Authorization: Bearer TOKEN` or by the cookie that the link gives; with the cookie, POST and DELETE "
    "send X-Munshi-CSRF as well. "
    "Times are RFC 3339; numbers that are NaN, infinite or absent are null."
)


async def openapi(request: Request) -> dict[str, Any]:
    """This description."""
    del request
    return description()


PATH = Route("GET", "/api/openapi.json", openapi, dict[str, Any])


@cache
def description() -> dict[str, Any]:
    """OpenAPI 3.1 of all routes."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for route in (*ROUTES, PATH):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "munshi", "version": VERSION, "description": _INTRODUCTION},
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "munshi"},
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    said = (inspect.getdoc(route.handler) or "").partition("\n")[0]
    names = re.findall(r"\{(\w+)\}", route.path)
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": said,
        "parameters": [_path(name) for name in names] + [_query(one) for one in route.query],
        "responses": {
            str(route.status): {"description": said, "content": _content(route, schemas)},
            "default": {"description": _REFUSED, "content": _json(shapes.Refusal, schemas)},
        },
    }
    if route.body is not None:
        needed = not route.optional_body
        operation["requestBody"] = {"required": needed, "content": _json(route.body, schemas)}
    return operation


def _content(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    if route.answer is None:
        _json(shapes.Change, schemas)  # what each event's data is
        return {"text/event-stream": {"schema": {"type": "string"}}}
    return _json(route.answer, schemas)


def _json(shape: Any, schemas: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a type, any type
    found = TypeAdapter(shape).json_schema(ref_template=_REFERENCE)
    schemas |= found.pop("$defs", {})
    if "title" in found and found.get("type") == "object":
        schemas[found["title"]] = found
        found = {"$ref": _REFERENCE.format(model=found["title"])}
    return {"application/json": {"schema": found}}


def _path(name: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _WHAT[name],
        "schema": schema,
    }


def _query(one: Query) -> dict[str, Any]:
    schema = {"type": one.kind}
    return {"name": one.name, "in": "query", "description": one.words, "schema": schema}
