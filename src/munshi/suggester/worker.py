"""The process that computes: `python -m munshi.suggester.worker FD`, a question at a time.

It answers on the socket that its parent handed down, and on nothing else: what an algorithm prints goes to
standard error, which the parent keeps in its log. It ends when the parent does, also in the middle of a
computation: by the end of the socket, and on Linux by the parent's death itself.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import queue
import signal
import sys
import threading
import traceback
from importlib import import_module

from munshi.algorithms import registry
from munshi.errors import AlgorithmRefused
from munshi.suggester import frames
from munshi.suggester.frames import Answer, Broke, Question, Ready, Refused

_PR_SET_PDEATHSIG = 1
_CHUNK = 1 << 20


def answer(question: Question) -> Answer:
    """Ask the algorithm; whatever it does, short of ending the process, is an answer."""
    try:
        return registry.find(question.algorithm).suggest(question.request)
    except AlgorithmRefused as refusal:
        return Refused(str(refusal))
    except BaseException as broken:
        traceback.print_exc()
        return Broke(traceback.format_exception_only(broken)[-1].strip())


def serve(channel: int) -> None:
    """Answer until the other end of the socket is closed; then the process ends."""
    import_module("munshi.algorithms.chance")  # loads numpy: not on the time of the first question
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, inbox), daemon=True).start()
    _write(channel, frames.pack(Ready()))
    while True:
        asked = frames.unpack(inbox.get())
        if isinstance(asked, Question):
            _write(channel, _packed(answer(asked)))
        sys.stderr.flush()


def _packed(answered: Answer) -> bytes:
    try:
        return frames.pack(answered)
    except Exception as broken:
        line = traceback.format_exception_only(broken)[-1].strip()
        return frames.pack(Broke(f"its answer cannot be sent: {line}"))


def _listen(channel: int, inbox: queue.SimpleQueue[bytes]) -> None:
    """Hand questions on; apart from the computation, so that the parent's end is noticed during it."""
    while (head := _read(channel, frames.HEAD)) is not None:
        body = _read(channel, frames.length(head))
        if body is None:
            break
        inbox.put(body)
    os._exit(0)


def _read(channel: int, count: int) -> bytes | None:
    """So many bytes; None at the end."""
    parts: list[bytes] = []
    while count:
        try:
            part = os.read(channel, min(count, _CHUNK))
        except OSError:
            return None
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _write(channel: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(channel, left) :]
        except OSError:  # nobody listens any more
            os._exit(0)


def _die_with(parent: int) -> None:
    """Have the kernel end this process with its parent, should the listening thread not get a turn."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it was quicker
        os._exit(0)


def main(channel: str, parent: str) -> None:
    """See the module."""
    _die_with(int(parent))
    os.set_inheritable(int(channel), False)
    faulthandler.enable()
    serve(int(channel))


if __name__ == "__main__":
    main(*sys.argv[1:])
