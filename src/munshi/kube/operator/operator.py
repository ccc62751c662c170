"""`munshi operator`: the same engine as on a laptop, over the Kubernetes API.

Put together here: the cluster's objects (`store`, seen through the `gate`), trials as its jobs (`launcher`),
values and the story in a SQLite file, and around them who acts (`lease`), what is shown (`events`,
`health`, `gauges`) and what is thrown away (`housekeeping`). The caches are kept by every replica, so that
one that stands by can begin at once; the rest (`term`) is made anew each time a replica begins to lead.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from munshi.engine.clock import WallClock
from munshi.errors import Terminal
from munshi.kube.objects.store import KubeStore, Unreadable
from munshi.kube.operator import health, preflight
from munshi.kube.operator.counted import CountedLog
from munshi.kube.operator.gauges import CONTENT_TYPE, Facts, Gauges
from munshi.kube.operator.health import Page, Pages
from munshi.kube.operator.lease import Elector
from munshi.kube.operator.settings import Settings
from munshi.kube.operator.term import Launching, Shared, Term, launching
from munshi.kube.wire import connection
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import Kinds
from munshi.rpc.services import katib
from munshi.rpc.services.katib import KatibServices
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
        ledger = await stack.enter_async_context(_ledger(settings, api.server))
        services = await stack.enter_async_context(
            katib.opened(settings.services, settings.data / "services", settings.limits.time)
        )
        operator = Operator(api, ledger, settings, services=services)
        port = await stack.enter_async_context(
            health.serving(settings.host, settings.port, operator.pages)
        )
        log.info("drives the Experiments of %s; health and metrics on port %d", api.server, port)
        await operator.run()


class Operator:
    """One replica.

    Args:
        api: The cluster.
        ledger: Reported values and the story.
        settings: What it was told.
        launcher: Makes what runs the trials of a term.
        services: Who answers for algorithms that are not munshi's; default: nobody.
    """

    def __init__(
        self,
        api: Api,
        ledger: SqlStore,
        settings: Settings,
        launcher: Launching = launching,
        services: KatibServices | None = None,
    ) -> None:
        self._api, self._launcher = api, launcher
        namespace = settings.lease_namespace or api.namespace
        self._elector = (
            Elector(api, namespace, settings.identity, WallClock().now)
            if settings.leader_election
            else None
        )
        acting = api.fenced(self._elector.check) if self._elector else api
        self._store = KubeStore(acting, namespaces=settings.namespaces, refused=self._refused)
        self._shared = Shared(
            acting,
            Kinds(api),
            self._store,
            ledger,
            CountedLog(ledger),
            settings,
            Counter(),
            services or KatibServices({}, {}),
        )
        self._term: Term | None = None
        self._gauges = Gauges(self._facts)
        self.pages: Pages = {
            "/healthz": lambda: Page("ok\n"),
            "/readyz": self._ready,
            "/metrics": lambda: Page(self._gauges.text(), content_type=CONTENT_TYPE),
        }
        """What is served to probes and to Prometheus."""

    async def run(self) -> None:
        """Follow the cluster, and act whenever this replica leads, until cancelled."""
        following = asyncio.create_task(self._store.run())
        leading = asyncio.create_task(
            self._elector.run(self._lead) if self._elector else self._lead()
        )
        try:
            await asyncio.wait([following, leading], return_when=asyncio.FIRST_COMPLETED)
        finally:
            # The leader first: while it finishes its writes it needs the caches and the Lease.
            for task in (leading, following):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        for task in (leading, following):
            if not task.cancelled() and (trouble := task.exception()) is not None:
                raise _first(trouble)

    async def _lead(self) -> None:
        await self._store.synced()
        self._term = Term(self._shared, self._launcher)
        try:
            await self._term.run()
        finally:
            self._term = None

    def _refused(self, unreadable: Unreadable) -> None:
        if self._term is not None:
            self._term.refuse(unreadable)

    def _ready(self) -> Page:
        """A replica that stands by is ready too, once its caches are warm."""
        if not self._store.is_synced:
            reasons = "".join(f"{trouble}\n" for trouble in self._store.troubles)
            return Page(f"the cluster's objects are not read yet\n{reasons}", good=False)
        return Page("leading\n" if self._term is not None else "standing by\n")

    def _facts(self) -> Facts:
        engine = self._term.engine if self._term is not None else None
        return Facts(
            leads=engine is not None and (self._elector is None or self._elector.leads),
            objects=engine.mirror.everything() if engine else (),
            happened=self._shared.happened,
            passes=engine.passes if engine else {},
            waiting=engine.waiting if engine else 0,
            answers=self._api.answers,
            values=self._shared.values.values,
        )


@contextlib.asynccontextmanager
async def _ledger(settings: Settings, server: str) -> AsyncIterator[SqlStore]:
    folder = settings.data
    if settings.data_by_cluster:
        folder /= re.sub(r"[^A-Za-z0-9.-]+", "_", server.partition("//")[2]).strip("_") or "cluster"
    try:
        Path(folder).mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Terminal(
            f"the folder {folder} cannot be made ({error.strerror}); choose another with --data"
        ) from error
    async with SqlStore.open(
        folder / DATABASE,
        clock_now=WallClock().now,
        new_uid=lambda: str(uuid.uuid4()),
        elsewhere=True,
    ) as ledger:
        yield ledger


def _first(trouble: BaseException) -> BaseException:
    """What broke, without the groups that task groups put around it."""
    while isinstance(trouble, BaseExceptionGroup):
        trouble = trouble.exceptions[0]
    return trouble
