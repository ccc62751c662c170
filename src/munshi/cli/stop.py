"""`munshi stop`: end an experiment or a trial now, and keep what came of it."""

from __future__ import annotations

import click

from munshi.api.experiment import Experiment
from munshi.api.meta import STOP_ANNOTATION, Resource
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

    def notes(one: Resource) -> Notes:
        is_over = one.is_completed if isinstance(one, Experiment | Trial) else True
        kept = one.metadata.annotations.get(STOP_ANNOTATION)
        return {} if is_over else {STOP_ANNOTATION: reason or kept or ""}

    async def work(desk: Desk, word: str) -> list[str]:
        meant = targets[word]
        if await wishes.meant(desk, namespace, meant) is Experiment:
            return [await _stop_experiment(desk, meant.name)]
        return [await _stop_trial(desk, meant.name)]

    async def _stop_experiment(desk: Desk, name: str) -> str:
        before = await wishes.write(desk, Experiment, namespace, name, notes)
        ended = summary.ending(before)
        if ended is None:
            await desk.end(before)
        return _answer(before, f" ({wishes.told(ended)})" if ended is not None else None)

    async def _stop_trial(desk: Desk, name: str) -> str:
        before = await wishes.write(desk, Trial, namespace, name, notes)
        if before.is_completed:
            return _answer(before, f" ({facts.state(before)})")
        await desk.end(before)
        return _answer(before, None)

    wishes.leave(wishes.carry_out(what, work))


def _answer(before: Experiment | Trial, ended: str | None) -> str:
    if ended is not None:
        return f"{options.full_name(before)} has ended already{ended}"
    already = "already " if controls.stop_asked(before) else ""
    return f"{options.full_name(before)} {already}stopped"
