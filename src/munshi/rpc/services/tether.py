"""Becomes another program that ends when the one who started it ends, however that happens.

Run as a file of its own: `python tether.py PARENT PROGRAM WORD...`, PARENT being the starter's process id.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def become(parent: int, words: list[str]) -> None:
    """Tie this process to its parent, and replace it by the program; returns only without a parent."""
    with contextlib.suppress(AttributeError):  # elsewhere than on Linux it is started all the same
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:
        os.execvp(words[0], words)  # noqa: S606 - no shell is what is wanted


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
