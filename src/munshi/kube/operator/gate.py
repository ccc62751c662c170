"""Which Experiments are driven: the engine's Store, seen through admission.

`kubectl apply` asks nobody but the schema, so an Experiment is judged here when it is read, once for each
generation of its spec. What may be driven reaches the engine with its defaults filled in, in memory only;
the author's text stays as it is. What may not is told so in its status, every fault at once, and is judged
again when its spec changes. What is being deleted has left for the engine already, though finalizers may
keep it there for a while.

A generation that was admitted once stays so, whatever became of its ConfigMap since and whoever leads now;
so does an Experiment that has ended, by whichever operator.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from munshi import template
from munshi.admission import Served, admit, with_defaults
from munshi.admission.search import NONE_SERVED
from munshi.admission.update import is_judged, update_faults
from munshi.api.conditions import find
from munshi.api.experiment import Experiment, ExperimentCondition
from munshi.api.meta import ConfigMap, Resource
from munshi.engine.ports import Change, Clock, Event, EventLog, Store
from munshi.errors import Conflict, FieldFault, Invalid, MunshiError, NotFound, Retryable
from munshi.kube.operator import refusal

log = logging.getLogger("munshi.operator")

R = TypeVar("R", bound=Resource)
Faults = Callable[[Experiment], Sequence[FieldFault]]
Asked = Callable[[Experiment], Awaitable[Sequence[FieldFault]]]

AGAIN_S = 3.0
"""Before an Experiment is judged again that could not be judged, or whose ConfigMap is not there yet."""
GRACE = 4
"""Looks for a ConfigMap before an Experiment is refused: one command may apply both, in any order."""
SELDOM_S = 30.0
"""Before a refused Experiment is judged again whose ConfigMap is missing: nothing else would tell of it."""


async def no_faults(experiment: Experiment) -> Sequence[FieldFault]:
    """For a gate without services: nobody finds anything."""
    del experiment
    return ()


@dataclass(frozen=True, slots=True)
class _ConfigMapMissing:
    """The one fault that may go away without a change of the Experiment."""

    faults: tuple[FieldFault, ...]


class Gate:
    """The engine's Store; see `engine.ports`. One for each time this replica leads.

    Args:
        store: What the cluster holds.
        story: Hears of refusals and warnings.
        clock: The time to write down.
        release: Lets go of an object that is being deleted; called for each form of it.
        cluster_faults: What admission cannot know: what this operator may not run.
        served: Algorithms that are not munshi's.
        served_faults: What their services find wrong; Retryable when one does not answer.
    """

    def __init__(
        self,
        store: Store,
        story: EventLog,
        clock: Clock,
        *,
        release: Callable[[Resource], Awaitable[None]],
        cluster_faults: Faults = lambda _: (),
        served: Served = NONE_SERVED,
        served_faults: Asked = no_faults,
    ) -> None:
        self._store, self._story, self._clock = store, story, clock
        self._release, self._cluster_faults = release, cluster_faults
        self._served, self._served_faults = served, served_faults
        self._put_off: dict[str, int] = {}
        self._admitted: dict[str, Experiment] = {}
        self._refused: dict[str, int] = {}
        self._looked: dict[str, int] = {}
        self._again: set[str] = set()
        self._arrived: asyncio.Queue[Change | MunshiError] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    def name_of(self, uid: str) -> str:
        """The name of an admitted Experiment; empty for others."""
        found = self._admitted.get(uid)
        return found.name if found is not None else ""

    async def close(self) -> None:
        """Let nothing of ours go on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- reading --------------------------------------------------------------------------------

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """The object as last written; an admitted Experiment with its defaults."""
        return self._dressed(await self._store.get(kind, namespace, name))

    async def list(
        self, kind: type[R], namespace: str | None = None, owner_uid: str | None = None
    ) -> Sequence[R]:
        """All of a kind that are the engine's business."""
        kept: list[R] = []
        for found in await self._store.list(kind, namespace, owner_uid):
            if self._is_leaving(found):
                continue
            if not isinstance(found, Experiment):
                kept.append(found)
            elif (experiment := await self._judged(found)) is not None:
                kept.append(cast("R", experiment))
        return kept

    async def version(self) -> int:
        """See `engine.ports.Reader.version`."""
        return await self._store.version()

    async def watch(self, since: int = 0) -> AsyncIterator[Change]:
        """What changed; of Experiments those that are admitted, and later those that come to be."""
        pump = self._start(self._pump(since))
        try:
            while True:
                arrived = await self._arrived.get()
                if isinstance(arrived, MunshiError):
                    raise arrived
                if (seen := await self._seen(arrived)) is not None:
                    yield seen
        finally:
            pump.cancel()

    # -- writing --------------------------------------------------------------------------------

    async def create(self, resource: R) -> R:
        """See `engine.ports.Writer.create`."""
        return self._dressed(await self._store.create(resource))

    async def replace(self, resource: R) -> R:
        """See `engine.ports.Writer.replace`."""
        return self._dressed(await self._store.replace(resource))

    async def replace_status(self, resource: R) -> R:
        """See `engine.ports.Writer.replace_status`."""
        return self._dressed(await self._store.replace_status(resource))

    async def delete(self, kind: type[Resource], namespace: str, name: str, uid: str = "") -> None:
        """See `engine.ports.Writer.delete`."""
        await self._store.delete(kind, namespace, name, uid)

    # -- what arrives ---------------------------------------------------------------------------

    async def _pump(self, since: int) -> None:
        try:
            async for change in self._store.watch(since):
                self._arrived.put_nowait(change)
        except MunshiError as trouble:
            self._arrived.put_nowait(trouble)

    async def _seen(self, change: Change) -> Change | None:
        """The change as the engine sees it; None when it is not its business."""
        resource = change.resource
        if change.gone:
            self._forget(resource.uid)
            return change
        if self._is_leaving(resource):
            return replace(change, gone=True)
        if not isinstance(resource, Experiment):
            return change
        experiment = await self._judged(resource)
        return None if experiment is None else replace(change, resource=experiment)

    def _is_leaving(self, resource: Resource) -> bool:
        if resource.metadata.deletion_timestamp is None:
            return False
        self._start(self._release(resource))
        return True

    def _forget(self, uid: str) -> None:
        for known in (self._admitted, self._refused, self._looked):
            known.pop(uid, None)

    def _dressed(self, resource: R) -> R:
        """An admitted Experiment with its defaults, and with the spec that is driven."""
        admitted = self._admitted.get(resource.uid)
        if admitted is None or not isinstance(resource, Experiment):
            return resource
        return cast("R", resource.model_copy(update={"spec": admitted.spec}))

    # -- judging --------------------------------------------------------------------------------

    async def _judged(self, written: Experiment) -> Experiment | None:
        """The Experiment as it is to be driven; None while it is not to be."""
        uid, generation = written.uid, written.metadata.generation
        known = self._admitted.get(uid)
        if known is not None and known.metadata.generation == generation:
            return self._dressed(written)
        if self._refused.get(uid) == generation:
            return None
        if known is not None:
            return await self._changed(known, written)
        if _was_admitted(written):
            return self._admit(written)
        try:
            return await self._judge(written)
        except (Conflict, NotFound):
            return None  # its next version is on the way
        except Retryable as busy:
            log.warning("an Experiment cannot be judged yet: %s", busy, extra=_facts(written))
            self._look_again(written, AGAIN_S)
            if self._put_off.get(uid) != generation:
                self._put_off[uid] = generation
                await self._tell(written, refusal.PUT_OFF, f"it cannot be judged yet: {busy}")
            return None

    def _admit(self, written: Experiment) -> Experiment:
        admitted = with_defaults(written)
        self._admitted[written.uid] = admitted
        self._refused.pop(written.uid, None)
        return admitted

    async def _changed(self, known: Experiment, written: Experiment) -> Experiment:
        """A new generation of an Experiment under way: a change that may not be has no effect."""
        faults = list(update_faults(known, written)) if is_judged(known, written) else []
        if not faults:
            return self._admit(written)
        said = "the change has no effect: " + "; ".join(str(fault) for fault in faults)
        await self._tell(written, refusal.CHANGE_REFUSED, said)
        kept = written.model_copy(update={"spec": known.spec})
        self._admitted[written.uid] = kept
        return kept

    async def _judge(self, written: Experiment) -> Experiment | None:
        data = await self._config_map(written)
        try:
            admitted = admit(written.dump(), config_maps=lambda *_: data, served=self._served)
            if faults := self._cluster_faults(admitted.experiment):
                raise Invalid(faults)
            if faults := await self._served_faults(admitted.experiment):
                raise Invalid(faults)
        except Invalid as invalid:
            missing = data is None and _source(written) is not None
            await self._refuse(written, invalid.faults, config_map_missing=missing)
            return None
        if refusal.is_refused(written):
            cleared = refusal.withdrawn(written)
            written = await self._store.replace_status(cleared)
        if admitted.warnings:
            said = "; ".join(str(fault) for fault in admitted.warnings)
            await self._tell(written, refusal.WARNED, said)
        return self._admit(written)

    async def _refuse(
        self, written: Experiment, faults: Sequence[FieldFault], *, config_map_missing: bool
    ) -> None:
        uid = written.uid
        if config_map_missing:
            self._looked[uid] = self._looked.get(uid, 0) + 1
            early = self._looked[uid] < GRACE and not refusal.is_refused(written)
            self._look_again(written, AGAIN_S if early else SELDOM_S)
            if early:
                return
        else:
            self._refused[uid] = written.metadata.generation
        refused = refusal.refused(written, faults, self._clock.now())
        if refused.status == written.status:
            return
        await self._store.replace_status(refused)
        condition = find(refused.status.conditions, ExperimentCondition.FAILED)
        await self._tell(written, refusal.REASON, condition.message if condition else "")

    async def _config_map(self, written: Experiment) -> Mapping[str, str] | None:
        source = _source(written)
        if source is None:
            return None
        with contextlib.suppress(NotFound):
            name, namespace = source
            return (await self._store.get(ConfigMap, namespace, name)).data
        return None

    def _look_again(self, written: Experiment, after_s: float) -> None:
        if written.uid not in self._again:
            self._again.add(written.uid)
            self._start(self._look_later(written, after_s))

    async def _look_later(self, written: Experiment, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self._again.discard(written.uid)
        with contextlib.suppress(MunshiError):
            now = await self._store.get(Experiment, written.namespace, written.name)
            if now.uid == written.uid and now.metadata.generation == written.metadata.generation:
                self._arrived.put_nowait(Change(now, gone=False, version=0))

    async def _tell(self, of: Experiment, reason: str, message: str) -> None:
        at = self._clock.now()
        event = Event(
            at, "Experiment", of.namespace, of.name, of.uid, of.uid, reason, message, warning=True
        )
        with contextlib.suppress(MunshiError):
            await self._story.record([event])

    def _start(self, work: Awaitable[None]) -> asyncio.Task[None]:
        async def carefully() -> None:
            try:
                await work
            except MunshiError as trouble:
                log.warning("%s", trouble)

        task = asyncio.create_task(carefully())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _was_admitted(written: Experiment) -> bool:
    """Judged before at this generation, or over."""
    if refusal.is_refused(written):
        return False
    return written.is_completed or (
        written.status.observed_generation == written.metadata.generation > 0
    )


def _source(written: Experiment) -> tuple[str, str] | None:
    """Name and namespace of the ConfigMap that holds the template, if one does."""
    said = with_defaults(written).spec.trial_template
    source = template.text_source(said) if said is not None else None
    if source is None:
        return None
    return source.config_map_name, source.config_map_namespace or written.namespace


def _facts(of: Experiment) -> dict[str, object]:
    return {"facts": {"namespace": of.namespace, "experiment": of.name}}
