"""The Launcher port on this machine: a trial's job becomes a process under a supervisor.

The trial's folder is the truth. `launch` writes it, `look` reads it, so an engine that starts after a
crash adopts trials that still run and reads what ended meanwhile. A program may delete or lock its own
folder; until its supervisor has mended that, what was started here is known by heart. A folder belongs
to one attempt (`status.attempts`; the first start is not written there before it is made, for its folder
is known by the trial's name); one that the machine lost is forgotten, and the next has its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

from munshi.api.common import CollectorKind
from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.collectors import Seen, wishes
from munshi.engine.early_stopping import Judge
from munshi.engine.ports import Clock, ObservationLog, Store
from munshi.errors import AlreadyExists, Invalid, LaunchRefused, MunshiError, NotFound
from munshi.local import collection, fate, jobs, place, process, sources
from munshi.local.collection import Collection, collect
from munshi.local.jobs import Stage
from munshi.local.planning import Planner, Settings
from munshi.local.process import Ended, Identity, Lost, NotStarted, Reason, Running
from munshi.local.sources import Source
from munshi.local.tail import last_lines
from munshi.reconcile.views import Run

FORGOTTEN = "forgotten"
COLLECTOR = "collector.json"
IDENTITY = "identity.json"
UNSAID_S = 0.1
"""How long after its start nobody hears that a trial runs."""
REMEMBERED = 500
"""Of how many trials that were read to their end we keep what was found; of others it is read again."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What stands in the folder of a running trial, should the trial delete or lock it."""

    supervisor: Identity
    source: Source
    began: datetime


@dataclass(slots=True)
class _Watched:
    task: asyncio.Task[None]
    progress: Collection


