"""All processes of one trial, and how they are ended: TERM, KILL, and KILL again until none is left.

Those who breed meanwhile are met by the next look, a moment later; all of it costs about 30 ms of our
time for 2,000 processes. It takes longer where thousands of them keep every core busy, for an ordinary
user's supervisor gets no more of the machine than each of them. Freezing all before killing any was
tried, and gained nothing.

Called by `stage` in a supervisor, which as a *child subreaper* has every process of its trial among
its descendants, whatever called setsid or daemonised. Some of them, the trees of companions, may be
spared for a while. Where there is no process table (macOS) only the process groups of the programs
can be reached.
"""

from __future__ import annotations

import os
import signal
import time

from . import proc

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_KILL_PATIENCE_S = 1.8
"""After KILL: nothing but an uninterruptible sleep or another user's process outlives it."""
_RESCAN_S = 0.02


class Family:
    """The descendants of this process.

    Attributes:
        programs: Pids of our own children that have not been reaped; each leads a process group.
    """

    def __init__(self) -> None:
        self.programs: set[int] = set()

    def living(self, spare: Collection[int] = ()) -> list[proc.Process]:
        """Those not dead, but for the programs in `spare` and all that descends from or is with them."""
        me = os.getpid()
        table = proc.table()
        found = proc.descendants({me}, table)
        if spare:
            kept = {one.pid for one in proc.descendants(set(spare), table)} | set(spare)
            found = [one for one in found if one.pid not in kept and one.group not in spare]
        return [one for one in found if not one.dead]

    def is_gone(self, spare: Collection[int]) -> bool:
        """Whether nobody lives but the spared."""
        return not (self.living(spare) if proc.known() else self.programs - set(spare))

    def signal(self, signum: int, spare: Collection[int] = ()) -> list[proc.Process]:
        """Signal all the living, whole groups at once, so that a forking one is caught; returns them."""
        if not proc.known():
            for group in self.programs - set(spare):
                quietly(os.killpg, group, signum)
            return []
        alive = self.living(spare)
        mine = os.getpgrp()
        for group in {one.group for one in alive} - {mine}:
            quietly(os.killpg, group, signum)
        for one in alive:
            if one.group == mine:
                quietly(os.kill, one.pid, signum)
            if one.stopped and signum == signal.SIGTERM:  # frozen, it would not hear TERM
                quietly(os.kill, one.pid, signal.SIGCONT)
        return alive


class Ending:
    """The end of a family: TERM now, KILL at `kill_at`, until nobody is left or nothing helps.

    Attributes:
        spare: Programs that are left in peace, with all that is theirs.
        met: Who was alive when it began.
        due: When `step` wants to be called next, by the monotonic clock.
        left: Who could not be ended, once `step` has given up.
    """

    def __init__(self, family: Family, spare: Collection[int], kill_at: float) -> None:
        self.spare = frozenset(spare)
        self.met = family.signal(signal.SIGTERM, self.spare)
        self.due = kill_at
        self.left: list[proc.Process] = []
        self._family = family
        self._give_up_at = max(kill_at, time.monotonic()) + _KILL_PATIENCE_S
        self._killed: set[tuple[int, int]] = set()

    def step(self) -> bool:
        """KILL everything. False when nothing new was found for long, and yet something is there."""
        alive = self._family.signal(signal.SIGKILL, self.spare)
        fresh = {(one.pid, one.start) for one in alive} - self._killed
        now = time.monotonic()
        if fresh:  # it breeds: do not give it time, but do not despair either
            self._killed |= fresh
            self.due, self._give_up_at = now, now + _KILL_PATIENCE_S
            return True
        self.due = now + _RESCAN_S
        if now < self._give_up_at:
            return True
        self.left = alive
        return False


def quietly(act: Callable[[int, int], None], pid: int, signum: int) -> None:
    """Send a signal to who may be gone already, or another user's."""
    try:
        act(pid, signum)
    except (ProcessLookupError, PermissionError):
        return  # what outlives the KILL is named in the record


def listed(those: list[proc.Process]) -> str:
    """How many processes, and the first few by name."""
    some = ", ".join(f"{one.pid} ({one.name})" for one in those[:5])
    more = f" and {len(those) - 5} more" if len(those) > 5 else ""
    return f"{len(those)} process{'es' if len(those) != 1 else ''}: {some}{more}"
