"""`munshi get`: lists of objects, in kubectl's columns and forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import click

from munshi.api.meta import Resource
from munshi.cli import columns, home, options
from munshi.cli.columns import Shown
from munshi.engine.ports import Store
from munshi.errors import NotFound


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="KIND [NAME]...")
@options.namespace
@click.option("-A", "--all-namespaces", is_flag=True, help="In every namespace.")
@click.option("-l", "--selector", metavar="LABEL=VALUE,…", help="Only objects with these labels.")
@options.output("wide", "json", "yaml", "name")
def get(
    what: tuple[str, ...],
    namespace: str,
    all_namespaces: bool,
    selector: str | None,
    output: str | None,
) -> None:
    """List experiments (exp), trials (tr) or suggestions (sug).

    With names, only those. `-o json` and `-o yaml` print the objects themselves: one name gives
    the object, everything else a List.
    """
    kind, names = options.kind_and_names(what)
    if names and all_namespaces:
        raise click.UsageError("a name belongs to one namespace: use -n NAMESPACE, not -A")
    wanted = _labels(selector)

    async def read(_: home.Home, store: home.Records) -> tuple[list[Resource], list[NotFound]]:
        if names:
            return await _named(store, kind, namespace, names)
        return list(await store.list(kind, None if all_namespaces else namespace)), []

    found, missing = home.ask(read)
    found = [one for one in found if wanted(one)]
    _show(found, output, single=len(names) == 1, namespaces=all_namespaces)
    for miss in missing:
        click.echo(f"munshi: {miss}", err=True)
    if missing:
        raise click.exceptions.Exit(4)
    if not found and output in (None, "wide", "name"):
        place = "" if all_namespaces else f" in {namespace} namespace"
        click.echo(f"No resources found{place}.", err=True)


async def _named(
    store: Store, kind: type[Resource], namespace: str, names: Sequence[str]
) -> tuple[list[Resource], list[NotFound]]:
    """Those that are there, and an answer for each that is not."""
    found: list[Resource] = []
    missing: list[NotFound] = []
    for name in dict.fromkeys(names):
        try:
            found.append(await home.find(store, kind, namespace, name))
        except NotFound as miss:
            missing.append(miss)
    return found, missing


def _show(found: list[Resource], form: str | None, *, single: bool, namespaces: bool) -> None:
    match form:
        case "json" | "yaml":
            if single and not found:
                return
            options.echo_as(form, found[0].dump() if single else options.as_list(found))
        case "name":
            for one in found:
                click.echo(options.full_name(one))
        case _ if found:
            shown = cast("Sequence[Shown]", found)
            wide = form == "wide"
            text = columns.table(shown, home.now(), wide=wide, namespaces=namespaces)
            click.echo(text, nl=False)
        case _:
            pass


def _labels(selector: str | None) -> Callable[[Resource], bool]:
    """Read `a=b,c!=d,e` as kubectl does; the forms with `in` and `notin` are not known here."""
    tests: list[Callable[[Resource], bool]] = []
    for part in (selector or "").split(","):
        key, negated, equals, value = _requirement(part.strip())
        if not key:
            if selector:
                raise click.UsageError(f"-l {selector}: write LABEL=VALUE, with commas between")
            continue
        tests.append(_test(key, value if equals else None, negated=negated))
    return lambda one: all(test(one) for test in tests)


def _requirement(part: str) -> tuple[str, bool, bool, str]:
    if "!=" in part:
        key, _, value = part.partition("!=")
        return key.strip(), True, True, value.strip()
    key, equals, value = part.partition("=")
    return key.strip(), False, bool(equals), value.removeprefix("=").strip()


def _test(key: str, value: str | None, *, negated: bool) -> Callable[[Resource], bool]:
    if value is None:
        return lambda one: key in one.metadata.labels
    return lambda one: (one.metadata.labels.get(key) == value) is not negated
