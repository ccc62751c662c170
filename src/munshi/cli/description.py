"""Everything about one object, as `kubectl describe` tells it: fields, tables, conditions, last words.

Pure text over `api` objects. What a failed trial printed is handed in as a function, so that this
module opens no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from munshi.api.common import (
    AlgorithmSpec,
    EarlyStoppingRule,
    EarlyStoppingSpec,
    ParameterAssignment,
    ParameterSpec,
)
from munshi.api.conditions import Condition
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.api.wire import Object, write_time
from munshi.cli import facts, places, tables

LOG_LINES = 10
"""How many of a failed trial's last lines are shown."""
FAILED_SHOWN = 5
"""How many failed trials of an experiment are told at length; the others are counted."""

LastWords: TypeAlias = Callable[[Trial], Sequence[str]]
_INDENT = "  "


def experiment(
    one: Experiment, trials: Sequence[Trial], now: datetime, last_words: LastWords
) -> str:
    """An Experiment: what it seeks and how it fares."""
    spec = one.spec
    objective, template = spec.objective, spec.trial_template
    fields = _identity(one, now)
    if objective is not None:
        goal = f", goal {objective.goal:g}" if objective.goal is not None else ""
        fields["Objective"] = f"{objective.type} {objective.objective_metric_name}{goal}"
        if objective.additional_metric_names:
            fields["Also Collected"] = ", ".join(objective.additional_metric_names)
    fields["Algorithm"] = _algorithm(spec.algorithm)
    if spec.early_stopping is not None:
        fields["Early Stopping"] = _algorithm(spec.early_stopping)
    fields["Trials"] = _budget(one)
    fields["Resume Policy"] = str(spec.resume_policy)
    if spec.metrics_collector_spec is not None:
        fields["Collector"] = str(spec.metrics_collector_spec.collector.kind)
    if template is not None and template.trial_spec is not None:
        fields["Trial Template"] = _job(template.trial_spec)
    fields["Progress"] = f"{facts.progress(one)} completed: {facts.counts(trials)}"
    told = _fields(fields)
    told += _section("Parameters", ("name", "type", "feasible space"), map(_space, spec.parameters))
    best = facts.best(one)
    if best is not None:
        reached = {"Trial": best.trial, best.metric or "Objective": best.value}
        given = {a.name: a.value for a in best.assignments}
        told += f"Best Trial:\n{_fields({**reached, **given}, _INDENT)}"
    told += _conditions(one.status.conditions, now)
    return told + _failures(trials, last_words)


def trial(one: Trial, now: datetime, last_words: LastWords) -> str:
    """A Trial: its settings, what it reported, and how it ended."""
    fields = _identity(one, now)
    fields["Experiment"] = one.experiment_name
    if one.spec.run_spec is not None:
        fields["Job"] = _job(one.spec.run_spec)
    fields["State"] = facts.state(one)
    took = facts.took(one, now)
    if took is not None:
        fields["Duration"] = tables.duration(took)
    if one.status.attempts > 1:
        fields["Attempts"] = str(one.status.attempts)
    told = _fields(fields)
    told += _section("Parameters", ("name", "value"), map(_pair, one.spec.parameter_assignments))
    if one.status.observation is not None:
        rows = [(m.name, m.min, m.max, m.latest) for m in one.status.observation.metrics]
        told += _section("Observation", ("metric", "min", "max", "latest"), rows)
    told += _section(
        "Early Stopping Rules",
        ("metric", "comparison", "value", "from report", "by trials"),
        map(_rule, one.spec.early_stopping_rules),
    )
    told += _conditions(one.status.conditions, now)
    return told + _said(one, last_words, "")


def suggestion(one: Suggestion, now: datetime) -> str:
    """A Suggestion: what was asked for, what was given."""
    fields = _identity(one, now)
    fields["Algorithm"] = _algorithm(one.spec.algorithm) or one.spec.algorithm_name
    fields["Requested"] = str(one.spec.requests)
    fields["Assigned"] = str(one.status.suggestion_count)
    told = _fields(fields)
    rows = [(s.name, facts.pairs(s.parameter_assignments)) for s in one.status.suggestions]
    told += _section("Waiting For Their Trial", ("trial", "parameters"), rows)
    return told + _conditions(one.status.conditions, now)


