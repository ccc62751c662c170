"""Volumes, where the container sees them, and the files that ConfigMaps and Secrets become."""

from __future__ import annotations

import pytest

from local.jobs.builders import Object, a_container, a_job, a_pod_spec, faults, of
from munshi.api.wire import Json
from munshi.errors import Invalid
from munshi.local import jobs
from munshi.local.jobs import (
    ConfigMapFiles,
    DownwardFiles,
    EmptyDir,
    File,
    FileItem,
    HostPath,
    Mount,
    SecretFiles,
    Surroundings,
)


def mounted(
    *mounts: Json, volumes: Json = None, here: Surroundings | None = None
) -> tuple[Mount, ...]:
    """The mounts of a container; `volumes` defaults to one emptyDir named `v`."""
    shown: Json = volumes if volumes is not None else [{"name": "v", "emptyDir": {}}]
    container = a_container(volumeMounts=list(mounts), env=[{"name": "RUN", "value": "r1"}])
    return of(container, here or Surroundings(), volumes=shown).mounts


def one(source: Object, **mount: Json) -> Mount:
    """The only mount, at /m, of a volume with this source."""
    (found,) = mounted({"name": "v", "mountPath": "/m", **mount}, volumes=[{"name": "v", **source}])
    return found


PATHS = {
    "a plain path": ("/train", "/train"),
    "a slash at the end": ("/train/", "/train"),
    "doubled slashes": ("//train//x", "/train/x"),
    "a relative path starts at the root, as for the kubelet": ("train", "/train"),
    "dots are walked": ("/a/./b/../c", "/a/c"),
    "climbing above the root stays below it": ("/../../etc", "/etc"),
    "Korean": ("/훈련", "/훈련"),
}


@pytest.mark.parametrize("case", PATHS)
def test_a_mount_path_is_absolute_and_normal(case: str) -> None:
    """Whatever way it is written."""
    written, wanted = PATHS[case]
    (mount,) = mounted({"name": "v", "mountPath": written})
    assert mount == Mount(wanted, EmptyDir("v"))


def test_every_kind_of_volume_this_machine_offers() -> None:
    """Each source is read with its options; files made from data are read-only."""
    assert one({"emptyDir": {"medium": "Memory"}}) == Mount("/m", EmptyDir("v"))
    assert one({}) == Mount("/m", EmptyDir("v"))
    assert one({"emptyDir": None}) == Mount("/m", EmptyDir("v"))
    host: Object = {"hostPath": {"path": "/data/", "type": "Directory"}}
    assert one(host, readOnly=True) == Mount(
        "/m", HostPath("/data", "Directory"), None, read_only=True
    )
    items: Json = [{"key": "a", "path": "x/a.yaml", "mode": 0o600}, {"key": "b", "path": "b"}]
    config = one(
        {"configMap": {"name": "c", "items": items, "optional": True, "defaultMode": 0o444}}
    )
    place = ("spec", "template", "spec", "volumes", 0)
    chosen = (FileItem("a", "x/a.yaml", 0o600), FileItem("b", "b"))
    assert config.read_only
    assert config.source == ConfigMapFiles("c", chosen, True, 0o444, (*place, "configMap"))
    assert one({"secret": {"secretName": "s"}}).source == SecretFiles("s", field=(*place, "secret"))


def test_pod_facts_become_files() -> None:
    """A downwardAPI volume holds the answers, whole label maps included."""
    items: Json = [
        {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}, "mode": 0o400},
        {"path": "d/labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "mem", "resourceFieldRef": {"containerName": "main", "resource": "limits.memory"}},
    ]
    container = a_container(
        volumeMounts=[{"name": "v", "mountPath": "/pod"}], resources={"limits": {"memory": "1Ki"}}
    )
    volumes: Json = [{"name": "v", "downwardAPI": {"items": items}}]
    template: Json = {
        "metadata": {"labels": {"team": 'a "b"'}},
        "spec": a_pod_spec(container, volumes=volumes),
    }
    job = a_job(template=template)
    source = jobs.read(job, "main").primary_container.mounts[0].source
    assert isinstance(source, DownwardFiles)
    name, labels, memory = source.files
    assert (name.content, name.mode) == (b"trial-1", 0o400)
    assert labels.path == "d/labels"
    assert b'team="a \\"b\\""' in labels.content.splitlines()
    assert memory.content == b"1024"


