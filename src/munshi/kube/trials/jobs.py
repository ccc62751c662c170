"""The jobs of all trials and their pods, followed from when the first of a kind is asked for.

One reflector for each kind of job, one for each label by which pods are found; in the whole cluster, or in
some namespaces. Only what carries the trials' label is followed, and of that only sightings are held.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from munshi.api.meta import TRIAL_LABEL
from munshi.api.wire import Object
from munshi.errors import ClusterUnreachable, Forbidden, LaunchRefused
from munshi.kube.trials.sightings import JobSighting, PodSighting, job_of, pod_of
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import PODS, Kinds, Resource
from munshi.kube.wire.reflector import Name, Reflector

PATIENCE_S = 30.0
"""How long the first list may take before whoever asked is told to come back."""
_LOOK_S = 0.25

T = TypeVar("T")

Heard = Callable[[Name], None]
"""Is told the namespace and name of a trial whose job or pods changed."""


class Jobs:
    """Everything that trials run.

    Args:
        api: Where to ask.
        kinds: Knows where kinds are served.
        heard: Is told of changes.
        now: The time, for pods that are gone.
        namespaces: Only in these; empty: everywhere.
    """

    def __init__(
        self,
        api: Api,
        kinds: Kinds,
        heard: Heard,
        now: Callable[[], datetime],
        namespaces: Sequence[str] = (),
    ) -> None:
        self._api, self._kinds, self._heard, self._now = api, kinds, heard, now
        self._namespaces = tuple(namespaces) or ("",)
        self._jobs: dict[Resource, JobWatch] = {}
        self._pods: dict[str, PodWatch] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def close(self) -> None:
        """Follow no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def of(self, api_version: str, kind: str) -> JobWatch:
        """The jobs of a kind, all known.

        Raises:
            LaunchRefused: The kind is not served here, has no namespaces, or may not be followed by us.
            ClusterUnreachable: Not now.
        """
        resource = await self._kinds.resource(api_version, kind)
        if not resource.namespaced:
            raise LaunchRefused(
                f"{kind} is a kind of the whole cluster; a trial's job must live in its namespace"
            )
        watch = self._jobs.get(resource)
        if watch is None:
            watch = self._jobs[resource] = JobWatch(resource, self._heard)
            self._follow(resource, TRIAL_LABEL, watch.reflectors, job_of, watch.hear)
        await _synced(watch.reflectors)
        return watch

    async def pods(self, label: str) -> PodWatch:
        """The pods that carry a label, all known; raises as `of`."""
        watch = self._pods.get(label)
        if watch is None:
            watch = self._pods[label] = PodWatch(label, self._heard, self._now)
            self._follow(PODS, label, watch.reflectors, pod_of, watch.hear)
        await _synced(watch.reflectors)
        return watch

    def _follow(
        self,
        resource: Resource,
        label: str,
        reflectors: list[Reflector[T]],
        keep: Callable[[Object], T],
        hear: Callable[[T, bool], None],
    ) -> None:
        for namespace in self._namespaces:
            path, query = resource.path(namespace), {"labelSelector": label}
            reflector = Reflector(self._api, path, keep, hear, query=query)
            reflectors.append(reflector)
            self._tasks.append(asyncio.ensure_future(reflector.run()))


class JobWatch:
    """The jobs of one kind."""

    def __init__(self, resource: Resource, heard: Heard) -> None:
        self.resource = resource
        self.reflectors: list[Reflector[JobSighting]] = []
        self._heard = heard

    def get(self, name: Name) -> JobSighting | None:
        """The job of that namespace and name."""
        return next((each.items[name] for each in self.reflectors if name in each.items), None)

    def put(self, document: Object) -> None:
        """Take in what the answer to a write shows."""
        namespace = str(document["metadata"].get("namespace", ""))
        where = self.resource.path(namespace)
        for each in self.reflectors:
            if each.path in (where, self.resource.path()):
                each.put(document)

    def hear(self, job: JobSighting, gone: bool) -> None:
        """See `Reflector`."""
        self._heard((job.namespace, job.name))


class PodWatch:
    """The pods that carry one label, by trial.

    Of trials that are tracked, pods are remembered when they are gone: what took them away tells whose fault
    an end is.
    """

    def __init__(self, label: str, heard: Heard, now: Callable[[], datetime]) -> None:
        self.reflectors: list[Reflector[PodSighting]] = []
        self._label, self._heard, self._now = label, heard, now
        self._pods: defaultdict[Name, dict[str, PodSighting]] = defaultdict(dict)
        self._former: dict[Name, dict[str, PodSighting]] = {}

    def of(self, name: Name, since: datetime | None = None) -> list[PodSighting]:
        """The pods of a trial that are there; only those made since then, as its former attempt's are not."""
        return _since(self._pods.get(name, {}).values(), since)

    def former(self, name: Name, since: datetime | None = None) -> list[PodSighting]:
        """Those of a tracked trial that are gone, as they were last."""
        return _since(self._former.get(name, {}).values(), since)

    def track(self, name: Name) -> None:
        """Remember the trial's pods from now on."""
        self._former.setdefault(name, {})

    def drop(self, name: Name) -> None:
        """Remember them no more."""
        self._former.pop(name, None)

    def hear(self, pod: PodSighting, gone: bool) -> None:
        """See `Reflector`."""
        name = (pod.namespace, pod.labels.get(self._label, ""))
        pods = self._pods[name]
        pod = _first_asked(pod, pods.get(pod.uid))
        if gone:
            pods.pop(pod.uid, None)
            if not pods:
                del self._pods[name]
            if name in self._former:
                self._former[name][pod.uid] = replace(pod, doomed=pod.doomed or self._now())
        else:
            pods[pod.uid] = pod
        self._heard(name)


def _first_asked(pod: PodSighting, known: PodSighting | None) -> PodSighting:
    """The pod with the first moment at which its deletion was asked for.

    When its programs have ended, its node asks once more, without grace, and that moment is written over the
    first: as if they had ended by themselves before anybody wanted it.
    """
    if known is None or known.doomed is None or pod.doomed is None or pod.doomed <= known.doomed:
        return pod
    return replace(pod, doomed=known.doomed)


def _since(pods: Iterable[PodSighting], since: datetime | None) -> list[PodSighting]:
    return [pod for pod in pods if since is None or pod.created is None or pod.created >= since]


async def _synced(reflectors: Sequence[Reflector[T]]) -> None:
    """Wait for the first list, which is soon there or in trouble."""
    if all(each.synced.is_set() for each in reflectors):
        return
    waits = [asyncio.ensure_future(each.synced.wait()) for each in reflectors]
    try:
        async with asyncio.timeout(PATIENCE_S):
            for each, wait in zip(reflectors, waits, strict=True):
                while not each.synced.is_set():
                    await asyncio.wait([wait], timeout=_LOOK_S)
                    if isinstance(each.trouble, Forbidden):
                        raise LaunchRefused(str(each.trouble))
    except TimeoutError:
        trouble = next((each.trouble for each in reflectors if each.trouble is not None), None)
        said = str(trouble) if trouble else "the list of jobs or pods takes very long"
        raise ClusterUnreachable(said) from None
    finally:
        for wait in waits:
            wait.cancel()
