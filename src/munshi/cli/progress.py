"""What `munshi run` shows while it runs: a live area on a terminal, plain lines anywhere else.

`Progress.update` is called several times a second, so it reads the Experiment's own counts and never
looks at its trials, which may be thousands.
Everything goes to stderr: stdout is for data. rich is loaded only when there is a terminal.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TextIO

from munshi.api.experiment import Experiment
from munshi.api.trial import TrialCondition
from munshi.cli import facts, tables
from munshi.reconcile import controls

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_BAR = 30
"""Places of the bar."""
_SHORTEST_BAR = 10
_NARROW = 50
"""With fewer places for the bar, or columns in all, there is none."""
_PAUSE, _LATER_PAUSE = timedelta(seconds=1), timedelta(seconds=10)
"""Between two plain lines: at first and when there is a better trial, and otherwise."""
_AT_FIRST = timedelta(minutes=1)
SUSPENDED = "suspended: no new trial begins until you type munshi resume"


class Progress:
    """How an Experiment fares, shown as it changes.

    Args:
        stream: Where to; stderr by default.
        live: Whether to redraw in place; by default when the stream is a terminal that can.
    """

    def __init__(self, stream: TextIO | None = None, live: bool | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        # A dumb terminal (Emacs' shell, some CI) cannot redraw: it gets plain lines.
        can_redraw = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._is_live = can_redraw if live is None else live
        self._live: Live | None = None
        self._began: datetime | None = None
        self._already = 0
        self._said = ""
        self._said_at = -_LATER_PAUSE
        self._told: tuple[str, bool, bool] | None = None
        self._held_back = ""

    def update(self, experiment: Experiment, now: datetime) -> None:
        """Show this state; plain lines are only written when something other than the time changed."""
        if self._began is None:
            self._began = now
            self._already = counts(experiment).completed
        elapsed = max(now - self._began, timedelta())
        left = eta(experiment, elapsed, self._already)
        if self._is_live:
            self._draw(experiment, elapsed, left)
            return
        state = line(experiment)
        if state != self._said:
            self._said = state
            said = f"{state}; about {left} left" if left else state
            self._held_back = f"[{clock(elapsed)}] {said}\n"
        told = _matters(experiment)
        soon = told != self._told or elapsed < _AT_FIRST
        waited = elapsed - self._said_at >= (_PAUSE if soon else _LATER_PAUSE)
        if self._held_back and (waited or experiment.is_completed):
            self._said_at, self._told = elapsed, told
            self._write()

    def close(self) -> None:
        """Leave the terminal as it was found; the last state stays on it. Twice is fine."""
        self._write()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _write(self) -> None:
        """Say what was held back, if anything."""
        if self._held_back:
            self._stream.write(self._held_back)
            self._stream.flush()
            self._held_back = ""

    def _draw(self, experiment: Experiment, elapsed: timedelta, left: str) -> None:
        from rich.console import Console  # noqa: PLC0415 - loaded only for a terminal
        from rich.live import Live  # noqa: PLC0415

        if self._live is None:
            # Not only colours: bold and dim are nothing to somebody who wants none.
            plain = bool(os.environ.get("NO_COLOR"))
            console = Console(file=self._stream, color_system=None if plain else "auto")
            # Drawn by update alone: no thread to outlive a crash, no clock of its own.
            self._live = Live(console=console, auto_refresh=False, redirect_stdout=False)
            self._live.start()
        area = _area(experiment, elapsed, left, self._live.console.width)
        self._live.update(area, refresh=True)


def counts(experiment: Experiment) -> facts.Counts:
    """How many trials are in which state, as the Experiment's status says."""
    status = experiment.status
    states = {
        TrialCondition.SUCCEEDED.value: status.trials_succeeded,
        TrialCondition.FAILED.value: status.trials_failed,
        TrialCondition.KILLED.value: status.trials_killed,
        TrialCondition.EARLY_STOPPED.value: status.trials_early_stopped,
        TrialCondition.METRICS_UNAVAILABLE.value: status.trial_metrics_unavailable,
    }
    completed = sum(states.values())
    states |= {TrialCondition.RUNNING.value: status.trials_running}
    states |= {facts.PENDING: status.trials_pending}
    return facts.Counts({state: many for state, many in states.items() if many}, completed)


