"""What `munshi run` says while it runs."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest

from munshi.api.conditions import Condition
from munshi.api.experiment import Experiment
from munshi.api.meta import SUSPEND_ANNOTATION
from munshi.api.trial import Trial
from munshi.cli import progress
from munshi.cli.progress import Progress
from support.cli_world import NOW, a_trial, an_experiment, condition

BEST = a_trial("random-x7", "Succeeded", accuracy="0.9722", lr="0.0200001")


def so_far(*conditions: Condition, best: Trial | None = None) -> Experiment:
    """3 running, 4 succeeded, 1 failed."""
    return an_experiment(
        "random", *conditions, best=best, trials_running=3, trials_succeeded=4, trials_failed=1
    )


def test_plain_lines_when_there_is_no_terminal() -> None:
    """Each change of state is one plain line, with the time since the beginning and the best so far."""
    stream = io.StringIO()
    shown = Progress(stream)
    first = an_experiment(trials_running=3)
    shown.update(first, NOW)
    shown.update(first, NOW + timedelta(seconds=3))
    shown.update(so_far(best=BEST), NOW + timedelta(seconds=12))
    shown.close()
    assert stream.getvalue() == (
        "[00:00] 0/12 trials: 3 running\n"
        "[00:12] 5/12 trials: 3 running, 4 succeeded, 1 failed; "
        "best accuracy=0.9722 (random-x7 lr=0.02); about 17 s left\n"
    )


def test_plain_lines_are_few() -> None:
    """One a second at first, one in ten seconds later, the best within a second, and the last in any case."""
    stream = io.StringIO()
    shown = Progress(stream)
    second = a_trial("random-y8", "Succeeded", accuracy="0.98", lr="0.03")

    def at(seconds: float, done: int, best: Trial = BEST) -> None:
        shown.update(
            an_experiment(best=best, trials_succeeded=done), NOW + timedelta(seconds=seconds)
        )

    for tenth in range(30):
        at(tenth / 10, tenth)
    assert stream.getvalue().count("\n") == 3
    for at_s in range(61, 81):
        at(at_s, at_s)
    assert stream.getvalue().count("\n") == 5
    at(82, 82, second)
    at(82.5, 83, BEST)
    assert "y8" in stream.getvalue().splitlines()[-1]
    at(83.5, 83, BEST)
    assert "x7" in stream.getvalue().splitlines()[-1]
    at(84, 85, BEST)
    assert "85/12" not in stream.getvalue()
    shown.close()
    shown.close()
    assert stream.getvalue().splitlines()[-1].startswith("[01:24] 85/12")
    assert stream.getvalue().count("\n") == 8


def test_a_suspended_experiment_says_so() -> None:
    """In plain lines and in the live area, without a guess at how long it will take."""
    held = so_far(best=BEST)
    notes = {SUSPEND_ANNOTATION: ""}
    meta = held.metadata.model_copy(update={"annotations": notes})
    held = held.model_copy(update={"metadata": meta})
    for live in (False, True):
        stream = io.StringIO()
        shown = Progress(stream, live=live)
        shown.update(an_experiment(), NOW)
        shown.update(held, NOW + timedelta(seconds=12))
        shown.close()
        assert "munshi resume random" in stream.getvalue()
        assert "left" not in stream.getvalue()


def test_a_terminal_gets_a_live_area() -> None:
    """On a terminal the same facts are drawn in place, and closing twice is fine."""
    stream = io.StringIO()
    shown = Progress(stream, live=True)
    shown.update(so_far(best=BEST), NOW)
    shown.close()
    shown.close()
    for fact in ("random", "5/12 trials", "3 running, 4 succeeded, 1 failed", "accuracy=0.9722"):
        assert fact in stream.getvalue()


@pytest.mark.parametrize("columns", [20, 36, 49, 60, 80])
def test_a_narrow_terminal_gets_no_broken_words(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """A frame has as many lines as facts, each as it is or cut at its end; the name is never broken."""
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = io.StringIO()
    shown = Progress(stream, live=True)
    shown.update(so_far(best=BEST), NOW)
    shown.update(so_far(best=BEST), NOW + timedelta(seconds=12))
    shown.close()
    lines = [
        line.strip()
        for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()).split("\n")
    ]
    assert all(len(line.split("\r")[-1]) <= columns for line in lines)
    frame = "\n".join(lines)
    assert "5/12 trials" in frame
    assert ("random\n" if columns < 50 else "random ") in frame


def test_markup_in_names_is_not_obeyed() -> None:
    """Square brackets in a setting are text, also on a terminal."""
    stream = io.StringIO()
    best = a_trial("t", "Succeeded", accuracy="1", lr="[red]x[/nothing]")
    shown = Progress(stream, live=True)
    shown.update(an_experiment(best=best, trials_succeeded=1), NOW)
    shown.close()
    assert "[red]x[/nothing]" in stream.getvalue()


UNKNOWN = {
    "nothing has completed": (an_experiment(trials_running=1), 10),
    "no time has passed": (so_far(), 0),
    "it has ended": (so_far(condition("Succeeded")), 10),
}


@pytest.mark.parametrize("case", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_rest_is_not_guessed(case: tuple[Experiment, int]) -> None:
    """Without a rate there is no estimate."""
    experiment, seconds = case
    assert progress.eta(experiment, timedelta(seconds=seconds)) == ""


def test_trials_done_before_do_not_count_for_the_rate() -> None:
    """After a restart only what was completed since then says how fast it goes."""
    assert progress.eta(so_far(), timedelta(seconds=10), already=4) == "70 s"


SPOKEN = {0.2: "1 s", 119: "119 s", 150: "2 min", 7500: "2 h 5 min", 40000: "11 h"}


@pytest.mark.parametrize(("seconds", "text"), SPOKEN.items())
def test_spans_are_round_words(seconds: float, text: str) -> None:
    """An estimate has no more digits than it deserves."""
    assert progress.spoken(timedelta(seconds=seconds)) == text


def test_the_clock_shows_hours_when_there_are() -> None:
    """Minutes and seconds, and hours in front when needed."""
    spans = (timedelta(seconds=12), timedelta(seconds=3725))
    assert [progress.clock(span) for span in spans] == ["00:12", "1:02:05"]
