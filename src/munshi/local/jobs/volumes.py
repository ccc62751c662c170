"""Volumes and where the container sees them: its `volumeMounts` joined with the pod's `volumes`.

Only mounted volumes are judged: one that no container that runs here sees cannot hurt. What a
machine cannot offer (claims, drivers, network disks) is a fault whose mend is a `--mount` of the
user's own folder; a path that already has such a stand-in is left to it. Nothing is created here: a
`Mount` is only the wish.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from munshi.local.jobs.downward import PodFacts, answer_field, answer_resource
from munshi.local.jobs.expansion import expand_at, references
from munshi.local.jobs.fields import Field, guess, shown
from munshi.local.jobs.model import (
    DEFAULT_FILE_MODE,
    ConfigMapFiles,
    DownwardFiles,
    EmptyDir,
    File,
    FileItem,
    HostPath,
    Mount,
    MountSource,
    SecretFiles,
    Surroundings,
)

_MODE_MOST = 0o777
_HOST_PATH_TYPES = (
    "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice",
    "BlockDevice",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pod:
    facts: PodFacts
    container: str


def read_mounts(
    container: Field, pod_spec: Field, env: Mapping[str, str], facts: PodFacts, here: Surroundings
) -> tuple[Mount, ...]:
    """What a container sees and where, in the order it is written.

    Args:
        container: The container.
        pod_spec: The pod's spec, for `volumes`.
        env: The container's finished environment, for `subPathExpr`.
        facts: Of the pod, for downwardAPI volumes.
        here: Names the paths that already have a stand-in.
    """
    volumes = _volumes(pod_spec)
    pod = _Pod(facts, container.at("name").text())
    stand_ins = {_normal(path) for path in here.stand_ins}
    mounts: list[Mount] = []
    taken: set[str] = set()
    for device in container.at("volumeDevices").items():
        device.fault(
            "a raw block device cannot be given on this machine",
            "mount a volume with files instead",
        )
    for wish in container.at("volumeMounts").items():
        at, volume = _mount_path(wish, taken), _volume(wish, volumes)
        sub_path = _sub_path(wish, env)
        if not at or volume is None or at in stand_ins:
            continue
        source = _source(volume, at, stand_ins, pod)
        if source is not None:
            fixed = isinstance(source, ConfigMapFiles | SecretFiles | DownwardFiles)
            mounts.append(Mount(at, source, sub_path, wish.at("readOnly").flag() or fixed))
    return tuple(mounts)


def _volumes(pod_spec: Field) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for volume in pod_spec.at("volumes").items():
        name = volume.at("name").required_text("give the volume a name")
        if name in found:
            volume.at("name").fault(
                f"{shown(name)} is the name of another volume too", "rename one"
            )
        found.setdefault(name, volume)
    return found


def _volume(wish: Field, volumes: Mapping[str, Field]) -> Field | None:
    name = wish.at("name").required_text("name the volume")
    if name and name not in volumes:
        wish.at("name").fault(f"no volume is named {shown(name)}", guess(name, volumes))
    return volumes.get(name) if name else None


def _mount_path(wish: Field, taken: set[str]) -> str:
    field = wish.at("mountPath")
    written = field.required_text("name the path where the container sees it")
    at = _normal(written) if written else ""
    if at == "/":
        field.fault("would hide the whole machine", "mount at a folder below /")
        return ""
    if at in taken:
        field.fault(f"{shown(at)} is mounted twice", "choose another path for one of them")
    if at:
        taken.add(at)
    return at


def _sub_path(wish: Field, env: Mapping[str, str]) -> str | None:
    plain, expression = wish.at("subPath").text(), wish.at("subPathExpr").text()
    if plain and expression:
        wish.fault("has both subPath and subPathExpr", "keep one of them")
    unknown = [name for name in references(expression) if name not in env]
    if unknown:
        wish.at("subPathExpr").fault(
            f"{shown(expression)} refers to an unknown variable", guess(unknown[0], env)
        )
    if plain:
        return _below(wish.at("subPath"), plain)
    field = wish.at("subPathExpr")
    return _below(field, expand_at(field, expression, env))


def _below(field: Field, path: str) -> str | None:
    """A relative path that stays in its folder; `None` for all of it, or after a fault."""
    if path.startswith("/") or ".." in path.split("/"):
        field.fault(f"{shown(path)} leads out of the volume", "write a relative path without ..")
        return None
    return posixpath.normpath(path) if path and posixpath.normpath(path) != "." else None


def _source(volume: Field, at: str, stand_ins: set[str], pod: _Pod) -> MountSource | None:
    sources = {key: field for key, field in volume.entries().items() if key != "name"}
    if not sources:  # Kubernetes' own default for a volume that is only a name
        return EmptyDir(volume.at("name").text())
    if len(sources) > 1:
        volume.fault(f"has several sources: {', '.join(sources)}", "keep one of them")
        return None
    (kind, field), *_ = sources.items()
    if kind in _SOURCES:
        return _SOURCES[kind](field, volume, pod)
    if not any(at == folder or at.startswith(folder + "/") for folder in stand_ins):
        field.fault(
            f"{kind} cannot be had on this machine (wanted at {at})",
            f"--mount HOST:CONTAINER can stand in for it: --mount ./{posixpath.basename(at)}:{at}",
        )
    return None


def _empty_dir(_: Field, volume: Field, __: _Pod) -> MountSource:
    return EmptyDir(volume.at("name").text())


def _host_path(field: Field, _: Field, __: _Pod) -> MountSource | None:
    path = field.at("path").required_text("name a path of this machine")
    kind = field.at("type").text()
    if kind not in _HOST_PATH_TYPES:
        field.at("type").fault(
            f"{shown(kind)} is unknown", guess(kind, filter(None, _HOST_PATH_TYPES))
        )
    if path and (not path.startswith("/") or ".." in path.split("/")):
        field.at("path").fault(f"{shown(path)} is not absolute", "write the full path, without ..")
        return None
    return HostPath(_normal(path), kind) if path else None


def _config_map(field: Field, _: Field, __: _Pod) -> MountSource:
    name = field.at("name").required_text("name the ConfigMap")
    return ConfigMapFiles(
        name, _items(field), field.at("optional").flag(), _mode(field), field.path
    )


def _secret(field: Field, _: Field, __: _Pod) -> MountSource:
    name = field.at("secretName").required_text("name the Secret")
    return SecretFiles(name, _items(field), field.at("optional").flag(), _mode(field), field.path)


def _downward(field: Field, _: Field, pod: _Pod) -> MountSource:
    mode, files = _mode(field), []
    for item in field.at("items").items():
        path = _below(item.at("path"), item.at("path").required_text("name the file")) or ""
        if item.at("fieldRef").value is not None:
            answer = answer_field(item.at("fieldRef"), pod.facts, whole_maps=True)
        elif item.at("resourceFieldRef").value is not None:
            answer = answer_resource(item.at("resourceFieldRef"), pod.facts, pod.container)
        else:
            item.fault("names no source", "choose fieldRef or resourceFieldRef")
            continue
        own = item.at("mode").whole(most=_MODE_MOST)
        files.append(File(path, answer.encode(), mode if own is None else own))
    return DownwardFiles(tuple(files))


_SOURCES: Mapping[str, Callable[[Field, Field, _Pod], MountSource | None]] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "configMap": _config_map,
    "secret": _secret,
    "downwardAPI": _downward,
}


def _items(field: Field) -> tuple[FileItem, ...]:
    found = []
    for item in field.at("items").items():
        key = item.at("key").required_text("name the entry")
        path = _below(item.at("path"), item.at("path").required_text("name the file"))
        found.append(FileItem(key, path or "", item.at("mode").whole(most=_MODE_MOST)))
    return tuple(found)


def _mode(field: Field) -> int:
    mode = field.at("defaultMode").whole(most=_MODE_MOST)
    return DEFAULT_FILE_MODE if mode is None else mode


def _normal(path: str) -> str:
    """Absolute, without doubled slashes, dots or a slash at the end; relative ones start at /."""
    return posixpath.normpath("/" + path.lstrip("/"))
