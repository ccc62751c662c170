"""A private view of the file system, in which a container's absolute paths mean what they say.

Called by `supervisor` in the process that is about to become the program. It leaves the host's mount
namespace (as root directly; otherwise inside a user namespace that maps the user to itself) and then
lays each bind over its target. A target that the host does not have must appear in this view only.
So the deepest ancestor that exists is covered by a *skeleton*: a tmpfs holding every entry of the
covered folder, each bound back to the original, with room for one more name. A skeleton of `/`
becomes the root itself, by MS_MOVE and chroot as switch_root(8) does it; pivot_root(2) was the rival,
but has no C wrapper, another number on each architecture and refuses an initramfs.

What a program sees of a skeleton: everything that was there when it started, the real thing, and the
new names. What it then creates *directly* in the covered folder (say `/x` when `/train` was made to
appear) lives in the tmpfs and ends with the trial. Below a writable bind no skeleton is laid: there
the missing mountpoint is made in the bind's own source, as container runtimes do, because a skeleton
would swallow what the program writes beside it.
"""
# pathlib is not loaded in the fork server:
# ruff: noqa: PTH102, PTH103, PTH112, PTH116, PTH120, PTH208, PTH211

from __future__ import annotations

import errno
import os
import stat

from . import linux

TYPE_CHECKING = False  # typing itself is not loaded in the fork server
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from munshi.local.process.records import BindRecord

_NEVER_COVERED = ("/proc", "/sys")
_BELOW_NEVER = ("/proc/", "/sys/")


class CannotStart(Exception):
    """The program cannot be started; the message is the sentence for the user."""


def enter(binds: Sequence[BindRecord], staging: str, wanted: Iterable[str] = ()) -> None:
    """Move this process into a private view with `binds` in place. Nothing of it shows on the host.

    The process must have a single thread. Its working directory is `/` of the new view afterwards.

    Args:
        binds: What to show where. Any order: ancestors are laid before what lies below them.
        staging: Any existing folder outside /proc; covered for a moment, in the private view only.
        wanted: Paths to keep reachable through folders that we may search but not list.

    Raises:
        CannotStart: A source is missing, a target impossible, or the kernel refuses; says which.
    """
    _leave_host()
    view = _View(staging, wanted)
    order = [(_resolve(bind["target"]), _open_source(bind), bind) for bind in binds]
    order.sort(key=lambda entry: entry[0].count("/"))
    targets = [target for target, _, _ in order]
    try:
        view.make_appear([target for target in targets if not _below_any(target, targets)])
    except OSError as error:
        raise CannotStart(f"private paths cannot be made: {_why(error)}") from error
    for _, source, bind in order:
        try:
            view.lay(bind, source)
        except (OSError, CannotStart) as error:
            raise CannotStart(f"{_cannot_show(bind)}: {_why(error)}") from error
        os.close(source)
    view.seal()
    os.chdir("/")


def _leave_host() -> None:
    """Enter a fresh mount namespace whose changes reach nobody else."""
    try:
        if os.geteuid() != 0 or not _unshared_as_root():
            user, group = os.geteuid(), os.getegid()
            linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWNS)
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{user} {user} 1")
            _write("/proc/self/gid_map", f"{group} {group} 1")
        linux.mount("", "/", "", linux.MS_REC | linux.MS_PRIVATE)
    except OSError as error:
        raise CannotStart(f"private paths are not available here: {_why(error)}") from error


def _unshared_as_root() -> bool:
    try:
        linux.unshare(linux.CLONE_NEWNS)
    except PermissionError:  # root of a container without CAP_SYS_ADMIN
        return False
    return True


