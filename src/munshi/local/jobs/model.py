"""What will run on this machine: a job understood, and nothing started yet.

A `Run` is the meeting point of two halves of the local runtime. The readers of this package fill it
from a rendered job; the launcher turns it into processes. It knows neither Kubernetes' field names
nor processes, so each half can be read without the other. `Surroundings` is what a job may point at
but does not contain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from munshi.errors import Path

Content: TypeAlias = str | bytes
"""One entry of a ConfigMap (`data` is text, `binaryData` bytes) or of a Secret (decoded)."""

DEFAULT_FILE_MODE = 0o644
"""Permission bits of files made from ConfigMaps and the like, when the volume names none."""


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
    """

    config_maps: Mapping[str, Mapping[str, Content]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, Content]] = field(default_factory=dict)
    stand_ins: tuple[str, ...] = ()
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    uid: str | None = None
    node_name: str = "localhost"


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
    """Facts about the pod as files (a downwardAPI volume), already answered."""

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
        argv: Command and arguments with `$(VAR)` expanded; never empty, never passed through a
            shell.
        env: Only what the job sets, in order, each name once. What else the program inherits is the
            launcher's choice.
        working_dir: Absolute, or `None` for the launcher's default.
        mounts: In the order of the job; paths are unique.
        limits: From `resources.limits`.
        active_deadline: The shorter of the job's and the pod's deadline. The job's one spans all
            retries.
        termination_grace: From asking to forcing; `None` when the job is silent (Kubernetes then
            takes 30 s).
    """

    name: str
    image: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str | None = None
    mounts: tuple[Mount, ...] = ()
    limits: Limits = field(default_factory=Limits)
    active_deadline: timedelta | None = None
    termination_grace: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A job as this machine understands it.

    Attributes:
        kind: Of the job, e.g. `TFJob`.
        containers: The programs; exactly one for now.
        primary: Index of the container whose metrics count.
        notes: Sentences for the user about what is different here, e.g. a sidecar that is left out.
    """

    kind: str
    containers: tuple[ContainerRun, ...]
    primary: int = 0
    notes: tuple[str, ...] = ()

    @property
    def primary_container(self) -> ContainerRun:
        """The container whose metrics count."""
        return self.containers[self.primary]
