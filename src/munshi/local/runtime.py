"""One experiment, driven by this process: store, launcher and engine put together.

`Runtime.finish` returns when the experiment is completed and nothing of it runs any more. If another
process drives the experiment already, this one only follows. An interruption ends what runs, and
leaves the trials so that the same command goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.engine.clock import WallClock
from munshi.engine.engine import Engine
from munshi.errors import Conflict, NotFound, Terminal
from munshi.local import manager, place, process
from munshi.local.home import Home
from munshi.local.launcher import LocalLauncher
from munshi.local.planning import Settings
from munshi.reconcile import story
from munshi.reconcile.trial import interrupted
from munshi.rpc import address
from munshi.store.sqlite import SqlStore
from munshi.suggester.limits import DEFAULT, Limits
from munshi.suggester.pool import WorkerSuggester

if TYPE_CHECKING:
    from munshi.rpc.services.katib import KatibServices

LOOK_S = 0.2
"""How often progress is told and the end is looked for."""
GARBAGE = 10_000
"""Objects more than were freed before the collector looks for rings: what a pass makes has hardly any."""
Told = Callable[[Experiment, Sequence[Trial]], None]


@dataclass(slots=True)
class Runtime:
    """An experiment under way.

    Attributes:
        limits: What one question to an algorithm may cost.
        services: Who answers for algorithms that are not munshi's.
        notes: Sentences about what is different on this machine, in the order they came up.
        is_driver: This process runs the trials; otherwise it only follows another one.
    """

    home: Home
    store: SqlStore
    namespace: str
    name: str
    settings: Settings = field(default_factory=Settings)
    limits: Limits = DEFAULT
    services: KatibServices | None = None
    notes: tuple[str, ...] = ()
    is_driver: bool = False
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)
    _database: os.stat_result | None = None

    async def finish(self, told: Told) -> Experiment:
        """Drive or follow the experiment to its end; `told` hears of every look.

        Raises:
            NotFound: The experiment was deleted meanwhile.
            Terminal: The home was.
        """
        self._database = self.home.database()
        while True:
            self._see_that_it_is_there()
            with self.home.driving(self.namespace, self.name) as mine:
                self.is_driver = mine
                if mine:
                    return await self._drive(told)
                ended = await self._follow(told)
            if ended is not None:
                return ended

    async def interrupt(self) -> int | None:
        """End what runs and leave its trials to be begun anew; says how many there were.

        Under the driver's lock: whoever follows would take our stopping for failures. None when
        another process drives the experiment and goes on with it.
        """
        with self.home.driving(self.namespace, self.name) as mine:
            if not mine:
                return None
            experiment = await self.store.get(Experiment, self.namespace, self.name)
            trials = await self.store.list(Trial, self.namespace, experiment.uid)
            active = [trial for trial in trials if not trial.is_completed]
            await asyncio.gather(*(self._interrupt(trial) for trial in active))
            return len(active)

    def hurry(self) -> None:
        """Let an interruption under way wait for no grace: programs are killed at once."""
        self._hurry.set()

    async def _drive(self, told: Told) -> Experiment:
        gc.freeze()  # what is loaded by now stays: the collector need not go through it again and again
        gc.set_threshold(GARBAGE)
        clock = WallClock()
        experiment = await self.store.get(Experiment, self.namespace, self.name)
        async with contextlib.AsyncExitStack() as stack:
            suggester = await stack.enter_async_context(WorkerSuggester(self.limits))
            services = self.services
            is_read = services is not None and bool(services.early_stopping)
            answered = await stack.enter_async_context(
                manager.answering(experiment, self.store, self.home, is_read=is_read)
            )
            if services is not None and answered.host:
                services.db_manager = f"{answered.host}:{address.PORT}"
            settings = replace(self.settings, manager_host=answered.host)
            launcher = LocalLauncher(self.home.trials, self.store, self.store, clock, settings)
            launcher.notes.update(dict.fromkeys(answered.notes))
            engine = Engine(
                self.store,
                self.store,
                launcher,
                suggester,
                clock,
                events=self.store,
                wants=self._is_mine,
                services=services,
            )
            stack.push_async_callback(self._end_without_home, engine)
            work = await stack.enter_async_context(_running(engine, launcher))
            while True:
                self._see_that_it_is_there()
                now = engine.mirror.experiments.get((self.namespace, self.name))
                self.notes = tuple(launcher.notes)
                if now is not None:
                    told(now, engine.mirror.trials(now.uid))
                    if engine.is_at_rest():
                        return now
                elif not await self._exists():
                    raise NotFound(f"experiment {self.namespace}/{self.name} was deleted")
                done, _ = await asyncio.wait([work], timeout=LOOK_S)
                if self._is_there():
                    for task in done:
                        _raise_the_first(task)

    async def _follow(self, told: Told) -> Experiment | None:
        """Watch another process drive it; None when that process is gone before the end."""
        while True:
            self._see_that_it_is_there()
            experiment = await self.store.get(Experiment, self.namespace, self.name)
            trials = await self.store.list(Trial, self.namespace, experiment.uid)
            told(experiment, trials)
            with self.home.driving(self.namespace, self.name) as free:
                if free:
                    return experiment if experiment.is_completed else None
            await asyncio.sleep(LOOK_S)

    async def _interrupt(self, trial: Trial) -> None:
        folder = self.home.trial_folder(trial)
        state = process.inspect(folder)
        if isinstance(state, process.Running):
            process.stop(state.identity)
            await self._end_of(trial, state.identity, folder)
        elif isinstance(state, process.Lost):
            await asyncio.to_thread(process.sweep, trial.uid, folder)
        await self.store.forget(trial.uid)
        # Before the status: killed in between, the trial has no job, and the same start is made again.
        _put_aside(folder)
        with contextlib.suppress(Conflict, NotFound):
            now = WallClock().now()
            paused = trial.model_copy(update={"status": interrupted(trial, now)})
            await self.store.replace_status(paused)
            await self.store.record(story.of_change(trial, paused, now))

    async def _end_of(self, trial: Trial, supervisor: process.Identity, folder: Path) -> None:
        ended = asyncio.ensure_future(process.ended(supervisor))
        hurry = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait([ended, hurry], return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await asyncio.to_thread(process.sweep, trial.uid, folder)
            await ended
        finally:
            hurry.cancel()

    def _is_there(self) -> bool:
        """Whether the home's database is still the file that we have open."""
        now = self.home.database()
        if now is None or self._database is None:
            return now is self._database
        return os.path.samestat(now, self._database)

    def _see_that_it_is_there(self) -> None:
        """Refuse to go on where nothing is kept any more, and before anything is made anew there."""
        if not self._is_there():
            raise Terminal(
                f"the home {self.home.path} was removed while munshi ran; its programs were ended, "
                "and what they reported is gone with it"
            )

    async def _end_without_home(self, engine: Engine) -> None:
        """If the home is gone, end what runs: by its marker, for the folders that tell who it is went too."""
        if not self._is_there():
            experiment = engine.mirror.experiments.get((self.namespace, self.name))
            trials = engine.mirror.trials(experiment.uid) if experiment is not None else ()
            active = [trial.uid for trial in trials if not trial.is_completed]
            await asyncio.gather(*(asyncio.to_thread(process.sweep, uid) for uid in active))

    async def _exists(self) -> bool:
        try:
            await self.store.get(Experiment, self.namespace, self.name)
        except NotFound:
            return False
        return True

    def _is_mine(self, experiment: Experiment) -> bool:
        return (experiment.namespace, experiment.name) == (self.namespace, self.name)


@contextlib.asynccontextmanager
async def _running(engine: Engine, launcher: LocalLauncher) -> AsyncIterator[asyncio.Task[None]]:
    work = asyncio.create_task(engine.run())
    try:
        yield work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await launcher.close()


def _put_aside(folder: Path) -> None:
    """Keep the log of an interrupted attempt beside the next one."""
    if folder.exists():
        earlier = folder.parent.glob(f"{folder.name}{place.INTERRUPTED}*")
        last = max((int(one.name.rpartition(".")[2]) for one in earlier), default=0)
        folder.rename(folder.with_name(f"{folder.name}{place.INTERRUPTED}{last + 1}"))


def _raise_the_first(work: asyncio.Task[None]) -> None:
    """What ended the engine, without the group that a TaskGroup puts around it."""
    try:
        work.result()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group
