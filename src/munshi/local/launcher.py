"""The Launcher port on this machine: a trial's job becomes a process under a supervisor.

The trial's folder is the truth. `launch` writes it, `look` reads it, so an engine that starts after a
crash adopts trials that still run and reads what ended meanwhile. A folder belongs to one attempt
(`status.attempts`); an attempt that the machine lost is forgotten and the next has its own folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from munshi.api.meta import EXPERIMENT_LABEL, TRIAL_LABEL, ConfigMap
from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.collectors import Collector, Seen, open_collector
from munshi.engine.ports import Clock, ObservationLog, Store
from munshi.errors import AlreadyExists, Invalid, LaunchRefused, MunshiError, NotFound
from munshi.local import environment, jobs, process, view
from munshi.local.collection import Collection, collect
from munshi.local.jobs import ContainerRun, Content, Stage
from munshi.local.process import Ended, Exit, Lost, ProcessPlan, Reason, Running
from munshi.local.tail import last_lines
from munshi.local.view import UserMount
from munshi.reconcile.views import Run

DEFAULT_GRACE = timedelta(seconds=10)
"""From TERM to KILL when the job names no grace; Kubernetes takes 30 s, a person at a prompt won't."""
FORGOTTEN = "forgotten"
COLLECTOR = "collector.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `munshi run` says about all trials of an experiment.

    Attributes:
        mounts: The user's own files, as `--mount` says.
        cwd: Where programs start whose job names no workingDir.
        env: What programs inherit.
    """

    mounts: tuple[UserMount, ...] = ()
    cwd: str = "/"
    env: Mapping[str, str] | None = None


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
        self._folders, self._store, self._observations = folders, store, observations
        self._clock, self._settings = clock, settings
        self._spawner = process.Spawner()
        self._watched: dict[str, _Watched] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._begun: set[str] = set()
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
        if not isinstance(process.inspect(folder), process.NotStarted):
            return
        if trial.uid in self._begun or trial.uid in self._watched:
            await self._expect(trial)
        self._begun.add(trial.uid)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            plan = await self._plan(trial, folder)
        except Invalid as invalid:
            raise LaunchRefused("; ".join(invalid.lines())) from invalid
        with contextlib.suppress(AlreadyExists):
            await self._spawner.spawn(plan)
        self._changes.put_nowait(trial.uid)

    async def look(self, trial: Trial) -> Run | None:
        """See `ports.Launcher.look`."""
        folder = self.folder(trial)
        if not trial.status.attempts or (folder / FORGOTTEN).exists():
            return None
        state = process.inspect(folder)
        match state:
            case Running():
                self._watch(trial, folder)
                return self._run(trial, jobs.Running(_started(folder)), live=True)
            case Ended(exit_) if exit_.reason is Reason.STOPPED and not trial.is_completed:
                # Only an interruption stops a trial that has not ended; it was cut short itself.
                why = "it was stopped before it had ended"
                return Run(job=_job(trial, jobs.Pending()), live=False, collected=False, lost=why)
            case Ended(exit_):
                if not trial.is_completed:
                    self._watch(trial, folder)
                return self._run(trial, _stage(exit_), live=False)
            case Lost(why):
                return Run(job=_job(trial, jobs.Pending()), live=False, collected=False, lost=why)
            case _:
                return None

    async def stop(self, trial: Trial) -> None:
        """See `ports.Launcher.stop`."""
        state = process.inspect(self.folder(trial))
        if isinstance(state, Running):
            process.stop(state.identity)
            self._watch_end(trial, state)
        elif isinstance(state, Lost):
            await asyncio.to_thread(process.sweep, trial.uid)

    async def forget(self, trial: Trial) -> None:
        """See `ports.Launcher.forget`."""
        await self._leave(trial.uid)  # first: what is read from now on is the next attempt's
        await asyncio.to_thread(process.sweep, trial.uid)
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

    async def _expect(self, trial: Trial) -> None:
        """Before a second start: a folder that is gone may mean that somebody deleted the trial.

        Raises:
            NotFound: So it is; the news is only still on its way to the engine.
        """
        if (await self._store.get(Trial, trial.namespace, trial.name)).uid != trial.uid:
            raise NotFound(f"trial {trial.namespace}/{trial.name} was deleted")

    async def _plan(self, trial: Trial, folder: Path) -> ProcessPlan:
        config_maps = await self._config_maps(trial)
        surroundings = self._surroundings(trial, config_maps)
        run = jobs.read(_spec(trial), trial.spec.primary_container_name, surroundings)
        container = run.primary_container
        seen = view.make(
            container.mounts,
            self._settings.mounts,
            trial.spec.metrics_collector,
            folder,
            config_maps,
        )
        (folder / COLLECTOR).write_text(seen.collector.to_json())
        self.notes.update(dict.fromkeys(run.notes))
        binds = seen.binds
        if binds and not (available := process.namespaces_available()).ok:
            folders = {bind.target: bind.source for bind in binds}
            run, rewrites = jobs.rewrite(run, folders)
            container, binds = run.primary_container, ()
            self._note_rewrites(available.why, rewrites)
        return self._process(trial, folder, container, binds)

    def _process(
        self,
        trial: Trial,
        folder: Path,
        container: ContainerRun,
        binds: tuple[process.Bind, ...],
    ) -> ProcessPlan:
        inherited = os.environ if self._settings.env is None else self._settings.env
        grace = container.termination_grace
        return ProcessPlan(
            argv=container.argv,
            env=environment.variables(inherited, container.env, trial.name),
            cwd=container.working_dir or self._settings.cwd,
            log=str(folder / "log"),
            folder=str(folder),
            marker=trial.uid,
            binds=binds,
            grace_s=(DEFAULT_GRACE if grace is None else grace).total_seconds(),
        )

    def _surroundings(
        self, trial: Trial, config_maps: Mapping[str, Mapping[str, Content]]
    ) -> jobs.Surroundings:
        return jobs.Surroundings(
            config_maps=config_maps,
            stand_ins=tuple(mount.container for mount in self._settings.mounts),
            pod_labels={EXPERIMENT_LABEL: trial.experiment_name, TRIAL_LABEL: trial.name},
            uid=trial.uid,
        )

    async def _config_maps(self, trial: Trial) -> dict[str, dict[str, Content]]:
        if "configmap" not in str(trial.spec.run_spec).lower():
            return {}
        found = await self._store.list(ConfigMap, trial.namespace)
        return {one.name: dict(one.data) for one in found}

    def _note_rewrites(self, why: str, rewrites: tuple[jobs.Rewrite, ...]) -> None:
        self.notes[f"no private paths on this machine ({why}); they are rewritten instead"] = None
        words = (f"{one.where}: {one.before}" for one in rewrites)
        self.notes.update(dict.fromkeys(words))

    def _run(self, trial: Trial, stage: Stage, *, live: bool) -> Run:
        watched = self._watched.get(trial.uid)
        progress = watched.progress if watched else Collection()
        done = not live and progress.done
        words: tuple[str, ...] = ()
        if isinstance(stage, jobs.Failed) or (done and not progress.objective_seen):
            words = last_lines(self.folder(trial) / "log")
        return Run(
            job=_job(trial, stage),
            live=live,
            collected=done,
            seen=progress.seen.names,
            notes=progress.seen.notes,
            last_words=words,
        )

    def _watch(self, trial: Trial, folder: Path) -> None:
        """Follow the trial to its end, once: its process, and what it reports."""
        if trial.uid in self._watched:
            return
        progress = Collection()

        async def follow() -> None:
            try:
                collector = self._collector(trial, folder)
                await collect(
                    trial,
                    collector,
                    progress,
                    lambda: _end_of(folder),
                    self._observations,
                    self._clock,
                )
            except (MunshiError, OSError, ValueError, LookupError) as broken:
                # A trial always ends: it is judged without what could not be read.
                await _end_of(folder)
                progress.seen = Seen((), (f"its metrics could not be read: {broken}",))
                progress.done = True
            finally:
                self._changes.put_nowait(trial.uid)

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

    def _collector(self, trial: Trial, folder: Path) -> Collector:
        spec, objective = trial.spec.metrics_collector, trial.spec.objective
        where = view.CollectorPath.from_json((folder / COLLECTOR).read_text())
        source = spec.source if spec else None
        said = source.file_system_path if source else None
        return open_collector(
            where.kind.value,
            where.outside,
            objective.metric_names if objective else (),
            filters=source.filter.metrics_format if source and source.filter else (),
            file_format=said.format.value if said and said.format else "TEXT",
            root=where.root,
            known_as=where.inside,
        )


def attempt_folder(folders: Path, trial: Trial) -> Path:
    """Where an attempt of a trial lives: `<namespace>/<trial>/<uid>-<attempt>`."""
    attempt = max(trial.status.attempts, 1)
    return folders / trial.namespace / trial.name / f"{trial.uid[:8]}-{attempt}"


def discard(folders: Path, trial: Trial) -> None:
    """Delete every folder of a trial that is gone."""
    shutil.rmtree(folders / trial.namespace / trial.name, ignore_errors=True)


async def _end_of(folder: Path) -> None:
    state = process.inspect(folder)
    if isinstance(state, Running):
        await process.ended(state.identity)


def _spec(trial: Trial) -> dict[str, Json]:
    return dict(trial.spec.run_spec or {})


def _job(trial: Trial, stage: Stage) -> dict[str, Json]:
    spec = _spec(trial)
    return {**spec, "status": jobs.status_of(spec, stage)}


def _started(folder: Path) -> datetime:
    return _time(int((folder / "identity.json").stat().st_mtime_ns))


def _time(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def _stage(exit_: Exit) -> Stage:
    started, ended = _time(exit_.started_ns), _time(exit_.ended_ns)
    if exit_.reason is Reason.EXITED and exit_.code == 0:
        return jobs.Succeeded(started, ended)
    code = 1
    match exit_.reason:
        case Reason.EXITED:
            code = exit_.code or 1
            said = f"the program ended with exit code {code}"
        case Reason.SIGNAL:
            code = 128 + (exit_.signal or 0)
            said = f"the program was ended by signal {exit_.signal}"
        case Reason.STOPPED:
            code = 143
            said = "the program was stopped"
        case Reason.NOT_STARTED:
            code = 127
            said = "the program could not be started"
    message = f"{said}: {exit_.message}" if exit_.message else said
    return jobs.Failed(started, ended, message=message, exit_code=code)
