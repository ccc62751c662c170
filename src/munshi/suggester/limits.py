"""How long one question to an algorithm may take, and how much memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may cost.

    Attributes:
        time: From the question to its answer.
        memory: Bytes of physical memory that the worker may hold, its Python and its libraries included;
            looked at several times a second, on Linux only.
    """

    time: timedelta = timedelta(seconds=60)
    memory: int = 2 * 1024**3


DEFAULT = Limits()