class LocalLauncher:
    """Implements `engine.ports.Launcher`.

    Args:
        folders: Where trials live; see `Home.trial_folder`.
        store: For ConfigMaps that jobs refer to.
        observations: Where reported values go.
        clock: The time.
        settings: What the user said.
    """

    def __init__(
        self,
        folders: Path,
        store: Store,
        observations: ObservationLog,
        clock: Clock,
        settings: Settings,
    ) -> None:
        folders.mkdir(parents=True, exist_ok=True)
        self._folders, self._store, self._observations = folders, store, observations
        self._clock, self._planner = clock, Planner(store, settings)
        self._spawner = process.Spawner()
        self._watched: dict[str, _Watched] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._begun: set[str] = set()
        self._known: dict[Path, _Known] = {}
        self._changes: asyncio.Queue[str] = asyncio.Queue()
        self.notes: dict[str, None] = {}

    async def close(self) -> None:
        """Stop watching; trials go on."""
        for uid in [*self._watched, *self._ending]:
            await self._leave(uid)
        await self._spawner.close()

    # -- the port -------------------------------------------------------------------------------

    async def launch(self, trial: Trial) -> None:
        """See `ports.Launcher.launch`."""
        folder = self.folder(trial)
        again = trial.uid in self._begun or trial.uid in self._watched
        fresh = not again and _made(folder)
        if not fresh:
            if not isinstance(self._inspect(folder), process.NotStarted):
                self._changes.put_nowait(
                    trial.uid
                )  # whoever began it: nobody has looked at it since
                return
            if again:
                await self._expect(trial)
                _made(folder)
        self._begun.add(trial.uid)
        try:
            planned = await self._planner.plan(trial, folder)
        except Invalid as invalid:
            raise LaunchRefused("; ".join(invalid.lines())) from invalid
        if not _goes_without_saying(trial):
            (folder / COLLECTOR).write_text(planned.source.to_json(folder))
        self.notes.update(dict.fromkeys(planned.notes))
        collection.begin(planned.source, folder)
        try:
            supervisor = await self._spawner.spawn(planned.plan, fresh=fresh)
        except AlreadyExists:
            self._changes.put_nowait(trial.uid)
        else:
            self._known[folder] = _Known(supervisor, planned.source, self._clock.now())
            self._watch(trial, folder)

    async def look(self, trial: Trial) -> Run | None:
        """See `ports.Launcher.look`."""
        folder = self.folder(trial)
        if folder not in self._known and _is_unused(folder):
            return None
        state = self._inspect(folder)
        match state:
            case Running():
                self._watch(trial, folder)
                return self._run(trial, jobs.Running(self._began(folder)), live=True)
            case Ended(exit_) if exit_.reason is Reason.STOPPED and not trial.is_completed:
                # Only an interruption stops a trial that has not ended; it was cut short itself.
                why = "it was stopped before it had ended"
                return Run(job=_job(trial, jobs.Pending()), live=False, collected=False, lost=why)
            case Ended(exit_):
                if not trial.is_completed:
                    self._watch(trial, folder)
                run = self._run(
                    trial, fate.stage_of(exit_), live=False, who=exit_.program, said=exit_.message
                )
                if run.collected or trial.is_completed:
                    self._known.pop(folder, None)  # the folder knows it now
                return run
            case Lost(why):
                return Run(job=_job(trial, jobs.Pending()), live=False, collected=False, lost=why)
            case _:
                return None

    async def stop(self, trial: Trial) -> None:
        """See `ports.Launcher.stop`."""
        folder = self.folder(trial)
        state = self._inspect(folder)
        if isinstance(state, Running):
            process.stop(state.identity)
            self._watch_end(trial, state)
        elif isinstance(state, Lost):
            await asyncio.to_thread(process.sweep, trial.uid, folder)

    async def forget(self, trial: Trial) -> None:
        """See `ports.Launcher.forget`."""
        self._known.pop(self.folder(trial), None)
        await self._leave(trial.uid)  # first: what is read from now on is the next attempt's
        await asyncio.to_thread(process.sweep, trial.uid, self.folder(trial))
        with contextlib.suppress(FileNotFoundError):  # never launched, or deleted meanwhile
            (self.folder(trial) / FORGOTTEN).touch()
        self._changes.put_nowait(trial.uid)

    async def changes(self) -> AsyncIterator[str]:
        """See `ports.Launcher.changes`."""
        while True:
            yield await self._changes.get()

    # -- its parts ------------------------------------------------------------------------------

    def folder(self, trial: Trial) -> Path:
        """The folder of the trial's present attempt."""
        return attempt_folder(self._folders, trial)

    def _inspect(self, folder: Path) -> process.State:
        """What became of the trial; not deceived by a program that deletes or locks its own folder."""
        known = self._known.get(folder)
        if known is None:
            return process.inspect(folder)
        state = process.inspect(folder, known.supervisor)
        if not isinstance(state, Lost):
            return state
        if process.is_alive(known.supervisor):
            return Running(known.supervisor)
        state = process.inspect(folder)  # it may have written its record in between
        if isinstance(state, NotStarted):
            return Lost("its folder was deleted, and its supervisor was killed")
        return state

    def _began(self, folder: Path) -> datetime:
        """When the present attempt was started."""
        if known := self._known.get(folder):
            return known.began
        try:
            return fate.time_of((folder / IDENTITY).stat().st_mtime_ns)
        except OSError:  # deleted or locked by the program, a moment ago
            return self._clock.now()

    def _source(self, trial: Trial, folder: Path) -> Source:
        """Where its collector reads."""
        if known := self._known.get(folder):
            return known.source
        if _goes_without_saying(trial):
            return sources.place(trial.spec.metrics_collector, (), folder)[0]
        return Source.from_json((folder / COLLECTOR).read_text(), folder)

    async def _end_of(self, folder: Path) -> None:
        if known := self._known.get(folder):
            await process.ended(known.supervisor)
            return
        state = process.inspect(folder)
        if isinstance(state, Running):
            await process.ended(state.identity)

    async def _expect(self, trial: Trial) -> None:
        """Before a second start: a folder that is gone may mean that somebody deleted the trial.

        Raises:
            NotFound: So it is; the news is only still on its way to the engine.
        """
        if (await self._store.get(Trial, trial.namespace, trial.name)).uid != trial.uid:
            raise NotFound(f"trial {trial.namespace}/{trial.name} was deleted")

    def _run(self, trial: Trial, stage: Stage, *, live: bool, who: str = "", said: str = "") -> Run:
        watched = self._watched.get(trial.uid)
        progress = watched.progress if watched else Collection(Judge(trial, self._observations))
        done, succeeded = not live and progress.done, isinstance(stage, jobs.Succeeded)
        words: tuple[str, ...] = ()
        if isinstance(stage, jobs.Failed) or (done and not progress.objective_seen):
            words = last_lines(sources.log_of(self.folder(trial), who))
        return Run(
            job=_job(trial, stage),
            live=live,
            collected=done,
            seen=progress.seen.names,
            notes=progress.seen.notes,
            last_words=words,
            remarks=(*((said,) if said and succeeded else ()), *progress.remarks),
            began=None if isinstance(stage, jobs.Pending) else stage.started,
            ended=stage.ended if isinstance(stage, jobs.Succeeded | jobs.Failed) else None,
            tripped=progress.judge.tripped,
        )

    def _watch(self, trial: Trial, folder: Path) -> None:
        """Follow the trial to its end, once: its process, and what it reports.

        That it runs is told after a moment: a trial that has ended by then needs no look in between.
        """
        if held := self._watched.get(trial.uid):
            held.progress.judge.follow(trial)
            return
        for uid in tuple(islice(self._watched, max(0, len(self._watched) - REMEMBERED))):
            if self._watched[uid].task.done():
                del self._watched[uid]

        def tell() -> None:
            self._changes.put_nowait(trial.uid)

        progress = Collection(Judge(trial, self._observations, told=tell))

        async def follow() -> None:
            running = asyncio.get_running_loop().call_later(UNSAID_S, tell)
            try:
                await collect(
                    trial,
                    collection.open_for(trial, self._source(trial, folder), folder),
                    folder,
                    progress,
                    lambda: self._end_of(folder),
                    self._observations,
                    self._clock,
                )
            except (MunshiError, OSError, ValueError, LookupError) as broken:
                # A trial always ends: it is judged without what could not be read.
                await self._end_of(folder)
                progress.seen = Seen((), (f"its metrics could not be read: {broken}",))
                progress.done = True
            finally:
                running.cancel()
                tell()

        self._watched[trial.uid] = _Watched(asyncio.ensure_future(follow()), progress)

    def _watch_end(self, trial: Trial, state: Running) -> None:
        """Tell of a stopped trial's end; what it reported is only read if somebody looks at it."""
        if trial.uid in self._watched or trial.uid in self._ending:
            return

        async def follow() -> None:
            await process.ended(state.identity)
            self._changes.put_nowait(trial.uid)

        self._ending[trial.uid] = asyncio.ensure_future(follow())

    async def _leave(self, uid: str) -> None:
        """Watch a trial no longer."""
        tasks = [self._watched.pop(uid).task] if uid in self._watched else []
        tasks += [self._ending.pop(uid)] if uid in self._ending else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def attempt_folder(folders: Path, trial: Trial) -> Path:
    """Where an attempt of a trial lives: `<namespace>/<trial>/<uid>-<attempt>`."""
    return _attempt(folders, trial.namespace, trial.name, trial.uid, trial.status.attempts)


