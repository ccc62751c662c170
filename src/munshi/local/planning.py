"""From a trial to what its supervisor starts: programs, their private paths, variables and limits.

On the journey of a value this is the last step before it runs. `jobs` says what the rendered job means,
`view` and `sources` turn its paths into folders of this machine, `containers` says it in the words of
podman or docker. The plan is written into the trial's folder and is all that a supervisor ever knows.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from munshi.api.common import CollectorKind
from munshi.api.meta import EXPERIMENT_LABEL, TRIAL_LABEL, TRIAL_NAME_VARIABLE, ConfigMap
from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.collectors import push_file, wishes
from munshi.engine.ports import Store
from munshi.local import containers, environment, jobs, process, pushing, sources, view
from munshi.local.containers import Runtime
from munshi.local.jobs import ContainerRun, Content, Replica, Run
from munshi.local.process import Bind, Limits, ProcessPlan, Program
from munshi.local.sources import Source
from munshi.local.view import UserMount
from munshi.rpc import address

DEFAULT_GRACE = timedelta(seconds=10)
"""From TERM to KILL when the job names no grace; Kubernetes takes 30 s, a person at a prompt won't."""
LOG_BYTES = 64 << 20
"""What is kept of a program's output when nothing else is said; the middle of a longer one is dropped."""
PUSHED_INSIDE = "/run/munshi/pushed.jsonl"
"""Where a program in a container finds the file of its reports."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `munshi run` says about all trials of an experiment.

    Attributes:
        mounts: The user's own files, as `--mount` says.
        cwd: Where programs start whose job names no workingDir.
        env: What programs inherit; None is this process's own.
        runtime: Plain processes, or containers.
        log_bytes: What is kept of each program's output.
        manager_host: Where Katib's `report_metrics` is answered; empty when it is not.
    """

    mounts: tuple[UserMount, ...] = ()
    cwd: str = "/"
    env: Mapping[str, str] | None = None
    runtime: Runtime = Runtime.PROCESS
    log_bytes: int = LOG_BYTES
    manager_host: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, where its metrics will be read, and what the user should know."""

    plan: ProcessPlan
    source: Source
    notes: tuple[str, ...]


class Planner:
    """Plans trials of one experiment.

    Args:
        store: For ConfigMaps that jobs refer to.
        settings: What the user said.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        # Read once: every look into os.environ decodes what it finds.
        env = dict(os.environ) if settings.env is None else settings.env
        self._store, self._settings = store, replace(settings, env=env)

    async def plan(self, trial: Trial, folder: Path) -> Planned:
        """Read the trial's job and plan it; makes what its paths need below `folder`.

        Raises:
            Invalid: The job must be edited.
            LaunchRefused: It cannot run here.
        """
        said, ports = str(trial.spec.run_spec), _Ports()
        config_maps = await self._config_maps(trial, said)
        job = dict(trial.spec.run_spec or {})
        if pushing.METRICS_PORT in said:
            job = with_port(job, ports)
        around = jobs.Surroundings(
            config_maps=config_maps,
            stand_ins=tuple(mount.container for mount in self._settings.mounts),
            pod_labels={EXPERIMENT_LABEL: trial.experiment_name, TRIAL_LABEL: trial.name},
            uid=trial.uid,
            port=ports,
            images=self._settings.runtime.has_images,
        )
        run = jobs.read(job, trial.spec.primary_container_name, around)
        return _Plan(self._settings, trial, folder, run, config_maps).made(job, around)

    async def _config_maps(self, trial: Trial, said: str) -> dict[str, dict[str, Content]]:
        if "configmap" not in said.lower():
            return {}
        found = await self._store.list(ConfigMap, trial.namespace)
        return {one.name: dict(one.data) for one in found}


class _Ports:
    """Free TCP ports of this machine, the same one for the same need."""

    def __init__(self) -> None:
        self._given: dict[int, int] = {}

    def __call__(self, need: int) -> int:
        """The port for the `need`th need; it was free a moment ago."""
        if need not in self._given:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self._given[need] = int(probe.getsockname()[1])
        return self._given[need]


METRICS_NEED = -1
"""The need of the port at which a program serves its metrics."""


