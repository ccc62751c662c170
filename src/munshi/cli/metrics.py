"""`munshi metrics`: the observation log of a trial."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.cli import mistaken, options, places, tables
from munshi.metrics.log import MetricLog

_SECOND = 1_000_000_000


@click.command()
@options.one("Trial")
@options.place
@click.option("--metric", metavar="NAME", help="Only this metric.")
@options.output("json", "csv")
def metrics(name: str, namespace: str, metric: str | None, output: str | None) -> None:
    """Print every value a trial reported, in the order of time."""

    async def read(records: places.Records) -> tuple[Trial, Sequence[MetricLog]]:
        trial = await mistaken.find(records, Trial, namespace, name.rpartition("/")[2])
        return trial, await records.values(trial, metric)

    trial, values = places.ask(read)
    match output:
        case "json":
            entries: list[Json] = [_entry(value) for value in values]
            options.echo_json(entries)
        case "csv":
            click.echo(written(values), nl=False)
        case _ if values:
            click.echo(
                tables.table(("time", "metric", "value", "step"), map(_row, values)), nl=False
            )
        case _:
            wanted = metric or ", ".join(_wanted(trial)) or "its metrics"
            click.echo(
                f'Trial "{trial.name}" has reported no value of {wanted} yet; '
                f"see what it printed: munshi logs {trial.name}{places.again(namespace)}",
                err=True,
            )


def _wanted(trial: Trial) -> tuple[str, ...]:
    return trial.spec.objective.metric_names if trial.spec.objective else ()


def written(values: Sequence[MetricLog]) -> str:
    """The values as CSV, with a header; an unknown step is an empty field."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("time", "metric", "value", "step"))
    rows.writerows(_cells(value) for value in values)
    return text.getvalue()


def _cells(value: MetricLog) -> tuple[str, str, str, str]:
    step = "" if value.step is None else str(value.step)
    return time_text(value.time_ns), value.metric, value.value, step


def _row(value: MetricLog) -> tuple[str, str, str, str]:
    time, metric, text, step = _cells(value)
    return time, metric, tables.clip(text, 100), step or "-"


def _entry(value: MetricLog) -> dict[str, Json]:
    entry: dict[str, Json] = {
        "time": time_text(value.time_ns),
        "metric": value.metric,
        "value": value.value,
    }
    return entry if value.step is None else {**entry, "step": value.step}


def time_text(time_ns: int | None) -> str:
    """RFC 3339 in UTC, with all nine digits of a fraction that is not 0; empty for None."""
    if time_ns is None:
        return ""
    seconds, fraction = divmod(time_ns, _SECOND)
    try:
        whole = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return f"{time_ns} ns"  # a program may date a value beyond the calendar
    part = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{whole:%Y-%m-%dT%H:%M:%S}{part}Z"
