"""Tidying up behind programs that are gone: what they left outside of themselves, a container say.

Called by `trial` when a program's time is over, and by `watch.sweep` on the engine's side for trials
whose supervisor was killed before it could. So it may be done twice.
"""

from __future__ import annotations

import os
import signal
import time

from . import program
from .family import quietly

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from collections.abc import Iterable

    from munshi.local.process.records import ProgramRecord

PATIENCE_S = 20.0
_LOOK_S = 0.005


def run(programs: Iterable[ProgramRecord], marker: str) -> None:
    """Run the cleanups of these programs at once and wait for them, KILLing what takes too long."""
    running = {
        pid for record in programs if record["cleanup"] if (pid := program.clean(record, marker))
    }
    until = time.monotonic() + PATIENCE_S
    while running:
        if time.monotonic() > until:
            for pid in running:
                quietly(os.killpg, pid, signal.SIGKILL)
        running = {pid for pid in running if not _is_over(pid)}
        if running:
            time.sleep(_LOOK_S)


def _is_over(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
