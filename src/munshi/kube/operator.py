"""`munshi operator`: the same engine as on a laptop, over the Kubernetes API.

Put together here: the cluster's objects (`store`, seen through the `gate`), trials as its jobs (`launcher`),
values and the story in a SQLite file, and around them who acts (`lease`), what is shown (`events`,
`health`, `gauges`) and what is thrown away (`housekeeping`). The caches are kept by every replica, so that one
that stands by can begin at once; everything else is made anew each time a replica begins to lead.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.engine.clock import ThreadSuggester, WallClock
from munshi.engine.engine import Engine
from munshi.engine.ports import Event
from munshi.errors import FieldFault
from munshi.kube import connection, finalizers, health, preflight
from munshi.kube.api import Api
from munshi.kube.counted import CountedLog
from munshi.kube.events import ClusterEvents
from munshi.kube.gate import Gate
from munshi.kube.gauges import CONTENT_TYPE, Facts, Gauges
from munshi.kube.health import Page
from munshi.kube.housekeeping import Housekeeping
from munshi.kube.kinds import Kinds
from munshi.kube.launcher import KubeLauncher
from munshi.kube.lease import Elector, uptime
from munshi.kube.settings import Settings
from munshi.kube.store import KubeStore
from munshi.kube.story import Story
from munshi.kube.troubles import Troubles
from munshi.store.sqlite import SqlStore

log = logging.getLogger("munshi.operator")

DATABASE = "munshi.db"


async def serve(settings: Settings) -> None:
    """Drive the cluster's Experiments until cancelled; then finish the writes and let go of the Lease.

    Raises:
        Terminal: It cannot begin: no cluster, no such context, missing kinds or rights, an address in use.
        ClusterUnreachable: Nobody answers.
    """
    async with contextlib.AsyncExitStack() as stack:
        api = connection.connect(context=settings.context, kubeconfig=settings.kubeconfig)
        await stack.enter_async_context(api)
        await preflight.check(api, settings)
        ledger = await stack.enter_async_context(_ledger(settings, api))
        operator = Operator(api, ledger, settings)
        port = await stack.enter_async_context(
            health.serving(settings.host, settings.port, operator.pages)
        )
        log.info("munshi drives the Experiments of %s; health and metrics on port %d", api.server, port)
        await operator.run()


class Operator:
    """One replica.

    Args:
        api: The cluster.
        ledger: Reported values and the story.
        settings: What it was told.
    """
