"""`munshi operator`: the same engine over a Kubernetes cluster, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from munshi.cli import ending, limits, places, served
from munshi.errors import MunshiError
from munshi.local import place
from munshi.rpc.services.target import Targets

if TYPE_CHECKING:
    from munshi.kube.operator.settings import Settings
    from munshi.suggester.limits import Limits

log = logging.getLogger("munshi.operator")

_LISTEN = "127.0.0.1:8080"

CALM = (50_000, 20, 100)
"""For the garbage collector: a full collection over ten thousand trials halts the loop for half a second."""


@click.command()
@click.option(
    "-n",
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NAMESPACE",
    envvar="MUNSHI_NAMESPACES",
    help="Drive only Experiments of this namespace; may be repeated. Default: of all.",
)
@click.option(
    "--context", metavar="NAME", envvar="MUNSHI_CONTEXT", help="The kubeconfig's context to use."
)
@click.option(
    "--kubeconfig", metavar="FILE", envvar="MUNSHI_KUBECONFIG", help="The kubeconfig to use."
)
@click.option(
    "--data",
    metavar="DIR",
    envvar="MUNSHI_DATA",
    help="Keep reported values and the story here. Default: a folder for each cluster in $MUNSHI_HOME.",
)
@click.option(
    "--image",
    metavar="IMAGE",
    envvar="MUNSHI_IMAGE",
    help="munshi's own image, for the collectors that run beside trials.",
)
@click.option(
    "--trial-kind",
    "trial_kinds",
    multiple=True,
    metavar="KIND.VERSION.GROUP",
    envvar="MUNSHI_TRIAL_KINDS",
    help="One more kind of job, such as Workflow.v1alpha1.argoproj.io; may be repeated.",
)
@served.algorithms
@click.option(
    "--listen",
    metavar="HOST:PORT",
    envvar="MUNSHI_LISTEN",
    default=_LISTEN,
    show_default=True,
    help="Serve /healthz, /readyz and /metrics here.",
)
@click.option(
    "--leader-election/--no-leader-election",
    default=True,
    envvar="MUNSHI_LEADER_ELECTION",
    help="Act only while holding the Lease munshi-operator. Default: yes.",
)
@limits.options
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="MUNSHI_LOG_FORMAT",
    show_default=True,
    help="How each line of the log is written.",
)
@click.option("--verbose", is_flag=True, envvar="MUNSHI_VERBOSE", help="Log the steps too.")
def operator(log_format: str, verbose: bool, **said: Any) -> int:  # noqa: ANN401 - click's values
    """Drive the Experiments of a Kubernetes cluster.

    Needs the kinds of deploy/crds in the cluster; docs/cluster.md tells how to install it there. Each option
    may be given as a variable: --data is MUNSHI_DATA; several namespaces or kinds stand with blanks between
    in MUNSHI_NAMESPACES and MUNSHI_TRIAL_KINDS, services with semicolons in MUNSHI_ALGORITHM_SERVICES. Ends
    with 0 when it is told to stop (TERM, Ctrl-C).
    """
    # Loaded here: what speaks to a cluster is an extra, and no help page needs it.
    from munshi.kube.operator import diary  # noqa: PLC0415

    settings = _settings(**said)
    with diary.kept(log_format, verbose=verbose):
        try:
            from munshi.kube.operator.operator import serve  # noqa: PLC0415

            gc.set_threshold(*CALM)
            asyncio.run(_until_told(serve(settings)))
        except MunshiError:
            raise
        except Exception:
            # In a pod a report in a file is lost with it: the log is the place to look.
            log.exception("this is a bug in munshi; please report it with the lines below")
            return ending.FAILED
    return ending.OK


async def _until_told(work: Coroutine[None, None, None]) -> None:
    """Work until TERM, Ctrl-C or HUP; a second one does not wait for order to be made."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(one, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        log.info("stopped, as asked")


def _settings(  # noqa: PLR0913 - one for each option
    *,
    namespaces: tuple[str, ...],
    context: str | None,
    kubeconfig: str | None,
    data: str | None,
    image: str | None,
    trial_kinds: tuple[str, ...],
    services: Targets,
    listen: str,
    leader_election: bool,
    limits: Limits,
) -> Settings:
    from munshi.kube.operator import settings  # noqa: PLC0415 - as above

    host, port = settings.read_address(listen)
    return settings.Settings(
        data=Path(data) if data else place.home() / "clusters",
        data_by_cluster=not data,
        namespaces=tuple(dict.fromkeys(namespaces)),
        context="" if context in (None, places.CURRENT) else context,
        kubeconfig=kubeconfig or "",
        image=image or settings.DEFAULT_IMAGE,
        trial_kinds=tuple(map(settings.read_kind, trial_kinds)),
        services=services,
        host=host,
        port=port,
        leader_election=leader_election,
        limits=limits,
        # One Lease for those who drive the same Experiments.
        lease_namespace=namespaces[0] if namespaces else settings.own_namespace(),
    )
