"""`munshi logs`: the output of a trial, byte for byte."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from munshi.api.trial import Trial
from munshi.cli import home, options, outputs
from munshi.errors import NotFound


@click.command()
@click.argument("name", metavar="TRIAL")
@options.namespace
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
def logs(name: str, namespace: str, tail: int | None) -> None:
    r"""Print what a trial's program wrote to stdout and stderr.

    Bytes go out as they came in; on a terminal, those that are not UTF-8 are shown as \xNN.
    """

    async def read(opened: home.Home, store: home.Records) -> Path:
        trial = await home.find(store, Trial, namespace, _bare(name))
        return opened.trial_folder(trial) / outputs.LOG

    path = home.ask(read)
    try:
        copy(path, tail)
    except FileNotFoundError:
        said = f'trial "{_bare(name)}" has no output yet'
        raise NotFound(f"{said}; see munshi describe trial {_bare(name)} -n {namespace}") from None


def _bare(name: str) -> str:
    """The name in `trial/NAME` and `trial.kubeflow.org/NAME`, as kubectl takes them."""
    return name.rpartition("/")[2]


def copy(path: Path, lines: int | None) -> None:
    """Copy a log, or its last lines, to stdout."""
    terminal = sys.stdout.isatty()
    if lines is not None:
        text = outputs.tail(path, lines)
        click.echo(text.decode("utf-8", "backslashreplace") if terminal else text, nl=False)
    elif terminal:
        with path.open(encoding="utf-8", errors="backslashreplace", newline="") as file:
            shutil.copyfileobj(file, sys.stdout)
    else:
        with path.open("rb") as raw:
            shutil.copyfileobj(raw, sys.stdout.buffer)
