"""The gap in a long log: bytes that were given up so that the log stays small.

Whoever bounds a log makes a hole in its middle, so that its head and its tail keep their places, and
writes beforehand where the hole is: `<log>.gap`, `{"start": …, "end": …}` in bytes. The start stays, the
end grows. A reader that meets the hole would find zeros, gigabytes of them perhaps, and steps over it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

from munshi.collectors import files

SUFFIX = ".gap"

_LONGEST = 200  # bytes


class Gap(NamedTuple):
    """From `start` up to, not including, `end`."""

    start: int
    end: int


def read(root: Path, parts: tuple[str, ...]) -> Gap | None:
    """The gap in the log `root/parts…`; None when it is whole, as far as can be told."""
    with files.opened(root, (*parts[:-1], parts[-1] + SUFFIX)) as answer:
        said = os.pread(answer, _LONGEST, 0) if isinstance(answer, int) else b""
    try:
        written = json.loads(said)
        start, end = written["start"], written["end"]
    except (ValueError, TypeError, LookupError):
        return None
    sound = isinstance(start, int) and isinstance(end, int) and 0 <= start < end
    return Gap(start, end) if sound else None
