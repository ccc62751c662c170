"""Programs that run at once: from their start, to a verdict, to the end of all that is left of them.

A trial has one stage for each program of its setup and one for its programs with their companions;
`trial` runs them in turn. A stage waits for signals and, only if something is limited, for the time
of its next look. It passes through these phases, the later ones only as needed:

    running     until there is a verdict: a success, a failure, a stop, a deadline, a limit
    lingering   nothing but leftovers is there: a moment to end unasked, as the end of a pipeline does
    ending      TERM, then KILL; companions are spared if the programs succeeded
    settling    only companions are left: they have `settle_s` to end by themselves
    finishing   TERM, then KILL for whatever there is

A program that stops itself (SIGSTOP) would hang for ever: nobody is there to continue it. The
supervisor does so, three times for each process, and then gives the trial up. The programs' own stops
are noticed at once, those of their descendants within five seconds. A debugger's stops are its own
business; but a trial cannot be paused this way.
"""

from __future__ import annotations

import os
import signal
import time

from . import memory, proc, program, signals
from .family import Ending, Family, listed, quietly
from .verdict import Member, Verdict

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from munshi.local.process.records import ProgramRecord

    from .trial import Trial

LEFTOVER_GRACE_S = 1.0
"""How long what a finished program left behind may take to end on TERM."""
_LINGER_S = 0.05
_REST_S = 5.0
_CONTINUED = 3
"""How often one process that stops itself is continued."""