_attempt = lru_cache(maxsize=1024)(place.attempt)  # asked for in every look, and slow to build


def _made(folder: Path) -> bool:
    """Make an attempt's folder and those of its trial and namespace; whether it was not there before.

    No further up: a home that was removed is not made again.
    """
    try:
        folder.parent.mkdir(exist_ok=True)
    except FileNotFoundError:
        folder.parent.parent.mkdir(exist_ok=True)
        folder.parent.mkdir(exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def discard(folders: Path, trial: Trial) -> None:
    """Delete every folder of a trial that is gone."""
    shutil.rmtree(folders / trial.namespace / trial.name, ignore_errors=True)


def _spec(trial: Trial) -> dict[str, Json]:
    return dict(trial.spec.run_spec or {})


def _job(trial: Trial, stage: Stage) -> dict[str, Json]:
    spec = _spec(trial)
    return {**spec, "status": jobs.status_of(spec, stage)}


def _goes_without_saying(trial: Trial) -> bool:
    """Whether its collector reads its log, whose place is known: a file less for most trials."""
    return wishes.kind_of(trial.spec.metrics_collector) is CollectorKind.STDOUT


def _is_unused(folder: Path) -> bool:
    """Whether nothing was begun there, or it was forgotten."""
    try:
        return not folder.exists() or (folder / FORGOTTEN).exists()
    except PermissionError:  # locked by its program; nobody has forgotten it
        return False
