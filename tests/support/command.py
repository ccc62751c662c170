"""How journeys call munshi: the real command in a process of its own, with a home of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str


class Munshi(Protocol):
    """The fixture `munshi`: runs a command to its end."""

    def __call__(
        self, *args: str, stdin: str | None = None, cwd: Path | None = None, timeout: float = 60
    ) -> Done:
        """Run `munshi args…`."""
        ...
