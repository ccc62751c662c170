"""`munshi suggestion-service`: munshi's algorithms in Katib's protocol, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import click

from munshi.cli import ending
from munshi.rpc import messages
from munshi.rpc.served.service import Stopped

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 6789


@click.command("suggestion-service")
@click.option(
    "--host",
    metavar="ADDRESS",
    default=DEFAULT_HOST,
    show_default=True,
    help="Listen at this address; in a pod: 0.0.0.0.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=DEFAULT_PORT,
    show_default=True,
    help="Listen at this port; 0 takes any that is free.",
)
@click.option("--proto", is_flag=True, help="Print the protocol as a .proto file, and end.")
def suggestion_service(host: str, port: int, proto: bool) -> int:
    """Answer as Katib's suggestion and early-stopping services, with munshi's algorithms.

    For a cluster that runs Katib: name munshi's image in its katib-config, with this command. Needs the extra
    munshi[grpc]. Ends with 0 when it is told to stop (TERM, Ctrl-C).
    """
    if proto:
        click.echo(messages.text(messages.KATIB), nl=False)
        return ending.OK
    asyncio.run(_serve(host, port))
    return ending.OK


async def _serve(host: str, port: int) -> None:
    from munshi.rpc.served import service  # noqa: PLC0415 - loads the algorithms' room

    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(one, told.set)
    async with contextlib.AsyncExitStack() as stack:
        stopped = await _stopped(stack)
        address = await stack.enter_async_context(service.serving(host, port, stopped))
        click.echo(f"munshi: serves its algorithms at {address}", err=True)
        await told.wait()


async def _stopped(stack: contextlib.AsyncExitStack) -> Stopped | None:
    """Marks Trials of the cluster that this is a pod of; None elsewhere."""
    if "KUBERNETES_SERVICE_HOST" not in os.environ:
        return None
    from munshi.engine.clock import WallClock  # noqa: PLC0415 - an extra, and slow to load
    from munshi.errors import MissingExtra  # noqa: PLC0415

    try:
        from munshi.kube.operator.settings import own_namespace  # noqa: PLC0415
        from munshi.kube.visit import stopped  # noqa: PLC0415
        from munshi.kube.wire import connection  # noqa: PLC0415
    except MissingExtra:
        return None
    api = await stack.enter_async_context(connection.connect())

    async def mark(trial: str) -> None:
        await stopped.mark(api, own_namespace(), trial, WallClock().now())

    return mark