def with_port(job: Mapping[str, Json], ports: _Ports) -> dict[str, Json]:
    """The job with a free port wherever it sets MUNSHI_METRICS_PORT: trials run side by side here."""

    def changed(value: Json) -> Json:
        if isinstance(value, list):
            return [changed(one) for one in value]
        if not isinstance(value, dict):
            return value
        if value.get("name") == pushing.METRICS_PORT and "value" in value:
            return {**value, "value": str(ports(METRICS_NEED))}
        return {key: changed(one) for key, one in value.items()}

    return {key: changed(one) for key, one in job.items()}


def sets_port(job: Json) -> bool:
    """Whether a job sets MUNSHI_METRICS_PORT, and so can have a port of its own."""
    if isinstance(job, list):
        return any(sets_port(one) for one in job)
    if not isinstance(job, dict):
        return False
    return (job.get("name") == pushing.METRICS_PORT and "value" in job) or any(
        sets_port(one) for one in job.values()
    )


class _Plan:
    """One trial's plan in the making."""

    def __init__(
        self,
        settings: Settings,
        trial: Trial,
        folder: Path,
        run: Run,
        config_maps: Mapping[str, Mapping[str, Content]],
    ) -> None:
        self._settings, self._trial, self._folder, self._run = settings, trial, folder, run
        self._config_maps = config_maps
        self._images = settings.runtime.has_images
        self._collector = trial.spec.metrics_collector
        self._pushes = wishes.kind_of(self._collector) in wishes.PUSHING
        self._notes = dict.fromkeys(run.notes)
        self._private = self._images or process.namespaces_available().ok

    def made(self, job: Mapping[str, Json], around: jobs.Surroundings) -> Planned:
        """The whole of it."""
        run, folder = self._run, self._folder
        primary = run.replicas[run.primary]
        seen = self._binds(primary.container, primary.name)
        source, extra = sources.place(
            self._collector, seen, folder, page=self._page(run), image=self._images
        )
        shown = (*((extra,) if extra else ()), *self._pushing_binds())
        if self._pushes:
            source.outside.touch()
        ordered = [primary, *(one for one in run.replicas if one is not primary)]
        grace = run.termination_grace
        plan = ProcessPlan(
            folder=str(folder),
            marker=self._trial.uid,
            grace_s=(DEFAULT_GRACE if grace is None else grace).total_seconds(),
            deadline_s=run.active_deadline.total_seconds() if run.active_deadline else None,
            log_bytes=self._settings.log_bytes,
            setup=tuple(
                self._program(init, one, shown if one is primary else (), f"init-{init.name}")
                for one in ordered
                for init in one.inits
            ),
            programs=tuple(
                self._program(one.container, one, shown if one is primary else (), "")
                for one in ordered
            ),
            companions=self._companions(job, around, (*seen, *shown)),
        )
        return Planned(plan, source, tuple(self._notes))

    # -- its parts ------------------------------------------------------------------------------

    def _binds(self, container: ContainerRun, replica: str) -> tuple[Bind, ...]:
        volumes = self._folder / "volumes" / (replica or "main")
        return view.binds(container.mounts, self._settings.mounts, volumes, self._config_maps)

    def _pushing_binds(self) -> tuple[Bind, ...]:
        if not self._pushes:
            return ()
        pushed = self._folder / sources.PUSHED
        found = (Bind(str(pushed), PUSHED_INSIDE),) if self._images else ()
        host = self._settings.manager_host
        if not host or not self._private:
            return found
        hosts, namespace = pushing.binds(self._folder, self._trial.namespace, host)
        return (*found, namespace) if self._images else (*found, hosts, namespace)

    def _page(self, run: Run) -> str:
        """Where a PrometheusMetric collector scrapes this trial; empty for the other kinds."""
        if wishes.kind_of(self._collector) is not CollectorKind.PROMETHEUS:
            return ""
        said = wishes.page_of(self._collector)
        port = dict(run.primary_container.env).get(pushing.METRICS_PORT) or said.port
        return f"http://127.0.0.1:{port}{said.path}"

    def _companions(
        self, job: Mapping[str, Json], around: jobs.Surroundings, seen: Sequence[Bind]
    ) -> tuple[Program, ...]:
        """The container of a Custom collector, which sees what the primary one sees."""
        spec = self._collector
        said = spec.collector.custom_collector if spec else None
        if wishes.kind_of(spec) is not CollectorKind.CUSTOM or said is None:
            return ()
        container = custom_container(said, job, around)
        replica = Replica("", container)
        return (self._program(container, replica, seen, "collector"),)

    def _program(
        self, container: ContainerRun, replica: Replica, shown: Sequence[Bind], role: str
    ) -> Program:
        """One container as a program.

        Args:
            container: What runs.
            replica: Whose.
            shown: Paths it sees beside its own volumes.
            role: Sets it apart from the replica's program itself; empty for that.
        """
        name = "-".join(filter(None, (replica.name, role))) if role else replica.name
        is_primary = replica is self._run.replicas[self._run.primary] and not role
        taken = {bind.target: bind for bind in shown}
        binds = [
            *(one for one in self._binds(container, replica.name) if one.target not in taken),
            *taken.values(),
        ]
        env = self._variables(container, pushes=is_primary or role == "collector")
        limits = Limits(container.limits.memory_bytes, container.limits.cpu)
        bare = Program(
            name="" if is_primary else name,
            argv=container.argv,
            env=env,
            cwd=container.working_dir or self._settings.cwd,
            log=str(sources.log_of(self._folder, "" if is_primary else name)),
            decides=replica.decides and not role,
        )
        if self._images:
            return self._contained(bare, container, binds)
        if binds and not self._private:
            container = self._rewritten(container, binds)
            env = self._variables(container, pushes=is_primary or role == "collector")
            cwd = container.working_dir or self._settings.cwd
            return replace(bare, argv=container.argv, env=env, cwd=cwd, limits=limits)
        return replace(bare, binds=tuple(binds), limits=limits)

    def _contained(self, bare: Program, container: ContainerRun, binds: list[Bind]) -> Program:
        """The same program, started by podman or docker."""
        said, host = self._settings, self._settings.manager_host
        client = containers.client(
            said.runtime,
            f"munshi-{self._trial.name}-{uuid.uuid4().hex[:8]}",
            container,
            {**bare.env, process.MARKER: self._trial.uid},
            binds,
            {address.HOST: host} if host and self._pushes else {},
        )
        env = dict(self._inherited())
        return replace(bare, argv=client.argv, cleanup=client.cleanup, env=env, cwd="/")

    def _variables(self, container: ContainerRun, *, pushes: bool) -> dict[str, str]:
        """What the program's environment is; in an image, only what is added to the image's own."""
        own = {}
        if self._pushes:
            inside = PUSHED_INSIDE if self._images else str(self._folder / sources.PUSHED)
            own[push_file.VARIABLE] = inside if pushes else os.devnull
            if self._settings.manager_host:
                reached = f"{self._settings.manager_host}:{address.PORT}"
                own[address.VARIABLE] = reached
        if self._images:
            return {TRIAL_NAME_VARIABLE: self._trial.name, **own, **dict(container.env)}
        env = (*own.items(), *container.env)
        return environment.variables(self._inherited(), env, self._trial.name)

    def _inherited(self) -> Mapping[str, str]:
        return os.environ if self._settings.env is None else self._settings.env

    def _rewritten(self, container: ContainerRun, binds: Sequence[Bind]) -> ContainerRun:
        """Without private paths: the program's words name the folders themselves."""
        why = process.namespaces_available().why
        changed, rewrites = jobs.rewrite(container, {bind.target: bind.source for bind in binds})
        self._notes[f"no private paths on this machine ({why}); they are rewritten instead"] = None
        self._notes.update(dict.fromkeys(f"{one.where}: {one.before}" for one in rewrites))
        return changed


def custom_container(
    said: Mapping[str, Json], job: Mapping[str, Json], around: jobs.Surroundings
) -> ContainerRun:
    """The container of a Custom collector, read like any other; it has no volumes of its own.

    Raises:
        Invalid: It must be edited.
        LaunchRefused: It cannot run here.
    """
    pod: dict[str, Json] = {"restartPolicy": "Never", "containers": [dict(said)]}
    meta = job.get("metadata")
    wrapped: dict[str, Json] = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod}
    return jobs.read(wrapped, "", around).primary_container
