"""Values become answers: JSON without NaN, compressed where it pays, and errors as sentences with a code."""

from __future__ import annotations

import gzip
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from munshi.errors import (
    AlgorithmRefused,
    AlreadyExists,
    Conflict,
    FieldFault,
    Forbidden,
    Invalid,
    LaunchRefused,
    MissingExtra,
    MunshiError,
    NotFound,
    Retryable,
    TemplateBroken,
    Terminal,
)
from munshi.web import shapes

_WORTH_IT = 1_024
"""Bytes; shorter answers are sent as they are."""
_LEVEL = 4
KEPT = 32 << 20
"""Bytes of answers that are kept for the next who asks for the same."""

_CODES: tuple[tuple[type[MunshiError], int], ...] = (
    (Invalid, 422),
    (NotFound, 404),
    (AlreadyExists, 409),
    (Conflict, 409),
    (Retryable, 503),
    (Forbidden, 403),
    (MissingExtra, 501),
    (AlgorithmRefused, 422),
    (TemplateBroken, 422),
    (LaunchRefused, 422),
    (Terminal, 409),
)


@dataclass(frozen=True, slots=True)
class Packed:
    """An answer as it travels.

    Attributes:
        body: The JSON, compressed with gzip if it `is_gzip`.
        is_gzip: Whether it is.
        tag: Changes with the answer; empty for one that must not be asked about.
    """

    body: bytes
    is_gzip: bool
    tag: str = ""


def pack(value: object, tag: str = "") -> Packed:
    """Write a value as JSON.

    Raises:
        ValueError: It holds a number that JSON has not.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    body = text.encode("utf-8", "replace")
    if len(body) < _WORTH_IT:
        return Packed(body, is_gzip=False, tag=tag)
    return Packed(gzip.compress(body, _LEVEL, mtime=0), is_gzip=True, tag=tag)


def send(packed: Packed, request: Request, status: int = 200) -> Response:
    """The response to a request; 304 where the asker has it already."""
    headers = {"cache-control": "no-cache" if packed.tag else "no-store", "vary": "accept-encoding"}
    if packed.tag:
        headers["etag"] = f'"{packed.tag}"'
        known = request.headers.get("if-none-match", "")
        if packed.tag in [each.strip().removeprefix("W/").strip('"') for each in known.split(",")]:
            return Response(status_code=304, headers=headers)
    body = packed.body
    if packed.is_gzip:
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
        else:
            body = gzip.decompress(body)
    return Response(body, status, headers, "application/json")


class Shelf:
    """The last large answers, by what was asked; used in the desk's thread only."""

    def __init__(self, most: int = KEPT) -> None:
        self._kept: OrderedDict[str, Packed] = OrderedDict()
        self._most = most

    def get(self, asked: str, tag: str) -> Packed | None:
        """The answer that was kept, if it still is the answer."""
        found = self._kept.get(asked)
        if found is None or found.tag != tag:
            return None
        self._kept.move_to_end(asked)
        return found

    def keep(self, asked: str, packed: Packed) -> Packed:
        """Keep an answer in place of the former one; hands it back."""
        self._kept[asked] = packed
        self._kept.move_to_end(asked)
        while sum(len(each.body) for each in self._kept.values()) > self._most:
            self._kept.popitem(last=False)
        return packed


def refused(error: MunshiError, request: Request) -> Response:
    """An error that munshi raised on purpose."""
    status = next((code for kind, code in _CODES if isinstance(error, kind)), 500)
    faults = [fault(one) for one in error.faults] if isinstance(error, Invalid) else []
    mend = error.mend if isinstance(error, TemplateBroken) else ""
    message = error.problem if isinstance(error, TemplateBroken) else str(error)
    return refusal(request, status, message, mend, faults)


def refusal(
    request: Request,
    status: int,
    message: str,
    mend: str = "",
    faults: list[shapes.Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer that says what is wrong, and how to mend it."""
    said: shapes.Refusal = {"error": {"message": message, "mend": mend, "faults": faults or []}}
    response = send(pack(said), request, status)
    response.headers.update(headers or {})
    return response


def fault(one: FieldFault) -> shapes.Fault:
    """A fault with its place."""
    return {
        "path": one.field,
        "line": one.mark.line if one.mark else None,
        "column": one.mark.column if one.mark else None,
        "problem": one.problem,
        "mend": one.mend,
    }