class Stage:
    """See the module.

    Attributes:
        members: The programs in the order of their starts, then the companions.
        notes: What a person may want to know beside the verdict.
    """

    def __init__(
        self, trial: Trial, programs: Sequence[ProgramRecord], companions: Sequence[ProgramRecord]
    ) -> None:
        self.members = [Member(record, companion=False) for record in programs]
        self.members += [Member(record, companion=True) for record in companions]
        self.notes: list[str] = []
        self._trial = trial
        self._family = Family()
        self._deciding = [
            one for one in self.members if one.record["decides"] and not one.companion
        ]
        self._deciding = self._deciding or self.members[:1]
        self._memory = memory.Watch({}, alone=False)
        self._continued: dict[tuple[int, int], int] = {}
        self._woken: dict[str, int] = {}
        self._rest_at = time.monotonic() + _REST_S
        self._verdict: Verdict | None = None
        self._decided_at = 0.0
        self._linger_until: float | None = None
        self._settle_until: float | None = None
        self._ending: Ending | None = None

    def run(self) -> Verdict:
        """See everything through; a fault of ours must not leave the trial running unseen."""
        try:
            self._start()
            while self._step():
                pass
        except Exception as error:
            self._abandon(error)
        verdict = self._verdict or Verdict("exited", self.members[0])
        if verdict.reason == "exited" and verdict.signal != signal.SIGSTOP:  # which says it already
            self.notes += [_woken(title, times) for title, times in self._woken.items()]
        return verdict

    def _start(self) -> None:
        if self._trial.is_stopped or signals.told_to_stop():
            self._decide(Verdict("stopped", self.members[0], "stopped before it started"))
            return
        for member in self.members:
            try:
                member.pid = program.start(member.record, self._trial.marker, self._trial.folder)
            except program.CannotStart as error:
                if not member.companion:
                    self._decide(Verdict("not-started", member, str(error)))
                    return
                self.notes.append(f"{member.title} could not be started: {error}")
            else:
                self._family.programs.add(member.pid)
                self._trial.logs.add(member.record["log"])
        limits = {one.pid: one.record["limits"]["memory_bytes"] for one in self.members if one.runs}
        limited = {pid: limit for pid, limit in limits.items() if limit is not None}
        self._memory = memory.Watch(limited, alone=len(self.members) == 1)

    def _step(self) -> bool:
        """Reap what ended, end what should not live, sleep until something happens; False at last."""
        if not self._reap():
            return False
        if self._verdict is not None and not self._end(self._verdict, time.monotonic()):
            return False
        heard = signals.wait(min(self._wake_at() - time.monotonic(), _REST_S))
        if heard == signal.SIGTERM:
            self._trial.is_stopped = True
            self._stop()
        elif heard == signal.SIGCHLD and self._reap():  # not every news of a child is its end
            self._continue([one.pid for one in self.members if one.runs])
        self._look(time.monotonic())
        return True

    def _reap(self) -> bool:
        """Collect every dead child. False once there is no child at all, dead or alive.

        What ended since the last look did so at the same time, as far as we know: then a success comes
        first, for it may be what made the others fail.
        """
        dead: list[tuple[int, int]] = []
        has_children = True
        try:
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                dead.append(found)
        except ChildProcessError:
            has_children = False
        for pid, status in sorted(dead, key=lambda one: one[1] != 0):
            if pid in self._family.programs:
                self._family.programs.discard(pid)
                self._memory.forget(pid)
                self._ended(self._member(pid), status)
        return has_children

    def _ended(self, member: Member, status: int) -> None:
        """One of the programs is over: what does that mean for the trial?"""
        member.status = status
        if member.companion:
            was_told = self._ending is not None and member.pid not in self._ending.spare
            if status and not was_told:
                self.notes.append(member.story)
        elif status or all(one.status == 0 for one in self._deciding):
            self._decide(Verdict("exited", member if status else self._deciding[0]))

    def _decide(self, verdict: Verdict) -> None:
        if self._verdict is None:
            self._verdict = verdict
            self._decided_at = time.monotonic()

    # -- while they run -------------------------------------------------------------------------

    def _wake_at(self) -> float:
        """When there is something to do though nothing happens."""
        at = min(self._trial.logs.due, self._memory.due)
        if self._verdict is None:
            # Timers do not count a laptop's sleep, the deadline does: it is looked at in every rest.
            return min(at, self._rest_at, time.monotonic() + self._trial.left_s())
        if self._ending is not None:
            return min(at, self._ending.due)
        until = self._linger_until if self._settle_until is None else self._settle_until
        return at if until is None else min(at, until)

    def _look(self, now: float) -> None:
        """Do what is due."""
        if now >= self._trial.logs.due:
            self._trial.logs.trim()
        if now >= self._memory.due:
            self._look_at_memory(now)
        if self._verdict is None and now >= self._rest_at:
            self._rest_at = now + _REST_S
            self._trial.book.restore()
            self._trial.logs.look()
            self._continue(proc.offspring(os.getpid()))
        if self._verdict is None and self._trial.left_s() <= 0:
            note = f"it ran longer than its deadline of {self._trial.deadline_s:g} s"
            self._decide(Verdict("deadline", self._undecided(), note))

    def _look_at_memory(self, now: float) -> None:
        over = self._memory.over(now)
        if over is None:
            return
        pid, used = over
        member, family = self._member(pid), self._memory.family(pid)
        limit = member.record["limits"]["memory_bytes"] or 0
        note = (
            f"{member.title} used {memory.told(used)} of memory; its limit is {memory.told(limit)}"
        )
        if member.companion:
            self.notes.append(note)
        else:
            self._decide(Verdict("out-of-memory", member, note))
        self._memory.forget(pid)
        for each in family:
            quietly(os.kill, each, signal.SIGKILL)

    def _continue(self, pids: Iterable[int]) -> None:
        """Wake those of these processes that have stopped themselves, or give up."""
        for pid in pids if self._verdict is None else ():
            one = proc.process(pid)
            if one is None or not one.frozen:
                continue
            times = self._continued.get((pid, one.start), 0)
            if times < _CONTINUED:
                self._continued[pid, one.start] = times + 1
                title = self._owner(pid).title
                self._woken[title] = self._woken.get(title, 0) + 1
                quietly(os.kill, pid, signal.SIGCONT)
                continue
            owner = self._owner(pid)
            note = (
                f"{owner.title} stopped itself (SIGSTOP, process {pid}, {one.name}) again and again"
            )
            if owner.companion:
                self.notes.append(note)
                quietly(os.kill, pid, signal.SIGKILL)
            else:
                self._decide(Verdict("signal", owner, note, signal.SIGSTOP))

    def _stop(self) -> None:
        self._reap()  # what ended before the request ended by itself
        self._decide(Verdict("stopped", self._undecided()))
        if self._settle_until is not None:
            self._settle_until = 0.0

    # -- after the verdict ----------------------------------------------------------------------

    def _end(self, verdict: Verdict, now: float) -> bool:
        """End what should not live any more; False when all that could help has been tried."""
        companions = [one for one in self.members if one.companion and one.runs]
        spare = [one.pid for one in companions] if verdict.good else []
        if self._settle_until is None and spare and self._family.is_gone(spare):
            self._settle()
        if self._ending is not None:
            if now < self._ending.due or self._ending.step():
                return True
            left = listed(self._ending.left) if self._ending.left else "unknown"
            self.notes.append(f"could not be ended: {left}")
            if not self._ending.spare:
                return False
            self._settle()
        if self._settle_until is None:
            if not self._lingers(verdict, now):
                self._terminate(verdict, now, spare)
        elif not companions or now >= self._settle_until:
            if not self._trial.is_stopped:
                self.notes += [f"{one.title} did not end by itself" for one in companions]
            self._terminate(verdict, now, ())
        return True

    def _settle(self) -> None:
        """Only companions are left."""
        self._ending = None
        self._settle_until = (
            0.0 if self._trial.is_stopped else self._decided_at + self._trial.settle_s
        )

    def _lingers(self, verdict: Verdict, now: float) -> bool:
        if any(one.runs and not one.companion for one in self.members):
            return False
        if self._linger_until is None:
            self._linger_until = now + _LINGER_S
        return now < self._linger_until

    def _terminate(self, verdict: Verdict, now: float, spare: Sequence[int]) -> None:
        programs = [one for one in self.members if one.runs and one.pid not in spare]
        grace_s = self._trial.grace_s
        if verdict.reason == "out-of-memory":
            grace_s = 0.0
        elif not programs:
            grace_s = min(grace_s, LEFTOVER_GRACE_S)
        self._ending = Ending(self._family, spare, now + grace_s)
        if not programs and self._ending.met:
            self.notes.append(f"it left behind {listed(self._ending.met)}, ended by munshi")

    def _abandon(self, error: Exception) -> None:
        """Our own code failed: KILL what there is and say so."""
        self.notes.append(f"munshi's supervisor failed: {error!r}; please report this")
        self._family.signal(signal.SIGKILL)
        for member in self.members:
            if member.runs:
                _, member.status = os.waitpid(member.pid, 0)

    # -- who is who -----------------------------------------------------------------------------

    def _member(self, pid: int) -> Member:
        return next(one for one in self.members if one.pid == pid)

    def _undecided(self) -> Member:
        """The first program that still runs."""
        running = [one for one in self.members if one.runs and not one.companion]
        return running[0] if running else self.members[0]

    def _owner(self, pid: int) -> Member:
        """The program to whose tree a process belongs; an orphan is the first one's."""
        if len(self.members) == 1:
            return self.members[0]
        parents = proc.offspring(os.getpid())
        while pid in parents:
            if pid in self._family.programs:
                return self._member(pid)
            pid = parents[pid]
        return self._undecided()


def _woken(title: str, times: int) -> str:
    often = "once" if times == 1 else f"{times} times"
    return f"{title} stopped itself (SIGSTOP) {often} and was continued"
