"""`munshi gc`: remove what nothing needs any more; results only when asked in so many words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import click

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.cli import amounts, ending, home, wishes
from munshi.errors import StoreBusy
from munshi.local import cleaning, launcher, place
from munshi.local.cleaning import Leftover, What
from munshi.local.home import Home, delete_experiment, open_home
from munshi.store import compact
from munshi.store.sentences import Unwritable
from munshi.store.sqlite import SqlStore

_UNITS = ("B", "kB", "MB", "GB", "TB")
_PLURALS = {
    What.ORPHAN: "folders of deleted trials",
    What.INTERRUPTED: "interrupted starts",
    What.LOG: "completed trials' files",
    What.CRASH: "crash reports",
    What.LOCK: "stale locks",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says.

    Attributes:
        before: Only what is older.
        logs: Also files of completed trials.
        experiments: Also completed experiments.
        dry: Remove nothing.
    """

    before: datetime | None
    logs: bool
    experiments: bool
    dry: bool


@click.command()
@click.option("--older-than", metavar="TIME", help="Only what is older than that: 12h, 30d.")
@click.option("--logs", is_flag=True, help="Also what completed trials ran and printed.")
@click.option(
    "--experiments",
    is_flag=True,
    help="Also completed experiments with all their results; needs --older-than.",
)
@click.option("--dry-run", "dry", is_flag=True, help="Only say what would be removed.")
def gc(older_than: str | None, logs: bool, experiments: bool, dry: bool) -> None:
    """Remove what nothing needs any more, in every namespace, and compact the database.

    That is: folders of deleted trials, interrupted starts, crash reports, stale locks. Results and logs stay
    unless asked for, and nothing is touched that a running munshi or program uses.
    """
    if experiments and older_than is None:
        raise click.UsageError("--experiments removes results; say of which age: --older-than 30d")
    before = home.now() - amounts.span("--older-than", older_than) if older_than else None
    wishes.leave(asyncio.run(_collect(Wish(before, logs, experiments, dry))))


async def _collect(wish: Wish) -> int:
    opened = open_home()
    if not opened.path.exists() and not place.obstacle(opened.path):
        click.echo(f"nothing to remove: {opened.path} is not there")
        return ending.OK
    # Files go before anything is written: on a full disk there is no room for that but what they leave.
    async with opened.store(reading=True) as store:
        over = await _completed(opened, store, wish) if wish.experiments else []
        found = await cleaning.leftovers(opened, store, before=wish.before, logs=wish.logs)
        doomed = [
            trial for one in over for trial in await store.list(Trial, one.namespace, one.uid)
        ]
    code = _remove(opened, found, wish)
    if not wish.dry:
        for trial in doomed:
            launcher.discard(opened.trials, trial)
    for one in over:
        if not wish.dry:
            await delete_experiment(opened, one.namespace, one.name)
        said = "would remove" if wish.dry else "removed"
        click.echo(f"{said} experiment {one.namespace}/{one.name} with its results")
    if not (over or found):
        click.echo("nothing to remove")
    _compact(opened, wish)
    return code


def _remove(opened: Home, found: Sequence[Leftover], wish: Wish) -> int:
    if wish.dry:
        for one in found:
            click.echo(f"would remove {one.what}: {one.path} ({amount(one.size)})")
        return ending.OK
    gone, kept, code = list[Leftover](), list[Leftover](), ending.OK
    for one in found:
        try:
            (gone if cleaning.remove(opened, one) else kept).append(one)
        except OSError as refusal:
            click.echo(f"munshi: {one.path} cannot be removed: {refusal.strerror}", err=True)
            code = ending.FAILED
    for what in What:
        mine = [one.size for one in gone if one.what is what]
        if mine:
            words = what.value if len(mine) == 1 else _PLURALS[what]
            click.echo(f"removed {len(mine)} {words} ({amount(sum(mine))})")
    for one in kept:
        click.echo(f"munshi: kept {one.path}: it is in use", err=True)
    return code


async def _completed(opened: Home, store: SqlStore, wish: Wish) -> list[Experiment]:
    """Experiments that ended long enough ago, and that nobody drives."""
    return [
        one
        for one in await store.list(Experiment)
        if one.is_completed
        and one.status.completion_time is not None
        and (wish.before is None or one.status.completion_time < wish.before)
        and not opened.is_driven(one.namespace, one.name)
    ]


def _compact(opened: Home, wish: Wish) -> None:
    path = opened.path / place.DATABASE
    if cleaning.is_in_use(opened):
        said = "an experiment runs, so the database is not compacted; run munshi gc again later"
        click.echo(f"munshi: {said}", err=True)
        return
    try:
        if wish.dry:
            click.echo(f"would compact the database (about {amount(compact.spare(path))} to win)")
        else:
            won = compact.compact(path)
            click.echo(f"compacted the database: {amount(won)} won")
    except (StoreBusy, Unwritable) as busy:
        click.echo(f"munshi: {busy}; run munshi gc again later", err=True)


def amount(size: int) -> str:
    """Bytes for a person: `0 B`, `12 kB`, `3.4 MB`."""
    number, unit = float(size), 0
    while number >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.1f} {_UNITS[unit]}" if unit > 1 else f"{number:.0f} {_UNITS[unit]}"
