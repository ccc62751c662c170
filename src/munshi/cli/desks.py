"""A cluster's objects as ours, and the output of its trials: what of `clusters` needs the models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.cli.places import Document, Output, Story
from munshi.errors import Invalid
from munshi.kube.objects import documents
from munshi.kube.visit import desk, looking, values
from munshi.kube.visit.output import growing, whole
from munshi.kube.wire.api import Api
from munshi.metrics.log import MetricLog


class Desk(desk.Desk):
    """Implements `places.Desk`."""

    async def values(self, trial: Trial, metric: str | None = None) -> Sequence[MetricLog]:
        """See `Records.values`: read from the logs of its pods, as long as these are there."""
        return await values.of_trial(self.api, trial, metric)

    async def story(self, one: Experiment | Trial) -> Story:
        """See `Records.story`."""
        return Story(*await self.happened(one))

    def is_driven(self, experiment: Experiment) -> bool:
        """See `Desk.is_driven`: that is what operators are for."""
        del experiment
        return True

    async def end(self, one: Experiment | Trial) -> None:
        """See `Desk.end`: the operator does."""


def output(
    api: Api, document: Document, wanted: Output
) -> AsyncGenerator[bytes | str, None] | AsyncGenerator[bytes, None]:
    """A trial's output, and as text what is to be said of it."""
    trial = _trial(document)

    async def now() -> Trial | None:
        found = await looking.found(api, "Trial", trial.namespace, trial.name)
        return None if found is None else _trial(found)

    container, tail = wanted.container, wanted.tail
    if wanted.follow:
        return growing(api, trial, now, container, tail=tail)
    return whole(api, trial, container, tail=tail, previous=wanted.previous)


def _trial(document: Document) -> Trial:
    """As ours.

    Raises:
        Invalid: It makes no sense to us.
    """
    reading = documents.read(document, Trial)
    if reading.resource is None:
        raise Invalid(reading.faults)
    return reading.resource
