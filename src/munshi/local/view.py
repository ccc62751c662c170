"""The paths a trial's program sees: the job's volumes, the collector's path and `--mount`.

Absolute paths mean what they say: a trial that writes to `/train` gets a private `/train`, and two
trials never meet there. Each path becomes a bind of the trial's private view (`process.Bind`); where
private views cannot be had, the same table says which words of the program are rewritten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from munshi.api.common import CollectorKind, FileSystemPath, MetricsCollectorSpec
from munshi.errors import FieldFault, Invalid, LaunchRefused
from munshi.local import jobs
from munshi.local.jobs import (
    ConfigMapFiles,
    Content,
    DownwardFiles,
    EmptyDir,
    File,
    HostPath,
    Mount,
    SecretFiles,
)
from munshi.local.process import Bind

DEFAULT_PATHS = {
    CollectorKind.FILE: "/var/log/katib/metrics.log",
    CollectorKind.TF_EVENT: "/var/log/katib/tfevent/",
}


@dataclass(frozen=True, slots=True)
class UserMount:
    """`--mount HOST:CONTAINER[:ro]`: the user's own files where the image had them."""

    host: str
    container: str
    read_only: bool = False


def read_mount(text: str) -> UserMount:
    """Read `HOST:CONTAINER` or `HOST:CONTAINER:ro`; HOST may be relative to the current folder.

    Raises:
        Invalid: Not of that form, or HOST does not exist.
    """
    host, colon, rest = text.partition(":")
    container, _, mode = rest.partition(":")
    field = ("--mount",)
    if not (host and colon and container) or mode not in ("", "ro", "rw"):
        mend = "write HOST:CONTAINER, e.g. --mount ./src:/opt/src"
        raise Invalid([FieldFault(field, f'"{text}" is not a mount', mend)])
    if not container.startswith("/") or PurePosixPath(container) == PurePosixPath("/"):
        mend = "the part behind the colon is the path the program uses; begin it with /"
        raise Invalid([FieldFault(field, f'"{container}" is no path inside a container', mend)])
    path = Path(host).expanduser().resolve()
    if not path.exists():
        raise Invalid([FieldFault(field, f'"{host}" does not exist here', f"looked at {path}")])
    return UserMount(str(path), str(PurePosixPath(container)), mode == "ro")


@dataclass(frozen=True, slots=True)
class CollectorPath:
    """Where the collector reads.

    Attributes:
        kind: StdOut, File or TensorFlowEvent.
        inside: The path as the program says it; empty for StdOut.
        outside: The same file or folder on this machine.
        root: A folder above `outside`, below which no link is followed.
    """

    kind: CollectorKind
    inside: str
    outside: Path
    root: Path

    def to_json(self) -> str:
        """One JSON object, kept in the trial's folder for the engine that adopts it."""
        texts = {"inside": self.inside, "outside": str(self.outside), "root": str(self.root)}
        return json.dumps({"kind": self.kind.value, **texts})

    @classmethod
    def from_json(cls, text: str) -> CollectorPath:
        """Read what `to_json` wrote."""
        said = json.loads(text)
        kind = CollectorKind(said["kind"])
        return cls(kind, said["inside"], Path(said["outside"]), Path(said["root"]))


@dataclass(frozen=True, slots=True)
class View:
    """The binds of one trial, and where its metrics appear on this machine."""

    binds: tuple[Bind, ...]
    collector: CollectorPath


def make(
    mounts: Iterable[Mount],
    user_mounts: Iterable[UserMount],
    spec: MetricsCollectorSpec | None,
    folder: Path,
    config_maps: Mapping[str, Mapping[str, Content]],
) -> View:
    """Decide every bind of a trial, and make its private folders and files below `folder`.

    Raises:
        Invalid: A ConfigMap or key is missing.
        LaunchRefused: A collector path would hide everything, or its kind cannot be read here.
    """
    binds = {
        mount.container: Bind(mount.host, mount.container, mount.read_only) for mount in user_mounts
    }
    for at, mount in enumerate(mounts):
        if mount.at not in binds:
            binds[mount.at] = _bind(mount, folder / "volumes", at, config_maps)
    kind, inside = collector_path(spec)
    if kind is CollectorKind.STDOUT:
        collector = CollectorPath(kind, "", folder / "log", folder)
    else:
        collector = _collector(kind, inside, folder / "metrics", binds)
    return View(tuple(binds.values()), collector)


