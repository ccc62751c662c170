"""`munshi stop`: end an experiment or a trial now, and keep what came of it."""

from __future__ import annotations

from functools import partial

import click

from munshi.api.experiment import Experiment
from munshi.api.meta import STOP_ANNOTATION
from munshi.api.trial import Trial
from munshi.cli import facts, options, summary, wishes
from munshi.cli.places import Desk, Notes
from munshi.reconcile import controls


@click.command()
@options.targets
@options.place
@click.option("--reason", default="", metavar="TEXT", help="Why, in your words; it is kept.")
def stop(what: tuple[str, ...], namespace: str, reason: str) -> None:
    """End experiments or single trials now; what they have reached is kept.

    Running programs are ended. A stopped experiment has Succeeded when it has a result, and else Failed;
    a stopped trial is Killed, and its settings are not tried again.
    """
    what = wishes.spelt_out(what)
    targets = {word: wishes.target(word, Experiment) for word in what}
    if any(meant.kind not in (Experiment, Trial) for meant in targets.values()):
        raise click.UsageError("a suggestion ends with its experiment: munshi stop EXPERIMENT")

    async def work(desk: Desk, word: str) -> list[str]:
        meant = targets[word]
        if await wishes.meant(desk, namespace, meant) is Experiment:
            return [await stop_experiment(desk, namespace, meant.name, reason)]
        return [await stop_trial(desk, namespace, meant.name, reason)]

    wishes.leave(wishes.carry_out(what, work))


async def stop_experiment(desk: Desk, namespace: str, name: str, reason: str) -> str:
    """End an experiment now; what came of it, as a sentence."""
    before = await wishes.write(desk, Experiment, namespace, name, partial(_wanted, reason))
    ended = summary.ending(before)
    if ended is None:
        await desk.end(before)
    return _answer(before, f" ({wishes.told(ended)})" if ended is not None else None)


async def stop_trial(desk: Desk, namespace: str, name: str, reason: str) -> str:
    """End a trial now; what came of it, as a sentence."""
    before = await wishes.write(desk, Trial, namespace, name, partial(_wanted, reason))
    if before.is_completed:
        return _answer(before, f" ({facts.state(before)})")
    await desk.end(before)
    return _answer(before, None)


def _wanted(reason: str, one: Experiment | Trial) -> Notes:
    kept = one.metadata.annotations.get(STOP_ANNOTATION)
    return {} if one.is_completed else {STOP_ANNOTATION: reason or kept or ""}


def _answer(before: Experiment | Trial, ended: str | None) -> str:
    if ended is not None:
        return f"{options.full_name(before)} has ended already{ended}"
    already = "already " if controls.stop_asked(before) else ""
    return f"{options.full_name(before)} {already}stopped"
