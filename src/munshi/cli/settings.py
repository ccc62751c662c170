"""The options of `munshi run` that say how trials run here: `--mount`, `--runtime`, `--log-limit`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from munshi.cli import amounts
from munshi.errors import FieldFault, Invalid
from munshi.local import view
from munshi.local.containers import Runtime
from munshi.local.planning import Settings
from munshi.local.view import UserMount

T = TypeVar("T")
_MOUNT = click.option(
    "--mount",
    "mounts",
    multiple=True,
    metavar="HOST:CONTAINER[:ro]",
    help="Put your files where the image had them; may be repeated.",
)
_RUNTIME = click.option(
    "--runtime",
    type=click.Choice([one.value for one in Runtime]),
    default=Runtime.PROCESS.value,
    show_default=True,
    help="Run trials as processes, or the real image by podman or docker.",
)
_LOG_LIMIT = click.option(
    "--log-limit",
    metavar="SIZE",
    default="64Mi",
    show_default=True,
    help="Keep so much of each program's output: its head and its tail.",
)


def options(verb: Callable[..., T]) -> Callable[..., T]:
    """Give a verb these options, and what they say as its argument `settings`."""

    @functools.wraps(verb)
    def called(*, mounts: tuple[str, ...], runtime: str, log_limit: str, **said: object) -> T:
        settings = Settings(
            mounts=_mounts(mounts),
            cwd=str(Path.cwd()),
            runtime=Runtime(runtime),
            log_bytes=amounts.size("--log-limit", log_limit),
        )
        return verb(settings=settings, **said)

    return _MOUNT(_RUNTIME(_LOG_LIMIT(called)))


def _mounts(texts: Sequence[str]) -> tuple[UserMount, ...]:
    found: list[UserMount] = []
    faults: list[FieldFault] = []
    for text in texts:
        try:
            found.append(view.read_mount(text))
        except Invalid as invalid:
            faults += invalid.faults
    if faults:
        raise Invalid(faults)
    return tuple(found)
