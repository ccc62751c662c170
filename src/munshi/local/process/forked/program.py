"""From a plan to a running program, or to the sentence that says why not. Called by `supervisor`.

Without binds the program is made by posix_spawn(3), which copies nothing of this process and costs
half a fork. A private view has to be built from inside, so with binds the supervisor forks and the
child prepares the view before it becomes the program. Either way the program starts as a program of a
shell would: default signals, nothing blocked, /dev/null as its input, the leader of its own process
group; its output goes straight into the log. Resource limits, umask and niceness are as inherited.
"""
# pathlib is not loaded in the fork server:
# ruff: noqa: PTH110, PTH123

from __future__ import annotations

import errno
import os
import signal

from . import mounts
from .mounts import CannotStart

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from munshi.local.process.records import PlanRecord

__all__ = ["MARKER", "CannotStart", "start"]

MARKER = "MUNSHI_TRIAL_UID"
_CHUNK = 65536
_PYTHON_IGNORES = (signal.SIGPIPE, signal.SIGXFSZ)


def start(plan: PlanRecord) -> int:
    """Start the plan's program, a child of this process, and return its pid once it runs.

    Raises:
        CannotStart: It does not run, and why.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        log = os.open(plan["log"], flags, 0o600)
    except OSError as error:
        raise CannotStart(f"cannot write the log {plan['log']}: {error.strerror}") from error
    try:
        return _fork(plan, log) if plan["binds"] else _spawn(plan, log)
    finally:
        os.close(log)


def _spawn(plan: PlanRecord, log: int) -> int:
    """On the host's own file system."""

    def run(place: str) -> int:
        return os.posix_spawn(
            place,
            plan["argv"],
            _environment(plan),
            file_actions=[(os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)],
            setpgroup=0,
            setsigmask=[],
            setsigdef=_PYTHON_IGNORES,
        )

    _work_in(plan["cwd"])
    try:
        return _first_on_path(plan, run)
    finally:
        os.chdir("/")  # the supervisor must not keep a folder or a mount busy


def _fork(plan: PlanRecord, log: int) -> int:
    """In a private view of the file system."""
    hear, tell = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        raise CannotStart(f"no process could be made for it: {error.strerror}") from error
    if child == 0:
        try:
            _become(plan, log)
        except CannotStart as error:
            os.write(tell, str(error).encode("utf-8", "surrogateescape")[:_CHUNK])
        except OSError as error:
            os.write(tell, f"{error.filename or 'it'}: {error.strerror}".encode("utf-8", "replace"))
        finally:
            os._exit(127)
    os.close(tell)
    why = b""
    while part := os.read(hear, _CHUNK):  # exec closes the other end, and all is well
        why += part
    os.close(hear)
    if why:
        os.waitpid(child, 0)
        raise CannotStart(why.decode("utf-8", "surrogateescape"))
    return child


def _become(plan: PlanRecord, log: int) -> NoReturn:
    """Turn this process into the program; raises when it cannot."""
    os.setpgid(0, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    wanted = (plan["cwd"], plan["folder"], plan["argv"][0], plan["env"].get("HOME", ""))
    mounts.enter(plan["binds"], plan["folder"], wanted)
    _work_in(plan["cwd"])
    for number in (*_PYTHON_IGNORES, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def run(place: str) -> int:
        os.execve(place, plan["argv"], _environment(plan))  # noqa: S606  a shell is not wanted

    _first_on_path(plan, run)
    os._exit(127)


def _environment(plan: PlanRecord) -> dict[str, str]:
    return {**plan["env"], MARKER: plan["marker"]}


def _work_in(cwd: str) -> None:
    try:
        os.chdir(cwd)
    except OSError as error:
        raise CannotStart(f"cannot work in {cwd}: {error.strerror}") from error


def _first_on_path(plan: PlanRecord, run: Callable[[str], int]) -> int:
    """Run the first file that can be run, by the rules of execvp(3) and the program's own PATH."""
    name = plan["argv"][0]
    refused: OSError | None = None
    for place in _places(name, plan["env"]):
        try:
            return run(place)
        except FileNotFoundError as error:
            if os.path.exists(place):
                raise CannotStart(f"{place}: {_interpreter(place)}") from error
        except OSError as error:
            if "/" not in name and not os.path.lexists(place):
                continue  # a folder on PATH that is none, or that this user may not search
            refused = refused or error
            if error.errno != errno.EACCES:
                break
    if refused is None:
        raise CannotStart(f"no such program: {name}")
    raise CannotStart(f"cannot run {name}: {_refusal(refused)}") from refused


def _places(name: str, env: dict[str, str]) -> list[str]:
    if "/" in name:
        return [name]
    folders = env.get("PATH", os.defpath).split(os.pathsep)
    return [f"{folder or '.'}/{name}" for folder in folders]


def _refusal(error: OSError) -> str:
    match error.errno:
        case errno.ENOEXEC:
            return "it is neither a program for this machine nor a script that opens with #!"
        case errno.E2BIG:
            return "its arguments and environment are longer than this machine allows"
        case errno.EACCES:
            return "Permission denied (is it executable?)"
        case errno.EAGAIN:
            return "this user has no room for another process (see ulimit -u)"
        case _:
            return str(error.strerror)


def _interpreter(script: str) -> str:
    """Why a file that exists "does not exist": the program that should read it is missing."""
    try:
        with open(script, "rb") as file:
            first = file.readline(256)
    except OSError:
        first = b""
    if first.startswith(b"#!"):
        return f"no such interpreter: {first[2:].strip().decode('utf-8', 'replace')}"
    return "the loader it was linked for is not on this machine"
