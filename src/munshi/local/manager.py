"""Katib's `report_metrics` answered: the DB manager that the kubeflow-katib SDK calls, for one experiment.

Open while this process drives an experiment whose trials report by a call, or whose early stopping is a
service, which reads values here. What arrives is written to the
trial's own file of reports, where its collector finds it like what `munshi.report_metrics` writes; so it
is safe before it is acknowledged, and both ways mean the same. Nothing listens for other experiments.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.collectors import push_file, wishes
from munshi.engine.ports import ObservationLog, Store
from munshi.errors import NotFound, Retryable
from munshi.local import pushing
from munshi.local.home import Home
from munshi.local.sources import PUSHED
from munshi.metrics.log import MetricLog
from munshi.rpc import address
from munshi.store.sqlite import SqlStore


@dataclass(frozen=True, slots=True)
class Answered:
    """Where Katib's reports are answered.

    Attributes:
        host: A loopback address; empty when nobody listens.
        notes: Why nobody does, when somebody may wish it.
    """

    host: str = ""
    notes: tuple[str, ...] = ()


@contextlib.asynccontextmanager
async def answering(
    experiment: Experiment, store: SqlStore, home: Home, *, is_read: bool = False
) -> AsyncIterator[Answered]:
    """Listen as long as the context is, if the experiment's trials report by a call, or `is_read`."""
    if not is_read and wishes.kind_of(experiment.spec.metrics_collector_spec) not in wishes.PUSHING:
        yield Answered()
        return
    if importlib.util.find_spec("grpc") is None:
        why = "report_metrics of the kubeflow-katib SDK is not answered: pip install 'munshi[grpc]'"
        yield Answered(notes=(f"{why} (munshi.report_metrics needs nothing)",))
        return
    from munshi.rpc import db_manager  # noqa: PLC0415 - grpc is an extra

    desk = _Desk(experiment, store, store, home)
    host, port = pushing.manager_host(experiment.uid), address.PORT
    async with contextlib.AsyncExitStack() as stack:
        try:
            serving = db_manager.serving(desk.report, desk.read, host=host, port=port)
            await stack.enter_async_context(serving)
        except (OSError, Retryable) as error:
            why = f"nobody can listen at {host}:{port} for Katib's report_metrics: {error}"
            yield Answered(notes=(why,))
            return
        yield Answered(host)


class _Desk:
    """Takes reports for the trials of one experiment, and reads them back."""

    def __init__(
        self, experiment: Experiment, store: Store, observations: ObservationLog, home: Home
    ) -> None:
        self._experiment, self._store = experiment, store
        self._observations, self._home = observations, home

    async def report(self, name: str, logs: Sequence[MetricLog]) -> None:
        """Keep what a running trial reports.

        Raises:
            NotFound: No trial of that name runs in this experiment.
        """
        trial = await self._trial(name)
        if trial.is_completed:
            raise NotFound(f'trial "{name}" has ended; it reports no more')
        path = self._home.trial_folder(trial) / PUSHED
        await asyncio.to_thread(push_file.append_logs, path, logs)

    async def read(
        self, name: str, metric: str | None, start_ns: int | None, end_ns: int | None
    ) -> Sequence[MetricLog]:
        """What a trial has reported so far, within a span of time if one is given.

        Raises:
            NotFound: There is no such trial in this experiment.
        """
        trial = await self._trial(name)
        logs = await self._observations.read(trial.uid, metric)
        first, last = start_ns or -math.inf, end_ns or math.inf
        return [log for log in logs if first <= (log.time_ns or 0) <= last]

    async def _trial(self, name: str) -> Trial:
        trial = await self._store.get(Trial, self._experiment.namespace, name)
        owner = trial.metadata.controller()
        if owner is None or owner.uid != self._experiment.uid:
            raise NotFound(f'trial "{name}" is not of experiment "{self._experiment.name}"')
        return trial
