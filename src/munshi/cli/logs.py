"""`munshi logs`: the output of a trial, byte for byte, as it is or as it comes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from munshi.cli import glimpse, home, kinds, mistaken, options
from munshi.errors import NotFound
from munshi.local import place

if TYPE_CHECKING:
    from munshi.cli.glimpse import Document


@click.command()
@options.one("Trial")
@options.namespace
@click.option("-f", "--follow", is_flag=True, help="Go on until the trial has ended.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
@click.option("-c", "--container", default="", metavar="NAME", help="Another program of the trial.")
@click.option("-p", "--previous", is_flag=True, help="The attempt before this one.")
def logs(
    name: str, namespace: str, follow: bool, tail: int | None, container: str, previous: bool
) -> None:
    r"""Print what a trial's program wrote to stdout and stderr.

    Bytes go out as they came in; on a terminal, those that are not UTF-8 are shown as \xNN.
    """
    if follow and previous:
        raise click.UsageError("an attempt that is over (-p) cannot be followed (-f)")
    kind, [bare] = kinds.kind_and_names([name] if "/" in name else ["trial", name])
    if kind != "Trial":
        raise click.UsageError(f"only trials write logs: munshi get trials -n {namespace}")
    from munshi.cli import following  # noqa: PLC0415 - `munshi logs --help` reads no logs

    with home.look() as glance:
        trial = mistaken.named(glance, "Trial", namespace, bare)
        wanted = "" if container == glimpse.primary_container(trial) else container
        if follow:
            following.follow(glance, trial, wanted, tail)
        folder = _before(trial) if previous else following.folder_of(trial)
    path = following.log_of(folder, trial, wanted)
    try:
        with path.open("rb") as file:
            following.Copy().everything(file, path, tail)
    except FileNotFoundError:
        raise NotFound(_no_output(trial, namespace)) from None


def _before(trial: Document) -> Path:
    """The folder of the attempt before the present one.

    Raises:
        NotFound: There is none.
    """
    from munshi.cli import following  # noqa: PLC0415

    now = following.folder_of(trial)
    earlier = place.attempts(now.parent, trial["metadata"]["uid"])
    before = earlier[: earlier.index(now)] if now in earlier else earlier
    if not before:
        name = home.placed(trial)[1]
        raise NotFound(f'trial "{name}" has no attempt before this one: munshi logs {name}')
    return before[-1]


def _no_output(trial: Document, namespace: str) -> str:
    from munshi.cli import following  # noqa: PLC0415

    name = home.placed(trial)[1]
    said = f'trial "{name}" has no output yet'
    if place.attempts(following.folder_of(trial).parent, trial["metadata"]["uid"]):
        return f"{said}; that of the attempt before: munshi logs -p {name} -n {namespace}"
    return f"{said}; see munshi describe trial {name} -n {namespace}"
