"""The trial's folder as its supervisor writes it: who claimed it, and how its program ended.

Two records, both whole or absent: `identity.json` is linked into place, so exactly one supervisor
can ever claim a folder; `exit.json` is written aside, synced and renamed. A program may delete the
folder it runs in, or take away its own permission to write there: the parent folder is held open,
and what is missing is made again. Knows nothing of processes.
"""
# pathlib is not loaded in the fork server:
# ruff: noqa: PTH100, PTH103, PTH112, PTH119, PTH120

from __future__ import annotations

import errno
import json
import os
import time

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from collections.abc import Callable

    from munshi.local.process.records import ExitRecord, IdentityRecord

IDENTITY = "identity.json"
EXIT = "exit.json"
PLAN = "plan.json"
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_RETRY_S = 0.5
_HOME_IS_ABOVE = 3  # trials/<namespace>/<trial>/<attempt>
_PATIENCE_S = 30.0  # a disk that others fill and clear; nothing else of the trial is left meanwhile


class HomeIsGone(OSError):
    """Not only the trial's folder was removed but all that was above it."""


class Ledger:
    """The two records of one trial.

    Args:
        folder: Absolute; must exist now, may vanish later.
        plan: What `plan.json` held: `watch.sweep` needs it.
    """

    def __init__(self, folder: str, plan: bytes = b"") -> None:
        self._folder = os.path.abspath(folder)
        self._name = os.path.basename(self._folder)
        self._parent = os.open(os.path.dirname(self._folder), _DIRECTORY)
        self._identity = b""
        self._plan = plan

    def claim(self, identity: IdentityRecord) -> bool:
        """Write `identity.json` unless this folder has been claimed or has ended already."""
        self._identity = _encoded(identity)
        here = self._open()
        try:
            if _exists(here, EXIT):
                return False
            aside = _write_aside(here, IDENTITY, self._identity, durable=False)
            try:
                os.link(aside, IDENTITY, src_dir_fd=here, dst_dir_fd=here)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                return _created(here, IDENTITY, self._identity)
            finally:
                os.unlink(aside, dir_fd=here)
        finally:
            os.close(here)
        return True

    def restore(self) -> None:
        """Write identity and plan again should the program have deleted them; never raises OSError."""
        try:
            here = self._open()
            try:
                if not _exists(here, IDENTITY) and not _exists(here, EXIT):
                    _replace(here, IDENTITY, self._identity, durable=False)
                if self._plan and not _exists(here, PLAN):
                    _replace(here, PLAN, self._plan, durable=False)
            finally:
                os.close(here)
        except OSError:
            return  # the next look may succeed

    def close(self, record: ExitRecord, give_up: Callable[[], bool]) -> None:
        """Write `exit.json` for good, waiting out a full disk until `give_up()` or half a minute.

        Where the home is gone nobody will read it: that is given up at once.
        """
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                here = self._open()
                try:
                    if not _exists(here, IDENTITY):
                        _replace(here, IDENTITY, self._identity, durable=False)
                    _replace(here, EXIT, _encoded(record), durable=True)
                finally:
                    os.close(here)
            except HomeIsGone:
                raise
            except OSError:
                if give_up() or time.monotonic() > until:
                    raise
                time.sleep(_RETRY_S)
            else:
                return

    def _open(self) -> int:
        """The folder itself, made again if need be, and writable for us if it is ours."""
        try:
            here = os.open(self._name, _DIRECTORY, dir_fd=self._parent)
        except NotADirectoryError:  # replaced by a file, which is nobody's
            os.unlink(self._name, dir_fd=self._parent)
            self._make()
            here = os.open(self._folder, _DIRECTORY)
        except FileNotFoundError:
            self._make()
            here = os.open(self._folder, _DIRECTORY)
        except PermissionError:
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=self._parent):
                os.fchmod(self._parent, 0o700)
            os.chmod(self._name, 0o700, dir_fd=self._parent)
            here = os.open(self._name, _DIRECTORY, dir_fd=self._parent)
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=here):
            try:
                os.fchmod(here, 0o700)
            except OSError:
                return here  # not ours to mend; the write that follows says why
        return here

    def _make(self) -> None:
        try:
            os.mkdir(self._name, 0o700, dir_fd=self._parent)
        except FileNotFoundError:  # the parent is gone too
            # Its program may have deleted the trial's folders; what is above them, only a person does.
            if not os.path.isdir(_above(self._folder, _HOME_IS_ABOVE)):
                raise HomeIsGone(errno.ENOENT, "the home is gone", self._folder) from None
            os.makedirs(self._folder, 0o700, exist_ok=True)
            os.close(self._parent)
            self._parent = os.open(os.path.dirname(self._folder), _DIRECTORY)
        except FileExistsError:
            return


_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def _above(path: str, levels: int) -> str:
    for _ in range(levels):
        path = os.path.dirname(path)
    return path


def _encoded(record: IdentityRecord | ExitRecord) -> bytes:
    return (json.dumps(record) + "\n").encode("ascii")


def _exists(here: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=here, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _replace(here: int, name: str, content: bytes, *, durable: bool) -> None:
    aside = _write_aside(here, name, content, durable=durable)
    os.rename(aside, name, src_dir_fd=here, dst_dir_fd=here)


def _write_aside(here: int, name: str, content: bytes, *, durable: bool) -> str:
    aside = f".{name}.{os.getpid()}"
    flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(aside, flags, 0o600, dir_fd=here)
    try:
        os.write(file, content)
        if durable:
            os.fsync(file)
    finally:
        os.close(file)
    return aside


def _created(here: int, name: str, content: bytes) -> bool:
    """Where the file system has no hard links: exclusive creation, whole after one small write."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    try:
        file = os.open(name, flags, 0o600, dir_fd=here)
    except FileExistsError:
        return False
    try:
        os.write(file, content)
    finally:
        os.close(file)
    return True
