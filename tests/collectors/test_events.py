"""TensorFlowEvent: a folder of event files."""

from __future__ import annotations

import os
import shutil
import struct
import tracemalloc
from pathlib import Path

import pytest

from collectors.contract import CollectorContract, everything
from munshi import collectors
from munshi.collectors import Collector, events
from munshi.collectors.events import TFEventCollector
from munshi.metrics import tfrecord

DATA = Path(__file__).parents[1] / "metrics" / "data"


def record(content: bytes) -> bytes:
    """A TFRecord around some content."""
    length = struct.pack("<Q", len(content))
    crcs = [struct.pack("<I", tfrecord.masked_crc(each)) for each in (length, content)]
    return length + crcs[0] + content + crcs[1]


def event(tag: str, value: float) -> bytes:
    """An event with a simple value, as TF1 writes it."""
    name = tag.encode()
    inner = b"\x0a" + bytes([len(name)]) + name + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(inner)]) + inner
    return record(b"\x09" + struct.pack("<d", 1e9) + b"\x2a" + bytes([len(summary)]) + summary)


VERSION = record(b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2")


def append(file: Path, *records: bytes) -> None:
    """Add records to an event file, begun when it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = not file.exists()
    with file.open("ab") as stream:
        stream.write((VERSION if new else b"") + b"".join(records))


class TestEvents(CollectorContract):
    """One event file, directly in a folder two folders down."""

    def open(self, root: Path) -> Collector:
        """Kind TensorFlowEvent."""
        return collectors.open_collector("TensorFlowEvent", self.where(root), ["loss"], root=root)

    def write(self, root: Path, values: range) -> None:
        """An event for each value."""
        append(
            self.where(root) / "events.out.tfevents.1", *(event("loss", each) for each in values)
        )

    def where(self, root: Path) -> Path:
        """A path of two components."""
        return root / "logs" / "run"


def found(folder: Path, metric: str, known_as: str = "") -> list[tuple[str, str]]:
    """The file and the value of each log of a finished trial."""
    logs = everything(TFEventCollector(folder, [metric], known_as=known_as))
    return [(log.origin.split(":")[0], log.value) for log in logs]


def test_tf1_directories_both_count() -> None:
    """A tag under train/ and test/ is one metric in both, as in Katib's TF1 example."""
    files = {file for file, _ in found(DATA / "tf1", "accuracy_1")}
    assert files == {f"{each}/events.out.tfevents.1.host" for each in ("train", "test")}


def test_a_directory_in_the_name_chooses() -> None:
    """`validation/epoch_accuracy` is the tag of that directory alone, as Keras lays it out."""
    logs = found(DATA / "tf2", "validation/epoch_accuracy")
    assert {file for file, _ in logs} == {"validation/events.out.tfevents.1.host"}
    assert [value for _, value in logs] == [
        "0.5",
        "0.6000000238418579",
        "0.699999988079071",
        "0.800000011920929",
    ]


def test_the_trials_own_name_of_the_folder_takes_part() -> None:
    """Where the folder lies here does not matter; how the trial calls it does."""
    assert found(DATA / "tf2" / "train", "logs/epoch_accuracy", known_as="/home/logs")
    assert not found(DATA / "tf2" / "train", "train/epoch_accuracy", known_as="/home/logs")


def test_torch_tags_with_slashes_are_found() -> None:
    """A tag with a slash is the metric of that name, in whatever directory."""
    assert [value for _, value in found(DATA / "torch_style", "train/accuracy")] == [
        "0.0",
        "0.25",
        "0.5",
    ]
    assert len(found(DATA / "torch_style", "정확도/검증")) == 3


def test_nan_and_infinity_are_kept_as_seen() -> None:
    """Values that are not finite come as text like all others."""
    assert [value for _, value in found(DATA / "tf2" / "train", "epoch_loss")] == [
        "0.699999988079071",
        "nan",
        "inf",
        "0.0",
    ]


def test_a_stand_in_speaks_at_the_end(tmp_path: Path) -> None:
    """Without an exact tag the nearest one is reported when the trial has ended, and said to be so."""
    append(tmp_path / "run" / "events.1", event("accuracy_top5", 5), event("accuracy_1", 1))
    collector = TFEventCollector(tmp_path / "run", ["accuracy"])
    assert collector.poll() == []
    assert [(log.metric, log.value) for log in everything(collector)] == [("accuracy", "1.0")]
    assert collector.seen().notes == ('no tag is exactly "accuracy"; "accuracy_1" stood in for it',)
    assert collector.seen().names == ("accuracy_top5", "accuracy_1")
    assert everything(collector) == []


def test_a_stand_in_keeps_to_its_directory(tmp_path: Path) -> None:
    """The nearest tag is read in the directory the metric names, not in others."""
    append(tmp_path / "run" / "test" / "events.1", event("acc_1", 1))
    append(tmp_path / "run" / "train" / "events.1", event("acc_1", 2))
    assert [value for _, value in found(tmp_path / "run", "test/acc")] == ["1.0"]
    assert [value for _, value in found(tmp_path / "run", "acc")] == ["1.0", "2.0"]


def test_a_late_exact_tag_leaves_no_stand_in(tmp_path: Path) -> None:
    """A tag that only begins alike is never reported once the exact one has come, in whichever file."""
    collector = TFEventCollector(tmp_path / "run", ["accuracy"])
    append(tmp_path / "run" / "a" / "events.1", event("accuracy_1", 1))
    assert collector.poll() == []
    append(tmp_path / "run" / "b" / "events.1", event("accuracy", 2))
    assert [log.value for log in everything(collector)] == ["2.0"]
    assert [value for _, value in found(tmp_path / "run", "accuracy")] == ["2.0"]


def test_origins_of_stand_ins_are_their_own(tmp_path: Path) -> None:
    """A record that is one metric and stands in for another has two origins, always the same."""
    append(tmp_path / "run" / "events.1", event("loss_1", 1))
    first = everything(TFEventCollector(tmp_path / "run", ["loss", "loss_1"]))
    assert {log.metric for log in first} == {"loss", "loss_1"}
    assert len({log.origin for log in first}) == 2
    collector = TFEventCollector(tmp_path / "run", ["loss", "loss_1"])
    assert [*collector.poll(), *everything(collector)] == first


def test_files_come_and_grow(tmp_path: Path) -> None:
    """New files and folders are found, and each file is read on where it was left."""
    collector = TFEventCollector(tmp_path / "run", ["loss"])
    append(tmp_path / "run" / "a" / "events.1", event("loss", 1))
    assert [log.value for log in collector.poll()] == ["1.0"]
    append(tmp_path / "run" / "a" / "events.2", event("loss", 2))
    append(tmp_path / "run" / "a" / "events.1", event("loss", 3))
    append(tmp_path / "run" / "b" / "c" / "events.1", event("loss", 4))
    assert [log.value for log in collector.poll()] == ["3.0", "2.0", "4.0"]


def test_a_record_cut_off_waits_and_is_told(tmp_path: Path) -> None:
    """The last record counts when its last byte is there; a trial that died before is told so."""
    file = tmp_path / "run" / "events.1"
    whole = event("loss", 2)
    append(file, event("loss", 1), whole[:-3])
    collector = TFEventCollector(tmp_path / "run", ["loss"])
    assert [log.value for log in collector.poll()] == ["1.0"]
    assert collector.seen().notes == ("events.1 ends in the middle of a record",)
    append(file, whole[-3:])
    assert [log.value for log in collector.poll()] == ["2.0"]
    assert collector.seen().notes == ()


def test_a_file_begun_anew_is_a_new_epoch(tmp_path: Path) -> None:
    """A file replaced by a shorter one is read from its start, with other origins."""
    file = tmp_path / "run" / "events.1"
    append(file, event("loss", 1), event("loss", 2))
    collector = TFEventCollector(tmp_path / "run", ["loss"])
    assert len(collector.poll()) == 2
    file.unlink()
    append(file, event("loss", 3))
    assert [log.origin.split(":")[0] for log in collector.poll()] == ["events.1@1"]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """Markers, checkpoints, data sets and pipes among the event files do no harm."""
    run = tmp_path / "run"
    append(run / "events.1", event("loss", 1))
    (run / "12.pid").write_text("completed\n" * 10)
    (run / "model.ckpt").write_bytes(os.urandom(10_000))
    (run / "data.tfrecord").write_bytes(record(b"an example of a data set") * 10)
    (run / "empty").touch()
    os.mkfifo(run / "pipe")
    collector = TFEventCollector(run, ["loss"])
    assert [log.value for log in everything(collector)] == ["1.0"]
    assert collector.seen().notes == ()


def test_a_file_without_a_version_record_is_read_by_its_name(tmp_path: Path) -> None:
    """Writers made by hand begin with a value at once; the file's name says what it is."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "events.out.tfevents.1").write_bytes(event("loss", 1) + event("loss", 2))
    collector = TFEventCollector(run, ["loss"])
    assert [log.value for log in everything(collector)] == ["1.0", "2.0"]
    assert collector.seen().notes == ()


def test_files_passed_over_are_named_with_the_reason(tmp_path: Path) -> None:
    """What was not read is named when nothing was, and when its name promised events."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "events.1").write_bytes(event("loss", 1))
    (run / "x.tfevents").write_text("loss=0.1, or so one might think")
    collector = TFEventCollector(run, ["loss"])
    assert everything(collector) == []
    assert collector.seen().notes == (
        f"{run} holds no event file (2 other file(s))",
        'events.1 has no version record, and "tfevents" is not in its name',
        "x.tfevents does not begin with a record: the checksum of its first 8 bytes is wrong",
    )
    append(run / "good", event("loss", 1))
    assert len(everything(collector)) == 1
    (note,) = collector.seen().notes
    assert note.startswith("x.tfevents does not begin")


def test_links_inside_are_not_followed(tmp_path: Path) -> None:
    """Neither a linked file nor a linked folder is read."""
    append(tmp_path / "other" / "events.1", event("loss", 1))
    run = tmp_path / "run"
    run.mkdir()
    (run / "file").symlink_to(tmp_path / "other" / "events.1")
    (run / "folder").symlink_to(tmp_path / "other")
    (run / "round").symlink_to(run)
    collector = TFEventCollector(run, ["loss"])
    assert everything(collector) == []
    assert collector.seen().notes == (f"{run} holds no event file (0 other file(s))",)


def test_large_records_are_read(tmp_path: Path) -> None:
    """A record beyond one read is read whole, and what follows it as well."""
    graph = b"\x22\x80\x80\x80\x01" + bytes(1 << 21)  # a graph_def of 2 MiB
    append(tmp_path / "run" / "events.1", event("loss", 1), record(graph), event("loss", 2))
    collector = TFEventCollector(tmp_path / "run", ["loss"])
    assert [log.value for log in everything(collector)] == ["1.0", "2.0"]
    assert collector.seen().notes == ()


def test_enormous_records_are_stepped_over(tmp_path: Path) -> None:
    """A record beyond MAX_RECORD is never held in memory, and what follows it is read."""
    file = tmp_path / "run" / "events.1"
    append(file, event("loss", 1))
    length = struct.pack("<Q", events.MAX_RECORD * 2)
    append(file, length + struct.pack("<I", tfrecord.masked_crc(length)))
    os.truncate(file, file.stat().st_size + events.MAX_RECORD * 2 + 4)  # a hole takes no space
    append(file, event("loss", 2))
    collector = TFEventCollector(tmp_path / "run", ["loss"])
    tracemalloc.start()
    values = [log.value for log in everything(collector)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert values == ["1.0", "2.0"]
    assert peak < events.MAX_RECORD


def test_damage_is_told(tmp_path: Path) -> None:
    """A record with a wrong checksum is skipped, and the reader is told."""
    hurt = bytearray(event("loss", 2))
    hurt[-6] ^= 1
    append(tmp_path / "run" / "events.1", event("loss", 1), bytes(hurt), event("loss", 3))
    collector = TFEventCollector(tmp_path / "run", ["loss"])
    assert [log.value for log in everything(collector)] == ["1.0", "3.0"]
    assert collector.seen().notes == ("1 damaged record(s) were skipped",)


def test_names_of_files_need_not_be_utf8(tmp_path: Path) -> None:
    """A folder with any bytes in its name is read, and every text that leaves is UTF-8."""
    folder = os.fsdecode(os.fsencode(tmp_path / "run") + b"/\xff")
    append(Path(folder) / "events.1", event("val", 1), event("loss", 1)[:-1])
    collector = TFEventCollector(tmp_path / "run", ["val"])
    (log,) = everything(collector)
    assert log.origin.startswith("\\xff/events.1:")
    seen = collector.seen()
    assert (seen.names, seen.notes) == (
        ("\\xff/val",),
        ("\\xff/events.1 ends in the middle of a record",),
    )


def test_the_walk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with too many entries is read as far as the bound, and that is said."""
    monkeypatch.setattr(events, "MAX_ENTRIES", 3)
    for index in range(5):
        append(tmp_path / "run" / f"events.{index}", event("loss", index))
    collector = TFEventCollector(tmp_path / "run", ["loss"])
    assert [log.value for log in everything(collector)] == ["0.0", "1.0", "2.0"]
    assert "more than 3 entries" in collector.seen().notes[0]


def test_a_folder_that_goes_away_is_told(tmp_path: Path) -> None:
    """A trial that removes its folder leaves what was read, and a sentence."""
    append(tmp_path / "run" / "events.1", event("loss", 1))
    collector = TFEventCollector(tmp_path / "run", ["loss"])
    assert len(collector.poll()) == 1
    shutil.rmtree(tmp_path / "run")
    assert everything(collector) == []
    assert "was not written" in collector.seen().notes[0]
