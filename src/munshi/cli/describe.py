"""`munshi describe`: everything about one object, for a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.cli import description, home, mistaken, options, outputs


@click.command()
@options.what()
@options.namespace
def describe(what: tuple[str, ...], namespace: str) -> None:
    """Tell everything about objects: what they are, how they fare, why they failed."""
    kind, names = options.kind_and_names(what)

    async def read(opened: home.Home, store: home.Records) -> list[str]:
        found: list[Resource] = []
        if names:
            found = [await mistaken.find(store, kind, namespace, name) for name in names]
        else:
            found = list(await store.list(kind, namespace))
        return [await _one(opened, store, one) for one in found]

    told = home.ask(read)
    if not told:
        click.echo(f"No resources found in {namespace} namespace.", err=True)
    click.echo("\n\n".join(told), nl=False)


async def _one(opened: home.Home, store: home.Records, one: Resource) -> str:
    words: Callable[[Trial], list[str]] = lambda trial: _last_words(opened.trial_folder(trial))  # noqa: E731
    match one:
        case Experiment():
            trials = await store.list(Trial, one.namespace, one.uid)
            return description.experiment(one, trials, home.now(), words)
        case Trial():
            return description.trial(one, home.now(), words)
        case Suggestion():
            return description.suggestion(one, home.now())
        case _:
            return options.full_name(one)


def _last_words(folder: Path) -> list[str]:
    return outputs.last_words(folder / outputs.LOG, description.LOG_LINES)
