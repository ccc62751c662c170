"""What Prometheus scrapes: Katib's metrics under their old names, and munshi's own beside them.

Everything is read off at the moment of the scrape: objects from the engine's mirror, requests from the
`Api`, what happened from the story. Counters begin at zero with the process, as counters may.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from munshi.api.conditions import Conditions
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.trial import Trial

CONTENT_TYPE = CONTENT_TYPE_LATEST

KATIB = {
    "katib_experiment_created": "Experiments that were taken up.",
    "katib_experiment_deleted": "Experiments that were deleted.",
    "katib_experiment_succeeded": "Experiments that succeeded.",
    "katib_experiment_failed": "Experiments that failed.",
    "katib_trial_created": "Trials that were created.",
    "katib_trial_deleted": "Trials that were deleted.",
    "katib_trial_succeeded": "Trials that succeeded.",
    "katib_trial_failed": "Trials whose job failed.",
    "katib_trial_metrics_unavailable": "Trials whose job succeeded without reporting the objective.",
}
"""Katib's counters by namespace, and what they say."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at the moment of a scrape.

    Attributes:
        leads: This replica acts.
        objects: Every Experiment and Trial that the engine holds.
        happened: What happened since the process began, by Katib's counter and namespace.
        passes: The engine's passes by kind and outcome.
        waiting: Passes that are asked for.
        answers: Answers of the API server by verb and HTTP status.
        values: Values that trials reported and that were new.
    """

    leads: bool = False
    objects: Iterable[Resource] = ()
    happened: Mapping[tuple[str, str], int] = field(default_factory=dict)
    passes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    waiting: int = 0
    answers: Mapping[tuple[str, int], int] = field(default_factory=dict)
    values: int = 0


class Gauges(Collector):
    """Makes the page.

    Args:
        facts: What is known now.
    """

    def __init__(self, facts: Callable[[], Facts]) -> None:
        self._facts = facts
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> str:
        """The page in Prometheus' text format."""
        return generate_latest(self._registry).decode()

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: what there is depends on the moment."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client`."""
        facts = self._facts()
        yield from _katib(facts)
        yield from _ours(facts)


def _katib(facts: Facts) -> Iterator[Metric]:
    for name, said in KATIB.items():
        counter = CounterMetricFamily(name, said, labels=["namespace"])
        for (of, namespace), count in facts.happened.items():
            if of == name:
                counter.add_metric([namespace], count)
        yield counter
    current: dict[str, Counter[tuple[str, str]]] = {"experiments": Counter(), "trials": Counter()}
    for one in facts.objects:
        match one:
            case Experiment():
                current["experiments"][one.namespace, _last(one.status.conditions)] += 1
            case Trial():
                current["trials"][one.namespace, _last(one.status.conditions)] += 1
            case _:
                pass
    for kind, counted in current.items():
        gauge = GaugeMetricFamily(
            f"katib_{kind}_current",
            f"The {kind} there are, by their last condition.",
            labels=["namespace", "status"],
        )
        for labels, count in sorted(counted.items()):
            gauge.add_metric(labels, count)
        yield gauge


def _ours(facts: Facts) -> Iterator[Metric]:
    yield GaugeMetricFamily("munshi_leader", "1 while this replica acts.", int(facts.leads))
    passes = CounterMetricFamily(
        "munshi_reconcile_passes", "Looks at an object.", labels=["kind", "outcome"]
    )
    for labels, count in sorted(facts.passes.items()):
        passes.add_metric(labels, count)
    yield passes
    yield GaugeMetricFamily("munshi_queue_length", "Objects that wait for a look.", facts.waiting)
    requests = CounterMetricFamily(
        "munshi_api_requests", "Answers of the API server.", labels=["verb", "code"]
    )
    for (verb, code), count in sorted(facts.answers.items()):
        requests.add_metric([verb, str(code)], count)
    yield requests
    yield CounterMetricFamily("munshi_reported_values", "Values taken from trials.", facts.values)
    about = GaugeMetricFamily("munshi_info", "The version that runs.", labels=["version"])
    about.add_metric([version("munshi")], 1)
    yield about


def _last(conditions: Conditions) -> str:
    """The type of the last condition, which `kubectl get` shows too."""
    return conditions[-1].type if conditions else "Unknown"