class _View:
    """The view while it is being built: which skeletons and which writable binds it holds so far.

    Sources are opened before anything is mounted, yet a recursive bind copies what has been mounted
    *below or on* the source since. So all that we mount is unbindable while the view is built, which
    keeps it out of such copies: a source stays what it was on the host.
    """

    def __init__(self, staging: str, wanted: Iterable[str]) -> None:
        self._staging = os.path.realpath(staging)
        self._wanted = tuple(wanted)
        self._ours: list[int] = []
        self._sealed: list[int] = []
        self._skeleton_devices: set[int] = set()
        self._writable: list[str] = []

    def make_appear(self, targets: Sequence[str]) -> None:
        """Lay the skeletons that these targets need, outer ones first, so that none is copied."""
        missing = [target for target in targets if not os.path.lexists(target)]
        covers = {ancestor for ancestor in map(_ancestor, missing) if os.path.isdir(ancestor)}
        for path in sorted(
            covers - set(_NEVER_COVERED), key=lambda one: one.rstrip("/").count("/")
        ):
            if not path.startswith(_BELOW_NEVER):
                self._cover(path)

    def lay(self, bind: BindRecord, source: int) -> None:
        """Show the opened `source` at the bind's target, making the target appear if need be."""
        target = _resolve(bind["target"])
        if target == "/":
            raise CannotStart("that is the root of the file system; bind below it")
        folder = stat.S_ISDIR(os.fstat(source).st_mode)
        if not os.path.lexists(target):
            self._make_place(target, folder)
        linux.mount(_through(source), target, "", linux.MS_BIND | linux.MS_REC)
        self._own(os.open(target, os.O_PATH | os.O_CLOEXEC))
        if bind["read_only"]:
            linux.make_read_only(target)
        else:
            self._writable.append(target)

    def seal(self) -> None:
        """Finish: forbid new names in skeletons of folders in which this user could make none."""
        self._mark(linux.MS_PRIVATE)
        flags = linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY
        for top in self._sealed:
            linux.mount("", _through(top), "", flags | linux.MS_NOSUID | linux.MS_NODEV)
        for top in self._ours:
            os.close(top)

    def _own(self, top: int) -> None:
        self._ours.append(top)
        linux.mount("", _through(top), "", linux.MS_UNBINDABLE)

    def _mark(self, kind: int) -> None:
        for top in self._ours:
            linux.mount("", _through(top), "", kind)

    def _make_place(self, target: str, folder: bool) -> None:
        ancestor = _ancestor(target)
        if not os.path.isdir(ancestor):
            raise CannotStart(f"{ancestor} is not a folder")
        if os.stat(ancestor).st_dev not in self._skeleton_devices:
            if self._in_writable_bind(ancestor) and _made(target, folder):
                return
            self._mark(linux.MS_PRIVATE)  # this skeleton must hold what we laid here before
            self._cover(ancestor)
            self._mark(linux.MS_UNBINDABLE)
        if not _made(target, folder):
            raise CannotStart(f"nothing can be made to appear in {ancestor}")

    def _in_writable_bind(self, path: str) -> bool:
        return any(path == one or path.startswith(one + "/") for one in self._writable)

    def _cover(self, path: str) -> None:
        """Lay a skeleton over the folder `path`."""
        if path in _NEVER_COVERED or path.startswith(_BELOW_NEVER):
            raise CannotStart(f"nothing can be made to appear in {path}: the kernel owns it")
        original = _folder(path)
        info = os.fstat(original)
        writable = os.access(path, os.W_OK)
        entries = self._entries(path)
        spot = self._staging if path == "/" else path
        mode = stat.S_IMODE(info.st_mode) | stat.S_IRUSR | stat.S_IXUSR
        flags = linux.MS_NOSUID | linux.MS_NODEV
        beneath = _folder(spot)  # the staging folder may itself be an entry of the root
        linux.mount("tmpfs", spot, "tmpfs", flags, f"mode={mode:o}")
        top = _folder(spot)
        self._own(top)
        for name in entries:
            staged = path == "/" and spot == f"/{name}"
            source = _through(beneath) if staged else f"{_through(original)}/{name}"
            _bring_back(original, name, source, spot)
        os.close(beneath)
        os.close(original)
        _give(top, info)
        self._skeleton_devices.add(os.fstat(top).st_dev)
        if not writable:
            self._sealed.append(top)
        if path == "/":
            os.chdir(spot)
            linux.mount(".", "/", "", linux.MS_MOVE)
            os.chroot(".")

    def _entries(self, path: str) -> list[str]:
        try:
            return os.listdir(path)
        except PermissionError:  # searchable at most: keep the names we know of
            inside = path.rstrip("/") + "/"
            known = {w[len(inside) :].split("/")[0] for w in self._wanted if w.startswith(inside)}
            return [name for name in known if name and os.path.lexists(inside + name)]


def _bring_back(original: int, name: str, source: str, spot: str) -> None:
    """Repeat one entry of a covered folder in its skeleton; `source` is where it can be had."""
    place = f"{spot}/{name}"
    try:
        kind = os.stat(name, dir_fd=original, follow_symlinks=False).st_mode
        if stat.S_ISLNK(kind):
            os.symlink(os.readlink(name, dir_fd=original), place)
            return
        if stat.S_ISDIR(kind):
            os.mkdir(place)
        else:
            _touch(place)
        linux.mount(source, place, "", linux.MS_BIND | linux.MS_REC)
    except FileNotFoundError:  # it went away meanwhile: then it is away in the view too
        if os.path.lexists(place):
            (os.rmdir if os.path.isdir(place) else os.unlink)(place)


def _made(target: str, folder: bool) -> bool:
    """Create the mountpoint and its missing ancestors; False where that is forbidden."""
    try:
        os.makedirs(target if folder else os.path.dirname(target), 0o755, exist_ok=True)
        if not folder:
            _touch(target)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EOVERFLOW):
            return False
        raise
    return True


def _folder(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))


def _give(top: int, info: os.stat_result) -> None:
    """Give the skeleton the owner of what it covers, where this user may."""
    try:
        os.chown(_through(top), info.st_uid, info.st_gid)
    except OSError:
        return  # unmapped in our user namespace: it then belongs to the trial's user


def _open_source(bind: BindRecord) -> int:
    try:
        return os.open(bind["source"], os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise CannotStart(f"{_cannot_show(bind)}: {error.strerror}") from error


def _cannot_show(bind: BindRecord) -> str:
    return f"cannot show {bind['source']} at {bind['target']}"


def _ancestor(path: str) -> str:
    """The deepest folder above `path` that exists."""
    path = os.path.dirname(path)
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def _below_any(path: str, targets: Sequence[str]) -> bool:
    return any(path.startswith(one.rstrip("/") + "/") for one in targets if one != path)


def _resolve(target: str) -> str:
    """The target with every symlink and `..` followed, in the view as it now stands."""
    return os.path.realpath("/" + target.lstrip("/"))


def _through(fd: int) -> str:
    """A path to what `fd` has open, whatever has been mounted over its name since."""
    return f"/proc/self/fd/{fd}"


def _write(path: str, text: str) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # setgroups came with Linux 3.19; without it there is nothing to deny
    try:
        os.write(file, text.encode("ascii"))
    finally:
        os.close(file)


def _why(error: OSError | CannotStart) -> str:
    if isinstance(error, CannotStart):
        return str(error)
    if error.errno == errno.ENOSPC and error.filename == "mount":
        return "too many mounts (see the sysctl fs.mount-max)"
    return f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)
