"""The paths a program sees: its container's volumes and `--mount`.

Absolute paths mean what they say: a trial that writes to `/train` gets a private `/train`, and two
trials never meet there. Each path becomes a bind of the program's private view (`process.Bind`); where
private views cannot be had, the same table says which words of the program are rewritten. The path
that a collector reads is added by `sources`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from munshi.errors import FieldFault, Invalid
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


def binds(
    mounts: Iterable[Mount],
    user_mounts: Iterable[UserMount],
    folder: Path,
    config_maps: Mapping[str, Mapping[str, Content]],
) -> tuple[Bind, ...]:
    """Decide every bind of one container, and make its private folders and files below `folder`.

    Containers of one pod share `folder`, and so their emptyDirs.

    Raises:
        Invalid: A ConfigMap or key is missing.
    """
    found = {
        mount.container: Bind(mount.host, mount.container, mount.read_only) for mount in user_mounts
    }
    for mount in mounts:
        if mount.at not in found:
            found[mount.at] = _bind(mount, folder, config_maps)
    return tuple(found.values())


def _bind(mount: Mount, volumes: Path, config_maps: Mapping[str, Mapping[str, Content]]) -> Bind:
    match mount.source:
        case EmptyDir(name):
            source = volumes / f"empty-{name}"
            source.mkdir(parents=True, exist_ok=True)
        case HostPath(path, kind):
            source = Path(path)
            if kind in ("DirectoryOrCreate", "") and not source.exists():
                source.mkdir(parents=True, exist_ok=True)
        case ConfigMapFiles() as files:
            source = _write(_fresh(volumes), jobs.config_map_files(files, config_maps))
        case SecretFiles() as files:
            source = _write(_fresh(volumes), jobs.config_map_files(files, {}))
        case DownwardFiles(written):
            source = _write(_fresh(volumes), written)
    if mount.sub_path:
        source = source / mount.sub_path
        if not source.exists():
            source.mkdir(parents=True, exist_ok=True)
    return Bind(str(source), mount.at, mount.read_only)


def _fresh(volumes: Path) -> Path:
    """A folder name that no other mount of the pod has."""
    return volumes / f"files-{len(list(volumes.glob('files-*')))}"


def _write(folder: Path, files: Iterable[File]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)
    return folder
