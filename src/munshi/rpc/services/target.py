"""How users say where a service is: `NAME=HOST:PORT`, or `NAME=COMMAND` to have it started. Light to load."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field

from munshi.api.common import AlgorithmSpec, EarlyStoppingSpec
from munshi.errors import FieldFault, Invalid

PORT_VARIABLE = "PORT"
"""The environment variable that tells a started service where to listen."""
PORT_WORD = "{port}"
"""What stands for the same number in its command."""

_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BETWEEN = re.compile(r"[;\n]")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a service is.

    Attributes:
        name: The algorithmName that it answers.
        address: `HOST:PORT`; empty for one that is to be started.
        command: Its words; empty for one that runs already.
    """

    name: str
    address: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Targets:
    """All services that were named, by name.

    Attributes:
        algorithms: Of spec.algorithm.
        early_stopping: Of spec.earlyStopping.
    """

    algorithms: dict[str, Target] = field(default_factory=dict)
    early_stopping: dict[str, Target] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.algorithms or self.early_stopping)

    def of(
        self, algorithm: AlgorithmSpec | None, early_stopping: EarlyStoppingSpec | None
    ) -> Targets:
        """Those that an Experiment names."""
        wanted = algorithm.algorithm_name if algorithm else ""
        stopping = early_stopping.algorithm_name if early_stopping else ""
        return Targets(
            {name: one for name, one in self.algorithms.items() if name == wanted},
            {name: one for name, one in self.early_stopping.items() if name == stopping},
        )


def read(texts: Iterable[str], option: str) -> dict[str, Target]:
    """Understand what was said of services; a later word on a name replaces an earlier one.

    Args:
        texts: Each `NAME=HOST:PORT` or `NAME=COMMAND`.
        option: Where it was said, for faults.

    Raises:
        Invalid: With a fault for each that is not of that form.
    """
    found: dict[str, Target] = {}
    faults: list[FieldFault] = []
    for text in texts:
        try:
            target = _target(text)
        except ValueError as wrong:
            mend = "write NAME=HOST:PORT, or NAME=COMMAND with {port} in it"
            faults.append(FieldFault((option,), f'"{text}" {wrong}', mend))
        else:
            found[target.name] = target
    if faults:
        raise Invalid(faults)
    return found


def split(text: str) -> list[str]:
    """The services of one variable: with semicolons or line breaks between them."""
    return [part.strip() for part in _BETWEEN.split(text) if part.strip()]


def _target(text: str) -> Target:
    name, equals, where = text.partition("=")
    name, where = name.strip(), where.strip()
    if not equals or not where:
        raise ValueError("does not say where the service is")
    if not _NAME.fullmatch(name):
        raise ValueError("does not begin with the name of an algorithm")
    if _ADDRESS.fullmatch(where):
        if not 0 < int(where.rpartition(":")[2]) <= 65535:
            raise ValueError("has a port outside of 1 to 65535")
        return Target(name, address=where)
    command = tuple(shlex.split(where))  # says itself which quotation is open
    return Target(name, command=command)
