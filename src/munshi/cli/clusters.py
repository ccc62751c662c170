"""A cluster as a place of experiments, as the person whose kubeconfig it is; `kube.visit` does the looking.

Loaded only when a cluster is meant: it needs the extra `munshi[kubernetes]`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from munshi.cli.places import Document, News, Output
from munshi.errors import ClusterUnreachable
from munshi.kube.visit import looking
from munshi.kube.wire import connection
from munshi.kube.wire.api import Api

if TYPE_CHECKING:
    from munshi.api.trial import Trial
    from munshi.cli.desks import Desk

T = TypeVar("T")

INTERRUPTED = 130


class Cluster:
    """Implements `places.Place`.

    Args:
        context: The kubeconfig's; empty: its current one.
        kubeconfig: The file; empty: as for kubectl.
        flags: What was typed to mean it.
        patience_s: A single look may take so long; None: as long as it takes.
    """

    def __init__(
        self, context: str, kubeconfig: str, flags: str = "", patience_s: float | None = None
    ) -> None:
        self.flags, self.patience_s = flags, patience_s
        self._context, self._kubeconfig = context, kubeconfig

    @cached_property
    def namespace(self) -> str:
        """See `Place.namespace`: the context's."""
        return self._connect().namespace

    @contextmanager
    def look(self) -> Iterator[Seen]:
        """See `Place.look`."""
        with asyncio.Runner() as runner:
            seen = Seen(self._connect(), runner, self.patience_s)
            try:
                yield seen
            finally:
                seen.close()

    @asynccontextmanager
    async def open(self, *, reading: bool = False) -> AsyncIterator[Desk]:
        """See `Place.open`."""
        del reading
        from munshi.cli.desks import Desk  # noqa: PLC0415 - `munshi get` does without models

        async with self._connect() as api:
            yield Desk(api)

    def log_of(self, trial: Trial) -> str:
        """See `Place.log_of`: what to type."""
        where = "" if trial.namespace == self.namespace else f" -n {trial.namespace}"
        return f"munshi logs {trial.name}{where}{self.flags}"

    def _connect(self) -> Api:
        return connection.connect(context=self._context, kubeconfig=self._kubeconfig)


class Seen:
    """Implements `places.Glance`: questions to the API server, asked one after the other."""

    def __init__(self, api: Api, runner: asyncio.Runner, patience_s: float | None = None) -> None:
        self._api, self._runner, self._patience_s = api, runner, patience_s
        self._streams: list[AsyncGenerator[Any, None]] = []
        logging.getLogger("munshi.kube").addHandler(logging.NullHandler())

    def close(self) -> None:
        """Let go of every connection."""

        async def all_of_them() -> None:
            for stream in self._streams:
                await stream.aclose()
            await self._api.close()

        self._runner.run(all_of_them())

    def list(self, kind: str, namespace: str | None = None, labels: str = "") -> list[Document]:
        """See `Glance.list`."""
        return self._ask(looking.listed(self._api, kind, namespace or "", labels))

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """See `Glance.get`."""
        return self._ask(looking.found(self._api, kind, namespace, name))

    def names(self, kind: str, namespace: str, name: str) -> Iterable[tuple[str, str]]:
        """See `Glance.names`."""
        return self._ask(looking.names(self._api, kind, namespace, name))

    def follow(self, kind: str, namespace: str | None = None, labels: str = "") -> Iterator[News]:
        """See `Glance.follow`; once it goes, troubles are said and waited for."""
        news = self._steps(looking.followed(self._api, kind, namespace or "", labels))
        yield next(news)
        talk = _Talk(logging.WARNING)
        logging.getLogger("munshi.kube").addHandler(talk)
        try:
            yield from news
        finally:
            logging.getLogger("munshi.kube").removeHandler(talk)

    def print_log(self, trial: Document, wanted: Output) -> None:
        """See `Glance.print_log`."""
        from munshi.cli import desks  # noqa: PLC0415 - for this only
        from munshi.cli.following import Copy  # noqa: PLC0415

        copy = Copy()
        try:
            for piece in self._steps(desks.output(self._api, trial, wanted)):
                if isinstance(piece, str):
                    click.echo(f"munshi: {piece}", err=True)
                else:
                    copy.write(piece)
                    copy.flush()
        except KeyboardInterrupt:
            raise click.exceptions.Exit(INTERRUPTED) from None

    def _ask(self, question: Coroutine[Any, Any, T]) -> T:
        async def bounded() -> T:
            try:
                async with asyncio.timeout(self._patience_s):
                    return await question
            except TimeoutError as late:
                raise ClusterUnreachable(f"{self._api.server} does not answer") from late

        return self._runner.run(bounded())

    def _steps(self, stream: AsyncGenerator[T, None]) -> Iterator[T]:
        """What a stream says, as it says it."""
        self._streams.append(stream)

        async def step() -> T | None:
            return await anext(stream, None)

        while (said := self._runner.run(step())) is not None:
            yield said


class _Talk(logging.Handler):
    """What the cluster room warns of, said to the person who waits."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"munshi: {record.getMessage()}", err=True)
