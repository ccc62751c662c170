"""Every value that a trial has reported, read anew from its pods' logs as the operator reads them.

The operator keeps them in a ledger that it shows to nobody, for whoever may see one namespace should not see
another's. But what they were read from is there for everybody who may read the pod's log, as long as the pod
is; and the same readers make the same values of it.
"""

from __future__ import annotations

from contextlib import aclosing

from munshi.api.common import CollectorKind
from munshi.api.trial import Trial
from munshi.collectors import wishes
from munshi.errors import Invalid, Terminal
from munshi.kube.trials import pods as rendered
from munshi.kube.trials.logs import LogReader, Output, Records
from munshi.kube.trials.pods import LOG_KINDS
from munshi.kube.trials.sightings import PodSighting
from munshi.kube.visit import pods
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import PODS
from munshi.metrics.log import MetricLog


async def of_trial(api: Api, trial: Trial, metric: str | None = None) -> list[MetricLog]:
    """The values, ordered by time.

    Args:
        api: The cluster.
        trial: Who reported.
        metric: Only this one.

    Raises:
        Terminal: Its pods are gone, or it serves a page instead; says where the sums are.
    """
    reading = rendered.reading(trial)
    sums = "its smallest, largest and latest values are in its status: munshi describe trial"
    if reading.kind is CollectorKind.PROMETHEUS:
        raise Terminal(
            f"the operator asked trial {trial.name} for its page, and keeps the values to itself; {sums}"
        )
    reporting = pods.reporting(trial, await pods.of_trial(api, trial))
    if not reporting and trial.is_completed:
        raise Terminal(
            f"the values of trial {trial.name} were read from its pods' logs, and its pods are gone; "
            f"{sums}; with trialTemplate.retain: true those of later trials stay"
        )
    found = [log for pod in reporting for log in await _of_pod(api, trial, pod, reading.container)]
    wanted = [log for log in found if metric in (None, log.metric)]
    return sorted(wanted, key=lambda log: log.time_ns or 0)


async def _of_pod(api: Api, trial: Trial, pod: PodSighting, container: str) -> list[MetricLog]:
    metrics = trial.spec.objective.metric_names if trial.spec.objective else ()
    lines: Output | Records
    if rendered.reading(trial).kind in LOG_KINDS:
        filters = wishes.filters_of(trial.spec.metrics_collector)
        lines = Output(f"stdout/{pod.uid}", metrics, filters)
    else:
        lines = Records(pod.uid, metrics)
    reader, found = LogReader(lines), list[MetricLog]()
    path = PODS.path(pod.namespace, pod.name, "log")
    query = {"container": container, "timestamps": "true"}
    try:
        async with aclosing(api.chunks(path, stall_s=60.0, **query)) as chunks:
            async for chunk in chunks:
                found += reader.feed(chunk)
    except Invalid:  # nothing of it has run yet
        return []
    return found + reader.end()
