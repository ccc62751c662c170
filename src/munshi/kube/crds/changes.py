"""What may change once an Experiment is under way: admission's U rules (`admission/update.py`) in CEL.

They stand at the root, where spec and status are seen together: an Experiment that no operator has seen yet,
or that was refused, may be mended in every field. Fields are compared as they are written. So a default that
is written out later is a change, but for resumePolicy; admission, which compares what is meant, takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from munshi.admission.update import COUNTS, MAX_TRIALS_REACHED, STOPPED
from munshi.api.experiment import ExperimentSpec
from munshi.kube.crds.rule import Rule
from munshi.kube.operator.refusal import REASON

_WIRE = {name: field.alias or name for name, field in ExperimentSpec.model_fields.items()}
_MAY_CHANGE = [_WIRE[name] for name in COUNTS]
_FIXED = [wire for wire in _WIRE.values() if wire not in _MAY_CHANGE]


def _same(field: str) -> str:
    new, old = f"self.spec.{field}", f"oldSelf.spec.{field}"
    return f"(has({new}) ? has({old}) && {new} == {old} : !has({old}))"


def _policy(spec: str) -> str:
    """What the resumePolicy means in v1beta1 when it is not written, too."""
    go_template = f"has({spec}.trialTemplate) && has({spec}.trialTemplate.goTemplate)"
    return (
        f"(has({spec}.resumePolicy) && {spec}.resumePolicy != '' ? {spec}.resumePolicy"
        f" : {go_template} ? 'LongRunning' : 'Never')"
    )


def _old_policy(spec: str) -> str:
    """The same for what is written as v1alpha3."""
    return (
        f"(has({spec}.resumePolicy) && {spec}.resumePolicy != '' ? {spec}.resumePolicy"
        " : 'LongRunning')"
    )


def _in_both(make: Callable[[Callable[[str], str]], Rule]) -> tuple[Rule, Rule]:
    """A rule about the resumePolicy, for either version."""
    return (
        replace(make(_policy), home_only=True),
        replace(make(_old_policy), old_only=True),
    )


def _ended(*reasons: str, kinds: tuple[str, ...] = ("Succeeded", "Failed")) -> str:
    """The stored Experiment has ended so, for one of these reasons or any."""
    why = f" && c.reason in {_list(reasons)}" if reasons else ""
    return _says(f"c.type in {_list(kinds)} && c.status == 'True'{why}")


def _says(what: str) -> str:
    return (
        "(has(oldSelf.status) && has(oldSelf.status.conditions)"
        f" && oldSelf.status.conditions.exists(c, {what}))"
    )


def _list(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{word}'" for word in words) + "]"


_CREATED = "oldSelf.?status.?trials.orValue(0)"
_FREE = f"({_ended(REASON, kinds=('Failed',))} || (!{_says('true')} && {_CREATED} == 0))"
_SAME_COUNTS = f"({' && '.join(f'self.spec.?{c} == oldSelf.spec.?{c}' for c in _MAY_CHANGE)})"
_STOPPED, _BY_BUDGET = _ended(STOPPED), _ended(MAX_TRIALS_REACHED)
_GOES_ON = f"(!{_ended()} || {_STOPPED})"


def _fixed(field: str) -> tuple[Rule, ...]:
    """U3."""
    if field == "resumePolicy":
        return _in_both(
            lambda policy: _stays(field, f"{policy('self.spec')} == {policy('oldSelf.spec')}")
        )
    return (_stays(field, _same(field)),)


def _stays(field: str, same: str) -> Rule:
    message = (
        "may not change once the Experiment exists; give the changed Experiment another name;"
        f" only {', '.join(_MAY_CHANGE[:-1])} and {_MAY_CHANGE[-1]} may change"
    )
    return Rule(f"{same} || {_FREE}", message, at=f".spec.{field}", again=True)


def _counts(holds: str, message: str, at: str = ".spec", told: str = "") -> Rule:
    """A rule about a change of the three counts."""
    return Rule(f"{_SAME_COUNTS} || {_FREE} || {holds}", message, at=at, told=told, again=True)


def _at_most_all(field: str) -> tuple[Rule, Rule]:
    """R4, R5, of new Experiments and of changes; v1alpha3 compares no counts."""
    count, limit = f"self.spec.{field}", "self.spec.maxTrialCount"
    holds = f"!has({count}) || !has({limit}) || {count} <= {limit}"
    mend = f"lower {field} or raise maxTrialCount"
    rule = Rule(
        holds,
        f"is above maxTrialCount; {mend}",
        at=f".spec.{field}",
        told=f"'%d is above maxTrialCount %d; {mend}'.format([{count}, {limit}])",
        home_only=True,
    )
    return rule, replace(rule, holds=f"{_SAME_COUNTS} || {holds}", again=True)


RULES = (
    *_at_most_all("maxFailedTrialCount"),
    *_at_most_all("parallelTrialCount"),
    *(rule for field in _FIXED for rule in _fixed(field)),
    # U1
    _counts(
        f"!{_ended(kinds=('Failed',))} || {_STOPPED}",
        "the Experiment has failed, and no count mends that; run its failed trials once more"
        " (munshi retry --failed NAME), give it another name, or delete this one first",
    ),
    _counts(
        f"!{_ended(kinds=('Succeeded',))} || {_BY_BUDGET} || {_STOPPED}",
        "the Experiment did not end at maxTrialCount, and cannot go on; give it another name,"
        " or delete this one first",
    ),
    *_in_both(
        lambda policy: _counts(
            f"!({_BY_BUDGET} || {_STOPPED}) || {policy('oldSelf.spec')} != 'Never'",
            "the Experiment has ended and its resumePolicy is Never; give it another name,"
            " or delete this one first (with resumePolicy: LongRunning)",
        )
    ),
    # U2
    _counts(
        f"!{_BY_BUDGET} || !has(self.spec.maxTrialCount) || !has(oldSelf.spec.maxTrialCount)"
        " || self.spec.maxTrialCount > oldSelf.spec.maxTrialCount",
        "the Experiment has ended after so many trials; raise it to go on",
        at=".spec.maxTrialCount",
    ),
    _counts(
        f"!{_GOES_ON} || {_same('maxTrialCount')} || !has(self.spec.maxTrialCount)"
        f" || self.spec.maxTrialCount >= {_CREATED}",
        "is below the trials there are already; write as many or more",
        at=".spec.maxTrialCount",
        told="'%d is below the %d trials there are already; write %d or more'"
        f".format([self.spec.maxTrialCount, {_CREATED}, {_CREATED}])",
    ),
)
"""For the root."""