def line(experiment: Experiment) -> str:
    """`5/12 trials: 3 running, 4 succeeded, 1 failed; best accuracy=0.9722 (random-x7 lr=0.02)`."""
    counted = counts(experiment)
    best = _best(experiment)
    said = f"{_of(counted.completed, experiment)} trials: {counted}"
    said = f"{said}; best {best}" if best else said
    return f"{said}; {SUSPENDED} {experiment.name}" if _waits(experiment) else said


def eta(experiment: Experiment, elapsed: timedelta, already: int = 0) -> str:
    """How long it will still take at the rate so far: `20 s`, `3 min`, `2 h 5 min`; "" when unknown.

    Args:
        experiment: Its maxTrialCount is the end; without one, or once it ended, nothing is known.
        elapsed: How long the rate has been observed.
        already: Trials that were completed before that.
    """
    bound = experiment.spec.max_trial_count
    completed = counts(experiment).completed
    fresh = completed - already
    stands = experiment.is_completed or _waits(experiment)
    if bound is None or fresh <= 0 or stands or elapsed <= timedelta():
        return ""
    remaining = max(bound - completed, 0)
    return spoken(elapsed / fresh * remaining) if remaining else ""


def spoken(span: timedelta) -> str:
    """A span in round words: seconds below two minutes, then minutes, then hours and minutes."""
    seconds = max(1, round(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"


def clock(span: timedelta) -> str:
    """`00:12`, `1:02:05`."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def _of(completed: int, experiment: Experiment) -> str:
    bound = experiment.spec.max_trial_count
    return f"{completed}/{bound}" if bound else str(completed)


def _waits(experiment: Experiment) -> bool:
    """Whether no new trial begins for now."""
    return controls.is_suspended(experiment) and not experiment.is_completed


def _matters(experiment: Experiment) -> tuple[str, bool, bool]:
    """What is told within a second whenever it changes."""
    optimal = experiment.status.current_optimal_trial
    best = optimal.best_trial_name if optimal else ""
    return best, _waits(experiment), experiment.is_completed


def _best(experiment: Experiment) -> str:
    best = facts.best(experiment)
    if best is None:
        return ""
    settings = tables.clip(facts.pairs(best.assignments, digits=4), 60)
    reached = f"{best.metric}={tables.short(best.value)}"
    return tables.visible(
        f"{reached} ({best.trial} {settings})" if settings else f"{reached} ({best.trial})"
    )


def _area(experiment: Experiment, elapsed: timedelta, left: str, width: int) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - loaded only for a terminal
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    counted = counts(experiment)
    bound = experiment.spec.max_trial_count
    name, done = tables.visible(experiment.name), f"{_of(counted.completed, experiment)} trials"
    time = f"{clock(elapsed)} · about {left} left" if left else clock(elapsed)
    places = min(_BAR, width - sum(tables.width(each) + 1 for each in (name, done, time)))
    if places < _SHORTEST_BAR or width < _NARROW:
        return _narrow_area(experiment, f"{done} {time}")
    head = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=bound or 1, completed=min(counted.completed, bound or 0), width=places)
    head.add_row(Text(name, style="bold"), bar, Text(done), Text(time, style="dim"))
    best = _best(experiment)
    lines: list[RenderableType] = [head, Text(f"  {counted}")]
    if best:
        lines.append(Text.assemble("  best ", (best, "green")))
    if _waits(experiment):
        lines.append(Text(f"  {SUSPENDED} {tables.visible(experiment.name)}", style="yellow"))
    return Group(*lines)


def _narrow_area(experiment: Experiment, how_far: str) -> RenderableType:
    """The same without a bar, a fact a line; a line that is too long is cut, never wrapped."""
    from rich.text import Text  # noqa: PLC0415 - loaded only for a terminal

    name, best = tables.visible(experiment.name), _best(experiment)
    lines = [name, how_far, str(counts(experiment))]
    lines += [f"best {best}"] if best else []
    lines += [f"suspended: munshi resume {name}"] if _waits(experiment) else []
    return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")
