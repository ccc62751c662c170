"""Commands as processes, with and without a terminal, and reading what they print as it comes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 60.0
"""A bound for a machine under load, never a time that a test waits for."""


class Command:
    """A running `munshi …`; its output is read as it comes."""

    def __init__(self, process: subprocess.Popen[bytes], reading: int) -> None:
        self.process = process
        self.out = b""
        self._reading = reading

    def until(self, text: bytes, times: int = 1) -> bytes:
        """Read on until the text stands in the output (so many times); gives back all of it."""
        deadline = time.monotonic() + PATIENCE_S
        while self.out.count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} never came: {self.out!r}"
            if not self._read(deadline):
                break
        assert self.out.count(text) >= times, self.out
        return self.out

    def has_said(self, within_s: float = 0.0) -> bool:
        """Whether there is anything to read, now or a moment later."""
        return bool(self.out) or bool(select.select([self._reading], [], [], within_s)[0])

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read(deadline):
            assert time.monotonic() < deadline
        return self.process.wait(PATIENCE_S)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._reading], [], [], max(deadline - time.monotonic(), 0))
        try:
            got = os.read(self._reading, 1 << 16) if ready else b""
        except OSError:  # a terminal whose other end is gone
            got = b""
        self.out += got
        return bool(got)


@contextmanager
def command(
    *words: str, home: Path, env: Mapping[str, str] | None = None, terminal: bool = False
) -> Iterator[Command]:
    """Start `munshi …`, stderr joined to stdout when they are one terminal; it is gone afterwards."""
    reading, writing = os.openpty() if terminal else os.pipe()
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONPATH")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "munshi", *words],
        env={**surroundings, "MUNSHI_HOME": str(home), "PYTHONUTF8": "1", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing if terminal else subprocess.PIPE,
    )
    os.close(writing)
    try:
        yield Command(process, reading)
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        os.close(reading)
        if process.stderr is not None:
            process.stderr.close()
