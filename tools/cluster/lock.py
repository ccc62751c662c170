"""One at a time on this machine.

A lock is the name of a socket in the kernel, so nothing of it stays, however its owner ends.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tools.cluster.place import ClusterError


@contextmanager
def alone(what: str, patience_s: float = 120) -> Iterator[None]:
    """Hold the lock of a name.

    Raises:
        ClusterError: Somebody else has had it all the time.
    """
    end = time.monotonic() + patience_s
    with socket.socket(socket.AF_UNIX) as lock:
        while True:
            try:
                lock.bind(f"\0munshi {what}"[:100])
                break
            except OSError:
                if time.monotonic() > end:
                    message = f"Somebody else has been at it for {patience_s:.0f} s: {what}."
                    raise ClusterError(message) from None
                time.sleep(0.1)
        yield
