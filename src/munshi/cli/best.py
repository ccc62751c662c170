"""`munshi best`: the best trial's name, objective value and settings."""

from __future__ import annotations

import click

from munshi.api.experiment import Experiment
from munshi.api.wire import Json
from munshi.cli import arguments, facts, mistaken, options, places, tables
from munshi.cli.facts import Best
from munshi.errors import NotFound


@click.command()
@options.one("Experiment")
@options.place
@options.output("json", "yaml", "args")
def best(name: str, namespace: str, output: str | None) -> None:
    """Print the best trial so far: its objective value and settings.

    `-o args` prints the settings as arguments, in the form the trial template uses:
    python train.py $(munshi best NAME -o args)
    """

    async def read(records: places.Records) -> Experiment:
        return await mistaken.find(records, Experiment, namespace, name.rpartition("/")[2])

    experiment = places.ask(read)
    found = facts.best(experiment)
    if found is None:
        raise NotFound(_none_yet(experiment))
    match output:
        case "args":
            click.echo(as_arguments(experiment, found))
        case "json" | "yaml":
            options.echo_as(output, entry(found))
        case _:
            click.echo(text(found), nl=False)


def text(found: Best) -> str:
    """Names and values in two columns: trial, objective, then the parameters."""
    rows = [("trial", found.trial), (found.metric or "objective", found.value)]
    rows += [(a.name, a.value) for a in found.assignments]
    size = max(tables.width(tables.visible(name)) for name, _ in rows)
    lines = [
        (tables.pad(tables.visible(name), size), tables.visible(value)) for name, value in rows
    ]
    return "".join(f"{name}{tables.GAP}{value}\n" for name, value in lines)


def entry(found: Best) -> Json:
    """The same for programs; values are text, exactly as reported and as given."""
    return {
        "trial": found.trial,
        "objective": {"name": found.metric, "value": found.value},
        "parameters": {a.name: a.value for a in found.assignments},
    }


def as_arguments(experiment: Experiment, found: Best) -> str:
    """The best settings as the program's own arguments, on one line that a shell reads."""
    settings = {a.name: a.value for a in found.assignments}
    words = arguments.of(experiment.spec.trial_template, settings)
    if words is None:
        return "\n".join(arguments.line([f"{name}={value}"]) for name, value in settings.items())
    return arguments.line(words)


def _none_yet(experiment: Experiment) -> str:
    said = f'experiment "{experiment.name}" has no best trial yet'
    see = f"see how its trials fare: munshi get trials -o wide{places.again(experiment.namespace)}"
    return f"{said}: no trial has reported a number for its objective; {see}"
