"""What passes between the engine and a trial's supervisor, as dataclasses here and as JSON on disk.

    ProcessPlan  plan.json      the engine says what to run and where
    Identity     identity.json  the supervisor says who it is, before the program starts
    Exit         exit.json      the supervisor says how it ended, once nothing of it runs any more

Built by `local`'s launcher, which decides *what* a trial runs; this room only decides *how*. The
`…Record` types are the JSON objects; the fork server reads and writes them as plain dicts, for it
must stay small. Text is Unicode; bytes that are not UTF-8 travel as lone surrogates (PEP 383).
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self, TypedDict, cast

MARKER = "MUNSHI_TRIAL_UID"
"""The environment variable that carries a plan's `marker` into the program and its children."""


class BindRecord(TypedDict):
    """A `Bind` as JSON."""

    source: str
    target: str
    read_only: bool


class PlanRecord(TypedDict):
    """A `ProcessPlan` as JSON."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    log: str
    folder: str
    binds: list[BindRecord]
    marker: str
    grace_s: float


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
class ProcessPlan:
    """All there is to know for starting one trial's program.

    Attributes:
        argv: The program and its arguments, never seen by a shell. A name without `/` is looked
            up along `PATH` of `env`, inside the private view.
        env: The complete environment; nothing is inherited. `MUNSHI_TRIAL_UID` is added.
        cwd: The working directory as the program sees it; must exist.
        log: Absolute path of the file to which stdout and stderr are appended.
        folder: The trial's private folder, absolute: plan, identity and exit records live here.
        marker: A unique id, by which processes that escaped a killed supervisor are found.
        binds: The private paths; empty means the host's file system as it is.
        grace_s: Seconds between TERM and KILL when the trial is stopped.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    log: str
    folder: str
    marker: str
    binds: tuple[Bind, ...] = ()
    grace_s: float = 30.0

    def faults(self) -> list[str]:
        """Everything that no machine could carry out, one sentence each; empty when all is well."""
        found = [
            f'{name} "{path}" is not an absolute path'
            for name, path in self._paths()
            if not path.startswith("/")
        ]
        if not self.argv or not self.argv[0]:
            found.append("argv names no program")
        if not self.marker:
            found.append("marker is empty")
        if not (math.isfinite(self.grace_s) and self.grace_s >= 0):
            found.append(f"grace_s is {self.grace_s}; give seconds, 0 or more")
        found += [f'env has a variable "{name}"' for name in self.env if not name or "=" in name]
        found += [f"{what} holds a NUL character" for what, text in self._texts() if "\0" in text]
        return found

    def _paths(self) -> list[tuple[str, str]]:
        ours = [("cwd", self.cwd), ("log", self.log), ("folder", self.folder)]
        sources = [("a bind's source", bind.source) for bind in self.binds]
        return [*ours, *sources, *(("a bind's target", bind.target) for bind in self.binds)]

    def _texts(self) -> list[tuple[str, str]]:
        arguments = [(f"argv[{at}]", text) for at, text in enumerate(self.argv)]
        variables = [(f"env {name!r}", name + value) for name, value in self.env.items()]
        return [*self._paths(), ("marker", self.marker), *arguments, *variables]

    def to_json(self) -> str:
        """The plan as one JSON object, ASCII only."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ValueError: It is not a plan.
        """
        record = cast("PlanRecord", _object(text, PlanRecord))
        return cls(
            argv=tuple(record["argv"]),
            env=record["env"],
            cwd=record["cwd"],
            log=record["log"],
            folder=record["folder"],
            marker=record["marker"],
            binds=tuple(Bind(**bind) for bind in record["binds"]),
            grace_s=record["grace_s"],
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
    """Why a trial's program is no longer running."""

    EXITED = "exited"
    SIGNAL = "signal"
    STOPPED = "stopped"
    NOT_STARTED = "not-started"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a trial's program ended.

    Attributes:
        code: Its exit code, if it exited by itself or in answer to a stop.
        signal: The signal that ended it, if one did.
        started_ns: Wall-clock nanoseconds since 1970 when it was started.
        ended_ns: The same when the last of its processes was gone: `started_ns` plus the time that
            really passed, whatever was done to the clock meanwhile.
        reason: Which of these stories it is; `STOPPED` means that `stop` came before it had ended.
        message: What a person may want to know beside; often empty.
    """

    code: int | None
    signal: int | None
    started_ns: int
    ended_ns: int
    reason: Reason
    message: str = ""

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
        )


def _object(text: str, shape: type) -> object:
    """The JSON object, if it has exactly the fields of the TypedDict `shape`."""
    found = json.loads(text)
    wanted = set(shape.__annotations__)
    if not isinstance(found, dict) or set(found) != wanted:
        raise ValueError(f"expected an object with {', '.join(sorted(wanted))}")
    return found
