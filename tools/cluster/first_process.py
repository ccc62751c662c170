"""Process 1 of the node: gives the node its own folders, then takes care of orphans until it is killed.

Started by `node.py` with private processes, mounts and network. What the parts and containerd write outside
the cluster's folder (sockets, locks, links to logs) goes to private copies of the system's folders, so
nothing of it ever exists on the host.

Usage: first_process.py STATE INSIDE
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

MS_BIND, MS_REC, MS_SHARED = 0x1000, 0x4000, 0x100000
SYSTEM_FOLDERS = ("/var/lib", "/var/log", "/opt")
KERNEL_SETTINGS = {
    # kubelet insists on these, and would change them for the whole machine.
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}

libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str = "", flags: int = 0) -> None:
    """Mount, by the system call: the program of that name resolves links first, which would defeat `own`."""
    if libc.mount(
        source.encode(), target.encode(), kind.encode(), flags, b"mode=0755" if kind else None
    ):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def own(folder: str) -> None:
    """Replace a folder by a private one that shows the old one's entries, but keeps what is added."""
    if not Path(folder).is_dir():
        return
    before = os.open(folder, os.O_PATH)
    mount("tmpfs", folder, "tmpfs")
    through = f"/proc/self/fd/{before}"
    for name in os.listdir(through):  # noqa: PTH208 - a pathlib path would be read anew, through the new folder
        old, new = f"{through}/{name}", Path(folder, name)
        if os.path.islink(old):  # noqa: PTH114 - as above
            new.symlink_to(os.readlink(old))  # noqa: PTH115 - as above
            continue
        if os.path.isdir(old):  # noqa: PTH112 - as above
            new.mkdir()
        else:
            new.touch()
        mount(old, str(new), flags=MS_BIND | MS_REC)
    os.close(before)


def settle(state: str, inside: str) -> None:
    """Make the node's folders."""
    socket.sethostname("node1")
    mount(
        "none", "/", flags=MS_SHARED | MS_REC
    )  # among the node's pods; the host has no part in it
    kept = os.open(state, os.O_PATH)
    mount("tmpfs", "/run", "tmpfs")
    Path(inside).mkdir()
    mount(f"/proc/self/fd/{kept}", inside, flags=MS_BIND)
    os.close(kept)
    for folder in SYSTEM_FOLDERS:
        own(folder)
    for name, value in KERNEL_SETTINGS.items():
        pretended = Path(inside, "kernel", name)
        pretended.parent.mkdir(parents=True, exist_ok=True)
        pretended.write_text(value)
        mount(str(pretended), f"/proc/sys/{name}", flags=MS_BIND)


def adopt() -> None:
    """Wait for every process whose parent has died, as process 1 must; never returns."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.sigwait({signal.SIGCHLD})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    settle(*sys.argv[1:])
    Path(sys.argv[2], "settled").touch()
    adopt()
