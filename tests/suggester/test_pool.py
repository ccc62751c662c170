"""The suggester in worker processes gives the same replies, whatever becomes of the workers."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from munshi import algorithms
from munshi.algorithms import Reply, Request, Result
from munshi.errors import AlgorithmRefused, Retryable
from munshi.space import Double, Space
from munshi.suggester.limits import Limits
from munshi.suggester.pool import FEW, TRIES, WorkerSuggester
from munshi.testing.algorithms import an_objective
from munshi.testing.suggesters import a_long_question

pytestmark = pytest.mark.usefixtures("mischief")
T = TypeVar("T")
LINE = Space((Double("x", 0.0, 1.0),))
PATIENCE_S = 100
SHORT = Limits(time=timedelta(seconds=1))
_TINY = 150 * 1024**2


def a_question(
    *, index: int = 0, settings: Mapping[str, str] | None = None, points: int = 0
) -> Request:
    """One about a line, of which so many points are known."""
    known = tuple(Result({"x": repr(k / 64)}, float(k), k) for k in range(points))
    return Request(LINE, False, settings or {}, 7, known, (), index + points, 1)


def told(story: Callable[[WorkerSuggester], Awaitable[T]], limits: Limits | None = None) -> T:
    """What comes of a story about a new suggester."""

    async def whole() -> T:
        async with asyncio.timeout(PATIENCE_S), WorkerSuggester(limits or Limits()) as suggester:
            return await story(suggester)

    return asyncio.run(whole())


def refusal(algorithm: str, limits: Limits | None = None, **settings: str) -> str:
    """The sentence of a question that is given up; afterwards another one is served."""

    async def story(suggester: WorkerSuggester) -> str:
        with pytest.raises(AlgorithmRefused) as refused:
            await suggester.suggest(algorithm, a_question(settings=settings))
        assert (await suggester.suggest("tpe", a_question(points=FEW))).assignments
        return str(refused.value)

    return told(story, limits)


def is_there(pid: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pids(suggester: WorkerSuggester) -> list[int]:
    """Its workers now; type checkers take a property for something that stays."""
    return list(suggester.pids)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it; the caller's patience ends it."""
    while not holds():
        await asyncio.sleep(0.01)


# -- what goes wrong ------------------------------------------------------------------------------

GIVEN_UP = {
    "one that sleeps": ("sleeps", SHORT, "took longer than 1 s"),
    "one that computes for ever": ("spins", SHORT, "took longer than 1 s"),
    "one that eats memory": ("eats", Limits(memory=_TINY), "needed more than 0.146 GiB of memory"),
    "a crash": ("crashes", None, "lost its process to SIGSEGV"),
    "an exit": ("exits", None, "ended its process with exit code 3"),
    "a polite exit": ("leaves", None, "SystemExit: tired"),
    "an exception": ("raises", None, "ValueError: no root in"),
}


@pytest.mark.parametrize(("algorithm", "limits", "how"), GIVEN_UP.values(), ids=GIVEN_UP)
def test_what_breaks_again_and_again_is_given_up(
    algorithm: str, limits: Limits | None, how: str
) -> None:
    """After three tries the question is refused for good, with the algorithm's name and how it broke."""
    said = refusal(algorithm, limits)
    assert said.startswith(f"{algorithm} was given up after 3 tries at suggestion number 0: ")
    assert how in said


def test_a_refusal_is_not_asked_again() -> None:
    """What the algorithm itself refuses comes back in its own words."""
    assert refusal("refuses") == "the space is too wide for it"


def test_an_answer_that_breaks_the_promise_is_refused_with_the_packages_name() -> None:
    """A point outside of the space is no trial: whoever wrote the algorithm is named."""
    said = refusal("strays")
    assert "mischief 1.0" in said
    assert "not in the space" in said


def test_an_answer_is_plain_data() -> None:
    """What a package puts into its reply arrives as text, whatever class it was."""

    async def story(suggester: WorkerSuggester) -> Reply:
        return await suggester.suggest("hides", a_question())

    assert told(story) == Reply(({"x": "0.5"},))


