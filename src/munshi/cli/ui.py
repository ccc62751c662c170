"""`munshi ui`: the experiments of this machine in a browser, live."""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from munshi.cli import home
from munshi.errors import MissingExtra, Terminal

if TYPE_CHECKING:
    from munshi.web.server import Server

PORT = 8399
INSTALL = 'pip install "munshi[ui]"'
_DOOR = "ui.html"
"""In the home: a page that leads a browser in. The link on its command line could be read by everybody."""


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    metavar="N",
    help="Where to listen; 0 takes any that is free.",
)
@click.option("--no-browser", is_flag=True, help="Open no browser; print the link only.")
def ui(port: int, no_browser: bool) -> None:
    """Show experiments in a browser, live, and let them be changed and begun there.

    Prints the link, which holds a token: who has it may do what you may. Only programs of this machine can
    connect. Experiments of other terminals are shown as well, and those begun in the browser go on when this
    ends. Ctrl-C ends it.
    """
    server = _listening(port)
    click.echo(server.link)
    click.echo("munshi: Ctrl-C ends this page; experiments go on", err=True)
    from munshi.local import diary  # noqa: PLC0415 - help pages need none of it

    folder = home.open_home().path
    with diary.kept_in(folder, lambda *_: None), _door(folder, server, wanted=not no_browser):
        server.run()


def _listening(port: int) -> Server:
    """The server; at another port where the usual one is taken and none was asked for."""
    try:
        from munshi.cli.ui_place import LaptopWeb  # noqa: PLC0415 - an extra, and slow to load
        from munshi.web.server import Server  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise MissingExtra("munshi ui", INSTALL) from missing
    place = LaptopWeb(home.open_home())
    try:
        return Server(place, port)
    except Terminal:
        context = click.get_current_context()
        if context.get_parameter_source("port") is not ParameterSource.DEFAULT:
            raise
        return Server(place, 0)


@contextlib.contextmanager
def _door(folder: Path, server: Server, *, wanted: bool) -> Iterator[None]:
    """Open the link in a browser, by way of a file that only its user may read."""
    if not wanted:
        yield
        return
    door = folder / _DOOR
    door.unlink(missing_ok=True)
    door.touch(0o600)
    link = escape(server.link)
    door.write_text(
        f'<!doctype html><meta http-equiv="refresh" content="0;url={link}"><a href="{link}">munshi</a>',
        "utf-8",
    )
    threading.Thread(target=webbrowser.open, args=(door.as_uri(),), daemon=True).start()
    try:
        yield
    finally:
        door.unlink(missing_ok=True)
