"""Whose port is it? Several trials on one machine may all want to serve at port 8080.

On a cluster each pod has an address of its own; here the first program to bind a port has it, and the
page found there may be another trial's. Linux tells who listens: `/proc/net/tcp` names the sockets,
`/proc/PID/fd` who holds them. Elsewhere, and for processes that may not be looked into, nobody knows,
and the answer is None.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING = "0A"


def holds(processes: Collection[int], port: int) -> bool | None:
    """Whether one of the processes listens at that TCP port; None when it cannot be told."""
    if sys.platform != "linux":
        return None
    wanted = {f"socket:[{inode}]" for inode in _sockets(port)}
    refused = False
    for process in processes:
        try:
            if not wanted.isdisjoint(_open_files(process)):
                return True
        except PermissionError:
            refused = True
        except OSError:
            continue  # it has ended
    return None if refused or not wanted else False


def _sockets(port: int) -> Iterator[str]:
    """The inodes of the sockets that listen there, on any address."""
    for table in _TABLES:
        try:
            rows = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _open_files(process: int) -> Iterator[str]:
    folder = f"/proc/{process}/fd"
    for name in os.listdir(folder):  # noqa: PTH208  names only, and quick
        try:
            yield os.readlink(f"{folder}/{name}")  # noqa: PTH115
        except FileNotFoundError:
            continue
