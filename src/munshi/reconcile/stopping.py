"""Early stopping among the objects: which trials teach, what a Trial is given, and when it is given anew.

Rules are made from the trials that succeeded (`algorithms.early_stopping`) and written on the assignment,
as Katib does, so that everyone can read by what a trial is judged. A median moves as trials finish. So a
running trial is given the new rules as well, but only once half as many trials again have finished since
its own were made: often enough for the median, seldom enough for the store. Reports that were judged
already stay judged as they were (`renewed`); so whoever reads a trial's rules and its reports, in
whatever process, comes to the same verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from munshi.algorithms.early_stopping import Rule
from munshi.api.common import EarlyStoppingRule
from munshi.api.trial import Trial, TrialSpec
from munshi.metrics import number
from munshi.reconcile.plan import RenewRules
from munshi.reconcile.tally import Tally
from munshi.reconcile.views import TrialState

MOST = 1_000
"""Of how many trials curves are compared: the latest that succeeded. A median of more says no more."""

Rules = tuple[EarlyStoppingRule, ...]


def teachers(counted: Tally) -> Sequence[Trial]:
    """The trials whose curves others are judged by: those that ran to a good end, the latest first kept."""
    return counted.in_state(TrialState.SUCCEEDED)[-MOST:]


def written(rules: Iterable[Rule]) -> Rules:
    """Rules as they travel."""
    return tuple(
        EarlyStoppingRule(
            name=rule.metric,
            value=number.write(rule.value),
            comparison=rule.comparison.value,
            start_step=rule.start_step,
            trials=rule.trials,
        )
        for rule in rules
    )


def renewals(rules: Rules, active: Iterable[Trial]) -> tuple[RenewRules, ...]:
    """Which active trials are to be judged by these rules from now on, instead of their own."""
    now = _trials(rules)
    by = "1 trial" if now == 1 else f"{now} trials"
    why = f"{by} that succeeded set its early-stopping rules from now on"
    return tuple(RenewRules(trial, rules, why) for trial in active if _is_outdated(trial, now))


def renewed(spec: TrialSpec, rules: Rules, reported: Mapping[str, int]) -> TrialSpec:
    """The spec of a trial that is judged by `rules` from its next report on.

    Args:
        spec: As it is.
        rules: For all reports to come.
        reported: How many reports of each metric have been judged at least: what these met, or did not,
            stays as it was.
    """
    past = tuple(
        rule for rule in spec.early_stopping_rules if rule.start_step <= reported.get(rule.name, 0)
    )
    return spec.model_copy(update={"early_stopping_rules": (*past, *_to_come(rules, reported))})


def _is_outdated(trial: Trial, now: int) -> bool:
    held = _trials(trial.spec.early_stopping_rules)
    return now > held and 2 * now >= 3 * held and not trial.is_completed


def _to_come(rules: Rules, reported: Mapping[str, int]) -> Iterator[EarlyStoppingRule]:
    """The rules that hold at the next report or later; one that began earlier begins there."""
    ladders: dict[tuple[str, str], list[EarlyStoppingRule]] = {}
    for rule in sorted(rules, key=lambda rule: rule.start_step):
        ladders.setdefault((rule.name, rule.comparison), []).append(rule)
    for (name, _), ladder in ladders.items():
        coming = reported.get(name, 0) + 1
        begun = [rule for rule in ladder if rule.start_step <= coming]
        if begun:
            yield begun[-1].model_copy(update={"start_step": coming})
        yield from ladder[len(begun) :]


def _trials(rules: Iterable[EarlyStoppingRule]) -> int:
    """How many finished trials they rest on."""
    return max((rule.trials for rule in rules), default=0)
