"""`munshi validate`: is it right? Offline, and with every fault at once."""

from __future__ import annotations

import click

from munshi.api.experiment import Experiment
from munshi.api.source import Source
from munshi.cli import ending, files, judging, served
from munshi.errors import Invalid, MunshiError
from munshi.rpc.services.target import Targets


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="FILE...")
@served.options
def validate(names: tuple[str, ...], targets: Targets) -> None:
    """Say whether Experiments are right, without running anything.

    FILE may be - for standard input. ConfigMaps in the same files serve as trial templates. Every fault
    of every file is listed; the exit code is 2 when there is one. What only this machine cannot run is
    a note: a cluster may. Services are not asked; settings of their algorithms are theirs to judge.
    """
    documents = files.read(names)
    for note in documents.notes:
        click.echo(f"note: {note}", err=True)
    refusals = list(documents.refusals)
    for document in documents.experiments:
        try:
            _judge(document, documents, targets)
        except Invalid as refusal:
            refusals.append(refusal)
    if not documents.experiments and not refusals:
        click.echo("munshi: there is no Experiment in these files", err=True)
        raise click.exceptions.Exit(ending.BAD_INPUT)
    for each in refusals:
        ending.say(each)
    if refusals:
        raise click.exceptions.Exit(ending.BAD_INPUT)


def _judge(document: Source, documents: files.Documents, targets: Targets) -> None:
    admitted = judging.admit(document, documents, served.served(targets))
    for warning in judging.warnings(document, admitted):
        click.echo(f"warning: {warning}", err=True)
    one = admitted.experiment
    name = one.name or f"{one.metadata.generate_name}…"
    click.echo(f"{document.name}: Experiment {one.namespace or 'default'}/{name} is valid")
    for note in _notes(document, one, documents):
        click.echo(f"note: on this machine: {note}", err=True)


def _notes(document: Source, one: Experiment, documents: files.Documents) -> list[str]:
    """What `munshi run` would refuse here, a line each."""
    from munshi.cli import here  # noqa: PLC0415 - what is wrong for everybody is said without it
    from munshi.local.planning import Settings  # noqa: PLC0415

    try:
        faults = here.faults(one, document, documents, Settings())
    except Invalid as refusal:
        faults = list(refusal.faults)
    except MunshiError as refusal:
        return [f"{document.name}: {refusal}"]
    return document.refusal(faults).lines() if faults else []
