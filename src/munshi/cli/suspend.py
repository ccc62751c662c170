"""`munshi suspend`: begin no new trial for now; what runs goes on."""

from __future__ import annotations

import click

from munshi.api.experiment import Experiment
from munshi.api.meta import SUSPEND_ANNOTATION
from munshi.cli import options, summary, wishes
from munshi.cli.places import Desk, Notes
from munshi.reconcile import controls


@click.command()
@options.one("Experiment", nargs=-1, name="names")
@options.place
def suspend(names: tuple[str, ...], namespace: str) -> None:
    """Begin no new trial until `munshi resume`; trials that run go on and are counted."""

    async def work(desk: Desk, name: str) -> list[str]:
        return [await suspend_experiment(desk, namespace, name)]

    wishes.leave(
        wishes.carry_out([wishes.named(word, Experiment) for word in wishes.spelt_out(names)], work)
    )


async def suspend_experiment(desk: Desk, namespace: str, name: str) -> str:
    """Let an experiment begin no new trial; what came of it, as a sentence."""
    before = await wishes.write(desk, Experiment, namespace, name, _wanted)
    already = "already " if controls.is_suspended(before) else ""
    return f"{options.full_name(before)} {already}suspended"


def _wanted(experiment: Experiment) -> Notes:
    ended = summary.ending(experiment)
    if ended is not None:
        raise wishes.refused(experiment, f"has ended ({wishes.told(ended)})")
    return {SUSPEND_ANNOTATION: experiment.metadata.annotations.get(SUSPEND_ANNOTATION, "")}
