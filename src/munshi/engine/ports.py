"""What the engine asks of the world: seven ports, worded in the domain.

Each Protocol's docstring is its contract; each adapter passes the suite of the same name in
`munshi.testing`. All methods may be repeated after a crash or a lost answer, and are called from the
engine's event loop only; none may block it. Objects are frozen, so they are handed on, never copied.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from munshi.algorithms import Reply, Request
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.trial import Trial
from munshi.metrics.log import MetricLog, Report
from munshi.metrics.observation import Observation
from munshi.reconcile.stopping import Rules
from munshi.reconcile.story import Event as Event  # noqa: PLC0414 - part of EventLog
from munshi.reconcile.views import Run, SuggestionView

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class Change:
    """One object as it is now; `gone` says it was deleted and shows its last form."""

    resource: Resource
    gone: bool
    version: int


class Reader(Protocol):
    """Objects by kind, namespace and name, with Kubernetes' semantics."""

    async def get(self, kind: type[R], namespace: str, name: str) -> R:
        """The object as last written.

        Raises:
            NotFound: There is none.
            StoreBusy: Try again.
        """
        ...

    async def list(
        self, kind: type[R], namespace: str | None = None, owner_uid: str | None = None
    ) -> Sequence[R]:
        """All of a kind in (namespace, name) order; None means every namespace, every owner."""
        ...

    def watch(self, since: int = 0) -> AsyncIterator[Change]:
        """What changed after `since`, oldest first, then whatever changes, for ever.

        Several changes of one object may arrive as the last of them. The other processes' writes
        arrive too, within a second.

        Raises:
            Gone: Deletions since `since` are no longer known; list again.
        """
        ...

    async def version(self) -> int:
        """The version of the last write; a watch from here misses nothing that comes later."""
        ...


class Writer(Protocol):
    """Writes with optimistic concurrency: `metadata.resourceVersion` must be the stored one."""

    async def create(self, resource: R) -> R:
        """Write a new object; gives it uid, resourceVersion, generation 1 and creationTimestamp.

        A status is dropped, as by an API server: write it with `replace_status`.

        Raises:
            AlreadyExists: The name is taken in that namespace.
        """
        ...

    async def replace(self, resource: R) -> R:
        """Write spec and metadata; status stays as stored. A changed spec raises the generation.

        A write that changes nothing keeps its version and wakes nobody.

        Raises:
            Conflict: The stored object is not the one that was read.
            NotFound: It is gone.
        """
        ...

    async def replace_status(self, resource: R) -> R:
        """Write status only; everything else stays as stored. Raises as `replace`."""
        ...

    async def delete(self, kind: type[Resource], namespace: str, name: str, uid: str = "") -> None:
        """Delete the object and, in the same step, everything it owns.

        Raises:
            NotFound: There is none, or not with that uid.
        """
        ...


class Store(Reader, Writer, Protocol):
    """Where objects live. What `create`, `replace…` and `delete` acknowledged survives a crash."""


class ObservationLog(Protocol):
    """Every value that trials reported, by trial uid, ordered by (time, arrival)."""

    async def append(self, trial: Trial, logs: Sequence[MetricLog], arrived: datetime) -> int:
        """Keep the values; durable when this returns. Undated ones get `arrived`.

        Values of one metric from one source come in order of their place (see `MetricLog.origin`); one
        that is not behind the last is passed over, so a collector may begin again from the start. A
        value without an origin is always new.

        Returns:
            How many were new.
        """
        ...

    async def read(
        self, trial_uid: str, metric: str | None = None, limit: int | None = None
    ) -> Sequence[MetricLog]:
        """The values of a trial, every one dated, ordered by time, then by arrival; the first `limit`.

        A store may thin a long series evenly; `summarise` stays exact.
        """
        ...

    async def summarise(self, trial_uid: str, metrics: Sequence[str]) -> Observation:
        """Per metric, in the given order, the exact smallest, largest and latest of all that was appended.

        Exact even where `read` gives a thinned series.
        """
        ...

    async def reports(self, trial_uid: str, metric: str) -> Sequence[Report]:
        """The values of one metric with their numbers, in the order they came, whatever their dates.

        A store may thin a long series evenly; what it keeps has its own number, and the first, the
        smallest and the largest are kept.
        """
        ...

    async def forget(self, trial_uid: str) -> None:
        """Drop a trial's values (an attempt that the infrastructure lost begins anew)."""
        ...


class EventLog(Protocol):
    """What happened to whom, and why.

    Deleting an experiment deletes its events; those of one that is not there are dropped.
    """

    async def record(self, events: Sequence[Event]) -> None:
        """Keep the events in this order; durable when this returns."""
        ...

    async def events(self, experiment_uid: str, name: str | None = None) -> Sequence[Event]:
        """An experiment's events in the order they were recorded; only the object's of that name."""
        ...


class Launcher(Protocol):
    """Turns a Trial's run spec into something that runs; says how it fares; ends it."""

    async def launch(self, trial: Trial) -> None:
        """Start the trial's job, once: a job that was started already is left alone.

        Raises:
            LaunchRefused: It cannot run here, whatever one does; the message says what to do.
            Retryable: Not now.
        """
        ...

    async def look(self, trial: Trial) -> Run | None:
        """The job as it is now, with the status its kind's controller would write; None: not launched."""
        ...

    async def stop(self, trial: Trial) -> None:
        """Begin to end everything a completed or deleted trial runs; returns before it has ended.

        Nothing to end is fine.
        """
        ...

    async def forget(self, trial: Trial) -> None:
        """Drop what is left of an ended attempt, so that `launch` begins anew."""
        ...

    def changes(self) -> AsyncIterator[str]:
        """Uids of trials whose `look` may have changed, as it happens, for ever; for one listener."""
        ...


class Suggester(Protocol):
    """Computes assignments, away from the event loop."""

    async def suggest(self, algorithm: str, request: Request) -> Reply:
        """Ask the algorithm; the same request gives the same reply.

        Raises:
            AlgorithmRefused: It never will, or broke so often that it was given up; the experiment fails
                with this message.
            Retryable: It cannot be asked for now.
        """
        ...


class Services(Protocol):
    """Algorithms and early-stopping methods that programs outside of munshi answer, by name.

    Unlike an algorithm of munshi's a service may remember, so it is told of objects as they are, not of a
    history made for it; and the same question need not have the same answer.
    """

    @property
    def algorithms(self) -> Collection[str]:
        """The algorithmNames that services answer; they go before munshi's own."""
        ...

    @property
    def early_stopping(self) -> Collection[str]:
        """Likewise, of earlyStopping."""
        ...

    async def suggest(self, view: SuggestionView, count: int) -> Reply:
        """Ask the experiment's algorithm for exactly `count` points; looks at the view before it waits.

        Raises:
            AlgorithmRefused: It never will; the experiment fails with this message.
            Retryable: It does not answer for now.
            MunshiError: It broke, or its answer cannot be used.
        """
        ...

    async def rules(self, experiment: Experiment, trials: Sequence[Trial]) -> Rules:
        """Ask the experiment's early stopping for the rules of a trial that begins now. Raises likewise."""
        ...


class Clock(Protocol):
    """The only one who may look at the wall."""

    def now(self) -> datetime:
        """The time, in UTC."""
        ...
