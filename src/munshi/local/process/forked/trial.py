"""One trial from its plan to its outcome: setup, programs, and tidying up behind them.

Called by `supervisor`; what happens while programs run is the business of a `stage`.
"""

from __future__ import annotations

import os
import time

from . import cleanup, ledger
from .family import Ending, Family
from .logs import Logs
from .stage import LEFTOVER_GRACE_S, Stage

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from munshi.local.process.records import ExitRecord, PlanRecord, ProgramRecord

_LOOK_S = 0.01


class Trial:
    """A plan being carried out.

    Attributes:
        marker, folder, grace_s, settle_s, deadline_s: As in the plan.
        book: The records in its folder.
        logs: What its programs write.
        is_stopped: Whether somebody asked for its end, at whatever stage.
    """

    def __init__(self, plan: PlanRecord, book: ledger.Ledger) -> None:
        self.marker, self.folder = plan["marker"], plan["folder"]
        self.grace_s, self.settle_s = plan["grace_s"], plan["settle_s"]
        self.deadline_s = float("inf") if plan["deadline_s"] is None else plan["deadline_s"]
        self.book = book
        self.logs = Logs(plan["log_bytes"], plan["programs"][0]["log"], self.folder)
        self.is_stopped = False
        self._stages: list[tuple[list[ProgramRecord], list[ProgramRecord]]]
        self._stages = [([one], []) for one in plan["setup"]]
        self._stages.append((plan["programs"], plan["companions"]))
        self._began_ns = _elapsed_ns()

    def run(self) -> ExitRecord:
        """Carry it out; returns when nothing of it is left."""
        started_ns = time.time_ns()
        notes: list[str] = []
        for programs, companions in self._stages:
            stage = Stage(self, programs, companions)
            verdict = stage.run()
            notes += stage.notes
            self._clean_up(stage)
            if not verdict.good:
                break
        note = self.logs.finish()
        notes += [note] if note else []
        # Wall time may be set while the trial runs; its length may not: the end is start plus length.
        return verdict.record(started_ns, started_ns + _elapsed_ns() - self._began_ns, notes)

    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline_s - (_elapsed_ns() - self._began_ns) / 1e9

    def _clean_up(self, stage: Stage) -> None:
        started = [one.record for one in stage.members if one.pid and one.record["cleanup"]]
        if started:
            cleanup.run(started, self.marker)
            _end_the_rest()


def _end_the_rest() -> None:
    """A cleanup, too, may leave something behind."""
    if not _reap():
        return
    ending = Ending(Family(), (), time.monotonic() + LEFTOVER_GRACE_S)
    while _reap() and (time.monotonic() < ending.due or ending.step()):
        time.sleep(_LOOK_S)


def _reap() -> bool:
    """Collect dead children; whether there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _elapsed_ns() -> int:
    """A clock that nobody can set and that counts a laptop's sleep too.

    A deadline is about the time a person waits, and Kubernetes counts a job's in wall time; wall time
    itself may jump.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock)
