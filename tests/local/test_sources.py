"""Where a trial's collector reads, for every kind of collector."""

from __future__ import annotations

from pathlib import Path

import pytest

from munshi.api.common import (
    CollectorKind,
    CollectorSpec,
    FileSystemPath,
    HttpGet,
    MetricsCollectorSpec,
    SourceSpec,
)
from munshi.collectors import wishes
from munshi.errors import LaunchRefused
from munshi.local import sources
from munshi.local.process import Bind
from munshi.local.sources import Source


def collecting(kind: CollectorKind, path: str = "") -> MetricsCollectorSpec:
    """A collector of that kind which reads that path."""
    source = SourceSpec(file_system_path=FileSystemPath(path=path)) if path else None
    return MetricsCollectorSpec(collector=CollectorSpec(kind=kind), source=source)


def test_standard_output_needs_no_path(tmp_path: Path) -> None:
    """StdOut is read from the log; nothing is bound for it."""
    source, bind = sources.place(None, (), tmp_path)
    assert bind is None
    assert source == Source(CollectorKind.STDOUT, "", tmp_path / "log", tmp_path)


def test_an_event_folder_is_private(tmp_path: Path) -> None:
    """`/train` of a trial is a folder of its own below the trial's folder."""
    source, bind = sources.place(collecting(CollectorKind.TF_EVENT, "/train"), (), tmp_path)
    assert bind == Bind(str(tmp_path / "metrics"), "/train")
    assert source.outside == tmp_path / "metrics"
    assert source.outside.is_dir()


def test_a_metrics_file_gets_its_folder_when_there_is_none(tmp_path: Path) -> None:
    """`/katib/mnist.log`: the private folder stands at `/katib`, and the file appears in it."""
    source, bind = sources.place(collecting(CollectorKind.FILE, "/katib/mnist.log"), (), tmp_path)
    assert bind is not None
    assert bind.target == "/katib"
    assert source.outside == Path(bind.source) / "mnist.log"


def test_a_metrics_file_hides_nothing_of_a_folder_that_exists(tmp_path: Path) -> None:
    """Where the file's folder exists on this machine, only the file itself is private."""
    _, bind = sources.place(collecting(CollectorKind.FILE, "/etc/metrics.log"), (), tmp_path)
    assert bind is not None
    assert bind.target == "/etc/metrics.log"
    assert Path(bind.source).is_file()


def test_in_an_image_the_file_s_folder_is_private(tmp_path: Path) -> None:
    """What lies at `/etc` of this machine says nothing about the image; Katib mounts the folder too."""
    spec = collecting(CollectorKind.FILE, "/etc/metrics.log")
    _, bind = sources.place(spec, (), tmp_path, image=True)
    assert bind is not None
    assert bind.target == "/etc"


def test_the_root_is_no_event_folder(tmp_path: Path) -> None:
    """A collector that would hide everything is refused."""
    with pytest.raises(LaunchRefused, match="folder of its own"):
        sources.place(collecting(CollectorKind.TF_EVENT, "/"), (), tmp_path)


def test_a_volume_that_covers_the_collector_s_path_is_where_it_reads(tmp_path: Path) -> None:
    """With a volume at /train the events below it are read from that volume."""
    volume = Bind(str(tmp_path / "logs"), "/train")
    spec = collecting(CollectorKind.TF_EVENT, "/train/metrics")
    source, bind = sources.place(spec, (volume,), tmp_path)
    assert bind is None
    assert source.outside == tmp_path / "logs" / "metrics"


@pytest.mark.parametrize(
    "kind", [CollectorKind.PUSH, CollectorKind.NONE, CollectorKind.CUSTOM], ids=str
)
def test_reports_by_a_call_meet_in_one_file(tmp_path: Path, kind: CollectorKind) -> None:
    """Push, v1alpha3's None and Custom are read from the trial's file of reports."""
    source, bind = sources.place(collecting(kind), (), tmp_path)
    assert (source.outside, bind) == (tmp_path / sources.PUSHED, None)


def test_a_custom_collector_shares_its_path_with_the_program(tmp_path: Path) -> None:
    """`source.fileSystemPath` of a Custom collector is a private folder that both see."""
    _, bind = sources.place(collecting(CollectorKind.CUSTOM, "/shared/out.log"), (), tmp_path)
    assert bind == Bind(str(tmp_path / "metrics"), "/shared")


def test_the_page_to_scrape_has_katib_s_defaults() -> None:
    """Port 8080 and /metrics, unless `source.httpGet` says otherwise."""
    said = HttpGet(port="9100", path="/probe")
    spec = MetricsCollectorSpec(
        collector=CollectorSpec(kind=CollectorKind.PROMETHEUS), source=SourceSpec(http_get=said)
    )
    bare = wishes.page_of(collecting(CollectorKind.PROMETHEUS))
    assert (bare.port, bare.path) == ("8080", "/metrics")
    assert (wishes.page_of(spec).port, wishes.page_of(spec).path) == ("9100", "/probe")


def test_a_source_survives_a_crash() -> None:
    """What the adopting engine reads is what the launching one wrote, even from a home that was moved."""
    where = Source(CollectorKind.FILE, "/a/b", Path("/home/t/x/b"), Path("/home/t/x"))
    written = where.to_json(Path("/home/t"))
    assert Source.from_json(written, Path("/home/t")) == where
    moved = Source.from_json(written, Path("/new/t"))
    assert (moved.outside, moved.root) == (Path("/new/t/x/b"), Path("/new/t/x"))
