"""The last lines of a trial's log."""

from __future__ import annotations

from pathlib import Path

from munshi.metrics import words


def last_lines(path: Path) -> tuple[str, ...]:
    """The last few lines of the file, as `metrics.words` shows them; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - words.TAIL_BYTES))
            block = file.read(words.TAIL_BYTES)
    except OSError:
        return ()
    return words.last_words(block)