def test_sub_paths_stay_in_their_volume() -> None:
    """Written plainly or through variables."""
    (plain, through, whole) = mounted(
        {"name": "v", "mountPath": "/a", "subPath": "x//y/"},
        {"name": "v", "mountPath": "/b", "subPathExpr": "runs/$(RUN)"},
        {"name": "v", "mountPath": "/c", "subPath": "."},
    )
    assert (plain.sub_path, through.sub_path, whole.sub_path) == ("x/y", "runs/r1", None)


def test_a_volume_the_primary_container_never_sees_is_not_judged() -> None:
    """A claim that only a sidecar mounts hurts nobody here."""
    volumes: Json = [{"name": "disk", "persistentVolumeClaim": {"claimName": "c"}}]
    sidecar: Object = {"name": "side", "volumeMounts": [{"name": "disk", "mountPath": "/d"}]}
    run = jobs.read(a_job(a_container(), sidecar, pod={"volumes": volumes}), "main")
    assert run.primary_container.mounts == ()


def test_a_mount_option_stands_in_for_what_cannot_be_had() -> None:
    """The mend works: with `--mount ./data:/data` the claim is no fault, and below it neither."""
    volumes: Json = [
        {"name": "disk", "persistentVolumeClaim": {"claimName": "c"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    wishes: tuple[Json, ...] = (
        {"name": "disk", "mountPath": "/data"},
        {"name": "disk", "mountPath": "/data/sets", "subPath": "sets"},
        {"name": "tmp", "mountPath": "/data/tmp"},
        {"name": "tmp", "mountPath": "/out"},
    )
    job = a_job(a_container(volumeMounts=list(wishes)), pod={"volumes": volumes})
    told = faults(job)["volumes[0].persistentVolumeClaim"]
    assert "--mount ./data:/data" in told
    assert "--mount ./sets:/data/sets" in told
    here = Surroundings(stand_ins=("/data/", "/out"))
    assert mounted(*wishes, volumes=volumes, here=here) == (Mount("/data/tmp", EmptyDir("tmp")),)
    assert faults(job, here=Surroundings(stand_ins=("/dat",)))


FAULTS: dict[str, tuple[Object, Object, str, str]] = {
    "a volume nobody has": (
        {"name": "date"}, {"name": "data", "emptyDir": {}},
        "containers[0].volumeMounts[0].name", 'did you mean "data"?',
    ),
    "a mount over everything": (
        {"name": "v", "mountPath": "/"}, {"name": "v"},
        "containers[0].volumeMounts[0].mountPath", "whole machine",
    ),
    "no mount path": (
        {"name": "v", "mountPath": ""}, {"name": "v"},
        "containers[0].volumeMounts[0].mountPath", "is empty",
    ),
    "a sub path that leaves": (
        {"name": "v", "subPath": "../x"}, {"name": "v"},
        "containers[0].volumeMounts[0].subPath", "leads out",
    ),
    "an absolute sub path": (
        {"name": "v", "subPath": "/x"}, {"name": "v"},
        "containers[0].volumeMounts[0].subPath", "leads out",
    ),
    "a sub path of an unknown variable": (
        {"name": "v", "subPathExpr": "$(RAN)"}, {"name": "v"},
        "containers[0].volumeMounts[0].subPathExpr", 'did you mean "RUN"?',
    ),
    "two sub paths": (
        {"name": "v", "subPath": "a", "subPathExpr": "b"}, {"name": "v"},
        "containers[0].volumeMounts[0]", "keep one",
    ),
    "two sources": (
        {"name": "v"}, {"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}},
        "volumes[0]", "several sources",
    ),
    "a driver": (
        {"name": "v"}, {"name": "v", "csi": {"driver": "x"}},
        "volumes[0].csi", "--mount ./m:/m",
    ),
    "a relative host path": (
        {"name": "v"}, {"name": "v", "hostPath": {"path": "data"}},
        "volumes[0].hostPath.path", "not absolute",
    ),
    "an unknown host path type": (
        {"name": "v"}, {"name": "v", "hostPath": {"path": "/d", "type": "Folder"}},
        "volumes[0].hostPath.type", "unknown",
    ),
    "a ConfigMap without a name": (
        {"name": "v"}, {"name": "v", "configMap": {}},
        "volumes[0].configMap.name", "is missing",
    ),
    "a Secret named as a ConfigMap is": (
        {"name": "v"}, {"name": "v", "secret": {"name": "s"}},
        "volumes[0].secret.secretName", "is missing",
    ),
    "a mode beyond all bits": (
        {"name": "v"}, {"name": "v", "configMap": {"name": "c", "defaultMode": 644}},
        "volumes[0].configMap.defaultMode", "from 0 to 511",
    ),
    "an item that leaves the mount": (
        {"name": "v"},
        {"name": "v", "configMap": {"name": "c", "items": [{"key": "a", "path": "../a"}]}},
        "volumes[0].configMap.items[0].path", "leads out",
    ),
    "a downward file without a source": (
        {"name": "v"}, {"name": "v", "downwardAPI": {"items": [{"path": "x"}]}},
        "volumes[0].downwardAPI.items[0]", "fieldRef or resourceFieldRef",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_volume_faults(case: str) -> None:
    """Each mistake is one fault, at its own place, with its mend."""
    mount, volume, path, said = FAULTS[case]
    env: Json = [{"name": "RUN", "value": "r1"}]
    container = a_container(volumeMounts=[{"mountPath": "/m", **mount}], env=env)
    found = faults(a_job(container, pod={"volumes": [volume]}))
    assert list(found) == [path]
    assert said in found[path]


def test_one_path_cannot_be_mounted_twice() -> None:
    """However it is spelled."""
    mounts: Json = [{"name": "v", "mountPath": "/m"}, {"name": "v", "mountPath": "/m/"}]
    found = faults(a_job(a_container(volumeMounts=mounts), pod={"volumes": [{"name": "v"}]}))
    assert "twice" in found["containers[0].volumeMounts[1].mountPath"]


def test_two_volumes_cannot_share_a_name() -> None:
    """Nobody could tell which is meant."""
    found = faults(a_job(pod={"volumes": [{"name": "v"}, {"name": "v"}]}))
    assert "another volume" in found["volumes[1].name"]


def test_all_entries_become_files_unless_some_are_chosen() -> None:
    """Text is UTF-8, bytes stay bytes, an item's own mode wins."""
    known: dict[str, dict[str, str | bytes]] = {"c": {"lr.txt": "학습률", "w.bin": b"\xff"}}
    assert jobs.config_map_files(ConfigMapFiles("c"), known) == (
        File("lr.txt", "학습률".encode()), File("w.bin", b"\xff"),
    )  # fmt: skip
    chosen = (FileItem("w.bin", "d/w", 0), FileItem("lr.txt", "lr"))
    assert jobs.config_map_files(SecretFiles("c", chosen, default_mode=0o400), known) == (
        File("d/w", b"\xff", 0), File("lr", "학습률".encode(), 0o400),
    )  # fmt: skip


def test_missing_entries_are_faults_with_their_place_unless_optional() -> None:
    """All missing keys are told at once; an optional volume is simply emptier."""
    items = (FileItem("a", "a"), FileItem("b", "b"), FileItem("c", "c"))
    wanted = ConfigMapFiles("m", items, field=("spec", "volumes", 0, "configMap"))
    with pytest.raises(Invalid) as refused:
        jobs.config_map_files(wanted, {"m": {"b": "1"}})
    assert [fault.field for fault in refused.value.faults] == [
        "spec.volumes[0].configMap.items[0].key", "spec.volumes[0].configMap.items[2].key",
    ]  # fmt: skip
    with pytest.raises(Invalid, match="not known on this machine"):
        jobs.config_map_files(wanted, {})
    lenient = ConfigMapFiles("m", items, optional=True)
    assert jobs.config_map_files(lenient, {"m": {"b": "1"}}) == (File("b", b"1"),)
    assert jobs.config_map_files(lenient, {}) == ()


@pytest.mark.parametrize("key", ["../x", "a/b", "..", ".", ""])
def test_a_key_never_leads_out_of_its_mount(key: str) -> None:
    """Kubernetes refuses such keys; data that came another way is refused here."""
    with pytest.raises(Invalid, match="no file name"):
        jobs.config_map_files(ConfigMapFiles("m"), {"m": {key: "x"}})
