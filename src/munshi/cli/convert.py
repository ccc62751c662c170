"""`munshi convert`: Experiments of v1alpha3 rewritten in v1beta1, in the author's own text.

What changes and what is lost, `admission.conversion` decides and proves; here files come in and go out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import click

from munshi.admission import conversion
from munshi.admission.conversion import Converted
from munshi.api import yaml_patch
from munshi.api.source import Source
from munshi.cli import ending, files, options
from munshi.errors import Invalid

_BEGUN = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:---(?=\s)|%)")
"""A text that opens its first document itself."""


@click.command()
@click.argument("names", nargs=-1, metavar="FILE...")
@click.option("-f", "--filename", "more", multiple=True, metavar="FILE", help="As FILE.")
@options.output("yaml", "json", default="yaml")
def convert(names: tuple[str, ...], more: tuple[str, ...], output: str) -> None:
    """Rewrite Experiments of v1alpha3 in v1beta1, with the same trials.

    FILE may be - for standard input. ConfigMaps in the same files serve as trial templates. Comments
    and the order of fields are kept; documents of other kinds and Experiments in v1beta1 pass through.
    An Experiment that v1beta1 cannot express is refused with the reason, and nothing is printed.
    """
    if not names and not more:
        raise click.UsageError("name the files to convert, or - for standard input")
    documents = files.read(dict.fromkeys((*more, *names)))
    refusals = list(documents.refusals)
    converted: dict[int, Converted] = {}
    for document in documents.experiments:
        try:
            converted[id(document)] = conversion.convert(document, documents.config_map)
        except Invalid as refusal:
            refusals.append(refusal)
    if not documents.experiments and not refusals:
        click.echo("munshi: there is no Experiment in these files", err=True)
        raise click.exceptions.Exit(ending.BAD_INPUT)
    for each in refusals:
        ending.say(each)
    if refusals:
        raise click.exceptions.Exit(ending.BAD_INPUT)
    for document in documents.experiments:
        if notes := converted[id(document)].notes:
            for line in document.refusal(notes).lines():
                click.echo(f"note: {line}", err=True)
    _print(documents.everything, converted, output)


def _print(everything: Iterable[Source], converted: dict[int, Converted], output: str) -> None:
    if output == "yaml":
        click.echo("".join(_texts(everything, converted)), nl=False)
        return
    for index, document in enumerate(everything):
        if index:
            click.echo("---")
        done = converted.get(id(document))
        options.echo_json(document.value if done is None else done.value)


def _texts(everything: Iterable[Source], converted: dict[int, Converted]) -> Iterator[str]:
    """Each file's text with its changes."""
    by_file: dict[str, list[Source]] = {}
    for document in everything:
        by_file.setdefault(document.name, []).append(document)
    for index, (first, *rest) in enumerate(by_file.values()):
        edits = [
            edit
            for document in (first, *rest)
            if id(document) in converted
            for edit in converted[id(document)].edits
        ]
        text = yaml_patch.applied(first.text, edits)
        if index and not _BEGUN.match(text):
            yield "---\n"
        yield text if text.endswith("\n") else text + "\n"