def _identity(one: Resource, now: datetime) -> dict[str, str]:
    created = one.metadata.creation_timestamp
    when = f"{write_time(created)} ({tables.age(created, now)} ago)" if created else ""
    return {
        "Name": one.name,
        "Namespace": one.namespace,
        "Labels": _map(one.metadata.labels),
        "Annotations": _map(one.metadata.annotations),
        "API Version": one.api_version,
        "Kind": one.kind,
        "Created": when,
    }


def _map(entries: dict[str, str]) -> str:
    return ", ".join(f"{key}={tables.clip(value, 60)}" for key, value in entries.items())


def _fields(fields: dict[str, str], indent: str = "") -> str:
    size = max(tables.width(tables.visible(name)) for name in fields) + 1
    lines = [(tables.visible(name), tables.visible(text)) for name, text in fields.items()]
    return "".join(f"{indent}{tables.pad(f'{n}:', size)}  {t or tables.NONE}\n" for n, t in lines)


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = list(rows)
    return f"{title}:\n{tables.table(head, body, _INDENT)}" if body else ""


def _conditions(conditions: Iterable[Condition], now: datetime) -> str:
    # A message of several lines quotes the program's output, which has a section of its own.
    rows = [
        (
            c.type,
            c.status,
            c.reason,
            tables.age(c.last_transition_time, now),
            c.message.partition("\n")[0].removesuffix(" Last output:"),
        )
        for c in conditions
    ]
    return _section("Conditions", ("type", "status", "reason", "age", "message"), rows)


def _space(parameter: ParameterSpec) -> tuple[str, str, str]:
    space = parameter.feasible_space
    if space.list_:
        return parameter.name, str(parameter.parameter_type), ", ".join(space.list_)
    said = f"{space.min or ''} to {space.max or ''}"
    said += f" by {space.step}" if space.step else ""
    said += f", {space.distribution}" if space.distribution not in ("", "uniform") else ""
    return parameter.name, str(parameter.parameter_type), said


def _pair(assignment: ParameterAssignment) -> tuple[str, str]:
    return assignment.name, assignment.value


def _rule(rule: EarlyStoppingRule) -> tuple[str, ...]:
    """One step of the ladder by which a running trial is judged."""
    value, by = tables.short(rule.value, 6), str(rule.trials or "")
    return rule.name, rule.comparison, value, str(rule.start_step), by


def _algorithm(algorithm: AlgorithmSpec | EarlyStoppingSpec | None) -> str:
    if algorithm is None:
        return ""
    settings = ", ".join(f"{name}={text}" for name, text in algorithm.settings.items())
    return f"{algorithm.algorithm_name} ({settings})" if settings else algorithm.algorithm_name


def _budget(one: Experiment) -> str:
    spec = one.spec
    said = [
        f"at most {spec.max_trial_count}" if spec.max_trial_count else "no bound",
        f"{spec.parallel_trial_count} at once" if spec.parallel_trial_count else "",
        f"{spec.max_failed_trial_count} may fail"
        if spec.max_failed_trial_count is not None
        else "",
    ]
    return ", ".join(part for part in said if part)


def _job(job: Object) -> str:
    return f"{job.get('kind', '')} ({job.get('apiVersion', '')})"


def _failures(trials: Sequence[Trial], last_words: LastWords) -> str:
    failed = [one for one in trials if facts.is_bad(one)]
    if not failed:
        return ""
    told = "Failed Trials:\n"
    for one in failed[:FAILED_SHOWN]:
        told += (
            f"{_INDENT}{one.name} ({tables.visible(facts.pairs(one.spec.parameter_assignments))})\n"
        )
        told += _said(one, last_words, _INDENT)
    if len(failed) > FAILED_SHOWN:
        told += f"{_INDENT}and {len(failed) - FAILED_SHOWN} more: munshi get trials -o wide"
        told += f"{places.again(failed[0].namespace)}\n"
    return told


def _said(one: Trial, last_words: LastWords, indent: str) -> str:
    """Why a trial failed, and the last it said."""
    ended = facts.end(one)
    if ended is None or not facts.is_bad(one):
        return ""
    why = f"{indent}{_INDENT}{ended.reason}: {tables.visible(ended.message)}\n" if indent else ""
    lines = last_words(one)
    if not lines:
        return why
    body = "".join(f"{indent}{_INDENT}| {line}\n" for line in lines)
    return f"{why}{indent}{'' if not indent else _INDENT}Last lines of its log:\n{body}"
