"""Which cores a program with a CPU limit is confined to: those that fewest others are confined to.

The fork server makes one small table of shared memory, which every supervisor inherits: pairs of (pid
of a supervisor, core). An entry counts while its supervisor lives, so nobody has to take it back, and
a supervisor that was killed leaves nothing to mend. There is no lock: two that choose in the same
moment may overlook each other, which costs some speed and nothing else. Supervisors of another fork
server are not seen. Called by `zygote` and `program`; macOS has no such confinement.
"""

from __future__ import annotations

import math
import mmap
import os

_ENTRIES = 512
_table: memoryview | None = None


def share() -> None:
    """Make the table; what is forked from now on shares it."""
    global _table  # noqa: PLW0603  one fork server, one table
    _table = memoryview(mmap.mmap(-1, _ENTRIES * 8)).cast("i")


def choose(limit: float | None) -> set[int] | None:
    """The cores for a program that may use `limit` of them; None when it needs no confinement."""
    if limit is None or not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    wanted = math.ceil(limit)
    if wanted >= len(allowed):
        return None
    me = os.getpid()
    loads, free = _seen(allowed)
    # Who chooses in the same moment sees the same loads: its pid, the next one, begins elsewhere.
    chosen = sorted(allowed, key=lambda core: (loads[core], (core - me) % len(allowed)))[:wanted]
    if _table is not None and free:
        first = me % len(free)
        for core, at in zip(chosen, free[first:] + free[:first], strict=False):
            _table[at], _table[at + 1] = me, core
    return set(chosen)


def _seen(allowed: list[int]) -> tuple[dict[int, int], list[int]]:
    """How many programs are confined to each core, and where the table has room."""
    loads = dict.fromkeys(allowed, 0)
    free = []
    entries = _table.tolist() if _table is not None else []
    for at in range(0, len(entries), 2):
        pid, core = entries[at : at + 2]
        if not _is_alive(pid):
            free.append(at)
        elif core in loads:
            loads[core] += 1
    return loads, free


def _is_alive(pid: int) -> bool:
    try:
        if pid:
            os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != 0
