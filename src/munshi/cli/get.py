"""`munshi get`: lists of objects, in kubectl's columns and forms.

Read as plain documents, without models: the answer to a glance comes at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from munshi.cli import (
    glimpse,
    home,
    kinds,
    mistaken,
    options,
    places,
    printing,
    selectors,
    sorting,
)
from munshi.cli.places import Document, Glance
from munshi.cli.printing import Printer
from munshi.cli.watching import Meant, Watch
from munshi.errors import NotFound

INTERRUPTED, NOT_FOUND = 130, 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What the options say; their names are those of `get`'s options."""

    namespace: str
    all_namespaces: bool
    selector: str | None
    experiment: str | None
    output: str | None
    no_headers: bool
    sort_by: str | None
    watch: str | None
    allow_missing_template_keys: bool

    def meant(self, kind: str, names: Sequence[str]) -> Meant:
        """Which objects of a kind.

        Raises:
            click.UsageError: `-e` with experiments, or a selector that is none.
        """
        wanted, owner = selectors.read(self.selector), self.experiment
        where, labels = None if self.all_namespaces else self.namespace, self.selector or ""
        if owner is None:
            return Meant(kind, where, names, wanted, labels)
        if kind == "Experiment":
            said = "-e lists what belongs to an experiment: its trials, its suggestion"
            raise click.UsageError(said)
        own: selectors.Wanted = lambda one: glimpse.experiment_of(one) == owner and wanted(one)  # noqa: E731
        return Meant(kind, where, names, own, labels)

    def printer(self) -> Printer:
        """What prints objects of one kind, from the first line on."""
        return printing.printer(
            self.output,
            home.now,
            namespaces=self.all_namespaces,
            missing_is_fine=self.allow_missing_template_keys,
            heads=not self.no_headers,
        )


@click.command()
@options.what(metavar="KIND [NAME]...")
@options.place
@click.option("-A", "--all-namespaces", is_flag=True, help="In every namespace.")
@click.option("-l", "--selector", metavar="LABEL=VALUE,…", help="Only objects with these labels.")
@options.experiment
@click.option(
    "-o",
    "--output",
    type=printing.Form(),
    metavar="FORM",
    help=f"The form of what is printed: {printing.SPELT}.",
)
@click.option("--no-headers", is_flag=True, help="Columns without their first line.")
@click.option("--sort-by", metavar="PATH", help="In the order of a field, such as .metadata.name.")
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
def get(what: tuple[str, ...], **said: Any) -> None:  # noqa: ANN401 - as click hands them over
    """List experiments (exp), trials (tr) or suggestions (sug).

    Several kinds are written exp,tr, and all of them: all. With names, only those. `-o json` and `-o yaml`
    print the objects themselves: one name gives the object, everything else a List.
    """
    wish = Wish(**said)
    several = kinds.several(what[0])
    if several:
        _list_several(several, what[1:], wish)
        return
    kind, names = kinds.kind_and_names(what)
    if names and wish.all_namespaces:
        raise click.UsageError("a name belongs to one namespace: use -n NAMESPACE, not -A")
    meant, printer, in_order = wish.meant(kind, names), wish.printer(), sorting.read(wish.sort_by)
    with places.look() as glance:
        _look_for_experiment(glance, wish)
        found, missing = _named(glance, meant)
        if wish.watch and not missing:
            _follow(Watch(glance, meant), printer, skip_first=wish.watch == "changes")
    printer.all(in_order(found), single=len(names) == 1)
    for miss in missing:
        click.echo(f"munshi: {miss}", err=True)
    if missing:
        raise click.exceptions.Exit(NOT_FOUND)
    if not found and printer.says_nothing:
        _say_nothing(wish)


def _list_several(several: Sequence[str], names: Sequence[str], wish: Wish) -> None:
    """A table for each kind that has any, with a line between; every other form as one List."""
    if names or wish.watch:
        raise click.UsageError("with names, or with --watch: one kind at a time")
    in_order, form = sorting.read(wish.sort_by), wish.printer()
    with places.look() as glance:
        _look_for_experiment(glance, wish)
        lists = [in_order(wish.meant(kind, ()).now(glance)) for kind in several]
    if not form.is_table:
        form.all([one for shown in lists for one in shown], single=False)
    there = [shown for shown in lists if shown]
    for at, shown in enumerate(there if form.is_table else ()):
        if at:
            click.echo()
        wish.printer().all(shown, single=False)
    if not there and form.says_nothing:
        _say_nothing(wish)


def _look_for_experiment(glance: Glance, wish: Wish) -> None:
    """Answer a misspelt `-e` instead of listing nothing."""
    if wish.experiment and not wish.all_namespaces:
        mistaken.named(glance, "Experiment", wish.namespace, wish.experiment)


def _say_nothing(wish: Wish) -> None:
    place = "" if wish.all_namespaces else f" in {wish.namespace} namespace"
    click.echo(f"No resources found{place}.", err=True)


def _named(glance: Glance, meant: Meant) -> tuple[list[Document], list[NotFound]]:
    """Those that are there, and an answer for each name that is not; names in the order asked for."""
    if not meant.names:
        return meant.now(glance), []
    found: list[Document] = []
    missing: list[NotFound] = []
    for name in dict.fromkeys(meant.names):
        try:
            found.append(mistaken.named(glance, meant.kind, meant.namespace or "", name))
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
