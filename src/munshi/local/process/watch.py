"""Looking at a trial that a supervisor cares for, from outside: does it run, how did it end, stop it.

Called by the local launcher for trials it started and, after a crash, for trials that another engine
started: everything is read from the trial's folder and the process table, nothing from memory. A
process is trusted only when pid, birth and boot all agree, so a reused pid is never taken for a trial.
Where there is no /proc (macOS) the pid alone must do.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from munshi.local.process.forked import cleanup, proc
from munshi.local.process.forked.ledger import EXIT, IDENTITY, PLAN
from munshi.local.process.forked.logs import Logs
from munshi.local.process.records import MARKER, Exit, Identity, ProcessPlan

_POLL_S = 0.05
_SWEEP_S = 2.0
_SWEEP_PAUSE_S = 0.01
_QUIET_LOOKS = 3
"""In the midst of execve(2) a process shows no environment for a moment: one look may miss it."""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """No supervisor has claimed the folder, or there is no such folder."""


@dataclass(frozen=True, slots=True)
class Running:
    """The supervisor lives; wait for it with `ended`."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class Ended:
    """The program is over and its outcome recorded."""

    exit: Exit


@dataclass(frozen=True, slots=True)
class Lost:
    """The supervisor is gone without a record: sweep for survivors, then decide anew.

    Attributes:
        why: What was seen, for a person.
    """

    why: str


State = NotStarted | Running | Ended | Lost


def inspect(folder: str | Path, claimed: Identity | None = None) -> State:
    """What became of the trial in `folder`; costs three small reads, waits for nothing.

    Args:
        folder: The trial's.
        claimed: Whose it is, for those who know: then that is not read again, and a folder without an
            outcome is never called unclaimed.
    """
    outcome = _outcome(folder)
    if outcome is not None:
        return outcome
    try:
        identity = claimed or Identity.from_json(_text(folder, IDENTITY))
    except (FileNotFoundError, NotADirectoryError):
        # Recorded between our two looks, by a supervisor whose program had emptied the folder?
        return _outcome(folder) or NotStarted()
    except (OSError, ValueError) as error:
        return Lost(f"{folder}/{IDENTITY} cannot be read: {error}")
    if is_alive(identity):
        return Running(identity)
    # It may have written its record and gone between our two looks.
    return _outcome(folder) or Lost(_why_lost(identity))


def read_identity(folder: str | Path) -> Identity | None:
    """The supervisor that claimed the folder, alive or not; None when that cannot be read."""
    try:
        return Identity.from_json(_text(folder, IDENTITY))
    except (OSError, ValueError):
        return None


def read_exit(folder: str | Path) -> Exit | None:
    """The recorded outcome, or None when there is none yet.

    Raises:
        ValueError: There is one, but it is damaged.
    """
    try:
        return Exit.from_json(_text(folder, EXIT))
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_alive(identity: Identity) -> bool:
    """Whether this very supervisor still runs; a dead one not yet reaped does not."""
    if identity.boot != _our_boot():
        return False
    if not identity.start or not proc.known():
        return _exists(identity.pid)
    found = proc.process(identity.pid)
    return found is not None and found.start == identity.start and not found.dead


async def ended(identity: Identity) -> None:
    """Wait until the supervisor is gone; then `inspect` its folder. Safe to cancel."""
    handle = _handle(identity)
    if handle is None:
        while is_alive(identity):
            await asyncio.sleep(_POLL_S)
        return
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(handle, _settle, gone)
        if is_alive(identity):
            await gone
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def pids(folder: str | Path) -> set[int]:
    """The processes of the trial in `folder` that live now; its supervisor is not among them."""
    identity = read_identity(folder)
    if identity is None or not is_alive(identity):
        return set()
    return {one.pid for one in proc.descendants({identity.pid}, proc.table()) if not one.dead}


def stop(identity: Identity) -> None:
    """Ask the supervisor to end its trial: TERM, then KILL after the plan's grace. Returns at once.

    Safe to repeat, and harmless for a trial that has ended.
    """
    handle = _handle(identity)
    try:
        if not is_alive(identity):
            return
        for signum in (signal.SIGTERM, signal.SIGCONT):  # a frozen supervisor wakes to hear it
            with suppress(ProcessLookupError):
                if handle is None:
                    os.kill(identity.pid, signum)
                else:
                    signal.pidfd_send_signal(handle, signum)
    finally:
        if handle is not None:
            os.close(handle)


