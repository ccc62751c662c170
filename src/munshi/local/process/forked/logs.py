"""Keeping logs within bounds while programs write to them: the middle of each becomes a hole.

Called by `trial`. A program writes straight to its log, with nobody in between who could hold it back.
So of a log that has grown too long the supervisor keeps the head and the tail and gives the blocks
between back to the file system: the file's size and every offset stay what they are. Which bytes those
are stands in `<log>.gap`, before they go (see `records.Gap`). Only the primary program's log has a
reader, the engine, whose position stands in the folder's file `read`; nothing unread is given up
unless sixteen times the bound lie unread.

Looked at once a second, so that much the log may be over its bound. Where the file system cannot do it
the logs stay whole, and the record says so.
"""
# pathlib is not loaded in the fork server:
# ruff: noqa: PTH104, PTH108, PTH123

from __future__ import annotations

import json
import os
import stat
import time

from . import linux

_EVERY_S = 1.0
_BACKLOG = 16
_NOTHING = 16384  # bytes: no write of a usual size fits any more
READ = "read"


class Logs:
    """The logs of one trial.

    Args:
        bound: How many bytes of each are to be kept; None means all.
        read: The one that has a reader, if there is one.
        folder: Where its reader says how far it is.

    Attributes:
        due: When `trim` wants to be called next, by the monotonic clock; never, without a bound.
    """

    def __init__(self, bound: int | None, read: str = "", folder: str = "") -> None:
        self._bound = bound
        self._read = read
        self._reading = f"{folder}/{READ}"
        self._logs: dict[str, _Log] = {}
        self._why = ""
        self._folder, self._was_full = folder, False
        self.due = float("inf") if bound is None else time.monotonic() + _EVERY_S

    def add(self, path: str) -> None:
        """Keep this log within bounds from now on; it exists."""
        if self._bound is not None and path not in self._logs:
            log = _opened(path, self._bound)
            if log is not None:
                self._logs[path] = log

    def trim(self) -> None:
        """Give up what lies between head and tail of each log that has grown enough since."""
        self.look()
        self._trim(slack=(self._bound or 0) // 8)
        self.due = time.monotonic() + _EVERY_S

    def look(self) -> None:
        """Remember a full disk: programs that write to their logs meet it, and may not say so."""
        self._was_full = self._was_full or _is_full(self._folder)

    def finish(self) -> str:
        """Trim a last time; what a person should know about the logs, or nothing."""
        self.look()
        self._trim(slack=0)
        for log in self._logs.values():
            log.close()
        notes = []
        if self._why:
            notes.append(f"its log was not kept to {self._bound} bytes: {self._why}")
        if self._was_full:
            notes.append(f"the disk that holds its log ({self._folder}) was full while it ran")
        return "; ".join(notes)

    def _trim(self, slack: int) -> None:
        for path, log in self._logs.items() if not self._why else ():
            try:
                log.trim(self._read_position() if path == self._read else None, slack)
            except OSError as error:
                self._why = error.strerror or str(error)

    def _read_position(self) -> int:
        try:
            with open(self._reading, "rb") as file:
                return max(int(file.read(32)), 0)
        except (OSError, ValueError):
            return 0


class _Log:
    """One log, held open: the program may delete or rename it and go on writing."""

    def __init__(self, path: str, file: int, block: int, bound: int) -> None:
        self._path, self._file, self._block, self._bound = path, file, block, bound
        self._tail = bound - bound // 4
        self._start = self._end = -(-(bound // 4) // block) * block

    def trim(self, read: int | None, slack: int) -> None:
        """Make or widen the hole, over what is read; a log without a reader has None."""
        size = os.fstat(self._file).st_size
        if size < self._end:  # the program has cut its log short: what it writes now is whole
            self._end = self._start
            self._tell(self._end)
        end = size - self._tail
        if read is not None:
            end = max(min(end, read), size - _BACKLOG * self._bound)
        end = end // self._block * self._block
        if end - self._end <= slack:
            return
        told = self._tell(end)
        try:
            linux.punch_hole(self._file, self._end, end - self._end)
        except OSError:
            self._tell(self._end)
            raise
        self._end = end
        if not told:
            self._tell(end)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _tell(self, end: int) -> bool:
        """Write the record; False if that cannot be.

        On a full disk the hole must come first, to make room; and a program that took away the right
        to write in its folder took it from the log's reader too.
        """
        if end == self._start:
            _remove(f"{self._path}.gap")
            return True
        aside = f"{self._path}.gap.{os.getpid()}"
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            file = os.open(aside, flags, 0o600)
            try:
                os.write(file, json.dumps({"start": self._start, "end": end}).encode("ascii"))
            finally:
                os.close(file)
            os.rename(aside, f"{self._path}.gap")
        except OSError:
            return False
        return True


def _is_full(folder: str) -> bool:
    """Whether next to nothing can be written below this folder; False where nobody can tell."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    free = disk.f_bavail if os.geteuid() else disk.f_bfree  # root may use what is kept in reserve
    return disk.f_blocks > 0 and free * disk.f_frsize < _NOTHING


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def _opened(path: str, bound: int) -> _Log | None:
    """Open a log for capping; None for what is no file, or is gone already."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode):
        os.close(file)
        return None
    return _Log(path, file, max(about.st_blksize, 4096), bound)