def collector_path(spec: MetricsCollectorSpec | None) -> tuple[CollectorKind, str]:
    """Which collector, and the path it reads inside the container; empty for standard output.

    Raises:
        LaunchRefused: This machine cannot collect in that way.
    """
    kind = spec.collector.kind if spec else CollectorKind.STDOUT
    match kind:
        case CollectorKind.STDOUT | CollectorKind.UNSET:
            return CollectorKind.STDOUT, ""
        case CollectorKind.FILE | CollectorKind.TF_EVENT:
            source = spec.source if spec else None
            said = (source.file_system_path if source else None) or FileSystemPath()
            return kind, str(PurePosixPath(said.path or DEFAULT_PATHS[kind]))
        case _:
            raise LaunchRefused(
                f"metrics collector kind {kind.value} cannot be used on this machine yet; "
                "use StdOut, File or TensorFlowEvent, or run it on Kubernetes"
            )


def _collector(
    kind: CollectorKind, inside: str, private: Path, binds: dict[str, Bind]
) -> CollectorPath:
    """Where the collector's path is on this machine; adds a private bind when nothing covers it."""
    path = PurePosixPath(inside)
    covering = max(
        (bind for bind in binds.values() if path.is_relative_to(bind.target)),
        key=lambda bind: len(bind.target),
        default=None,
    )
    if covering is not None:
        rest = path.relative_to(covering.target)
        source = Path(covering.source)
        return CollectorPath(kind, inside, source / rest, source)
    shared = path if kind is CollectorKind.TF_EVENT else path.parent
    if shared == PurePosixPath("/"):
        if kind is CollectorKind.TF_EVENT:
            raise LaunchRefused(
                "the collector's path is /; give it a folder of its own, e.g. /train"
            )
        shared = path
    whole_folder = kind is CollectorKind.TF_EVENT or not Path(shared).exists()
    if whole_folder and shared != path:
        private.mkdir(parents=True, exist_ok=True)
        binds[str(shared)] = Bind(str(private), str(shared))
        return CollectorPath(kind, inside, private / path.name, private)
    if kind is CollectorKind.TF_EVENT:
        private.mkdir(parents=True, exist_ok=True)
        binds[inside] = Bind(str(private), inside)
        return CollectorPath(kind, inside, private, private.parent)
    # The file's folder exists here and may hold what the program needs: only the file is private.
    file = private / path.name
    private.mkdir(parents=True, exist_ok=True)
    file.touch()
    binds[inside] = Bind(str(file), inside)
    return CollectorPath(kind, inside, file, private)


def _bind(
    mount: Mount, volumes: Path, at: int, config_maps: Mapping[str, Mapping[str, Content]]
) -> Bind:
    match mount.source:
        case EmptyDir(name):
            source = volumes / f"empty-{name}"
            source.mkdir(parents=True, exist_ok=True)
        case HostPath(path, kind):
            source = Path(path)
            if kind in ("DirectoryOrCreate", "") and not source.exists():
                source.mkdir(parents=True, exist_ok=True)
        case ConfigMapFiles() as files:
            source = _write(volumes / f"files-{at}", jobs.config_map_files(files, config_maps))
        case SecretFiles() as files:
            source = _write(volumes / f"files-{at}", jobs.config_map_files(files, {}))
        case DownwardFiles(written):
            source = _write(volumes / f"files-{at}", written)
    if mount.sub_path:
        source = source / mount.sub_path
        if not source.exists():
            source.mkdir(parents=True, exist_ok=True)
    return Bind(str(source), mount.at, mount.read_only)


def _write(folder: Path, files: Iterable[File]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)
    return folder
