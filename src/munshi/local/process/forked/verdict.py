"""One program under way, and the verdict on those that run with it. Plain data of `stage`."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from munshi.local.process.records import ExitRecord, ProgramRecord


class Member:
    """One program of a stage.

    Attributes:
        record: What it is.
        companion: Whether it decides nothing, not even by failing.
        pid: Its process; 0 as long as it has none.
        status: How it ended, as wait(2) says; None until then.
    """

    __slots__ = ("companion", "pid", "record", "status")

    def __init__(self, record: ProgramRecord, *, companion: bool) -> None:
        self.record = record
        self.companion = companion
        self.pid = 0
        self.status: int | None = None

    @property
    def runs(self) -> bool:
        """Started, and not ended."""
        return self.pid != 0 and self.status is None

    @property
    def title(self) -> str:
        """What to call it in a sentence."""
        return self.record["name"] or "it"

    @property
    def story(self) -> str:
        """How it ended, as a sentence."""
        code = os.waitstatus_to_exitcode(self.status or 0)
        how = f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"
        return f"{self.title} {how}"


class Verdict:
    """What became of a stage.

    Attributes:
        reason: As in `records.Reason`; "exited" stands for "signal" too.
        member: The program whose code and signal count.
        note: What a person may want to know beside.
        signal: The signal that counts as having ended it, if that is not what wait(2) says.
    """

    __slots__ = ("member", "note", "reason", "signal")

    def __init__(self, reason: str, member: Member, note: str = "", signum: int = 0) -> None:
        self.reason, self.member, self.note, self.signal = reason, member, note, signum

    @property
    def good(self) -> bool:
        """Whether the programs did what they should."""
        return self.reason == "exited" and self.member.status == 0 and not self.signal

    def record(self, started_ns: int, ended_ns: int, notes: list[str]) -> ExitRecord:
        """The outcome of a trial on which this is the verdict."""
        code: int | None = None
        signum: int | None = self.signal or None
        status = self.member.status
        if status is not None and signum is None:
            value = os.waitstatus_to_exitcode(status)
            code, signum = (value, None) if value >= 0 else (None, -value)
        reason = "signal" if self.reason == "exited" and signum is not None else self.reason
        if self.member.pid and status is None:
            notes = [*notes, "the program itself could not be ended"]
        return {
            "code": code,
            "signal": signum,
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "reason": reason,
            "message": "; ".join([self.note, *notes] if self.note else notes),
            "program": self.member.record["name"],
        }
