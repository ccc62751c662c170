"""What one question to an algorithm may cost: `--algorithm-time`, `--algorithm-memory`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import click

from munshi.cli import amounts
from munshi.suggester.limits import DEFAULT, Limits

T = TypeVar("T")
_TIME = click.option(
    "--algorithm-time",
    metavar="TIME",
    envvar="MUNSHI_ALGORITHM_TIME",
    default=f"{DEFAULT.time.total_seconds():g}s",
    show_default=True,
    help="Give an algorithm so long for one suggestion.",
)
_MEMORY = click.option(
    "--algorithm-memory",
    metavar="SIZE",
    envvar="MUNSHI_ALGORITHM_MEMORY",
    default=f"{DEFAULT.memory >> 30}Gi",
    show_default=True,
    help="Let an algorithm use so much memory (Linux only).",
)


def options(verb: Callable[..., T]) -> Callable[..., T]:
    """Give a verb these options, and what they say as its argument `limits`."""

    @functools.wraps(verb)
    def called(*, algorithm_time: str, algorithm_memory: str, **said: object) -> T:
        limits = Limits(
            time=amounts.span("--algorithm-time", algorithm_time),
            memory=amounts.size("--algorithm-memory", algorithm_memory),
        )
        return verb(limits=limits, **said)

    return _TIME(_MEMORY(called))
