"""One trial's supervisor: starts the program, outlives the engine, ends what is left, and says how.

Forked by `zygote`, one per trial, in a session of its own. As a *child subreaper* (prctl(2)) it
inherits every descendant of the program whose parent dies, so "no children left" proves that nothing
of the trial runs any more, whatever called setsid or daemonised. It blocks all its signals and takes
them one by one with sigtimedwait(2), so none is lost between two looks:

    SIGTERM  the trial is to be stopped: TERM to all of it, KILL after the grace
    SIGCHLD  something ended: reap, and look whether it was the program, or the last
    others   ignored; a supervisor does not end with a terminal

What a *killed* supervisor leaves behind is found by its marker (`watch.sweep`). Where there is no
/proc (macOS) only the program's process group can be ended.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time

from . import ledger, linux, proc, program

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypedDict

    from munshi.local.process.records import ExitRecord, IdentityRecord, PlanRecord

    class Ask(TypedDict):
        """A request for a supervisor: which question this is, and of which trial."""

        id: int
        folder: str


LEFTOVER_GRACE_S = 1.0
"""How long what a finished program left behind may take to end on TERM."""
_LINGER_S = 0.05
"""How long what outlives the program may take to end unasked: the end of a pipeline, a killed group."""
_KILL_PATIENCE_S = 1.8
"""After KILL: nothing but an uninterruptible sleep or another user's process outlives it."""
_RESCAN_S = 0.02
_RESTORE_EVERY_S = 5.0
_TAKEN = {signal.SIGCHLD, signal.SIGTERM, signal.SIGALRM}
_IGNORED = {signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}


def answer(door: socket.socket, message: dict[str, Any]) -> None:
    """Tell the engine; nobody may be listening any more, and that is all right."""
    try:
        door.sendall(json.dumps(message).encode("ascii") + b"\n")
    except OSError:
        return


def supervise(door: socket.socket, ask: Ask) -> None:
    """See one trial through, from the claim on its folder to its `exit.json`."""
    os.setsid()
    _prepare()
    try:
        plan: PlanRecord = json.loads(_read(f"{ask['folder']}/{ledger.PLAN}"))
        book = ledger.Ledger(ask["folder"])
        identity = _identity()
        claimed = book.claim(identity)
    except (OSError, ValueError) as error:
        answer(door, {"id": ask["id"], "error": str(error)})
        return
    answer(door, {"id": ask["id"], "identity": identity} if claimed else _taken(ask))
    door.close()
    if claimed:
        try:
            outcome = _perform(plan, book)
        except Exception as error:  # whatever it was, the trial must not stay open
            outcome = _not_started(f"munshi's supervisor failed: {error!r}; please report this")
        book.close(outcome, give_up=_told_to_stop)


def warm_up() -> None:
    """Do once, in the fork server, what every supervisor would otherwise do for its first time."""
    record = json.dumps({**_identity(), "message": "", "grace_s": 0.5})
    json.loads(record.encode("ascii"))


def _prepare() -> None:
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)  # "ignored" would reap for us
    signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN | _IGNORED)
    if linux.is_linux():
        linux.become_subreaper()
        linux.set_name(proc.SUPERVISOR.encode("ascii"))


def _taken(ask: Ask) -> dict[str, Any]:
    return {"id": ask["id"], "taken": True}


def _identity() -> IdentityRecord:
    me = proc.process(os.getpid())
    return {"pid": os.getpid(), "start": me.start if me else 0, "boot": proc.boot_id()}


def _perform(plan: PlanRecord, book: ledger.Ledger) -> ExitRecord:
    if _told_to_stop():
        return {**_not_started("stopped before it started"), "reason": "stopped"}
    started_ns, clock = time.time_ns(), _elapsed_ns()
    try:
        child = program.start(plan)
    except program.CannotStart as error:
        return _not_started(str(error))
    watch = _Watch(child, plan["grace_s"])
    try:
        while watch.step(book):
            pass
    except Exception as error:  # a fault of ours must not leave the trial running unseen
        watch.abandon(error)
    # Wall time may be set while the trial runs; its length may not, so the end is start plus length.
    return watch.record(started_ns, started_ns + _elapsed_ns() - clock)


