"""Which pod of a trial is meant, and which container of it.

The one that reports, as for the operator (`fate.reporters`); or, by name, another container of that pod, or
another pod of the trial, such as `worker-1` of a TFJob.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from munshi.api.trial import Trial
from munshi.errors import NotFound
from munshi.kube.trials import fate, pods
from munshi.kube.trials.sightings import ContainerSighting, PodSighting, pod_of
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import PODS


@dataclass(frozen=True, slots=True)
class Program:
    """A container of a pod, in the one of its lives that is meant.

    Attributes:
        pod: The pod.
        name: The container's; empty where the pod decides.
        before: Its life before the present one.
    """

    pod: PodSighting
    name: str
    before: bool = False

    @property
    def container(self) -> ContainerSighting | None:
        """What the node says of it, once it does."""
        return self.pod.container(self.name)

    @property
    def has_begun(self) -> bool:
        """Whether it has a log."""
        seen = self.container
        return seen is not None and (seen.started or seen.restarts > 0)


async def of_trial(api: Api, trial: Trial) -> list[PodSighting]:
    """The trial's pods that are there."""
    label = pods.reading(trial).label
    found: list[PodSighting] = []
    pages = api.pages(PODS.path(trial.namespace), labelSelector=f"{label}={trial.name}")
    async with contextlib.aclosing(pages):
        async for page in pages:
            found = ([] if page.first else found) + [pod_of(each) for each in page.items]
    return found


def reporting(trial: Trial, found: list[PodSighting]) -> list[PodSighting]:
    """Those that report, and before it those that failed; the last one counts."""
    reading = pods.reading(trial)
    return fate.reporters(found, reading.pod_labels, reading.primary)


def program(trial: Trial, found: list[PodSighting], wanted: str = "") -> Program | None:
    """The program that is meant; None while its pod is not there.

    Args:
        trial: Whose it is.
        found: The trial's pods.
        wanted: A container of the reporting pod, or another pod; empty: the primary container.

    Raises:
        NotFound: Nothing has this name; says what there is.
    """
    primary, reporters = trial.spec.primary_container_name, reporting(trial, found)
    if not wanted:
        return Program(reporters[-1], primary) if reporters else None
    here = reporters[-1] if reporters else None
    if here is not None and here.container(wanted) is not None:
        return Program(here, wanted)
    names = (wanted, f"{trial.name}-{wanted}")
    for pod in found:
        if pod.name in names or pod.name.startswith(f"{names[1]}-"):
            own = [each.name for each in pod.containers if not each.init]
            return Program(pod, primary if primary in own or not own else own[0])
    if here is None or not here.containers:
        return None
    there = [each.name for each in here.containers]
    there += [pod.name for pod in found if pod is not here]
    said = f'trial "{trial.name}" has no container or pod "{wanted}"'
    raise NotFound(f"{said}; there are: {', '.join(there)}")


def before(trial: Trial, found: list[PodSighting], wanted: str = "") -> Program:
    """What ran before it: the container's life before, or else the pod that failed before.

    Raises:
        NotFound: Nothing did, or nothing is left of it.
    """
    now = program(trial, found, wanted)
    if now is not None:
        if now.container is not None and now.container.restarts > 0:
            return Program(now.pod, now.name, before=True)
        earlier = [pod for pod in reporting(trial, found) if pod.name != now.pod.name]
        if earlier:
            return Program(earlier[-1], now.name)
    said = f'trial "{trial.name}" has no attempt before this one whose pod is still there'
    raise NotFound(f"{said}; why it began anew: munshi explain {trial.name}")
