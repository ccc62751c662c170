"""What a supervisor hears. It blocks its signals and takes them one by one, so that none is lost.

    SIGTERM  the trial is to be stopped
    SIGCHLD  a child ended, or was frozen
    others   ignored; a supervisor does not end with a terminal

Called by `supervisor` and `stage`.
"""

from __future__ import annotations

import signal

_TAKEN = {signal.SIGCHLD, signal.SIGTERM, signal.SIGALRM}
_IGNORED = {signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}


def block() -> None:
    """From now on signals wait until somebody asks for them."""
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)  # "ignored" would reap for us
    signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN | _IGNORED)


def wait(timeout_s: float) -> int:
    """The next signal that concerns us; 0 when none came in time."""
    if hasattr(signal, "sigtimedwait"):
        got = signal.sigtimedwait(_TAKEN, max(timeout_s, 0.0))
        return got.si_signo if got else 0
    signal.setitimer(signal.ITIMER_REAL, max(timeout_s, 0.001))  # macOS has no sigtimedwait
    number = signal.sigwait(_TAKEN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return 0 if number == signal.SIGALRM else number


def told_to_stop() -> bool:
    """Whether a SIGTERM is waiting; it goes on waiting."""
    return signal.SIGTERM in signal.sigpending()
