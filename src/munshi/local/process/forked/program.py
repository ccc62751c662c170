"""From a record to a running program, or to the sentence that says why not. Called by `supervisor`.

Without binds the program is made by posix_spawn(3), which copies nothing of this process and costs
half a fork. A private view has to be built from inside, so with binds the supervisor forks and the
child prepares the view before it becomes the program. Either way the program starts as a program of a
shell would: default signals, nothing blocked, /dev/null as its input, the leader of its own process
group; its output goes straight into the log. Resource limits, umask and niceness are as inherited.

Two things a program has for life from its first moment, so that its libraries and children find them:
the cores it is confined to, and a higher score when the kernel must choose whom to kill for want of
memory, for munshi should live to tell the tale. Raising that score needs no rights, and neither does
lowering it to where it was. A spawned program inherits both from this process, which takes them on
for that moment.
"""
# pathlib is not loaded in the fork server:
# ruff: noqa: PTH110, PTH123

from __future__ import annotations

import errno
import os
import signal

from . import cores, mounts
from .mounts import CannotStart

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from munshi.local.process.records import ProgramRecord

__all__ = ["MARKER", "CannotStart", "clean", "start"]

MARKER = "MUNSHI_TRIAL_UID"
_CHUNK = 65536
_PYTHON_IGNORES = (signal.SIGPIPE, signal.SIGXFSZ)
_SCORE = "/proc/self/oom_score_adj"
_SCORE_MORE = 200
"""A fifth of the machine's memory: a trial looks so much bigger than it is."""


def start(record: ProgramRecord, marker: str, folder: str) -> int:
    """Start a program, a child of this process, and return its pid once it runs.

    Args:
        record: What to run.
        marker: Goes into its environment.
        folder: The trial's own: kept reachable inside a private view.

    Raises:
        CannotStart: It does not run, and why.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        log = os.open(record["log"], flags, 0o600)
    except OSError as error:
        raise CannotStart(f"cannot write the log {record['log']}: {error.strerror}") from error
    env = {**record["env"], MARKER: marker}
    chosen = cores.choose(record["limits"]["cpu"])
    try:
        if record["binds"]:
            return _fork(record, env, log, folder, chosen)
        return _spawn(record, env, log, chosen)
    finally:
        os.close(log)


def clean(record: ProgramRecord, marker: str) -> int:
    """Start a program's cleanup; its pid, or 0 when it cannot be started."""
    env = {**record["env"], MARKER: marker}
    nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        run = _spawning(record["cleanup"], env, {0: nowhere, 1: nowhere, 2: nowhere})
        return _first_on_path(record["cleanup"], env, run)
    except CannotStart:
        return 0
    finally:
        os.close(nowhere)


def _spawn(record: ProgramRecord, env: dict[str, str], log: int, chosen: set[int] | None) -> int:
    """On the host's own file system."""
    _work_in(record["cwd"])
    before = os.sched_getaffinity(0) if chosen else None
    score = _score()
    try:
        _take_on(chosen, score + _SCORE_MORE)
        return _first_on_path(record["argv"], env, _spawning(record["argv"], env, {1: log, 2: log}))
    finally:
        _take_on(before, score)
        os.chdir("/")  # the supervisor must not keep a folder or a mount busy


def _spawning(argv: list[str], env: dict[str, str], files: dict[int, int]) -> Callable[[str], int]:
    def run(place: str) -> int:
        return os.posix_spawn(
            place,
            argv,
            env,
            file_actions=[(os.POSIX_SPAWN_DUP2, file, as_) for as_, file in files.items()],
            setpgroup=0,
            setsigmask=[],
            setsigdef=_PYTHON_IGNORES,
        )

    return run


def _fork(
    record: ProgramRecord, env: dict[str, str], log: int, folder: str, chosen: set[int] | None
) -> int:
    """In a private view of the file system."""
    hear, tell = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        raise CannotStart(f"no process could be made for it: {error.strerror}") from error
    if child == 0:
        try:
            _take_on(chosen, _score() + _SCORE_MORE)
            _become(record, env, log, folder)
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


def _become(record: ProgramRecord, env: dict[str, str], log: int, folder: str) -> NoReturn:
    """Turn this process into the program; raises when it cannot."""
    os.setpgid(0, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    wanted = (record["cwd"], folder, record["argv"][0], env.get("HOME", ""))
    mounts.enter(record["binds"], folder, wanted)
    _work_in(record["cwd"])
    for number in (*_PYTHON_IGNORES, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def run(place: str) -> int:
        os.execve(place, record["argv"], env)  # noqa: S606  a shell is not wanted

    _first_on_path(record["argv"], env, run)
    os._exit(127)


def _score() -> int:
    """How eagerly the kernel would kill this process for want of memory."""
    try:
        with open(_SCORE, "rb", buffering=0) as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def _take_on(chosen: set[int] | None, score: int) -> None:
    """Confine this process to these cores, and let the kernel know how dispensable it is."""
    try:
        if chosen:
            os.sched_setaffinity(0, chosen)
        with open(_SCORE, "wb", buffering=0) as file:
            file.write(b"%d" % min(score, 1000))
    except OSError:
        return  # macOS, or a sandbox without /proc: the program runs all the same


def _work_in(cwd: str) -> None:
    try:
        os.chdir(cwd)
    except OSError as error:
        raise CannotStart(f"cannot work in {cwd}: {error.strerror}") from error


def _first_on_path(argv: list[str], env: dict[str, str], run: Callable[[str], int]) -> int:
    """Run the first file that can be run, by the rules of execvp(3) and the program's own PATH."""
    name = argv[0]
    refused: OSError | None = None
    for place in _places(name, env):
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
