"""How an end reads in the words of a job."""

from __future__ import annotations

import pytest

from munshi.local import fate, jobs
from munshi.local.process import Exit, Reason

SECOND = 1_000_000_000


def stage(
    reason: Reason, code: int | None = None, signal: int | None = None, **said: str
) -> object:
    """The stage after a second of work."""
    return fate.stage_of(Exit(code, signal, SECOND, 2 * SECOND, reason, **said))


def test_an_exit_code_of_0_is_success() -> None:
    """And nothing else is."""
    assert isinstance(stage(Reason.EXITED, 0), jobs.Succeeded)
    assert isinstance(stage(Reason.STOPPED, 0), jobs.Failed)


ENDS = {
    "an exit code": (Reason.EXITED, 3, None, "BackoffLimitExceeded", 3, "exit code 3"),
    "a signal by its name": (Reason.SIGNAL, None, 11, "BackoffLimitExceeded", 139, "11 (SIGSEGV)"),
    "a signal without a name": (Reason.SIGNAL, None, 60, "BackoffLimitExceeded", 188, "signal 60"),
    "no start": (Reason.NOT_STARTED, None, None, "BackoffLimitExceeded", 127, "not be started"),
    "a deadline": (Reason.DEADLINE, None, None, "DeadlineExceeded", 143, "activeDeadlineSeconds"),
    "no memory": (Reason.OUT_OF_MEMORY, None, 9, "OOMKilled", 137, "more memory"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_every_end_has_its_words(
    end: tuple[Reason, int | None, int | None, str, int, str],
) -> None:
    """Reason as on a cluster, an exit code, and a sentence that says what happened."""
    reason, code, signal, wanted, exit_code, words = end
    found = stage(reason, code, signal)
    assert isinstance(found, jobs.Failed)
    assert (found.reason, found.exit_code) == (wanted, exit_code)
    assert words in found.message


def test_the_program_that_failed_is_named() -> None:
    """Of several programs the message names the one whose end it was."""
    found = stage(Reason.EXITED, 1, program="worker-1", message="it left behind 1 process")
    assert isinstance(found, jobs.Failed)
    assert found.message == 'program "worker-1" ended with exit code 1: it left behind 1 process'
    assert found.replica == "worker-1"
