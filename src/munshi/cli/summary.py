"""The last words of `munshi run`: every trial, the best settings, why it ended, what to type next.

Pure text over objects; printed once, when the Experiment is completed (or left).
"""

from __future__ import annotations

from collections.abc import Sequence

from munshi.api.conditions import Condition, find
from munshi.api.experiment import Experiment, ExperimentCondition
from munshi.api.trial import Trial
from munshi.cli import facts, tables
from munshi.cli.home import DEFAULT_NAMESPACE
from munshi.reconcile.tally import by_index

MAX_ROWS = 50
"""Trials shown; of more, the first and the last ones, the best and the failed are what one looks for."""


def summary(experiment: Experiment, trials: Sequence[Trial]) -> str:
    """What came of an Experiment.

    Args:
        experiment: With its final status.
        trials: All of its trials; shown in the order in which they were suggested.

    Returns:
        Lines of text: a table (the best trial marked with `*`), the best settings, what ended it,
        and the next commands.
    """
    ordered = by_index(trials)
    parts = [
        _trials(experiment, ordered),
        _best(experiment),
        _why(experiment, ordered),
        _ending(experiment),
        _next(experiment, ordered),
    ]
    return "\n".join(part for part in parts if part)


def _trials(experiment: Experiment, trials: Sequence[Trial]) -> str:
    if not trials:
        return ""
    best = facts.best(experiment)
    names = facts.parameter_names(experiment, trials)
    objective = experiment.spec.objective
    metric = objective.objective_metric_name if objective else "objective"
    # Names of metrics and parameters are the author's own: they keep their case.
    head = ["  NAME", "STATUS", metric, *names, "DURATION"]
    shown = _chosen(trials, best.trial if best else "")
    rows = [_row(trial, names, best is not None and trial.name == best.trial) for trial in shown]
    text = tables.table(head, rows, keep_case=True)
    left_out = len(trials) - len(shown)
    if left_out:
        where = _namespace(experiment)
        text += f"  and {left_out} more: munshi get trials -o wide{where}\n"
    return text


def _chosen(trials: Sequence[Trial], best: str) -> list[Trial]:
    """All of a few; of many the last ones and the best."""
    if len(trials) <= MAX_ROWS:
        return list(trials)
    last = list(trials[-MAX_ROWS:])
    if not any(trial.name == best for trial in last):
        last = [trial for trial in trials if trial.name == best] + last[1:]
    return last


def _row(trial: Trial, names: Sequence[str], is_best: bool) -> list[str]:
    given = {a.name: a.value for a in trial.spec.parameter_assignments}
    took = facts.took(trial)
    return [
        f"{'*' if is_best else ' '} {trial.name}",
        facts.state(trial),
        tables.short(facts.objective_value(trial) or "-"),
        *(tables.short(tables.clip(given.get(name, "-"), 40)) for name in names),
        tables.duration(took) if took is not None else "-",
    ]


def _best(experiment: Experiment) -> str:
    best = facts.best(experiment)
    if best is None:
        return "No trial has reported a number for the objective.\n"
    settings = [(a.name, a.value) for a in best.assignments]
    size = max((tables.width(tables.visible(name)) for name, _ in settings), default=0)
    head = f"Best: {tables.visible(best.metric)}={tables.visible(best.value)} ({best.trial})\n"
    return head + "".join(
        f"  {tables.pad(tables.visible(name), size)} = {tables.visible(value)}\n"
        for name, value in settings
    )


def ending(experiment: Experiment) -> Condition | None:
    """The condition that ended the Experiment; None while it goes on."""
    kinds = (ExperimentCondition.SUCCEEDED, ExperimentCondition.FAILED)
    found = [find(experiment.status.conditions, kind) for kind in kinds]
    return next((condition for condition in found if condition and condition.is_true), None)


def _ending(experiment: Experiment) -> str:
    name = tables.visible(experiment.name)
    condition = ending(experiment)
    if condition is None:
        return f"Experiment {name} has not ended; what is done is kept.\n"
    message = f": {tables.visible(condition.message)}" if condition.message else ""
    return f"{condition.type}: {condition.reason}{message}\n"


def _why(experiment: Experiment, trials: Sequence[Trial]) -> str:
    """What the last trial that went wrong had to say, when the Experiment came to nothing."""
    bad = [trial for trial in trials if facts.is_bad(trial) and trial.status.conditions]
    if not bad or not (experiment.is_failed or facts.best(experiment) is None):
        return ""
    first, *words = bad[-1].status.conditions[-1].message.splitlines() or [""]
    quoted = "".join(f"  | {tables.visible(line)}\n" for line in words)
    return f"{bad[-1].name}: {tables.visible(first)}\n{quoted}"


def _next(experiment: Experiment, trials: Sequence[Trial]) -> str:
    where = _namespace(experiment)
    commands = []
    best = facts.best(experiment)
    bad = [trial for trial in trials if facts.is_bad(trial)]
    if bad:
        commands.append((f"munshi describe trial {bad[-1].name}{where}", "why a trial failed"))
        commands.append((f"munshi logs {bad[-1].name}{where}", "what it printed"))
    if best is not None:
        commands.append((f"munshi best {experiment.name}{where}", "the best settings again"))
        if not bad:
            commands.append((f"munshi logs {best.trial}{where}", "what the best trial printed"))
    if not commands:
        commands = [(f"munshi describe experiment {experiment.name}{where}", "everything about it")]
    size = max(len(command) for command, _ in commands)
    return "Next:\n" + "".join(f"  {c.ljust(size)}   # {what}\n" for c, what in commands)


def _namespace(experiment: Experiment) -> str:
    namespace = experiment.namespace
    return f" -n {namespace}" if namespace not in ("", DEFAULT_NAMESPACE) else ""
