"""What may change once an Experiment exists (rules U1 to U3, Katib api contract §8).

Three numbers may: the counts. They may change while the Experiment runs; once it has ended its
resumePolicy says whether it may go on, with a larger budget or where it was stopped. A change of metadata
or status alone is never judged again, so that an Experiment can always be labelled, stopped, suspended,
finalised and deleted, whatever became of its ConfigMap since.
"""

from __future__ import annotations

from collections.abc import Iterator

from munshi.admission.defaults import with_defaults
from munshi.api.conditions import find
from munshi.api.experiment import Experiment, ExperimentCondition, ExperimentSpec, ResumePolicy
from munshi.errors import FieldFault

COUNTS = ("parallel_trial_count", "max_trial_count", "max_failed_trial_count")
MAX_TRIALS_REACHED, STOPPED = "ExperimentMaxTrialsReached", "ExperimentStopped"
_NAMES = "parallelTrialCount, maxTrialCount and maxFailedTrialCount"
_LIMIT = ("spec", "maxTrialCount")


def is_judged(old: Experiment, new: Experiment) -> bool:
    """Whether an update touches the spec of an Experiment that is not being deleted."""
    leaving = old.metadata.deletion_timestamp or new.metadata.deletion_timestamp
    return not leaving and with_defaults(old).spec != with_defaults(new).spec


def update_faults(old: Experiment, new: Experiment) -> Iterator[FieldFault]:
    """What is wrong with a change of spec."""
    before, after = with_defaults(old).spec, with_defaults(new).spec
    fixed = [name for name in ExperimentSpec.model_fields if name not in COUNTS]
    changed = [name for name in fixed if getattr(before, name) != getattr(after, name)]
    for name in changed:
        field = ExperimentSpec.model_fields[name].alias or name
        mend = f"give the changed Experiment another name; only {_NAMES} may change"
        yield FieldFault(("spec", field), "may not change once the Experiment exists", mend)
    if all(getattr(before, name) == getattr(after, name) for name in COUNTS):
        return
    if old.is_completed:
        yield from _restart(old, before, after)
    else:
        yield from _below_what_is(old, before, after)


def _below_what_is(
    old: Experiment, before: ExperimentSpec, after: ExperimentSpec
) -> Iterator[FieldFault]:
    """No budget may be smaller than what is spent of it."""
    limit, created = after.max_trial_count, old.status.trials
    if limit is not None and limit != before.max_trial_count and limit < created:
        problem = f"{limit} is below the {created} trials there are already"
        yield FieldFault(_LIMIT, problem, f"write {created} or more")


def _restart(
    old: Experiment, before: ExperimentSpec, after: ExperimentSpec
) -> Iterator[FieldFault]:
    """Whether a completed Experiment may go on with the counts of `after`."""
    another = "give it another name, or delete this one first"
    kinds = (ExperimentCondition.SUCCEEDED, ExperimentCondition.FAILED)
    found = [find(old.status.conditions, kind) for kind in kinds]
    reason = next((one.reason for one in found if one is not None and one.is_true), "")
    if old.is_failed and reason != STOPPED:
        mend = f"run its failed trials once more (munshi retry --failed {old.name}), or {another}"
        yield FieldFault(("spec",), "the Experiment has failed, and no count mends that", mend)
    elif reason not in (MAX_TRIALS_REACHED, STOPPED):
        problem = f"the Experiment ended by {reason or 'itself'}, not at maxTrialCount"
        yield FieldFault(("spec",), f"{problem}, and cannot go on", another)
    elif before.resume_policy is ResumePolicy.NEVER:
        problem = "the Experiment has ended and its resumePolicy is Never"
        yield FieldFault(("spec",), problem, f"{another} (with resumePolicy: LongRunning)")
    elif reason == STOPPED:
        yield from _below_what_is(old, before, after)
    elif after.max_trial_count is not None and after.max_trial_count <= (
        before.max_trial_count or 0
    ):
        problem = f"the Experiment has ended after {before.max_trial_count} trials"
        yield FieldFault(_LIMIT, problem, f"raise it above {before.max_trial_count} to go on")
