"""Where $MUNSHI_HOME is and where things lie in it: paths as text, and nothing opened.

`home` builds on it; so does whoever only looks (`munshi get`, completion), for whom importing what
drives trials would take longer than the answer.
"""

from __future__ import annotations

import math
import os
import re
import sys
from pathlib import Path

VARIABLE = "MUNSHI_HOME"
DATABASE = "munshi.db"
TRIALS = "trials"
LOG = "log"
"""The primary program's output in an attempt's folder; other programs' is `log.<name>`."""
INTERRUPTED = ".interrupted."
"""Between the name of an attempt's folder and a number: an interruption put it aside."""


def home() -> Path:
    """$MUNSHI_HOME, or the platform's folder for a user's data; not made here."""
    said = os.environ.get("MUNSHI_HOME")
    if said:
        return Path(said).expanduser().resolve()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "munshi"
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "munshi"


def obstacle(home: Path) -> str:
    """What stands where the home should be, as a sentence; empty for a folder, or nothing yet."""
    for path in (home, *home.parents):
        if path.is_dir():
            return ""
        if path.exists():
            return f"{path} is not a folder"
    return ""


def attempt(trials: Path, namespace: str, name: str, uid: str, number: int) -> Path:
    """The folder of one attempt of a trial: `<namespace>/<trial>/<uid>-<attempt>`."""
    return trials / namespace / name / f"{uid[:8]}-{max(number, 1)}"


def attempts(folder: Path, uid: str) -> list[Path]:
    """The folders of a trial's attempts that are there, oldest first.

    An attempt that was interrupted was put aside under its name with `.interrupted.<number>`, and begun
    anew under the same number.

    Args:
        folder: The trial's.
        uid: The trial's; another one may have had the name before.
    """
    name = re.compile(rf"{re.escape(uid[:8])}-(\d+)(?:{re.escape(INTERRUPTED)}(\d+))?")
    found = [(read, path) for path in folder.glob("*") if (read := name.fullmatch(path.name))]
    return [
        path for read, path in sorted(found, key=lambda one: (int(one[0][1]), _aside(one[0][2])))
    ]


def _aside(number: str | None) -> float:
    return math.inf if number is None else int(number)