def test_an_accident_passes_unseen(tmp_path: Path) -> None:
    """Two crashes in a row cost two workers; the third answers. A third crash is one too many."""

    async def story(suggester: WorkerSuggester) -> Reply:
        settings = {"marks": str(tmp_path / "two"), "times": str(TRIES - 1)}
        question = a_question(settings=settings)
        return await suggester.suggest("stumbles", question)

    assert told(story) == Reply(({"x": "0.5"},))
    assert "exit code 1" in refusal("stumbles", marks=str(tmp_path / "three"), times=str(TRIES))


def test_the_others_go_on() -> None:
    """While one experiment's algorithm hangs, another's questions are answered, one after the other."""

    async def story(suggester: WorkerSuggester) -> int:
        stuck = asyncio.ensure_future(suggester.suggest("sleeps", a_question()))
        answered = 0
        for index in range(4):
            answered += len(
                (await suggester.suggest("tpe", a_question(index=index, points=FEW))).assignments
            )
        assert not stuck.done()
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        return answered

    assert told(story) == 4


def test_no_worker_is_a_thing_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is not there, or ends at once, is the machine's trouble, not the algorithm's."""
    for python in ("/no/such/python", "/bin/false"):
        monkeypatch.setattr(sys, "executable", python)

        async def story(suggester: WorkerSuggester) -> None:
            with pytest.raises(Retryable, match="worker for algorithms"):
                await suggester.suggest("chatters", a_question())

        told(story)


# -- processes ----------------------------------------------------------------------------------


def test_what_takes_no_time_needs_no_process() -> None:
    """Random and sobol are asked in a thread, and tpe while it has little to look at; then one worker comes.

    Another package's algorithm is asked in it from the start.
    """

    async def story(suggester: WorkerSuggester) -> None:
        for name in ("random", "sobol"):
            assert (await suggester.suggest(name, a_question(points=FEW))).assignments
        await suggester.suggest("tpe", a_question(points=FEW // 2 - 1))
        assert pids(suggester) == []
        await suggester.suggest("tpe", a_question(points=FEW))
        [first] = pids(suggester)
        await suggester.suggest("multivariate-tpe", a_question(points=FEW))
        await suggester.suggest("chatters", a_question())
        assert pids(suggester) == [first]

    told(story)


def test_a_worker_is_started_ahead() -> None:
    """Halfway to the first question that needs it, and only for an experiment that will ask one."""

    async def story(suggester: WorkerSuggester) -> None:
        small = replace(a_question(points=FEW - 1), max_trial_count=FEW)
        await suggester.suggest("tpe", small)
        assert pids(suggester) == []
        for points in (FEW // 2, FEW - 1):
            await suggester.suggest("tpe", a_question(points=points))
        await until(lambda: bool(pids(suggester)))
        ahead = pids(suggester)
        await suggester.suggest("tpe", a_question(points=FEW))
        assert pids(suggester) == ahead

    told(story)


def test_starting_ahead_may_be_cut_short() -> None:
    """A suggester that is closed while its worker starts leaves nothing behind."""

    async def story(suggester: WorkerSuggester) -> None:
        await suggester.suggest("tpe", a_question(points=FEW - 1))

    told(story)
    assert children() == []


@pytest.mark.parametrize("algorithm", ["tpe", "multivariate-tpe"])
def test_a_worker_that_is_killed_between_calls_changes_nothing(algorithm: str) -> None:
    """Kill -9 before each question: the sequence is the one of an undisturbed run."""

    async def story(suggester: WorkerSuggester) -> list[str]:
        found: list[Result] = []
        for index in range(FEW + 6):
            for pid in pids(suggester):
                os.kill(pid, signal.SIGKILL)
            request = Request(LINE, False, {}, 7, tuple(found), (), index, 1)
            [point] = (await suggester.suggest(algorithm, request)).assignments
            found.append(Result(point, an_objective(point), index))
        return [one.assignments["x"] for one in found]

    undisturbed: list[Result] = []
    for index in range(FEW + 6):
        request = Request(LINE, False, {}, 7, tuple(undisturbed), (), index, 1)
        [point] = algorithms.find(algorithm).suggest(request).assignments
        undisturbed.append(Result(point, an_objective(point), index))
    assert told(story) == [one.assignments["x"] for one in undisturbed]


def test_a_worker_that_is_killed_while_it_computes_changes_nothing() -> None:
    """The question is asked again in another process, and has the same reply."""
    question = a_long_question()

    async def story(suggester: WorkerSuggester) -> Reply:
        asked = asyncio.ensure_future(suggester.suggest("tpe", question))
        await until(lambda: bool(pids(suggester)))
        [first] = pids(suggester)
        os.kill(first, signal.SIGKILL)
        reply = await asked
        assert pids(suggester) != [first]
        return reply

    assert told(story) == algorithms.find("tpe").suggest(question)


def children() -> list[int]:
    """The processes of this one, zombies included."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.append(int(stat.parent.name))
    return found


