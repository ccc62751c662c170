"""`munshi delete`: what runs is stopped first, then everything is gone: trials, values, logs."""

from __future__ import annotations

import asyncio

import click

from munshi.api.suggestion import Suggestion
from munshi.cli import finding, kinds, options, places
from munshi.errors import MunshiError, NotFound
from munshi.store.sentences import NoSpace


@click.command()
@options.what()
@options.place
@click.option("--ignore-not-found", is_flag=True, help="Nothing to delete is fine.")
def delete(what: tuple[str, ...], namespace: str, ignore_not_found: bool) -> None:
    """Stop and delete experiments (with all their trials) or single trials."""
    kind, names = options.kind_and_names(what)
    if not names:
        raise click.UsageError(f"which {options.plural(kind)}? write their names")
    if kind is Suggestion:
        raise click.UsageError(
            "a suggestion belongs to its experiment; delete that: munshi delete experiment NAME"
        )

    async def all_of_them() -> list[NotFound]:
        missing: list[NotFound] = []
        async with places.chosen().open() as desk:
            for name in dict.fromkeys(names):
                try:
                    found = await finding.find(desk, kind, namespace, name)
                    await desk.delete(found)
                except NotFound as miss:
                    missing.append(miss)
                else:
                    what = f"{kind.__name__.lower()}{kinds.GROUP_SUFFIX}"
                    click.echo(f'{what} "{found.name}" deleted')
        return missing

    try:
        missing = asyncio.run(all_of_them())
    except NoSpace as full:
        raise NoSpace(f"{full}{asyncio.run(_what_frees_some())}") from full
    if ignore_not_found:
        return
    for miss in missing:
        click.echo(f"munshi: {miss}", err=True)
    if missing:
        raise click.exceptions.Exit(4)


async def _what_frees_some() -> str:
    """What to type for room, with how much there is to win; empty when that is nothing, or unknown."""
    from munshi.cli.gc import amount  # noqa: PLC0415 - for bad days only
    from munshi.local import cleaning  # noqa: PLC0415
    from munshi.local.home import open_home  # noqa: PLC0415

    opened = open_home()
    try:
        async with opened.store(reading=True) as store:
            found = await cleaning.leftovers(opened, store, logs=True)
    except MunshiError:
        return ""
    total = sum(one.size for one in found)
    return f": munshi gc --logs frees {amount(total)}" if total else ""
