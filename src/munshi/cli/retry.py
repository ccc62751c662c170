"""`munshi retry`: run trials once more that failed, were killed or reported nothing."""

from __future__ import annotations

import click

from munshi.api.experiment import Experiment, ResumePolicy
from munshi.api.meta import RETRY_ANNOTATION, STOP_ANNOTATION
from munshi.api.trial import Trial
from munshi.cli import facts, finding, mistaken, options, wishes
from munshi.cli.places import Desk, Notes
from munshi.errors import NotFound
from munshi.reconcile import controls
from munshi.reconcile.tally import by_index, state_of
from munshi.reconcile.views import TrialState

_FAILED = (TrialState.FAILED, TrialState.METRICS_UNAVAILABLE)


@click.command()
@options.one("Trial", nargs=-1, name="names", required=False)
@click.option(
    "--failed",
    "experiments",
    multiple=True,
    metavar="EXPERIMENT",
    help="Every trial of it that failed, reported no metric or was killed by its failing; may be repeated.",
)
@options.place
def retry(names: tuple[str, ...], experiments: tuple[str, ...], namespace: str) -> None:
    """Run trials once more, with the same settings.

    Only trials that failed, were killed or reported nothing; what an earlier start reported is forgotten.
    A completed experiment goes on until they have ended, and further if its budget allows.
    """
    if not names and not experiments:
        raise click.UsageError("which trials? write their names, or --failed EXPERIMENT")
    words = [f"trial/{wishes.named(word, Trial)}" for word in wishes.spelt_out(names)]
    words += [f"experiment/{wishes.named(word, Experiment)}" for word in experiments]
    undriven: dict[str, Experiment] = {}

    async def work(desk: Desk, word: str) -> list[str]:
        meant = wishes.target(word, Trial)
        if meant.kind is Trial:
            return [await one(desk, meant.name)]
        owner = await finding.find(desk, Experiment, namespace, meant.name)
        failed = [
            trial
            for trial in by_index(await desk.list(Trial, namespace, owner.uid))
            if state_of(trial) in _FAILED or (owner.is_failed and _was_killed_by_the_end(trial))
        ]
        if not failed:
            return [f"{options.full_name(owner)} has no failed trial"]
        return [await one(desk, trial.name) for trial in failed]

    async def one(desk: Desk, name: str) -> str:
        said, owner = await retry_trial(desk, namespace, name)
        if not desk.is_driven(owner):
            undriven[owner.name] = owner
        return said

    code = wishes.carry_out(words, work)
    for owner in undriven.values():
        wishes.say_how_to_go_on(owner)
    wishes.leave(code)


async def retry_trial(desk: Desk, namespace: str, name: str) -> tuple[str, Experiment]:
    """Have a trial run once more.

    Returns:
        What came of it, as a sentence; and its experiment, which somebody must drive.
    """
    trial = await mistaken.find(desk, Trial, namespace, name)
    owner = await _owner(desk, trial)
    before = await wishes.write(desk, Trial, namespace, name, _wanted)
    asked = controls.wants_retry(before) or state_of(before).is_active
    return f"{options.full_name(before)} {'already ' if asked else ''}retried", owner


def _was_killed_by_the_end(trial: Trial) -> bool:
    """Not stopped by the user: it ran when its experiment ended."""
    ended = facts.end(trial)
    return ended is not None and ended.reason == "TrialKilled"


async def _owner(desk: Desk, trial: Trial) -> Experiment:
    """The trial's experiment, which must let trials begin."""
    try:
        owner = await desk.get(Experiment, trial.namespace, trial.experiment_name)
    except NotFound as gone:
        raise wishes.refused(trial, "has no experiment any more") from gone
    if controls.stop_asked(owner):
        never = owner.spec.resume_policy in (ResumePolicy.NEVER, ResumePolicy.UNSET)
        if never and owner.is_completed:
            raise wishes.refused(owner, "was stopped, and its resumePolicy is Never")
        raise wishes.refused(owner, "was stopped", f"first: munshi resume {owner.name}")
    return owner


def _wanted(trial: Trial) -> Notes:
    state = state_of(trial)
    if state.is_active:
        if controls.retried_after(trial) is not None:
            return {}  # it is at it
        mend = f"end it first: munshi stop trial/{trial.name}"
        raise wishes.refused(trial, "has not ended", mend)
    if state not in controls.RETRYABLE:
        mend = "only trials that failed, were killed or reported nothing are run again"
        raise wishes.refused(trial, f"has a result ({facts.state(trial)})", mend)
    return {RETRY_ANNOTATION: str(trial.status.attempts), STOP_ANNOTATION: None}
