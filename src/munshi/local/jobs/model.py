"""What will run on this machine: a job understood, and nothing started yet.

A `Run` is the meeting point of two halves of the local runtime. The readers of this package fill it
from a rendered job; the launcher turns it into processes. It knows neither Kubernetes' field names
nor processes, so each half can be read without the other. `Surroundings` is what a job may point at
but does not contain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from munshi.errors import Path

Content: TypeAlias = str | bytes
"""One entry of a ConfigMap (`data` is text, `binaryData` bytes) or of a Secret (decoded)."""

DEFAULT_FILE_MODE = 0o644
"""Permission bits of files made from ConfigMaps and the like, when the volume names none."""

MOST_REPLICAS = 256
"""More processes of one trial than that on one machine are a slip of the finger."""


def _some_port(need: int) -> int:
    """For readers that start nothing: nobody made sure that it is free."""
    return 20000 + need


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a job may refer to that is not written inside it.

    Attributes:
        config_maps: ConfigMap name to its entries. Kubernetes looks only in the job's namespace; so
            should the caller.
        secrets: Secret name to its decoded entries.
        stand_ins: Container paths which the user covers with `--mount HOST:CONTAINER`. A volume
            mounted exactly there is left out, and one that cannot exist here may lie at or below
            such a path.
        pod_labels: Labels the pod gets besides its template's, e.g. `katib.kubeflow.org/trial`.
        uid: Answers `metadata.uid` when the job has none; the trial's uid is a good stand-in.
        node_name: Answers `spec.nodeName`.
        port: A free TCP port of this machine for the i-th need (0, 1, …) of one run; the same i
            always gives the same port. Several trials run side by side on one machine, so the fixed
            ports of the operators would collide.
        images: A container runtime runs the real image, on this machine's own network: then
            `command` may be missing (the image's ENTRYPOINT runs), and an image must be named.
    """

    config_maps: Mapping[str, Mapping[str, Content]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, Content]] = field(default_factory=dict)
    stand_ins: tuple[str, ...] = ()
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    uid: str | None = None
    node_name: str = "localhost"
    port: Callable[[int], int] = _some_port
    images: bool = False


@dataclass(frozen=True, slots=True)
class EmptyDir:
    """A folder that lives as long as the trial; all mounts of one volume share its `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class HostPath:
    """A path of this machine; `type` says, in Kubernetes' words, what must be there."""

    path: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class FileItem:
    """One chosen entry: `key` becomes the file `path` inside the mount."""

    key: str
    path: str
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class ConfigMapFiles:
    """The entries of a ConfigMap as files.

    Attributes:
        name: Of the ConfigMap, in the job's namespace.
        items: The chosen entries; empty means all, each under its own key.
        optional: A missing ConfigMap or key gives no file instead of a fault.
        default_mode: Permission bits of files whose item names none.
        field: Where the volume source stands in the job, so that a later fault can say it.
    """

    name: str
    items: tuple[FileItem, ...] = ()
    optional: bool = False
    default_mode: int = DEFAULT_FILE_MODE
    field: Path = ()


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """The entries of a Secret as files; fields as in `ConfigMapFiles`."""

    name: str
    items: tuple[FileItem, ...] = ()
    optional: bool = False
    default_mode: int = DEFAULT_FILE_MODE
    field: Path = ()


@dataclass(frozen=True, slots=True)
class File:
    """A file to write: `path` is relative to the mount and stays in it; `mode` its permissions."""

    path: str
    content: bytes
    mode: int = DEFAULT_FILE_MODE


@dataclass(frozen=True, slots=True)
class DownwardFiles:
    """Files whose content is known: facts about the pod (downwardAPI), or what an operator writes."""

    files: tuple[File, ...]


MountSource: TypeAlias = EmptyDir | HostPath | ConfigMapFiles | SecretFiles | DownwardFiles


@dataclass(frozen=True, slots=True)
class Mount:
    """Something that shall be seen at an absolute path.

    Attributes:
        at: The path as the program says it: absolute, normalised, never "/".
        source: What is seen there.
        sub_path: Only this part of the source (relative, never leaving it); `None` for the whole.
        read_only: The program may not write. Always true for files made from ConfigMaps, Secrets
            and pod facts.
    """

    at: str
    source: MountSource
    sub_path: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What the container may use; `None` is no limit. Memory in bytes, cpu in cores (0.5: half)."""

    memory_bytes: int | None = None
    cpu: float | None = None


@dataclass(frozen=True, slots=True)
class ContainerRun:
    """One program to start.

    Attributes:
        name: The container's name.
        image: As written; nothing is pulled when a plain process runs. "" when the job names none.
        command: What replaces the image's ENTRYPOINT, with `$(VAR)` expanded; empty only where
            images run (`Surroundings.images`), and then the image's own ENTRYPOINT is meant.
        args: What follows it, likewise expanded. Without `command` they replace the image's CMD.
        env: Only what the job sets, in order, each name once. What else the program inherits is the
            launcher's choice.
        working_dir: Absolute, or `None` for the launcher's default (the image's, where images run).
        mounts: In the order of the job; paths are unique.
        limits: From `resources.limits`.
    """

    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str | None = None
    mounts: tuple[Mount, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def argv(self) -> tuple[str, ...]:
        """The whole command line, never meant for a shell; empty when only the image knows it."""
        return (*self.command, *self.args) if self.command else ()


@dataclass(frozen=True, slots=True)
class Replica:
    """One pod of the job: a program, and what must be done before it starts.

    Attributes:
        name: "" when it is the only one, else type and index, e.g. `worker-1`.
        container: The program.
        inits: Run to their end before it, one after another, each with 0. EmptyDirs of the same
            name are the same folder for all containers of a replica, and never for two replicas.
        decides: The job has not succeeded before this program has. Whatever runs on when all those
            have succeeded is stopped then.
    """

    name: str
    container: ContainerRun
    inits: tuple[ContainerRun, ...] = ()
    decides: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """A job as this machine understands it.

    Attributes:
        kind: Of the job, e.g. `TFJob`.
        replicas: The programs, all to be started at once; at least one.
        primary: Index of the replica whose metrics count; it decides, perhaps with others.
        notes: Sentences for the user about what is different here, e.g. a sidecar that is left out.
        active_deadline: The shorter of the job's and its pods' deadlines. The job's one spans all
            retries.
        termination_grace: From asking to forcing, the longest of the pods'; `None` when the job is
            silent (Kubernetes then takes 30 s).
    """

    kind: str
    replicas: tuple[Replica, ...]
    primary: int = 0
    notes: tuple[str, ...] = ()
    active_deadline: timedelta | None = None
    termination_grace: timedelta | None = None

    @property
    def primary_container(self) -> ContainerRun:
        """The container whose metrics count."""
        return self.replicas[self.primary].container
