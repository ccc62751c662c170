"""The engine's log on this machine: `$MUNSHI_HOME/munshi.log`, never the screen."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

from munshi.errors import Retryable

BYTES = 5_000_000
FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


ALARMING = 3
"""One failed pass is a hiccup that the next one mends; the same failure again and again is told."""
WAITING = 5
"""The same for what is only put off; with the pauses between, some seconds of a disk that is full."""


@contextlib.contextmanager
def kept_in(home: Path, alarm: Callable[[str, Path], None]) -> Iterator[Path]:
    """Write what munshi's rooms log to a file as long as the context is; one older file is kept.

    Args:
        home: The folder of the file. A file that cannot be written stops nobody.
        alarm: Hears once of an error that keeps coming back, and where the file is: without it
            a loop that fails for ever would look like one that waits.
    """
    logger = logging.getLogger("munshi")
    path = home / "munshi.log"
    home.mkdir(parents=True, exist_ok=True)
    handler = _Diary(path, maxBytes=BYTES, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter(FORMAT))
    level, propagate = logger.level, logger.propagate
    alarms = _Alarms(lambda trouble: alarm(trouble, path))
    logger.addHandler(handler)
    logger.addHandler(alarms)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield path
    finally:
        logger.removeHandler(alarms)
        logger.removeHandler(handler)
        handler.close()
        logger.setLevel(level)
        logger.propagate = propagate


class _Diary(RotatingFileHandler):
    """Asks how long the file is without a look at the disk: the usual one stats it for every record."""

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - logging's name
        """Whether the file is full; several processes append to it, so its end is where they are."""
        if self.stream is None:
            self.stream = self._open()
        return self.stream.tell() >= self.maxBytes

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say nothing: the screen is the user's, and there is no other place to complain."""


class _Alarms(logging.Handler):
    def __init__(self, alarm: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._alarm = alarm
        self._times: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count what is said, and pass it on at the `ALARMING`th or `WAITING`th time."""
        if record.levelno < logging.ERROR:
            args = record.args if isinstance(record.args, tuple) else ()
            for busy in args:
                if isinstance(busy, Retryable):
                    self._count(str(busy), WAITING)
            return
        said = str(record.msg).partition(":")[0]
        error = record.exc_info[1] if record.exc_info else None
        trouble = f"{said}: {type(error).__name__}: {error}" if error else record.getMessage()
        self._count(trouble, ALARMING)

    def _count(self, trouble: str, enough: int) -> None:
        self._times[trouble] += 1
        if self._times[trouble] == enough:
            self._alarm(trouble)
