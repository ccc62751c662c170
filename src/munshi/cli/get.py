"""`munshi get`: lists of objects, in kubectl's columns and forms.

Read as plain documents, without models: the answer to a glance comes at once.
"""

from __future__ import annotations

import click

from munshi.cli import home, kinds, options, printing, selectors
from munshi.cli.glimpse import Document
from munshi.cli.printing import Printer
from munshi.cli.watching import Meant, Watch
from munshi.errors import NotFound

INTERRUPTED, NOT_FOUND = 130, 4


@click.command()
@options.what(metavar="KIND [NAME]...")
@options.namespace
@click.option("-A", "--all-namespaces", is_flag=True, help="In every namespace.")
@click.option("-l", "--selector", metavar="LABEL=VALUE,…", help="Only objects with these labels.")
@click.option(
    "-o",
    "--output",
    type=printing.Form(),
    metavar="FORM",
    help=f"The form of what is printed: {printing.SPELT}.",
)
@click.option("-w", "--watch", flag_value="all", help="Then print what changes, until Ctrl-C.")
@click.option(
    "--watch-only", "watch", flag_value="changes", help="Print only what changes, until Ctrl-C."
)
@click.option(
    "--allow-missing-template-keys",
    type=bool,
    default=True,
    show_default=True,
    metavar="true|false",
    help="Whether a JSONPath template prints nothing for a field that is not there, or refuses.",
)
def get(
    what: tuple[str, ...],
    namespace: str,
    all_namespaces: bool,
    selector: str | None,
    output: str | None,
    watch: str | None,
    allow_missing_template_keys: bool,
) -> None:
    """List experiments (exp), trials (tr) or suggestions (sug).

    With names, only those. `-o json` and `-o yaml` print the objects themselves: one name gives
    the object, everything else a List.
    """
    kind, names = kinds.kind_and_names(what)
    if names and all_namespaces:
        raise click.UsageError("a name belongs to one namespace: use -n NAMESPACE, not -A")
    meant = Meant(kind, None if all_namespaces else namespace, names, selectors.read(selector))
    printer = printing.printer(
        output,
        home.now,
        namespaces=all_namespaces,
        missing_is_fine=allow_missing_template_keys,
    )
    with home.look() as glance:
        found, missing = _named(glance, meant)
        if watch and not missing:
            _follow(Watch(glance, meant), printer, skip_first=watch == "changes")
    printer.all(found, single=len(names) == 1)
    for miss in missing:
        click.echo(f"munshi: {miss}", err=True)
    if missing:
        raise click.exceptions.Exit(NOT_FOUND)
    if not found and printer.says_nothing:
        place = "" if all_namespaces else f" in {namespace} namespace"
        click.echo(f"No resources found{place}.", err=True)


def _named(glance: home.Glance, meant: Meant) -> tuple[list[Document], list[NotFound]]:
    """Those that are there, and an answer for each name that is not; names in the order asked for."""
    if not meant.names:
        return meant.now(glance), []
    found: list[Document] = []
    missing: list[NotFound] = []
    for name in dict.fromkeys(meant.names):
        try:
            found.append(home.named(glance, meant.kind, meant.namespace or "", name))
        except NotFound as miss:
            missing.append(miss)
    return [one for one in found if meant.wanted(one)], missing


def _follow(watch: Watch, printer: Printer, *, skip_first: bool) -> None:
    """Print what is there and what changes; ends only by Ctrl-C, which is no reason to complain.

    Raises:
        click.exceptions.Exit: Always.
    """
    try:
        if not skip_first:
            printer.each(watch.first)
        for changed in watch.changes():
            printer.each(changed)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    raise AssertionError("a watch has no end of its own")
