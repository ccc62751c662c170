"""PrometheusMetric on a cluster: the page of a pod, asked at the pod's own address.

The collector is the laptop's; what differs is whom it may ask. The author's `httpGet.host` is never asked
(`pods` refuses it), only the address that the node gave the pod.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from munshi import collectors
from munshi.api.common import CollectorKind
from munshi.api.trial import Trial
from munshi.collectors import Endpoint, wishes
from munshi.collectors.prometheus import POLL_S
from munshi.errors import LaunchRefused
from munshi.kube.sidecar.records import End
from munshi.kube.trials.sightings import PodSighting
from munshi.metrics.log import MetricLog


def endpoint(trial: Trial, pod: PodSighting) -> Endpoint:
    """The page of a pod.

    Raises:
        LaunchRefused: Its port is not a number.
    """
    page = wishes.page_of(trial.spec.metrics_collector)
    if not page.port.isdecimal():
        raise LaunchRefused(
            f'httpGet.port "{page.port}" is no number; write the number of the port'
        )
    host = f"[{pod.ip}]" if ":" in pod.ip else pod.ip
    scheme = (page.scheme or "http").lower()
    headers = tuple((each.name, each.value) for each in page.http_headers)
    return Endpoint(f"{scheme}://{host}:{page.port}{page.path}", headers, host=pod.ip)


async def scrape(
    trial: Trial,
    pod: PodSighting,
    primary: str,
    look: Callable[[], PodSighting | None],
    news: Callable[[float], Awaitable[None]],
    keep: Callable[[list[MetricLog]], Awaitable[None]],
) -> End:
    """Ask until the program has ended; what was found instead.

    Args:
        trial: Whose page it is.
        pod: The pod, whose program has begun.
        primary: The container that serves.
        look: The pod as it is now; None: it is gone.
        news: Waits for a change, so many seconds at most.
        keep: Takes values.
    """
    objective = trial.spec.objective
    metrics = objective.metric_names if objective else ()

    def runs() -> bool:
        now = look()
        container = now.container(primary) if now is not None else None
        return now is not None and not now.is_over and container is not None and not container.ended

    while runs() and not pod.ip:
        await news(POLL_S)
        pod = look() or pod
    if not pod.ip:
        return End((), ("its page was not asked: the pod was over at once",))
    collector = collectors.open_collector(
        CollectorKind.PROMETHEUS.value, endpoint(trial, pod), metrics
    )
    try:
        while runs():
            await keep(collector.poll())
            await news(POLL_S)
        for batch in collectors.drain(collector):
            await keep(batch)
            await asyncio.sleep(0)
        seen = collector.seen()
        return End(seen.names, seen.notes)
    finally:
        await asyncio.to_thread(collector.close)
