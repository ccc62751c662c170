"""The last lines of a trial's output, safe to show to a person."""

from __future__ import annotations

import re

TAIL_BYTES = 8192
TAIL_LINES = 10
LINE_CHARS = 300
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def last_words(block: bytes) -> tuple[str, ...]:
    """The last few lines that say something; no colours, bytes that are not UTF-8 escaped.

    Args:
        block: The end of the output, cut anywhere; TAIL_BYTES are enough.
    """
    text = _ANSI.sub("", block.decode("utf-8", "backslashreplace"))
    lines = [_CONTROL.sub("", line)[:LINE_CHARS] for line in re.split(r"\r\n|\n|\r", text)]
    return tuple(line for line in lines if line.strip())[-TAIL_LINES:]
