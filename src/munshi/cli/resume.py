"""`munshi resume`: take `munshi suspend` or `munshi stop` back."""

from __future__ import annotations

import click

from munshi.api.experiment import Experiment, ResumePolicy
from munshi.api.meta import STOP_ANNOTATION, SUSPEND_ANNOTATION
from munshi.cli import options, summary, wishes
from munshi.cli.places import Desk, Notes
from munshi.reconcile import controls
from munshi.reconcile.experiment import STOPPED


@click.command()
@options.one("Experiment", nargs=-1, name="names")
@options.place
def resume(names: tuple[str, ...], namespace: str) -> None:
    """Let experiments go on that were suspended or stopped.

    A stopped one goes on unless its resumePolicy is Never; trials that the stop has killed are run again
    with munshi retry.
    """

    async def work(desk: Desk, name: str) -> list[str]:
        said, before = await resume_experiment(desk, namespace, name)
        if before is not None and not desk.is_driven(before):
            wishes.say_how_to_go_on(before)
        return [said]

    wishes.leave(
        wishes.carry_out([wishes.named(word, Experiment) for word in wishes.spelt_out(names)], work)
    )


async def resume_experiment(desk: Desk, namespace: str, name: str) -> tuple[str, Experiment | None]:
    """Let an experiment go on.

    Returns:
        What came of it, as a sentence; and the experiment, which somebody must drive, if it goes on.
    """
    before = await wishes.write(desk, Experiment, namespace, name, _wanted)
    if not (controls.is_suspended(before) or controls.stop_asked(before)):
        return f"{options.full_name(before)} is neither suspended nor stopped", None
    return f"{options.full_name(before)} resumed", before


def _wanted(experiment: Experiment) -> Notes:
    ended = summary.ending(experiment)
    may = experiment.spec.resume_policy in (ResumePolicy.LONG_RUNNING, ResumePolicy.FROM_VOLUME)
    if ended is not None and ended.reason != STOPPED:
        larger = (
            "raise maxTrialCount in its file and run that"
            if may
            else "give the file another name and run that (its resumePolicy is Never)"
        )
        mend = f"{larger}, or run failed trials with munshi retry"
        raise wishes.refused(experiment, f"has ended ({wishes.told(ended)})", mend)
    if ended is not None and not may:
        why = "was stopped, and its resumePolicy is Never"
        mend = "give the file another name, with resumePolicy: LongRunning"
        raise wishes.refused(experiment, why, mend)
    return {SUSPEND_ANNOTATION: None, STOP_ANNOTATION: None}
