"""Who uses more memory than it may. A supervisor that looks, for want of a cgroup of one's own.

Called by `stage`. Two measures: the sum of what each process has resident is cheap and never too low,
but counts what processes share once for each; only when it passes a limit is the true sum asked for,
which makes the kernel walk all page tables. Looked at four times a second; as the use nears the
limit, at half the time that it would take to get there at its present pace, down to 10 ms.
"""

from __future__ import annotations

import os
import time

from . import proc

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_S = 0.01
_SELDOM_S = 0.25
_OFTEN_S = 0.01
_SHARE = 0.05
"""Of our own time, at most this part goes into looking."""


class Watch:
    """The limits of some programs, and what they use.

    Attributes:
        due: When `over` wants to be asked next, by the monotonic clock; never, if nothing is limited.
    """

    def __init__(self, limits: dict[int, int], *, alone: bool) -> None:
        """Watch the programs with these pids for these limits in bytes.

        `alone` says that there is no other program, so that every orphan is the limited one's.
        """
        self._limits = limits
        self._heir = next(iter(limits)) if alone and limits else 0
        self._owners: dict[int, int] = {}
        self._used: dict[int, int] = {}
        self._looked_at = time.monotonic()
        self._pause_s = _FIRST_S
        self.due = self._looked_at + _FIRST_S if limits and proc.known() else float("inf")

    def over(self, now: float) -> tuple[int, int] | None:
        """The pid of a program over its limit and the bytes it uses; None when all is well."""
        families = self._families()
        used = {owner: _sum(proc.resident, family) for owner, family in families.items()}
        for owner, much in used.items():
            if much > self._limits[owner]:
                used[owner] = exact = _sum(proc.proportional, families[owner])
                if exact > self._limits[owner]:
                    return owner, exact
        self._plan(used, now)
        return None

    def forget(self, program: int) -> None:
        """A program has ended: its pid may soon be another's."""
        self._limits.pop(program, None)
        if not self._limits:
            self.due = float("inf")

    def family(self, program: int) -> list[int]:
        """The processes that were counted as this program's at the last look."""
        return [pid for pid, owner in self._owners.items() if owner == program]

    def _families(self) -> dict[int, list[int]]:
        """The processes of each limited program: its tree, and who was seen in its tree before."""
        owners: dict[int, int] = {}
        for pid, parent in proc.offspring(os.getpid()).items():
            if pid in self._limits:
                owners[pid] = pid
            else:
                owners[pid] = owners.get(parent) or self._owners.get(pid) or self._heir
        self._owners = owners
        families: dict[int, list[int]] = {pid: [] for pid in self._limits}
        for pid, owner in owners.items():
            if owner in families:
                families[owner].append(pid)
        return families

    def _plan(self, used: dict[int, int], now: float) -> None:
        """Decide when to look again."""
        passed = max(now - self._looked_at, _OFTEN_S)
        pause = min(_SELDOM_S, self._pause_s * 2)
        for owner, much in used.items():
            pace = (much - self._used.get(owner, 0)) / passed
            if pace > 0:
                pause = min(pause, (self._limits[owner] - much) / pace / 2)
        cost = time.monotonic() - now
        self._used, self._looked_at = used, now
        self._pause_s = max(pause, _OFTEN_S, cost / _SHARE)
        self.due = now + cost + self._pause_s


def told(size: int) -> str:
    """So many bytes, for a person."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:.2f}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{size} bytes"


def _sum(measure: Callable[[int], int], family: list[int]) -> int:
    return sum(measure(pid) for pid in family)
