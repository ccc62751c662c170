"""The last lines of a trial's output, safe to show."""

from __future__ import annotations

import re
from pathlib import Path

TAIL_BYTES = 8192
TAIL_LINES = 10
LINE_CHARS = 300
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def last_lines(path: Path) -> tuple[str, ...]:
    """The last few lines; colours taken out, bytes that are not UTF-8 shown escaped."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            block = file.read(TAIL_BYTES)
    except OSError:
        return ()
    text = _ANSI.sub("", block.decode("utf-8", "backslashreplace"))
    lines = [_CONTROL.sub("", line)[:LINE_CHARS] for line in re.split(r"\r\n|\n|\r", text)]
    return tuple(line for line in lines if line.strip())[-TAIL_LINES:]
