"""One trial's supervisor: claims the folder, sees the trial through, outlives the engine, and says how.

Forked by `zygote`, one per trial, in a session of its own. As a *child subreaper* (prctl(2)) it
inherits every descendant of its programs whose parent dies, so "no children left" proves that nothing
of the trial runs any more, whatever called setsid or daemonised. What runs, and how it is ended, is
the business of `trial`, `stage` and `family`.

What a *killed* supervisor leaves behind is found by its marker (`watch.sweep`). Where there is no
/proc (macOS) only the programs' process groups can be ended.
"""

from __future__ import annotations

import json
import os
import socket
import time

from . import ledger, linux, proc, signals
from .trial import Trial

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from typing import Any, TypedDict

    from munshi.local.process.records import ExitRecord, IdentityRecord, PlanRecord

    class Ask(TypedDict):
        """A request for a supervisor: which question this is, and of which trial."""

        id: int
        folder: str


_boot = proc.boot_id()
"""Read once, in the fork server: no process sees another boot than its own."""


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
        text = _read(f"{ask['folder']}/{ledger.PLAN}")
        plan: PlanRecord = json.loads(text)
        book = ledger.Ledger(ask["folder"], text)
        identity = _identity()
        claimed = book.claim(identity)
    except (OSError, ValueError) as error:
        answer(door, {"id": ask["id"], "error": str(error)})
        return
    taken = {"id": ask["id"], "taken": True}
    answer(door, {"id": ask["id"], "identity": identity} if claimed else taken)
    door.close()
    if claimed:
        try:
            outcome = Trial(plan, book).run()
        except Exception as error:  # whatever it was, the trial must not stay open
            outcome = _failed(error)
        book.close(outcome, give_up=signals.told_to_stop)


def warm_up() -> None:
    """Do once, in the fork server, what every supervisor would otherwise do for its first time."""
    record = json.dumps({**_identity(), "message": "", "grace_s": 0.5})
    json.loads(record.encode("ascii"))
    if linux.is_linux():
        linux.set_name(b"munshi-forks")


def _prepare() -> None:
    signals.block()
    if linux.is_linux():
        linux.become_subreaper()
        linux.set_name(proc.SUPERVISOR.encode("ascii"))


def _identity() -> IdentityRecord:
    me = proc.process(os.getpid())
    return {"pid": os.getpid(), "start": me.start if me else 0, "boot": _boot}


def _failed(error: Exception) -> ExitRecord:
    now = time.time_ns()
    return {
        "code": None,
        "signal": None,
        "started_ns": now,
        "ended_ns": now,
        "reason": "not-started",
        "message": f"munshi's supervisor failed: {error!r}; please report this",
        "program": "",
    }


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(file, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(file)