class _Watch:
    """What the supervisor knows of its trial while it waits."""

    def __init__(self, program: int, grace_s: float) -> None:
        self._program = program
        self._grace_s = grace_s
        self._status: int | None = None
        self._stopped = False
        self._linger_until: float | None = None
        self._kill_at: float | None = None
        self._scan_at = 0.0
        self._leave_at = 0.0
        self._killed: set[tuple[int, int]] = set()
        self._notes: list[str] = []

    def step(self, book: ledger.Ledger) -> bool:
        """Reap what ended, end what should not live, sleep until something happens; False at last."""
        if not self._reap():
            return False
        now = time.monotonic()
        if self._status is not None and self._kill_at is None:
            if self._linger_until is None:
                self._linger_until = now + _LINGER_S
            elif now >= self._linger_until:
                self._terminate(now + min(self._grace_s, LEFTOVER_GRACE_S))
        due = self._kill_at is not None and now >= max(self._kill_at, self._scan_at)
        if due and not self._kill():
            return False
        heard = _wait(self._pause())
        if heard == signal.SIGTERM and self._kill_at is None:
            self._reap()  # what ended before the request ended by itself
            self._stopped = self._status is None
            if self._stopped:
                self._terminate(time.monotonic() + self._grace_s)
        elif heard == 0 and self._kill_at is None:
            book.restore()
        return True

    def abandon(self, error: Exception) -> None:
        """Our own code failed: KILL what there is and say so."""
        self._notes.append(f"munshi's supervisor failed: {error!r}; please report this")
        self._signal_all(signal.SIGKILL)
        if self._status is None:
            _, self._status = os.waitpid(self._program, 0)

    def record(self, started_ns: int, ended_ns: int) -> ExitRecord:
        """The outcome, once there are no more steps to take."""
        code = signum = None
        if self._status is not None:
            value = os.waitstatus_to_exitcode(self._status)
            code, signum = (value, None) if value >= 0 else (None, -value)
        else:
            self._notes.append("the program itself could not be ended")
        reason = "stopped" if self._stopped else ("signal" if signum is not None else "exited")
        return {
            "code": code,
            "signal": signum,
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "reason": reason,
            "message": "; ".join(self._notes),
        }

    def _reap(self) -> bool:
        """Collect every dead child. False once there is no child at all, dead or alive."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self._program:
                    self._status = status
        except ChildProcessError:
            return False

    def _pause(self) -> float:
        if self._kill_at is None:
            until = self._linger_until
            return _RESTORE_EVERY_S if until is None else until - time.monotonic()
        return max(self._kill_at, self._scan_at) - time.monotonic()

    def _terminate(self, kill_at: float) -> None:
        alive = self._signal_all(signal.SIGTERM)
        if self._status is not None and alive:
            self._notes.append(f"it left behind {_listed(alive)}, ended by munshi")
        self._kill_at = kill_at
        self._leave_at = max(kill_at, time.monotonic()) + _KILL_PATIENCE_S

    def _kill(self) -> bool:
        """KILL everything. False when nothing new was found for long, and yet something is there."""
        alive = self._signal_all(signal.SIGKILL)
        fresh = {(one.pid, one.start) for one in alive} - self._killed
        now = time.monotonic()
        if fresh:  # it breeds: do not give it time, but do not despair either
            self._killed |= fresh
            self._scan_at, self._leave_at = now, now + _KILL_PATIENCE_S
            return True
        self._scan_at = now + _RESCAN_S
        if now < self._leave_at:
            return True
        self._notes.append(f"could not be ended: {_listed(alive) if alive else 'unknown'}")
        return False

    def _signal_all(self, signum: int) -> list[proc.Process]:
        """Signal every descendant that lives; whole groups at once, so that a forking one is caught."""
        mine = os.getpgrp()
        found = proc.descendants({os.getpid()}, proc.table())
        alive = [one for one in found if not one.dead]
        groups = {one.group for one in alive} - {mine}
        if not proc.known() and self._status is None:
            groups = {self._program}
        for group in groups:
            _quietly(os.killpg, group, signum)
        for one in alive:
            if one.group == mine:
                _quietly(os.kill, one.pid, signum)
            if one.stopped and signum != signal.SIGKILL:  # frozen, it would not hear TERM
                _quietly(os.kill, one.pid, signal.SIGCONT)
        return alive


def _not_started(message: str) -> ExitRecord:
    now = time.time_ns()
    return {
        "code": None,
        "signal": None,
        "started_ns": now,
        "ended_ns": now,
        "reason": "not-started",
        "message": message,
    }


def _told_to_stop() -> bool:
    return signal.SIGTERM in signal.sigpending()


def _wait(timeout_s: float) -> int:
    """The next signal that concerns us; 0 when none came in time."""
    if hasattr(signal, "sigtimedwait"):
        got = signal.sigtimedwait(_TAKEN, max(timeout_s, 0.0))
        return got.si_signo if got else 0
    signal.setitimer(signal.ITIMER_REAL, max(timeout_s, 0.001))  # macOS has no sigtimedwait
    number = signal.sigwait(_TAKEN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return 0 if number == signal.SIGALRM else number


def _elapsed_ns() -> int:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # counts a laptop's sleep too
    return time.clock_gettime_ns(clock)


def _quietly(act: Callable[[int, int], None], pid: int, signum: int) -> None:
    try:
        act(pid, signum)
    except (ProcessLookupError, PermissionError):
        return  # gone already, or another user's: what outlives the KILL is named in the record


def _listed(those: list[proc.Process]) -> str:
    some = ", ".join(f"{one.pid} ({one.name})" for one in those[:5])
    more = f" and {len(those) - 5} more" if len(those) > 5 else ""
    return f"{len(those)} process{'es' if len(those) != 1 else ''}: {some}{more}"


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(file, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(file)
