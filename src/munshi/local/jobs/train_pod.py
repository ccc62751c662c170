"""The pod of a TrainJob's node: `spec.trainer` as a container, `podTemplateOverrides` around it.

On a cluster the trainer merges these into the runtime's pod template. Here the same merge starts from
an empty template, and whatever is wrong is told at the place where the author wrote it. The overrides'
volumes, mounts, labels and annotations are read; what only a cluster's scheduler asks for is passed
over in silence. Initializers, which download data and models on a cluster, cannot run; a `--mount` at
their folder stands in for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from munshi.api.wire import Json
from munshi.errors import Path
from munshi.local.jobs.fields import FaultsElsewhere, Field
from munshi.local.jobs.model import Surroundings

CONTAINER = "node"
"""Name of the container that trains, and of the runtime's job that holds it."""
_TARGETS = {CONTAINER, "launcher"}
_READ = ("image", "command", "args", "env")
_DOWNLOADS = {"dataset": "/workspace/dataset", "model": "/workspace/model"}
_UNREAD = ("modelConfig", "podSpecOverrides", "templateOverrides", "runtimePatches")
_SPEC: Path = ("spec",)


def template(job: Field) -> Field:
    """The pod template of a node, ready to be read like any other."""
    trainer = job.at("spec", "trainer")
    container: dict[str, Json] = {
        key: value for key, value in trainer.entries_json().items() if key in _READ
    }
    places: dict[Path, Path] = {
        (): _SPEC,
        ("spec", "containers"): trainer.path,
        ("spec", "containers", 0): trainer.path,
        ("spec", "containers", 0, "resources"): (*trainer.path, "resourcesPerNode"),
    }
    container["name"] = CONTAINER
    container["resources"] = trainer.at("resourcesPerNode").value
    volumes: list[Json] = []
    mounts: list[Json] = []
    labels: dict[str, Json] = {}
    annotations: dict[str, Json] = {}
    account: Json = None
    for override in _overrides(job.at("spec")):
        labels |= override.at("metadata", "labels").entries_json()
        annotations |= override.at("metadata", "annotations").entries_json()
        places["metadata",] = (*override.path, "metadata")
        account = override.at("spec", "serviceAccountName").value or account
        for volume in override.at("spec", "volumes").items():
            places["spec", "volumes", len(volumes)] = volume.path
            volumes.append(volume.value)
        for mount in _mounts(override):
            places["spec", "containers", 0, "volumeMounts", len(mounts)] = mount.path
            mounts.append(mount.value)
    container["volumeMounts"] = mounts
    value: Json = {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {
            "containers": [container],
            "volumes": volumes,
            "serviceAccountName": account,
        },
    }
    return Field(value, (), FaultsElsewhere(job.faults, places))


def notes(spec: Field) -> Iterator[str]:
    """What of the job is passed over here."""
    for name in _UNREAD:
        if spec.at(name).value:
            yield f"spec.{name} of the TrainJob is not read on this machine"
    for override in _overrides(spec):
        if override.at("spec", "initContainers").value:
            yield "initContainers of podTemplateOverrides belong to the runtime and do not run here"
    for name, at in _DOWNLOADS.items():
        if spec.at("initializer", name).value is not None:
            yield f"the {name} initializer does not run: what --mount shows at {at} is used"


def look_at_initializer(spec: Field, here: Surroundings) -> None:
    """A download that nothing stands in for is a fault."""
    covered = {path.rstrip("/") or "/" for path in here.stand_ins}
    for name, at in _DOWNLOADS.items():
        field = spec.at("initializer", name)
        if field.value is not None and not any(
            at == path or at.startswith(f"{path}/") for path in covered
        ):
            field.fault(
                f"its download to {at} cannot run on this machine",
                f"--mount HOST:CONTAINER can stand in for it: --mount ./{name}:{at}",
            )


def _overrides(spec: Field) -> Iterator[Field]:
    """Those that concern the nodes."""
    for override in spec.at("podTemplateOverrides").items():
        targets = {one.at("name").text() for one in override.at("targetJobs").items()}
        if targets & _TARGETS:
            yield override


def _mounts(override: Field) -> Iterator[Field]:
    for container in override.at("spec", "containers").items():
        if container.at("name").text() != CONTAINER:
            continue
        if container.at("env").value:
            container.at("env").fault(
                "cannot be set here for the training container", "write it in spec.trainer.env"
            )
        yield from container.at("volumeMounts").items()
