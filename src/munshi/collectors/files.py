"""Opening what a trial left behind.

The trial's program decides what lies in its folder, so a path there may be a link to somebody's key
file, a pipe that never speaks, or a device. Only regular files and real directories are opened:
every component below the trusted root is entered by file descriptor without following links, and
nothing is waited for. What cannot be opened is an answer, not an accident: a sentence for the
person who misses the metrics.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "was not written"
"""The answer for a file that is not there (yet)."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_REASONS = {
    errno.ENOENT: MISSING,
    errno.ELOOP: "is or passes a symbolic link, which is not followed; write to the path itself",
    errno.ENOTDIR: "passes something that is not a directory",
    errno.EACCES: "may not be read; check its permissions",
    errno.EPERM: "may not be read; check its permissions",
}


@contextmanager
def opened(root: Path, parts: tuple[str, ...], *, folder: bool = False) -> Iterator[int | str]:
    """A descriptor of the file or folder `root/parts…`, closed afterwards; or a sentence why there is none.

    Args:
        root: A trusted folder; links in its own path are followed.
        parts: Components below it, none of them a link; none at all is the root itself.
        folder: Whether a directory is wanted rather than a regular file.
    """
    held: list[int] = []
    try:
        held.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        for index, part in enumerate(parts):
            inner = folder or index < len(parts) - 1
            held.append(_open_child(held[-1], part, inner))
        answer: int | str = held[-1]
    except OSError as fault:
        answer = _reason(fault)
    try:
        yield answer
    finally:
        for descriptor in held:
            os.close(descriptor)


def open_below(folder: int, name: str, *, directory: bool = False) -> int | str:
    """A descriptor of one child of an open folder, for the caller to close; or a sentence why not."""
    try:
        return _open_child(folder, name, directory)
    except OSError as fault:
        return _reason(fault)


def _open_child(folder: int, name: str, directory: bool) -> int:
    # Looked at before it is opened: opening a device can act on it (a tape rewinds).
    before = os.stat(name, dir_fd=folder, follow_symlinks=False)
    _require(before.st_mode, directory)
    child = os.open(name, _FLAGS | (os.O_DIRECTORY if directory else 0), dir_fd=folder)
    try:
        _require(os.fstat(child).st_mode, directory)
    except OSError:
        os.close(child)
        raise
    return child


def _require(mode: int, directory: bool) -> None:
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, "")
    if directory and not stat.S_ISDIR(mode):
        raise OSError(errno.ENOTDIR, "")
    if not directory and not stat.S_ISREG(mode):
        kind = next(word for test, word in _KINDS if test(mode))
        raise OSError(0, f"is {kind}; only regular files are read")


_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda _: True, "a device"),
)


def _reason(fault: OSError) -> str:
    said = fault.strerror or "cannot be opened"
    return _REASONS.get(fault.errno or 0, said if fault.errno == 0 else f"cannot be read: {said}")


def components(path: Path, root: Path) -> tuple[str, ...]:
    """The components of `path` below `root`.

    Raises:
        ValueError: It is not below, or climbs out with `..`.
    """
    if not path.is_relative_to(root):
        raise ValueError(f"{path} is not below {root}; give a path inside the trial's folder")
    parts = path.relative_to(root).parts
    if ".." in parts:
        raise ValueError(f"{path} climbs out of {root} with ..; give the path without it")
    return parts
