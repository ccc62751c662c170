"""`munshi explain`: what happened, when, and why, as the engine wrote it down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import click

from munshi.api.experiment import Experiment
from munshi.api.meta import AFTER_ANNOTATION
from munshi.api.trial import Trial
from munshi.api.wire import Json, write_time
from munshi.cli import facts, finding, options, places, summary, tables, wishes
from munshi.cli.places import Desk
from munshi.reconcile.controls import RETRYABLE
from munshi.reconcile.story import Event
from munshi.reconcile.suggestion import PLAIN_MESSAGE
from munshi.reconcile.tally import index_of, state_of
from munshi.reconcile.views import TrialState

_PLAIN = (
    "TrialCreated",
    "LaunchTrial",
    "TrialRunning",
    "SuggestionCreated",
    "SuggestionRunning",
    "RequestSuggestions",
    "CreateSuggestion",
    "ExperimentRunning",
    "RenewRules",
)
"""What goes without saying in the story of a whole experiment."""
_SAID_BY_THEIR_EFFECT = ("KillTrial", "RetryTrial", "StopTrial")
"""Deeds that come right after a condition with the same words."""
_NAMES = 8
"""More names than this in a sentence help nobody."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and how often it came in a row.

    Attributes:
        event: The last of them.
        times: How many they were.
        first: When the first was.
    """

    event: Event
    times: int
    first: datetime


@click.command()
@options.targets
@options.place
@click.option("-A", "--all", "everything", is_flag=True, help="Also what goes without saying.")
@options.output("json")
def explain(what: tuple[str, ...], namespace: str, everything: bool, output: str | None) -> None:
    """Tell what happened to an experiment or a trial, when, and why.

    Of a trial also why it has these settings, how it ended, and where its log is. `-o json` has every event.
    """
    stories: list[Json] = []
    remarks: dict[str, None] = {}
    what = wishes.spelt_out(what)

    async def work(desk: Desk, word: str) -> list[str]:
        meant = wishes.target(word, Experiment)
        if await wishes.meant(desk, namespace, meant) is Trial:
            trial = await finding.find(desk, Trial, namespace, meant.name)
            owner = trial.metadata.controller()
            siblings = await desk.list(Trial, namespace, owner.uid) if owner else [trial]
            story = await desk.story(trial)
            text = _of_trial(trial, siblings, story.events)
        else:
            experiment = await finding.find(desk, Experiment, namespace, meant.name)
            story = await desk.story(experiment)
            text = _of_experiment(experiment, story.events, everything=everything)
        remarks[story.remark] = None
        if output == "json":
            stories.append([entry(one) for one in story.events])
            return []
        return [text.rstrip("\n") + "\n" * (word != what[-1])]

    code = wishes.carry_out(what, work, reading=True)
    if output == "json" and stories:
        options.echo_json(stories[0] if len(what) == 1 else stories)
    for remark in filter(None, remarks):
        click.echo(f"munshi: {remark}", err=True)
    wishes.leave(code)


def entry(event: Event) -> Json:
    """An event for programs."""
    return {
        "time": write_time(event.time),
        "kind": event.kind,
        "name": event.name,
        "reason": event.reason,
        "message": event.message,
        "warning": event.warning,
    }


def timeline(events: Sequence[Event], *, of_one: bool) -> str:
    """A line an event: how long after the first, of what, what, why.

    Args:
        events: In their order; equal ones in a row become one line.
        of_one: They are all about the same object, which is not named again.
    """
    if not events:
        return ""
    rows = []
    for told in _folded(events):
        since = told.first - events[0].time
        cells = [_after(since)]
        if not of_one:
            cells.append(f"{told.event.kind.lower()}/{told.event.name}")
        times = f" (x{told.times})" if told.times > 1 else ""
        why = wishes.first_line(told.event.message)
        cells += [f"{'! ' if told.event.warning else '  '}{told.event.reason}", why + times]
        rows.append(cells)
    head = ["after", "what", "because"] if of_one else ["after", "object", "what", "because"]
    return tables.table([each if each != "what" else "  what" for each in head], rows)


def _after(span: timedelta) -> str:
    """`+0.4s`, `+2m10s`: the first seconds matter most."""
    seconds = span.total_seconds()
    return f"+{seconds:.1f}s" if 0 <= seconds < 10 else f"+{tables.duration(span)}"


def _folded(events: Sequence[Event]) -> list[Told]:
    """Repeats of an event as one, and a deed together with the condition that says the same."""
    folded: list[Told] = []
    for event in events:
        last = folded[-1] if folded else None
        if last is not None and _subject(last.event) == _subject(event):
            if event.reason in _SAID_BY_THEIR_EFFECT:
                continue
            if last.event.reason == event.reason:
                folded[-1] = Told(event, last.times + 1, last.first)
                continue
        folded.append(Told(event, 1, event.time))
    return folded


def _subject(event: Event) -> tuple[str, str, str]:
    return event.kind, event.name, event.message


def _of_experiment(experiment: Experiment, events: Sequence[Event], *, everything: bool) -> str:
    ended = summary.ending(experiment)
    last = experiment.status.conditions[-1].type if experiment.status.conditions else "not begun"
    said = wishes.told(ended) if ended is not None else last
    text = f"Experiment {experiment.name}: {said}\n"
    text += f"Trials: {facts.progress(experiment)} completed\n"
    best = facts.best(experiment)
    if best is not None:
        text += tables.visible(f"Best: {best.metric}={best.value} ({best.trial})") + "\n"
    shown = [one for one in events if everything or one.warning or not _is_plain(one)]
    text += _began(events) + timeline(shown, of_one=False)
    if len(shown) < len(events):
        text += f"{len(events) - len(shown)} events that go without saying: add -A\n"
    return text


def _is_plain(event: Event) -> bool:
    """Whether it goes without saying; what an algorithm says of its points does not."""
    own_words = event.reason == "SuggestionRunning" and event.message != PLAIN_MESSAGE
    return event.reason in _PLAIN and not own_words


def _of_trial(trial: Trial, siblings: Sequence[Trial], events: Sequence[Event]) -> str:
    ended = facts.end(trial)
    said = wishes.told(ended) if ended is not None else facts.state(trial)
    text = f"Trial {trial.name} of experiment {trial.experiment_name}: {said}\n"
    text += tables.visible(f"Settings: {facts.pairs(trial.spec.parameter_assignments)}") + "\n"
    text += _why_these(trial, siblings)
    value = facts.objective_value(trial)
    if value is not None and trial.spec.objective is not None:
        name = trial.spec.objective.objective_metric_name
        text += tables.visible(f"Reported: {name}={value}") + "\n"
    of_one = all((one.kind, one.name) == ("Trial", trial.name) for one in events)
    text += f"Log: {places.chosen().log_of(trial)}\n"
    text += _began(events) + timeline(events, of_one=of_one)
    if state_of(trial) in RETRYABLE:
        again = places.again(trial.namespace)
        text += f"To run it once more: munshi retry {trial.name}{again}\n"
    return text


def _why_these(trial: Trial, siblings: Sequence[Trial]) -> str:
    """Which suggestion it was, and what the algorithm had been told before it."""
    index = index_of(trial)
    known, fresh = [], ""
    for one in sorted(siblings, key=index_of):
        if index_of(one) > index:
            break
        new = one.metadata.annotations.get(AFTER_ANNOTATION, "")
        known += [name for name in new.split(",") if name]
        fresh = new if one.name == trial.name else fresh
    pending = sum(
        index_of(one) < index and one.name not in known and state_of(one) is not TrialState.KILLED
        for one in siblings
    )
    text = f"Why these: suggestion number {index}, given when "
    text += f"{_count(len(known), 'result')} known"
    text += f" and {_count(pending, 'earlier trial')} still without one" if pending else ""
    text += f"; new to the algorithm: {_names(fresh.split(','))}" if fresh else ""
    return f"{text}\n"


def _count(number: int, what: str) -> str:
    if number == 0:
        return f"no {what} was"
    return f"1 {what} was" if number == 1 else f"{number} {what}s were"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES])
    return f"{shown} and {len(names) - _NAMES} more" if len(names) > _NAMES else shown


def _began(events: Sequence[Event]) -> str:
    if not events:
        return "No event was kept: it is told by its conditions (munshi describe).\n"
    return f"\nSince {write_time(events[0].time.replace(microsecond=0))}:\n"
