"""`munshi logs`: the output of a trial, byte for byte, as it is or as it comes."""

from __future__ import annotations

import click

from munshi.cli import kinds, mistaken, options, places


@click.command()
@options.one("Trial")
@options.place
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
        raise click.UsageError(
            f"only trials write logs: munshi get trials{places.again(namespace)}"
        )
    wanted = places.Output(container, tail, follow=follow, previous=previous)
    with places.look() as glance:
        trial = mistaken.named(glance, "Trial", namespace, bare)
        glance.print_log(trial, wanted)
