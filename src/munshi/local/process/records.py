"""What passes between the engine and a trial's supervisor, as dataclasses here and as JSON on disk.

    ProcessPlan  plan.json      the engine says what to run and where
    Identity     identity.json  the supervisor says who it is, before the first program starts
    Exit         exit.json      the supervisor says how it ended, once nothing of it runs any more
    Gap          <log>.gap      the supervisor says which bytes of a capped log it has given up

Built by `local`'s launcher, which decides *what* a trial runs; this room only decides *how*. The
`…Record` types are the JSON objects; the fork server reads and writes them as plain dicts, for it
must stay small. Text is Unicode; bytes that are not UTF-8 travel as lone surrogates (PEP 383).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self, TypedDict, cast

MARKER = "MUNSHI_TRIAL_UID"
"""The environment variable that carries a plan's `marker` into its programs and their children."""


class BindRecord(TypedDict):
    """A `Bind` as JSON."""

    source: str
    target: str
    read_only: bool


class LimitsRecord(TypedDict):
    """A `Limits` as JSON."""

    memory_bytes: int | None
    cpu: float | None


class ProgramRecord(TypedDict):
    """A `Program` as JSON."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    log: str
    name: str
    binds: list[BindRecord]
    limits: LimitsRecord
    decides: bool
    cleanup: list[str]


class PlanRecord(TypedDict):
    """A `ProcessPlan` as JSON."""

    folder: str
    marker: str
    programs: list[ProgramRecord]
    setup: list[ProgramRecord]
    companions: list[ProgramRecord]
    grace_s: float
    deadline_s: float | None
    log_bytes: int | None
    settle_s: float


class IdentityRecord(TypedDict):
    """An `Identity` as JSON."""

    pid: int
    start: int
    boot: str


class ExitRecord(TypedDict):
    """An `Exit` as JSON."""

    code: int | None
    signal: int | None
    started_ns: int
    ended_ns: int
    reason: str
    message: str
    program: str


class GapRecord(TypedDict):
    """A `Gap` as JSON."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Bind:
    """One path of the host, shown to the program under another name.

    Attributes:
        source: A file or folder of the host, absolute.
        target: Where the program shall see it, absolute; it need not exist on the host.
        read_only: Whether the program may write through it.
    """

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program and its descendants may use, honoured as far as an ordinary user can.

    A person at a laptop has neither root nor a cgroup of their own, so nothing here is a wall; it is
    a supervisor that looks. On macOS neither limit is honoured.

    Attributes:
        memory_bytes: Anonymous and shared memory, resident, of the program with its descendants;
            pages that several of them share count once. Looked at about four times a second, and
            more often near the limit, so a quick program may pass it for a moment before it is
            killed. Swapped-out memory and the page cache do not count.
        cpu: Cores. The program is confined to that many, rounded up, chosen so that trials running at
            once spread over the machine; libraries then start as many threads. A program may ask
            the kernel for more again: this is advice, not a wall.
    """

    memory_bytes: int | None = None
    cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """One program of a trial.

    Attributes:
        argv: The program and its arguments, never seen by a shell. A name without `/` is looked
            up along `PATH` of `env`, inside the private view.
        env: The complete environment; nothing is inherited. `MUNSHI_TRIAL_UID` is added.
        cwd: The working directory as the program sees it; must exist.
        log: Absolute path of the file to which stdout and stderr are appended.
        name: What to call it in records and messages, unique in its plan; empty for the sole one.
        binds: The private paths; empty means the host's file system as it is.
        limits: What it may use.
        decides: Whether the trial is not over before this program has succeeded.
        cleanup: An argv that is run once the program is gone, however it ended, and by `sweep`; so it
            may be run more than once. It has the program's environment, the host's own file system,
            any working directory and 20 seconds; what it says and whether it succeeds does not
            matter.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    log: str
    name: str = ""
    binds: tuple[Bind, ...] = ()
    limits: Limits = Limits()
    decides: bool = False
    cleanup: tuple[str, ...] = ()

    def faults(self) -> list[str]:
        """Everything that no machine could carry out, one sentence each; empty when all is well."""
        found = [
            f'{what} "{path}" is not an absolute path'
            for what, path in self._paths()
            if not path.startswith("/")
        ]
        if not self.argv or not self.argv[0]:
            found.append("argv names no program")
        if self.cleanup and not self.cleanup[0]:
            found.append("cleanup names no program")
        memory, cpu = self.limits.memory_bytes, self.limits.cpu
        if memory is not None and memory <= 0:
            found.append(f"limits.memory_bytes is {memory}; give bytes, 1 or more")
        if cpu is not None and not (math.isfinite(cpu) and cpu > 0):
            found.append(f"limits.cpu is {cpu}; give cores, more than 0")
        found += [f'env has a variable "{name}"' for name in self.env if not name or "=" in name]
        found += [f"{what} holds a NUL character" for what, text in self._texts() if "\0" in text]
        return found

    def _paths(self) -> list[tuple[str, str]]:
        sources = [("a bind's source", bind.source) for bind in self.binds]
        targets = [("a bind's target", bind.target) for bind in self.binds]
        return [("cwd", self.cwd), ("log", self.log), *sources, *targets]

    def _texts(self) -> list[tuple[str, str]]:
        arguments = [(f"argv[{at}]", text) for at, text in enumerate(self.argv)]
        arguments += [(f"cleanup[{at}]", text) for at, text in enumerate(self.cleanup)]
        variables = [(f"env {name!r}", name + value) for name, value in self.env.items()]
        return [*self._paths(), *arguments, *variables]

    def to_record(self) -> ProgramRecord:
        """One program of a plan's JSON object; shares with this one what nobody changes."""
        return {
            "argv": list(self.argv),
            "env": self.env,
            "cwd": self.cwd,
            "log": self.log,
            "name": self.name,
            "binds": [
                {"source": one.source, "target": one.target, "read_only": one.read_only}
                for one in self.binds
            ],
            "limits": {"memory_bytes": self.limits.memory_bytes, "cpu": self.limits.cpu},
            "decides": self.decides,
            "cleanup": list(self.cleanup),
        }

    @classmethod
    def from_record(cls, record: ProgramRecord) -> Self:
        """Read one program of a plan's JSON object."""
        return cls(
            argv=tuple(record["argv"]),
            env=record["env"],
            cwd=record["cwd"],
            log=record["log"],
            name=record["name"],
            binds=tuple(Bind(**bind) for bind in record["binds"]),
            limits=Limits(**record["limits"]),
            decides=record["decides"],
            cleanup=tuple(record["cleanup"]),
        )


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """All there is to know for starting one trial's programs, and for ending them.

    First `setup` runs, one program after another; one that fails ends the trial. Then `programs` and
    `companions` run at once. The trial has succeeded when every program that decides has ended with 0
    (the first one, if none is marked); what still runs of the other programs is then told to end. A
    program that ends in any other way before that ends the trial, and its outcome is the trial's;
    one that does not decide may end with 0 early. A companion (a metrics collector, say) decides
    nothing: how it failed is only noted. After a success it has `settle_s` to end by itself.

    Attributes:
        folder: The trial's private folder, absolute: plan, identity and exit records live here.
        marker: A unique id, by which processes that escaped a killed supervisor are found.
        programs: What runs; the first is the primary one.
        setup: What runs before.
        companions: What runs beside.
        grace_s: Seconds between TERM and KILL.
        deadline_s: Seconds from the start of `setup` after which the trial is ended, a laptop's
            sleep included; None means never.
        log_bytes: About how much of each log is kept on disk, a quarter of it from the start and the
            rest from the end; None means all. See `Gap`.
        settle_s: Seconds that companions have after the programs succeeded.
    """

    folder: str
    marker: str
    programs: tuple[Program, ...]
    setup: tuple[Program, ...] = ()
    companions: tuple[Program, ...] = ()
    grace_s: float = 30.0
    deadline_s: float | None = None
    log_bytes: int | None = None
    settle_s: float = 60.0

    @property
    def everything(self) -> tuple[Program, ...]:
        """All programs of the plan, in the order of their starts."""
        return (*self.setup, *self.programs, *self.companions)

    def faults(self) -> list[str]:
        """Everything that no machine could carry out, one sentence each; empty when all is well."""
        found = []
        if not self.folder.startswith("/"):
            found.append(f'folder "{self.folder}" is not an absolute path')
        if not self.marker:
            found.append("marker is empty")
        if not self.programs:
            found.append("there are no programs")
        texts = {"folder": self.folder, "marker": self.marker}
        found += [f"{what} holds a NUL character" for what, text in texts.items() if "\0" in text]
        spans = {"grace_s": self.grace_s, "settle_s": self.settle_s, "deadline_s": self.deadline_s}
        found += [
            f"{what} is {span}; give seconds, 0 or more"
            for what, span in spans.items()
            if span is not None and not (math.isfinite(span) and span >= 0)
        ]
        if self.log_bytes is not None and self.log_bytes <= 0:
            found.append(f"log_bytes is {self.log_bytes}; give bytes, 1 or more")
        names = Counter(program.name for program in self.everything)
        found += [f'{n} programs are called "{name}"' for name, n in names.items() if n > 1]
        for program in self.everything:
            said = f"{program.name}: " if program.name else ""
            found += [f"{said}{fault}" for fault in program.faults()]
        return found

    def to_json(self) -> str:
        """The plan as one JSON object, ASCII only."""
        record: PlanRecord = {
            "folder": self.folder,
            "marker": self.marker,
            "programs": [one.to_record() for one in self.programs],
            "setup": [one.to_record() for one in self.setup],
            "companions": [one.to_record() for one in self.companions],
            "grace_s": self.grace_s,
            "deadline_s": self.deadline_s,
            "log_bytes": self.log_bytes,
            "settle_s": self.settle_s,
        }
        return json.dumps(record)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ValueError: It is not a plan.
        """
        record = cast("PlanRecord", _object(text, PlanRecord))
        return cls(
            folder=record["folder"],
            marker=record["marker"],
            programs=tuple(Program.from_record(one) for one in record["programs"]),
            setup=tuple(Program.from_record(one) for one in record["setup"]),
            companions=tuple(Program.from_record(one) for one in record["companions"]),
            grace_s=record["grace_s"],
            deadline_s=record["deadline_s"],
            log_bytes=record["log_bytes"],
            settle_s=record["settle_s"],
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """A supervisor, named so that no later process can be mistaken for it.

    Attributes:
        pid: Its process id.
        start: When it was born, in clock ticks since boot; 0 where the platform does not say.
        boot: The boot it belongs to; empty where the platform does not say.
    """

    pid: int
    start: int
    boot: str

    def to_json(self) -> str:
        """The identity as one JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` or a supervisor wrote.

        Raises:
            ValueError: It is not an identity.
        """
        return cls(**cast("IdentityRecord", _object(text, IdentityRecord)))


class Reason(StrEnum):
    """Why a trial's programs are no longer running."""

    EXITED = "exited"
    SIGNAL = "signal"
    STOPPED = "stopped"
    NOT_STARTED = "not-started"
    DEADLINE = "deadline"
    OUT_OF_MEMORY = "out-of-memory"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a trial ended.

    Attributes:
        code: The program's exit code, if it exited by itself or in answer to a stop.
        signal: The signal that ended it, if one did; also the one by which it kept stopping itself.
        started_ns: Wall-clock nanoseconds since 1970 when the trial's first program was started.
        ended_ns: The same when the last of its processes was gone: `started_ns` plus the time that
            really passed, whatever was done to the clock meanwhile.
        reason: Which of these stories it is; `STOPPED` means that `stop` came before it had ended.
        message: What a person may want to know beside; often empty.
        program: Whose code and signal these are; the name of one program of the plan.
    """

    code: int | None
    signal: int | None
    started_ns: int
    ended_ns: int
    reason: Reason
    message: str = ""
    program: str = ""

    def to_json(self) -> str:
        """The outcome as one JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` or a supervisor wrote.

        Raises:
            ValueError: It is not an outcome.
        """
        record = cast("ExitRecord", _object(text, ExitRecord))
        return cls(
            code=record["code"],
            signal=record["signal"],
            started_ns=record["started_ns"],
            ended_ns=record["ended_ns"],
            reason=Reason(record["reason"]),
            message=record["message"],
            program=record["program"],
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """The bytes of a capped log that are kept no longer; where they were, the file has a hole.

    All other bytes stay where they are: offsets into the log mean what they always meant. The record
    is written before the hole is made, the start never moves, and the end only grows. A reader who
    looks at the gap *after* it has read a piece of the log knows which part of the piece to distrust.

    The hole grows only over what the engine has read of the primary program's log: it writes that
    position, a decimal number, into the file `read` of the trial's folder. Only if more than
    sixteen times the plan's `log_bytes` lie unread, the oldest of them are given up.

    Attributes:
        start: The first byte given up.
        end: The first byte after it that is there again.
    """

    start: int
    end: int


def read_gap(log: str | Path) -> Gap | None:
    """Which bytes of this log are given up; None while it is whole."""
    try:
        text = Path(f"{log}.gap").read_text("ascii")
        return Gap(**cast("GapRecord", _object(text, GapRecord)))
    except (OSError, ValueError):
        return None


def _object(text: str, shape: type) -> object:
    """The JSON object, if it has exactly the fields of the TypedDict `shape`."""
    found = json.loads(text)
    wanted = set(shape.__annotations__)
    if not isinstance(found, dict) or set(found) != wanted:
        raise ValueError(f"expected an object with {', '.join(sorted(wanted))}")
    return found
