"""`WorkerSuggester`: who is asked, and how often again.

munshi's own methods that do not look at results, or have few of them to look at, take no time and are asked
in a thread; everything else is asked in a worker, so that a small experiment never waits for one to start.
An answer depends on the question alone, so a worker that died is replaced and asked the same, a few times:
an accident passes unseen, and what is no accident fails the one experiment that asked.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType

from munshi.algorithms import Reply, Request, registry
from munshi.engine.clock import ThreadSuggester
from munshi.errors import AlgorithmRefused, MunshiError
from munshi.suggester import frames
from munshi.suggester.frames import Broke, Question, Refused
from munshi.suggester.limits import DEFAULT, Limits
from munshi.suggester.process import Death, Worker

log = logging.getLogger("munshi.suggester")

TRIES = 3
"""How often a question is asked, each time in a new worker, before it is given up."""
FEW = 20
"""Fewer points than this our own algorithms have looked through sooner than a worker could be started."""
WORKERS = 2
"""At most; the second is started when a question comes while the first computes, so that one experiment's
slow algorithm does not hold up the others."""


class WorkerSuggester:
    """Asks algorithms in workers; see `ports.Suggester`. Has to be closed, or used by `async with`.

    Args:
        limits: What one question may cost.
    """

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._here = ThreadSuggester()
        self._places = asyncio.Semaphore(WORKERS)
        self._starting = asyncio.Lock()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._preparing: asyncio.Future[None] | None = None
        self._ending: set[asyncio.Future[None]] = set()

    async def __aenter__(self) -> WorkerSuggester:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers, idle and busy."""
        return tuple(worker.pid for worker in (*self._idle, *self._busy))

    async def suggest(self, algorithm: str, request: Request) -> Reply:
        """See `ports.Suggester`.

        Raises:
            AlgorithmRefused: It refused; or it was given up, and the message says why: how it broke, or
                that it took more time or memory than it may.
            Retryable: No worker can be started just now.
        """
        if _is_quick(algorithm, request):
            if _will_be_slow(algorithm, request):
                self._prepare()
            return await self._here.suggest(algorithm, request)
        question = await asyncio.to_thread(frames.pack, Question(algorithm, request))
        for left in reversed(range(TRIES)):
            match await self._ask(question):
                case Reply() as reply:
                    return reply
                case Refused(message):
                    raise AlgorithmRefused(message)
                case Broke(how) | Death(how):
                    tale = "asked again in a new process" if left else "given up"
                    log.warning("algorithm %s: %s; %s", algorithm, how, tale)
        number = f"suggestion number {request.first_index}"
        raise AlgorithmRefused(f"{algorithm} was given up after {TRIES} tries at {number}: {how}")

    async def close(self) -> None:
        """End all workers, and wait until they are gone. Questions must have been answered or cancelled."""
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.gather(self._preparing, return_exceptions=True)
        while self._idle:
            self._let_go(self._idle.pop())
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _ask(self, question: bytes) -> frames.Answer | Death:
        async with self._places:
            worker = await self._taken()
            self._busy.add(worker)
            try:
                answered = await worker.ask(question, self._limits)
            except BaseException:  # given up while it computes: nobody wants that answer any more
                self._let_go(worker)
                raise
            finally:
                self._busy.discard(worker)
            if isinstance(answered, Death | Broke):
                self._let_go(worker)
            else:
                self._idle.append(worker)
            return answered

    async def _taken(self) -> Worker:
        """A worker that waits, or else a new one."""
        async with self._starting:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive():
                    return worker
                self._let_go(worker)
            return await Worker.start()

    def _prepare(self) -> None:
        """Start a worker in the background; a failure shows with the first question that needs it."""
        if self._preparing is None and not self._idle and not self._busy:
            self._preparing = asyncio.ensure_future(self._start_ahead())

    async def _start_ahead(self) -> None:
        try:
            async with self._starting:
                self._idle.append(await Worker.start())
        except MunshiError as broken:
            log.warning("%s", broken)

    def _let_go(self, worker: Worker) -> None:
        """End it; what remains to be done is waited for in `close`."""
        worker.end()
        task = asyncio.ensure_future(worker.gone())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _points(request: Request) -> int:
    return len(request.results) + len(request.pending)


def _is_quick(algorithm: str, request: Request) -> bool:
    if not registry.is_own(algorithm):
        return False
    return not registry.learns(algorithm) or _points(request) < FEW


def _will_be_slow(algorithm: str, request: Request) -> bool:
    """Whether a later question of this experiment will need a worker, and it is time to start one."""
    limit = request.max_trial_count
    return (
        registry.learns(algorithm)
        and _points(request) >= FEW // 2
        and (limit is None or limit > FEW)
    )
