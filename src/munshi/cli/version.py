"""`munshi version`."""

from __future__ import annotations

import click

from munshi import __version__


@click.command()
def version() -> None:
    """Print munshi's version."""
    click.echo(f"munshi {__version__}")
