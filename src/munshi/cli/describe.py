"""`munshi describe`: everything about one object, for a person."""

from __future__ import annotations

from collections.abc import Iterable

import click

from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.cli import description, facts, home, mistaken, options, places
from munshi.cli.places import Records


@click.command()
@options.what()
@options.place
def describe(what: tuple[str, ...], namespace: str) -> None:
    """Tell everything about objects: what they are, how they fare, why they failed."""
    kind, names = options.kind_and_names(what)

    async def read(records: Records) -> list[str]:
        found: list[Resource] = []
        if names:
            found = [await mistaken.find(records, kind, namespace, name) for name in names]
        else:
            found = list(await records.list(kind, namespace))
        return [await _one(records, one) for one in found]

    told = places.ask(read)
    if not told:
        click.echo(f"No resources found in {namespace} namespace.", err=True)
    click.echo("\n\n".join(told), nl=False)


async def _one(records: Records, one: Resource) -> str:
    match one:
        case Experiment():
            trials = await records.list(Trial, one.namespace, one.uid)
            return description.experiment(one, trials, home.now(), await _words(records, trials))
        case Trial():
            return description.trial(one, home.now(), await _words(records, [one]))
        case Suggestion():
            return description.suggestion(one, home.now())
        case _:
            return options.full_name(one)


async def _words(records: Records, trials: Iterable[Trial]) -> description.LastWords:
    """The last words of those failed trials that are told at length."""
    failed = [trial for trial in trials if facts.is_bad(trial)][: description.FAILED_SHOWN]
    lines = description.LOG_LINES
    words = {trial.uid: await records.last_words(trial, lines) for trial in failed}
    return lambda trial: words.get(trial.uid, ())
