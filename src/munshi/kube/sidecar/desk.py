"""Katib's `report_metrics`, answered inside the pod.

The pod's own hosts file says that `katib-db-manager.kubeflow` is 127.0.0.1, so the kubeflow-katib SDK calls
here (compare ADR 10). What it reports is in a file before it is acknowledged, and then read like everything
else. Only this pod can call, and only its own trial is known here.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from munshi import collectors
from munshi.collectors import push_file
from munshi.errors import MunshiError, NotFound
from munshi.kube.sidecar import sources
from munshi.kube.sidecar.plan import ANSWERED, READY, Plan
from munshi.metrics.log import MetricLog

_START_S = 60.0


@contextlib.contextmanager
def answering(plan: Plan, port: int | None = None) -> Iterator[str]:
    """Answer for the length of a block, in a thread of its own; what is yielded says why nobody answers.

    Args:
        plan: Whose trial it is, and where reports go.
        port: Another one than Katib's, for tests.
    """
    if not plan.answers:
        yield ""
        return
    desk = _Desk(plan)
    thread = threading.Thread(target=desk.run, args=(port,), name="katib", daemon=True)
    thread.start()
    desk.settled.wait(_START_S)
    with contextlib.suppress(OSError):  # it only says that programs need not wait for us
        (Path(plan.path) / READY).touch()
    try:
        yield desk.trouble
    finally:
        desk.close()
        thread.join(_START_S)


class _Desk:
    """Takes reports for one trial, and reads them back."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._folder = Path(plan.path)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self.settled = threading.Event()
        self.trouble = ""

    def run(self, port: int | None) -> None:
        """The thread: serve until `close`."""
        try:
            asyncio.run(self._serve(port))
        except (MunshiError, OSError) as fault:
            self.trouble = f"Katib's report_metrics is not answered: {fault}"
        finally:
            self.settled.set()

    def close(self) -> None:
        """Answer no more; calls under way come to their end."""
        if self._loop is not None and self._over is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._over.set)

    async def _serve(self, port: int | None) -> None:
        from munshi.rpc import address, db_manager  # noqa: PLC0415  gRPC is heavy; only these pods pay

        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        at = address.PORT if port is None else port
        async with db_manager.serving(self._report, self._read, port=at):
            self.settled.set()
            await self._over.wait()

    async def _report(self, trial: str, logs: Sequence[MetricLog]) -> None:
        self._know(trial)
        push_file.append_logs(self._folder / ANSWERED, logs)

    async def _read(
        self, trial: str, metric: str | None, start_ns: int | None, end_ns: int | None
    ) -> Sequence[MetricLog]:
        self._know(trial)
        first, last = start_ns or -math.inf, end_ns or math.inf
        wanted = self._plan.metrics if metric is None else (metric,)
        return [
            log
            for each in sources.reports(self._folder, wanted)
            for batch in collectors.drain(each)
            for log in batch
            if first <= (log.time_ns or 0) <= last
        ]

    def _know(self, trial: str) -> None:
        if trial != self._plan.trial:
            raise NotFound(f'trial "{trial}" is not the one of this pod, "{self._plan.trial}"')
