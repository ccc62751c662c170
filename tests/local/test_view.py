"""The paths a trial sees: volumes, the collector's path, and what `--mount` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from munshi.api.common import (
    CollectorKind,
    CollectorSpec,
    FileSystemPath,
    MetricsCollectorSpec,
    SourceSpec,
)
from munshi.errors import Invalid, LaunchRefused
from munshi.local import view
from munshi.local.jobs import ConfigMapFiles, EmptyDir, HostPath, Mount
from munshi.local.view import CollectorPath, UserMount


def collecting(kind: CollectorKind, path: str = "") -> MetricsCollectorSpec:
    """A collector of that kind which reads that path."""
    source = SourceSpec(file_system_path=FileSystemPath(path=path)) if path else None
    return MetricsCollectorSpec(collector=CollectorSpec(kind=kind), source=source)


def test_standard_output_needs_no_path(tmp_path: Path) -> None:
    """StdOut is read from the log; nothing is bound for it."""
    made = view.make((), (), None, tmp_path, {})
    assert made.binds == ()
    assert made.collector == CollectorPath(CollectorKind.STDOUT, "", tmp_path / "log", tmp_path)


def test_an_event_folder_is_private(tmp_path: Path) -> None:
    """`/train` of a trial is a folder of its own below the trial's folder."""
    made = view.make((), (), collecting(CollectorKind.TF_EVENT, "/train"), tmp_path, {})
    (bind,) = made.binds
    assert (bind.target, Path(bind.source)) == ("/train", tmp_path / "metrics")
    assert made.collector.outside == tmp_path / "metrics"
    assert Path(bind.source).is_dir()


def test_a_metrics_file_gets_its_folder_when_there_is_none(tmp_path: Path) -> None:
    """`/katib/mnist.log`: the private folder stands at `/katib`, and the file appears in it."""
    made = view.make((), (), collecting(CollectorKind.FILE, "/katib/mnist.log"), tmp_path, {})
    (bind,) = made.binds
    assert bind.target == "/katib"
    assert made.collector.outside == Path(bind.source) / "mnist.log"


def test_a_metrics_file_hides_nothing_of_a_folder_that_exists(tmp_path: Path) -> None:
    """Where the file's folder exists on this machine, only the file itself is private."""
    made = view.make((), (), collecting(CollectorKind.FILE, "/etc/metrics.log"), tmp_path, {})
    (bind,) = made.binds
    assert bind.target == "/etc/metrics.log"
    assert Path(bind.source).is_file()


def test_the_root_is_no_event_folder(tmp_path: Path) -> None:
    """A collector that would hide everything is refused."""
    with pytest.raises(LaunchRefused, match="folder of its own"):
        view.make((), (), collecting(CollectorKind.TF_EVENT, "/"), tmp_path, {})


def test_a_volume_that_covers_the_collector_s_path_is_where_it_reads(tmp_path: Path) -> None:
    """With an emptyDir at /train the events below it are read from that volume."""
    mounts = [Mount("/train", EmptyDir("logs"))]
    spec = collecting(CollectorKind.TF_EVENT, "/train/metrics")
    made = view.make(mounts, (), spec, tmp_path, {})
    (bind,) = made.binds
    assert bind.target == "/train"
    assert made.collector.outside == Path(bind.source) / "metrics"


def test_the_user_s_mount_wins_over_the_job_s(tmp_path: Path) -> None:
    """`--mount` at a volume's path takes its place."""
    mine = UserMount(str(tmp_path), "/data", read_only=True)
    made = view.make([Mount("/data", EmptyDir("data"))], [mine], None, tmp_path, {})
    (bind,) = made.binds
    assert (bind.source, bind.read_only) == (str(tmp_path), True)


def test_two_mounts_of_one_volume_are_one_folder(tmp_path: Path) -> None:
    """An emptyDir mounted twice is the same folder at both places; a sub-path is a part of it."""
    mounts = [
        Mount("/a", EmptyDir("shared")),
        Mount("/b", EmptyDir("shared")),
        Mount("/c", EmptyDir("shared"), sub_path="part"),
    ]
    a, b, c = view.make(mounts, (), None, tmp_path, {}).binds
    assert a.source == b.source
    assert Path(c.source) == Path(a.source) / "part"


def test_a_config_map_becomes_files(tmp_path: Path) -> None:
    """Each entry is a file, Korean text as UTF-8."""
    mounts = [Mount("/etc/app", ConfigMapFiles("app"), read_only=True)]
    (bind,) = view.make(mounts, (), None, tmp_path, {"app": {"제목.txt": "손글씨"}}).binds
    assert (Path(bind.source) / "제목.txt").read_text(encoding="utf-8") == "손글씨"
    assert bind.read_only


def test_a_host_path_is_itself(tmp_path: Path) -> None:
    """HostPath shows this machine's folder, and makes it when the job may."""
    wanted = tmp_path / "new"
    mounts = [Mount("/data", HostPath(str(wanted), "DirectoryOrCreate"))]
    (bind,) = view.make(mounts, (), None, tmp_path, {}).binds
    assert bind.source == str(wanted)
    assert wanted.is_dir()


def test_a_collector_path_survives_a_crash() -> None:
    """What the adopting engine reads is what the launching one wrote."""
    where = CollectorPath(CollectorKind.FILE, "/a/b", Path("/x/b"), Path("/x"))
    assert CollectorPath.from_json(where.to_json()) == where


MISTAKES = {
    "no colon": "src",
    "nothing before the colon": ":/src",
    "nothing behind the colon": ".:",
    "a relative place in the container": ".:src",
    "the root of the container": ".:/",
    "an unknown mode": ".:/src:rx",
    "a folder that does not exist": "./nowhere-to-be-found:/src",
}


@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES)
def test_a_mount_that_is_none_is_refused(text: str) -> None:
    """Every mistake in --mount is a fault with a mend."""
    with pytest.raises(Invalid) as raised:
        view.read_mount(text)
    (fault,) = raised.value.faults
    assert fault.mend


def test_a_mount_is_relative_to_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HOST may be relative; `:ro` makes it read-only."""
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path)
    assert view.read_mount("src:/opt/src:ro") == UserMount(
        str(tmp_path / "src"), "/opt/src", read_only=True
    )
