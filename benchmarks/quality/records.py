"""Records of races as JSON lines: one line for each race that ended, appended as soon as it has.

A run that was stopped goes on where it was: races with a record are not run again. A line that was
cut short by the stop is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One race.

    Attributes:
        contestant: Who.
        version: Of the contestant.
        problem: On what.
        seed: With which chance.
        parallel: How many trials at the same time.
        values: The objective of each trial, in the order in which they ended.
        cpu_s: CPU seconds for each suggestion (ask, and the tell before), in the order asked.
        date: The day it ended, YYYY-MM-DD.
    """

    contestant: str
    version: str
    problem: str
    seed: int
    parallel: int
    values: tuple[float, ...]
    cpu_s: tuple[float, ...]
    date: str

    def best(self, budget: int) -> float:
        """The least value of the first `budget` trials."""
        return min(self.values[:budget])


def read(path: Path) -> Iterator[Record]:
    """All whole lines of a file; none when there is no file."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            fields: dict[str, Any] = json.loads(line)
            for series in ("values", "cpu_s"):
                fields[series] = tuple(fields[series])
            yield Record(**fields)
        except (json.JSONDecodeError, KeyError, TypeError):
            continue


def append(path: Path, record: Record) -> None:
    """Write one more line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(record)) + "\n")