def sweep(marker: str, folder: str | Path | None = None) -> int:
    """KILL every process that carries `marker` in its environment, and their descendants.

    For trials whose supervisor was killed. Programs that *any* killed supervisor was just about to
    execute go too, for they bear no marker yet. Blocks until none is left, 2 s at most: call it
    from a thread if that is too long. What cleared its environment *and* lost its parent stays
    unseen, and without /proc nothing is found.

    Args:
        marker: The plan's marker.
        folder: The trial's folder. If its plan can be read, the programs' cleanups are run as well,
            which may take 20 s more: what lives outside of our processes (a container) goes too.

    Returns:
        How many processes of this trial were sent the signal.

    Raises:
        ValueError: The marker is empty.
    """
    if not marker:
        raise ValueError("an empty marker would sweep nothing, or everything")
    entry = os.fsencode(f"{MARKER}={marker}")
    killed: set[tuple[int, int]] = set()
    until = time.monotonic() + _SWEEP_S
    quiet = 0
    while quiet < _QUIET_LOOKS and time.monotonic() < until:
        # In this order: what is executed between the two looks is seen by the second.
        half_started = proc.half_started(proc.table())
        targets = _marked(entry)
        for target in half_started + targets:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(target.pid, signal.SIGKILL)
        killed |= {(target.pid, target.start) for target in targets}
        quiet = 0 if half_started or targets else quiet + 1
        time.sleep(_SWEEP_PAUSE_S)
    if folder is not None:
        _clean_up(Path(folder))
    return len(killed)


def trim(folder: str | Path) -> None:
    """Cut the logs of a trial that has ended down to what its plan keeps, read or not.

    The supervisor leaves alone what the engine has not read, and is gone when the engine has read the
    rest: then is the time to call this. Harmless without a bound, and when repeated.
    """
    plan = _plan(Path(folder))
    if plan is not None:
        logs = Logs(plan.log_bytes)
        for program in plan.everything:
            logs.add(program.log)
        logs.finish()


def _clean_up(folder: Path) -> None:
    plan = _plan(folder)
    if plan is not None:
        programs = [one.to_record() for one in plan.everything]
        cleanup.run(programs, plan.marker)


def _plan(folder: Path) -> ProcessPlan | None:
    try:
        return ProcessPlan.from_json((folder / PLAN).read_text("ascii"))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _settle(gone: asyncio.Future[None]) -> None:
    if not gone.done():
        gone.set_result(None)


def _marked(entry: bytes) -> list[proc.Process]:
    roots = set(proc.carrying(entry))
    if not roots:
        return []
    table = proc.table()
    family = [table[pid] for pid in roots if pid in table] + proc.descendants(roots, table)
    return [one for one in family if not one.dead and one.pid != os.getpid()]


def _text(folder: str | Path, name: str) -> str:
    """A small record, read whole: this is done many times for every trial, so without pathlib.

    Raises:
        OSError: As open(2) and read(2).
        ValueError: It is not ASCII.
    """
    file = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        parts = []
        while part := os.read(file, 65536):
            parts.append(part)
        return b"".join(parts).decode("ascii")
    finally:
        os.close(file)


def _outcome(folder: str | Path) -> Ended | Lost | None:
    try:
        found = read_exit(folder)
    except (OSError, ValueError) as error:
        return Lost(f"{folder}/{EXIT} cannot be read: {error}")
    return None if found is None else Ended(found)


def _why_lost(identity: Identity) -> str:
    if identity.boot != _our_boot():
        return f"the machine was restarted while the trial ran under process {identity.pid}"
    return f"its supervisor, process {identity.pid}, was killed before it could record the outcome"


@functools.cache
def _our_boot() -> str:
    """The boot of this process, and so of every one that it can see."""
    return proc.boot_id()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _handle(identity: Identity) -> int | None:
    """A pidfd: whoever holds it cannot be fooled by a reused pid. None where there is none."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(identity.pid)
    except OSError:
        return None
