"""`munshi export`: every trial of an experiment as one row, for spreadsheets and notebooks.

The columns are always in the same order, and a later version only adds behind them:

    name state reason index attempts start end duration_s objective
    parameter.NAME     for each parameter, in the author's order
    metric.NAME.min metric.NAME.max metric.NAME.latest     for each metric, the objective first
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click

from munshi.api.common import ObjectiveSpec, ParameterType
from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.api.wire import Json, write_time
from munshi.cli import facts, mistaken, options, places, wishes
from munshi.errors import Terminal
from munshi.metrics import number
from munshi.reconcile.tally import by_index, index_of, objective_value

_PLAIN = (
    *("name", "state", "reason", "index", "attempts"),
    *("start", "end", "duration_s", "objective"),
)
_NUMBER = re.compile(
    r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity|nan)", re.IGNORECASE
)
_FORMULA = (*"=+-@", *"\uff1d\uff0b\uff0d\uff20", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would compute instead of show; some take the wide forms too."""
_UNKNOWN_INDEX = 2**62


@click.command()
@options.one("Experiment")
@options.place
@options.output("csv", "json", default="csv")
@click.option(
    "--file", "path", type=click.Path(path_type=Path), metavar="PATH", help="Write it there."
)
def export(name: str, namespace: str, output: str, path: Path | None) -> None:
    """Print every trial of an experiment as one row: state, settings, metrics, times.

    CSV cells that a spreadsheet would take for a formula begin with a quote ('). In JSON, numbers are
    numbers.
    """
    name = wishes.named(name, Experiment)

    async def read(records: places.Records) -> tuple[Experiment, Sequence[Trial]]:
        experiment = await mistaken.find(records, Experiment, namespace, name)
        return experiment, await records.list(Trial, namespace, experiment.uid)

    experiment, trials = places.ask(read)
    found = [entry(experiment, trial) for trial in by_index(trials)]
    if output == "csv":
        text = written(experiment, trials, found)
    else:
        text = json.dumps(found, indent=4, ensure_ascii=False, allow_nan=False) + "\n"
    if path is None:
        click.echo(text, nl=False)
        return
    try:
        path.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise Terminal(f"{path} cannot be written: {error.strerror}") from error


def entry(experiment: Experiment, trial: Trial) -> dict[str, Json]:
    """A trial for programs: numbers are numbers, what was never reported or never came is null."""
    status, objective = trial.status, experiment.spec.objective or ObjectiveSpec()
    ended, index = facts.end(trial), index_of(trial)
    kinds = {one.name: one.parameter_type for one in experiment.spec.parameters}
    observed = {one.name: one for one in status.observation.metrics} if status.observation else {}
    return {
        "name": trial.name,
        "state": facts.state(trial),
        "reason": ended.reason if ended is not None else "",
        "index": None if index == _UNKNOWN_INDEX else index,
        "attempts": status.attempts,
        "start": _time(status.start_time),
        "end": _time(status.completion_time),
        "duration_s": _seconds(facts.took(trial)),
        "objective": objective_value(trial, objective),
        "parameters": {
            pair.name: _typed(pair.value, kinds.get(pair.name))
            for pair in trial.spec.parameter_assignments
        },
        "metrics": {
            metric: {
                "min": _value(observed[metric].min),
                "max": _value(observed[metric].max),
                "latest": _value(observed[metric].latest),
            }
            for metric in _metrics(experiment, [trial])
            if metric in observed
        },
    }


def written(
    experiment: Experiment, trials: Sequence[Trial], entries: Sequence[dict[str, Json]]
) -> str:
    """The entries as CSV with a header; texts as they were given and reported, unknown cells empty."""
    names, metrics = facts.parameter_names(experiment, trials), _metrics(experiment, trials)
    texts = {one.name: one for one in trials}
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    parts = ("min", "max", "latest")
    head = [*_PLAIN, *(f"parameter.{each}" for each in names)]
    head += [f"metric.{each}.{part}" for each in metrics for part in parts]
    rows.writerow(map(_guarded, head))
    for one in entries:
        trial = texts[str(one["name"])]
        given = {pair.name: pair.value for pair in trial.spec.parameter_assignments}
        seen = trial.status.observation.metrics if trial.status.observation else ()
        observed = {metric.name: metric for metric in seen}
        cells = ["" if one[key] is None else str(one[key]) for key in _PLAIN]
        cells += [given.get(each, "") for each in names]
        for each in metrics:
            said = observed.get(each)
            cells += [
                (number.from_wire(getattr(said, part)) or "") if said is not None else ""
                for part in parts
            ]
        rows.writerow(map(_guarded, cells))
    return out.getvalue()


def _metrics(experiment: Experiment, trials: Sequence[Trial]) -> list[str]:
    """The objective, the additional metrics, then any others that trials have."""
    objective = experiment.spec.objective
    names = list(objective.metric_names) if objective is not None else []
    seen = (one.status.observation for one in trials)
    names += [metric.name for observed in seen if observed for metric in observed.metrics]
    return list(dict.fromkeys(names))


def _typed(text: str, kind: ParameterType | None) -> Json:
    """A number where the parameter is one; text that is none stays text."""
    if kind is ParameterType.INT and re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        return int(text)
    if kind in (ParameterType.INT, ParameterType.DOUBLE, ParameterType.DISCRETE):
        return _value(text)
    return text


def _value(text: str) -> Json:
    """A finite number, or the text of anything else: JSON has no NaN."""
    said = number.from_wire(text)
    if said is None:
        return None
    got = number.read(said)
    return got if got is not None and math.isfinite(got) else said


def _guarded(cell: str) -> str:
    begins = cell.startswith(_FORMULA) or cell.lstrip().startswith(_FORMULA)
    return f"'{cell}" if begins and not _NUMBER.fullmatch(cell) else cell


def _time(when: datetime | None) -> Json:
    return None if when is None else write_time(when)


def _seconds(span: timedelta | None) -> Json:
    return None if span is None else round(span.total_seconds(), 6)
