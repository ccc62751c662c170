"""What `munshi run` says while it runs."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from munshi.api.experiment import Experiment
from munshi.api.meta import SUSPEND_ANNOTATION
from munshi.api.trial import Trial
from munshi.cli import progress
from munshi.cli.progress import Progress
from support.cli_world import NOW, a_trial, an_experiment, condition

BEST = a_trial("random-x7", "Succeeded", accuracy="0.9722", lr="0.0200001")


def trials() -> list[Trial]:
    """3 running, 4 succeeded, 1 failed."""
    running = [a_trial(f"r{i}", "Running") for i in range(3)]
    succeeded = [a_trial(f"s{i}", "Succeeded", accuracy="0.9") for i in range(3)]
    return [*running, BEST, *succeeded, a_trial("f0", "Failed")]


def test_plain_lines_when_there_is_no_terminal() -> None:
    """Each change of state is one plain line, with the time since the beginning and the best so far."""
    stream = io.StringIO()
    shown = Progress(stream)
    first = [a_trial(f"r{i}", "Running") for i in range(3)]
    shown.update(an_experiment(), first, NOW)
    shown.update(an_experiment(), first, NOW + timedelta(seconds=3))
    shown.update(an_experiment(best=BEST), trials(), NOW + timedelta(seconds=12))
    shown.close()
    assert stream.getvalue() == (
        "[00:00] 0/12 trials: 3 running\n"
        "[00:12] 5/12 trials: 3 running, 4 succeeded, 1 failed; "
        "best accuracy=0.9722 (random-x7 lr=0.02); about 17 s left\n"
    )


def test_a_suspended_experiment_says_so() -> None:
    """In plain lines and in the live area, without a guess at how long it will take."""
    held = an_experiment(best=BEST)
    notes = {SUSPEND_ANNOTATION: ""}
    meta = held.metadata.model_copy(update={"annotations": notes})
    held = held.model_copy(update={"metadata": meta})
    for live in (False, True):
        stream = io.StringIO()
        shown = Progress(stream, live=live)
        shown.update(an_experiment(), [], NOW)
        shown.update(held, trials(), NOW + timedelta(seconds=12))
        shown.close()
        assert "munshi resume random" in stream.getvalue()
        assert "left" not in stream.getvalue()


def test_a_terminal_gets_a_live_area() -> None:
    """On a terminal the same facts are drawn in place, and closing twice is fine."""
    stream = io.StringIO()
    shown = Progress(stream, live=True)
    shown.update(an_experiment(best=BEST), trials(), NOW)
    shown.close()
    shown.close()
    for fact in ("random", "5/12 trials", "3 running, 4 succeeded, 1 failed", "accuracy=0.9722"):
        assert fact in stream.getvalue()


def test_markup_in_names_is_not_obeyed() -> None:
    """Square brackets in a setting are text, also on a terminal."""
    stream = io.StringIO()
    best = a_trial("t", "Succeeded", accuracy="1", lr="[red]x[/nothing]")
    shown = Progress(stream, live=True)
    shown.update(an_experiment(best=best), [best], NOW)
    shown.close()
    assert "[red]x[/nothing]" in stream.getvalue()


UNKNOWN = {
    "nothing has completed": (an_experiment(), [a_trial("r", "Running")], 10),
    "no time has passed": (an_experiment(), trials(), 0),
    "it has ended": (an_experiment("random", condition("Succeeded")), trials(), 10),
}


@pytest.mark.parametrize("case", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_rest_is_not_guessed(case: tuple[Experiment, list[Trial], int]) -> None:
    """Without a rate there is no estimate."""
    experiment, some, seconds = case
    assert progress.eta(experiment, some, timedelta(seconds=seconds)) == ""


def test_trials_done_before_do_not_count_for_the_rate() -> None:
    """After a restart only what was completed since then says how fast it goes."""
    assert progress.eta(an_experiment(), trials(), timedelta(seconds=10), already=4) == "70 s"


SPOKEN = {0.2: "1 s", 119: "119 s", 150: "2 min", 7500: "2 h 5 min", 40000: "11 h"}


@pytest.mark.parametrize(("seconds", "text"), SPOKEN.items())
def test_spans_are_round_words(seconds: float, text: str) -> None:
    """An estimate has no more digits than it deserves."""
    assert progress.spoken(timedelta(seconds=seconds)) == text


def test_the_clock_shows_hours_when_there_are() -> None:
    """Minutes and seconds, and hours in front when needed."""
    spans = (timedelta(seconds=12), timedelta(seconds=3725))
    assert [progress.clock(span) for span in spans] == ["00:12", "1:02:05"]
