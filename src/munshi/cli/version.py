"""`munshi version`."""

from __future__ import annotations

from importlib import metadata

import click


@click.command()
def version() -> None:
    """Print munshi's version."""
    click.echo(f"munshi {metadata.version('munshi')}")
