"""Objects of the cluster as ours; what came of them, and what one wants of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

from munshi.api.experiment import Experiment
from munshi.api.meta import EXPERIMENT_LABEL, Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import FINAL, Trial
from munshi.api.wire import Object
from munshi.errors import Conflict, Forbidden, Invalid, NotFound
from munshi.kube.objects import documents
from munshi.kube.visit import looking, past
from munshi.kube.wire.api import Api
from munshi.metrics import words
from munshi.reconcile.story import Event, Told
from munshi.store import semantics

R = TypeVar("R", bound=Resource)


class Desk:
    """One visit.

    Args:
        api: The cluster.
    """

    def __init__(self, api: Api) -> None:
        self.api = api

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """The object as the server has it now.

        Raises:
            NotFound: There is none.
            Invalid: It makes no sense to us.
        """
        found = await looking.found(self.api, kind.__name__, namespace, name)
        if found is None:
            raise NotFound(f"{kind.__name__.lower()} {namespace}/{name} is not there")
        reading = documents.read(found, kind)
        if reading.resource is None:
            raise Invalid(reading.faults)
        return reading.resource

    async def list(
        self, kind: type[R], namespace: str | None = None, owner_uid: str | None = None
    ) -> Sequence[R]:
        """All of a kind that make sense, in (namespace, name) order."""
        return await self._listed(kind, namespace or "", owner_uid)

    async def names(
        self, kind: type[Resource], namespace: str, name: str
    ) -> Sequence[tuple[str, str]]:
        """What may be meant by a name that is not there."""
        return await looking.names(self.api, kind.__name__, namespace, name)

    async def last_words(self, trial: Trial, lines: int) -> Sequence[str]:
        """The last lines of its program, which are quoted where it says how it ended."""
        ends = [c for c in trial.status.conditions if c.type in FINAL and c.is_true]
        quoted = "\n".join(c.message.partition("\n")[2] for c in ends)
        return words.last_words(quoted.encode("utf-8", "backslashreplace"))[-lines:]

    async def happened(self, one: Experiment | Trial) -> tuple[Sequence[Event], str]:
        """What happened to it and to what belongs to it; and a remark on how much of that is told."""
        objects: list[Told] = [one]
        if isinstance(one, Experiment):
            objects += await self._listed(Suggestion, one.namespace, one.uid)
            label = f"{EXPERIMENT_LABEL}={one.name}"
            objects += await self._listed(Trial, one.namespace, one.uid, label)
        uids = {each.uid for each in objects}
        try:
            events = await self._events(one.namespace)
        except Forbidden:
            return past.told(objects, ()), past.UNSEEN
        about = [
            event
            for event in events
            if past.is_about(event, uids)
            or (isinstance(one, Trial) and past.is_of_its_job(event, one))
        ]
        return past.told(objects, about), past.REMARK

    async def annotate(self, one: Experiment | Trial, notes: Mapping[str, str | None]) -> None:
        """Write annotations on an object that is still as it was read.

        Raises:
            Conflict: It is not.
            NotFound: It is gone.
        """
        meta = {"annotations": notes, "resourceVersion": one.metadata.resource_version}
        await self.api.patch(self._path(one), {"metadata": meta})

    async def delete(self, one: Resource) -> None:
        """Delete it; what belongs to it, jobs and pods, the cluster deletes a little later.

        Raises:
            NotFound: It is gone.
        """
        try:
            await self.api.delete(self._path(one), uid=one.uid)
        except Conflict as other:
            raise NotFound(f"{one.kind.lower()} {one.name} is gone") from other

    async def _listed(
        self, kind: type[R], namespace: str, owner_uid: str | None, labels: str = ""
    ) -> Sequence[R]:
        found = await looking.listed(self.api, kind.__name__, namespace, labels)
        read = (documents.read(one, kind).resource for one in found)
        there = (one for one in read if one is not None)
        return [one for one in there if owner_uid in (None, semantics.owner_uid_of(one))]

    async def _events(self, namespace: str) -> Sequence[Object]:
        found: list[Object] = []
        pages = self.api.pages(f"/api/v1/namespaces/{namespace}/events")
        async with contextlib.aclosing(pages):
            async for page in pages:
                found = page.items if page.first else [*found, *page.items]
        return found

    def _path(self, one: Resource) -> str:
        return looking.SERVED[one.kind].path(one.namespace, one.name)