def test_nothing_is_left_after_the_end() -> None:
    """Closed, or given up in the middle of a question, no worker is there any more, nor a zombie of it."""

    async def story(suggester: WorkerSuggester) -> list[int]:
        await suggester.suggest("chatters", a_question())
        stuck = asyncio.ensure_future(suggester.suggest("spins", a_question()))
        await until(lambda: bool(pids(suggester)))
        await asyncio.sleep(0.05)
        busy = pids(suggester)
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        return busy

    assert told(story)
    assert children() == []


def test_what_an_algorithm_starts_ends_with_its_worker(tmp_path: Path) -> None:
    """A program started by an algorithm that is given up does not run on."""
    child = tmp_path / "child"
    refusal("forks", Limits(time=timedelta(seconds=1)), child=str(child))
    assert not is_there(int(child.read_text()))


PARENT = """
import asyncio, sys
from munshi.algorithms import Request
from munshi.space import Double, Space
from munshi.suggester.pool import WorkerSuggester

async def main():
    async with WorkerSuggester() as suggester:
        request = Request(Space((Double("x", 0.0, 1.0),)), False, {}, 7, (), (), 0, 1)
        asked = asyncio.ensure_future(suggester.suggest(sys.argv[1], request))
        while not suggester.pids:
            await asyncio.sleep(0.01)
        print(*suggester.pids, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("algorithm", ["chatters", "spins"], ids=["idle", "computing"])
def test_a_worker_ends_with_its_parent(algorithm: str) -> None:
    """Kill -9 of the parent ends the worker, also one that would compute for ever."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, algorithm], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert is_there(worker)
        parent.kill()

    async def wait() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await until(lambda: not is_there(worker))

    asyncio.run(wait())


def test_a_worker_holds_nothing_of_its_parents(tmp_path: Path) -> None:
    """Of the files that the parent has open it has none, even of those meant for other children."""
    with (tmp_path / "lock").open("w") as held:
        os.set_inheritable(held.fileno(), True)

        async def story(suggester: WorkerSuggester) -> list[str]:
            await suggester.suggest("chatters", a_question())
            [pid] = pids(suggester)
            return sorted(
                str(fd.readlink()).partition(":")[0] for fd in Path(f"/proc/{pid}/fd").iterdir()
            )

        assert told(story) == ["/dev/null", "pipe", "pipe", "socket"]


def test_what_an_algorithm_prints_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Prints disturb neither the answers nor the screen; each line stands in munshi's log."""
    caplog.set_level(logging.INFO, "munshi.suggester")

    async def story(suggester: WorkerSuggester) -> Reply:
        return await suggester.suggest("chatters", a_question())

    assert told(story) == Reply(({"x": "0.5"},))
    said = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert sorted(said) == ["from below", "to standard error", "to standard output"]


def test_a_broken_algorithm_leaves_its_traceback_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever writes an algorithm finds the lines of their own file there; the user has the sentence."""
    caplog.set_level(logging.INFO, "munshi.suggester")
    assert "Traceback" not in refusal("raises")
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "mischief.py" in text
    assert "this bracket" in text
