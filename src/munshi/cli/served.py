"""The options that name algorithms of others: `--algorithm-service`, `--early-stopping-service`."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from munshi.admission import Served
from munshi.api.experiment import Experiment
from munshi.rpc.services import target
from munshi.rpc.services.target import Targets

if TYPE_CHECKING:
    from munshi.rpc.services.katib import KatibServices

T = TypeVar("T")
ALGORITHMS = "MUNSHI_ALGORITHM_SERVICES"
EARLY_STOPPING = "MUNSHI_EARLY_STOPPING_SERVICES"
"""Variables that say the same, with semicolons or line breaks between several services."""

_ALGORITHM = click.option(
    "--algorithm-service",
    "algorithm_services",
    multiple=True,
    metavar="NAME=WHERE",
    help="Let a service answer for this algorithm: HOST:PORT, or a command; may be repeated.",
)
_STOPPING = click.option(
    "--early-stopping-service",
    "early_stopping_services",
    multiple=True,
    metavar="NAME=WHERE",
    help="Likewise for this earlyStopping.",
)


def options(verb: Callable[..., T]) -> Callable[..., T]:
    """Give a verb these options, and what they and the variables say as its argument `targets`."""

    @functools.wraps(verb)
    def called(
        *,
        algorithm_services: tuple[str, ...],
        early_stopping_services: tuple[str, ...],
        **said: object,
    ) -> T:
        targets = Targets(
            _read(algorithm_services, "--algorithm-service", ALGORITHMS),
            _read(early_stopping_services, "--early-stopping-service", EARLY_STOPPING),
        )
        return verb(targets=targets, **said)

    return _ALGORITHM(_STOPPING(called))


def algorithms(verb: Callable[..., T]) -> Callable[..., T]:
    """Give a verb the first of them alone, as its argument `services`."""

    @functools.wraps(verb)
    def called(*, algorithm_services: tuple[str, ...], **said: object) -> T:
        found = _read(algorithm_services, "--algorithm-service", ALGORITHMS)
        return verb(services=Targets(found), **said)

    return _ALGORITHM(called)


def of_environment() -> Targets:
    """What the variables say."""
    return Targets(_read((), "", ALGORITHMS), _read((), "", EARLY_STOPPING))


def served(targets: Targets) -> Served:
    """The names that admission is to leave to services."""
    return Served(tuple(targets.algorithms), tuple(targets.early_stopping))


def _read(said: tuple[str, ...], option: str, variable: str) -> dict[str, target.Target]:
    kept = target.read(target.split(os.environ.get(variable, "")), variable)
    return kept | target.read(said, option)


@contextlib.asynccontextmanager
async def services(
    targets: Targets, experiment: Experiment, home: Path, within: timedelta
) -> AsyncIterator[KatibServices | None]:
    """The services that an Experiment names, started where they have to be; None: it names none.

    Args:
        targets: All that were named.
        experiment: Admitted.
        home: Where their output goes, into `services/`.
        within: How long one question may take.
    """
    named = targets.of(experiment.spec.algorithm, experiment.spec.early_stopping)
    if not named:
        yield None
        return
    from munshi.rpc.services import katib  # noqa: PLC0415 - few experiments have any

    async with katib.opened(named, home / "services", within) as opened:
        yield opened
