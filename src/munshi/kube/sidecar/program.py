"""The sidecar's loop: look, print, wait; at the end read the rest and say what it came to."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from munshi.errors import MunshiError
from munshi.kube.sidecar import desk, plan
from munshi.kube.sidecar.plan import Plan
from munshi.kube.sidecar.printer import Printer
from munshi.kube.sidecar.records import End
from munshi.kube.sidecar.sources import Sources

POLL_S = 0.5
"""How often it looks: a system call or two where nothing is new."""
_ENDS = (signal.SIGTERM, signal.SIGINT)


def main(arguments: Sequence[str]) -> int:
    """Carry out the plan of a command line until SIGTERM; the exit code.

    What cannot be read is told in the log and is no reason to fail: a sidecar that ended badly would be
    started again, and again.
    """
    # Blocked before any thread begins, and taken by sigtimedwait: a process 1 never sees them otherwise.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        told = plan.read(arguments)
    except (ValueError, TypeError, LookupError) as fault:
        sys.stderr.write(f"munshi: {fault}\n")
        return 2
    printer = Printer(_print)
    try:
        run(told, printer)
    except (MunshiError, OSError, ValueError) as fault:
        printer.end(End((), (f"its metrics could not be read: {fault}",)))
        _wait(None)
    return 0


def run(told: Plan, printer: Printer) -> None:
    """Read and print until SIGTERM comes.

    Raises:
        MunshiError: It cannot be read.
    """
    sources = Sources(told)
    with desk.answering(told) as trouble:
        while not _wait(POLL_S):
            for batch in sources.poll():
                printer.take(batch)
    for batch in sources.finish():
        printer.take(batch)
    end = sources.end()
    printer.end(End(end.seen, (*end.notes, *([trouble] if trouble else ()))))


def _wait(seconds: float | None) -> bool:
    """Wait so long, or for ever; whether it is time to end."""
    if seconds is None:
        signal.sigwait(_ENDS)
        return True
    return signal.sigtimedwait(_ENDS, seconds) is not None


def _print(lines: bytes) -> None:
    while lines:
        lines = lines[os.write(sys.stdout.fileno(), lines) :]
