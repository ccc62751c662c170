"""System calls that Python's `os` has no name for, by ctypes. Called by `supervisor`, `mounts`, `logs`.

Nothing here decides anything. Importing is safe on every platform: a symbol is looked up when it is
first called, so macOS only fails (with `OSError`) if it asks for what it does not have. Constants are
those of `<linux/mount.h>`, `<linux/sched.h>`, `<linux/prctl.h>` and `<linux/falloc.h>`, the same on
every architecture.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_REMOUNT = 32
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_UNBINDABLE = 1 << 17
MS_PRIVATE = 1 << 18
MS_RELATIME = 1 << 21
MS_STRICTATIME = 1 << 24

_FALLOC_FL_KEEP_SIZE = 1
_FALLOC_FL_PUNCH_HOLE = 2
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 1
_SYS_MOUNT_SETATTR = 442
_ST_RELATIME = 4096

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    """`struct mount_attr` of mount_setattr(2)."""

    _fields_ = tuple((n, ctypes.c_uint64) for n in ("set", "clear", "propagation", "userns_fd"))


def is_linux() -> bool:
    """Whether the calls below can be expected to exist."""
    return sys.platform == "linux"


def become_subreaper() -> None:
    """Let orphaned descendants become our children instead of init's: prctl(2), Linux 3.4."""
    _call("prctl", _PR_SET_CHILD_SUBREAPER, _ulong(1), _ulong(0), _ulong(0), _ulong(0))


def set_name(name: bytes) -> None:
    """The name `ps` and `top` show; at most 15 bytes are kept."""
    _call("prctl", _PR_SET_NAME, ctypes.c_char_p(name), _ulong(0), _ulong(0), _ulong(0))


def punch_hole(file: int, start: int, length: int) -> None:
    """Give the blocks between back to the file system; they read as zeros, and offsets stay.

    fallocate(2): Linux 2.6.38, on ext4, xfs, btrfs, tmpfs and their like. Elsewhere OSError.
    """
    name = "fallocate64" if hasattr(_libc, "fallocate64") else "fallocate"  # musl has but one
    mode = ctypes.c_int(_FALLOC_FL_PUNCH_HOLE | _FALLOC_FL_KEEP_SIZE)
    _call(name, ctypes.c_int(file), mode, ctypes.c_int64(start), ctypes.c_int64(length))


def unshare(flags: int) -> None:
    """Leave the namespaces of the parent."""
    _call("unshare", ctypes.c_int(flags))


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Change the mount table; an empty string stands for a null pointer."""
    _call("mount", _text(source), _text(target), _text(kind), _ulong(flags), _text(data))


def make_read_only(target: str) -> None:
    """Forbid writing through the mount at `target` and, from Linux 5.12, through all mounts below it.

    Older kernels only know the remount of one mount, which must repeat every flag the mount already
    has: inside a user namespace those are locked.
    """
    attr = _MountAttr(_MOUNT_ATTR_RDONLY, 0, 0, 0)
    here = os.open(target, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(
            "syscall",
            ctypes.c_long(_SYS_MOUNT_SETATTR),
            ctypes.c_int(here),
            ctypes.c_char_p(b""),
            ctypes.c_uint(_AT_EMPTY_PATH | _AT_RECURSIVE),
            ctypes.byref(attr),
            ctypes.c_size_t(ctypes.sizeof(attr)),
        )
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):  # EPERM: old seccomp filters say so
            raise
        mount("", f"/proc/self/fd/{here}", "", remount_flags(target))
    finally:
        os.close(here)


def remount_flags(target: str) -> int:
    """The mount's own flags in mount(2)'s spelling, plus read-only."""
    flags = os.statvfs(target).f_flag
    kept = flags & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME)
    if flags & _ST_RELATIME:
        kept |= MS_RELATIME
    elif not flags & os.ST_NOATIME:
        kept |= MS_STRICTATIME
    return MS_REMOUNT | MS_BIND | MS_RDONLY | kept


def _call(name: str, *args: object) -> None:
    try:
        function = getattr(_libc, name)
    except AttributeError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), name) from None
    if function(*args) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def _ulong(value: int) -> ctypes.c_ulong:
    return ctypes.c_ulong(value)


def _text(value: str) -> ctypes.c_char_p:
    return ctypes.c_char_p(os.fsencode(value) if value else None)
