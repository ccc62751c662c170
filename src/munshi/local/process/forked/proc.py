"""The process table as /proc shows it: who is whose child, since when, and under which marker.

Read by `supervisor` (which ends what a program leaves behind) and, on the engine's side, by
`watch` (is this still the process we started? who carries this marker?). Where there is no /proc
(macOS) every function answers "unknown" rather than failing; callers fall back to process groups.
Field numbers are those of proc(5).
"""
# pathlib is not loaded in the fork server:
# ruff: noqa: PTH110, PTH208

from __future__ import annotations

import os

ROOT = "/proc"
SUPERVISOR = "munshi-trial"
"""The name a supervisor gives itself; its program bears it too, until it is executed."""
_DEAD = (b"Z", b"X", b"x")


class Process:
    """One line of the table.

    Attributes:
        pid: The process.
        parent: Its parent's pid.
        group: Its process group.
        session: Its session, named after the process that opened it.
        state: One letter; `Z` and `X` are dead, `T` and `t` stopped.
        start: When it was born, in clock ticks since boot: with the pid, unique within one boot.
        name: What `ps` would call it.
    """

    __slots__ = ("group", "name", "parent", "pid", "session", "start", "state")

    def __init__(self, stat: bytes) -> None:
        head, _, tail = stat.rpartition(b")")  # the name may itself hold blanks and brackets
        number, _, name = head.partition(b"(")
        fields = tail.split()
        self.pid = int(number)
        self.name = name.decode("utf-8", "replace")
        self.state = fields[0]
        self.parent = int(fields[1])
        self.group = int(fields[2])
        self.session = int(fields[3])
        self.start = int(fields[19])

    @property
    def dead(self) -> bool:
        """Ended already, though its parent may not have noticed."""
        return self.state in _DEAD

    @property
    def frozen(self) -> bool:
        """Stopped by a signal, and not by a debugger."""
        return self.state == b"T" and not _status(self.pid, b"TracerPid")

    @property
    def stopped(self) -> bool:
        """Frozen by SIGSTOP or a terminal."""
        return self.state in (b"T", b"t")


def known() -> bool:
    """Whether this machine has a process table we can read."""
    return os.path.exists(f"{ROOT}/self/stat")


def boot_id() -> str:
    """The name of this boot of the machine; empty when it has none."""
    return _bytes(f"{ROOT}/sys/kernel/random/boot_id").decode("utf-8").strip()


def process(pid: int) -> Process | None:
    """One process, or None when there is none (or no table)."""
    stat = _bytes(f"{ROOT}/{pid}/stat")
    return Process(stat) if stat else None


def table() -> dict[int, Process]:
    """Every process, dead ones not yet reaped included; empty where there is no /proc."""
    seen = (process(pid) for pid in _pids())
    return {one.pid: one for one in seen if one}


def descendants(roots: set[int], among: dict[int, Process]) -> list[Process]:
    """Children of `roots`, their children and so on; the roots themselves are not listed."""
    children: dict[int, list[Process]] = {}
    for one in among.values():
        children.setdefault(one.parent, []).append(one)
    found: list[Process] = []
    seen = set(roots)
    waiting = list(roots)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.pid not in seen:
                seen.add(child.pid)
                found.append(child)
                waiting.append(child.pid)
    return found


def offspring(root: int) -> dict[int, int]:
    """The descendants of `root` and their parents, ancestors first.

    Costs what the family counts, not what the machine does, where the kernel keeps lists of children
    (CONFIG_PROC_CHILDREN). While processes come and go it may miss some: good enough for looking, not
    for ending them.
    """
    if not keeps_children():
        return {one.pid: one.parent for one in descendants({root}, table())}
    found: dict[int, int] = {}
    waiting = [root]
    while waiting:
        parent = waiting.pop()
        born = children(parent)
        found.update(dict.fromkeys(born, parent))
        waiting += born
    return found


def keeps_children() -> bool:
    """Whether the kernel keeps lists of children."""
    return os.path.exists(f"{ROOT}/thread-self/children")


def children(parent: int) -> list[int]:
    """The children of one process, dead ones included, as its kernel lists them."""
    threads = _numbers(f"{ROOT}/{parent}/task")
    lists = (_bytes(f"{ROOT}/{parent}/task/{thread}/children") for thread in threads)
    return [int(child) for one in lists for child in one.split()]


def resident(pid: int) -> int:
    """Bytes of anonymous and shared memory in RAM; what is shared is counted in full."""
    return _status(pid, b"RssAnon", b"RssShmem") * 1024


def proportional(pid: int) -> int:
    """The same, but of what it shares with n - 1 others only the n-th part; costs far more.

    Where the kernel does not say (another user's, or one that may not be dumped), `resident`.
    """
    rollup = _bytes(f"{ROOT}/{pid}/smaps_rollup")
    if b"Pss_Anon:" not in rollup:  # Linux 5.4
        return resident(pid)
    return _sum(rollup, (b"Pss_Anon", b"Pss_Shmem")) * 1024


def half_started(among: dict[int, Process]) -> list[Process]:
    """Programs about to be executed whose supervisor, the opener of their session, is dead.

    They carry no marker yet, whichever trial they belong to, and nobody waits for them.
    """
    found = []
    for one in among.values():
        opener = among.get(one.session)
        if one.name == SUPERVISOR and not one.dead and (opener is None or opener.dead):
            found.append(one)
    return found


def carrying(entry: bytes) -> list[int]:
    """Pids of live processes whose environment at exec held exactly `entry` (`NAME=value`).

    Processes of other users cannot be looked into and are never listed; a program that overwrites
    its own environment block (some set their title that way) cannot be found so.
    """
    return [pid for pid in _pids() if entry in _bytes(f"{ROOT}/{pid}/environ").split(b"\0")]


def _status(pid: int, *keys: bytes) -> int:
    return _sum(_bytes(f"{ROOT}/{pid}/status"), keys)


def _sum(lines: bytes, keys: tuple[bytes, ...]) -> int:
    """The sum of the numbers that stand behind these keys."""
    found = 0
    for line in lines.splitlines():
        key, _, value = line.partition(b":")
        if key in keys:
            found += int(value.split()[0])
    return found


def _pids() -> list[int]:
    return _numbers(ROOT)


def _numbers(folder: str) -> list[int]:
    try:
        return [int(name) for name in os.listdir(folder) if name.isdigit()]
    except OSError:
        return []


def _bytes(path: str) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = []
        while part := os.read(file, 65536):
            parts.append(part)
        return b"".join(parts)
    except OSError:  # it ended while we read: ESRCH
        return b""
    finally:
        os.close(file)
