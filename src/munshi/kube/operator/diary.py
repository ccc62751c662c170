"""The operator's log: one line for each thing that happens, on standard error, as text or as JSON.

A record's facts (namespace, experiment, trial, reason) come as `extra={"facts": {…}}`; what does not
apply is left out. The engine's own lines say the same as the story does, so only its troubles are shown.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TextIO

from munshi.errors import MunshiError, printable

_QUIET = ("httpx2", "httpcore2", "httpx", "httpcore", "lightkube", "asyncio", "alembic")
"""Libraries that tell of every request."""


@contextlib.contextmanager
def kept(
    form: str,
    *,
    heard: Callable[[logging.LogRecord], None] = lambda _: None,
    verbose: bool = False,
    to: TextIO | None = None,
) -> Iterator[None]:
    """Write the log as long as the context is.

    Args:
        form: `text` or `json`.
        heard: Hears of every record of the engine's troubles.
        verbose: The steps too.
        to: Where to; standard error if not said.
    """
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    listener = _Listener(heard)
    root, engine, ours = (logging.getLogger(name) for name in ("", "munshi.engine", "munshi"))
    levels = [(one, one.level) for one in (root, engine, ours)]
    root.addHandler(handler)
    engine.addHandler(listener)
    root.setLevel(logging.WARNING)
    ours.setLevel(logging.DEBUG if verbose else logging.INFO)
    engine.setLevel(logging.DEBUG if verbose else logging.WARNING)
    quiet = [logging.getLogger(name) for name in _QUIET]
    levels += [(one, one.level) for one in quiet]
    for one in quiet:
        one.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(handler)
        engine.removeHandler(listener)
        for one, level in levels:
            one.setLevel(level)


class _Listener(logging.Handler):
    def __init__(self, heard: Callable[[logging.LogRecord], None]) -> None:
        super().__init__(logging.ERROR)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        """Pass it on."""
        self._heard(record)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """`2026-01-31T12:00:00Z INFO message namespace=… trial=…`; a trace follows a bug only."""
        facts = " ".join(f"{key}={value}" for key, value in _facts(record).items())
        said = printable(_message(record)).replace("\\n", " ")
        line = f"{_at(record)} {record.levelname} {said}"
        return (
            f"{line} [{facts}]{_trace(self, record)}" if facts else f"{line}{_trace(self, record)}"
        )


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One object on a line, Korean as it is."""
        told: dict[str, object] = {
            "time": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **_facts(record),
        }
        if trace := _trace(self, record):
            told["trace"] = trace.strip()
        text = json.dumps(told, ensure_ascii=False, default=str)
        return text.encode("utf-8", "backslashreplace").decode()


def _facts(record: logging.LogRecord) -> Mapping[str, object]:
    facts = getattr(record, "facts", None) or {}
    return {key: value for key, value in facts.items() if value not in ("", None)}


def _message(record: logging.LogRecord) -> str:
    """What is said; an error that munshi raised on purpose is a sentence of its own."""
    error = record.exc_info[1] if record.exc_info else None
    said = record.getMessage()
    return f"{said}: {error}" if isinstance(error, MunshiError) else said


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """The traceback of a bug; none of what was raised on purpose."""
    info = record.exc_info
    if not info or info[1] is None or isinstance(info[1], MunshiError):
        return ""
    return "\n" + formatter.formatException(info)


def _at(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{record.msecs:03.0f}Z"
