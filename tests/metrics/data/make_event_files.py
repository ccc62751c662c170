"""Writes the event files beside this script with a real TensorFlow, and what TensorFlow itself reads in them.

    python tests/metrics/data/make_event_files.py [FOLDER]

`expected.json` maps each file to its values as TensorFlow's own reader gives them: [tag, step, wall
time, value]. The fast tests compare munshi's reader with it and need no TensorFlow; the test marked
`tensorflow` runs this script anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import summary_pb2
from tensorflow.core.util import event_pb2


def main(folder: Path) -> None:
    """Write every kind of file, then read them all back."""
    write_tf1(folder / "tf1" / "train", offset=0.0)
    write_tf1(folder / "tf1" / "test", offset=0.25)
    write_tf2(folder / "tf2" / "train")
    write_tf2(folder / "tf2" / "validation")
    write_dtypes(folder / "dtypes")
    write_slashes(folder / "torch_style")
    files = sorted(each for each in folder.rglob("*tfevents*"))
    renamed = [each.rename(each.with_name("events.out.tfevents.1.host")) for each in files]
    read = {str(each.relative_to(folder)): read_back(each) for each in renamed}
    (folder / "expected.json").write_text(json.dumps(read, indent=1) + "\n")


def write_tf1(folder: Path, offset: float) -> None:
    """TF1's FileWriter: simple values, two in one event, a tag numbered as TF1 numbers them."""
    with tf.compat.v1.Graph().as_default(), tf.compat.v1.summary.FileWriter(str(folder)) as writer:
        for step in range(5):
            values = [
                tf.compat.v1.Summary.Value(tag="accuracy_1", simple_value=0.1 * step + offset),
                tf.compat.v1.Summary.Value(tag="cross_entropy", simple_value=1.0 / (step + 1)),
            ]
            writer.add_summary(tf.compat.v1.Summary(value=values), step * 100)
        one = tf.compat.v1.Summary.Value(tag="accuracy_1", simple_value=0.9 + offset)
        for step in range(500, 503):
            writer.add_summary(tf.compat.v1.Summary(value=[one]), step)


def write_tf2(folder: Path) -> None:
    """TF2's writer: tensors with metadata, beside things that are no scalars.

    `tf.summary.scalar` itself lives in the tensorboard package; this is the call it makes.
    """
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for step in range(4):
            loss = [0.7, float("nan"), float("inf"), 0.0][step]
            for tag, number in (("epoch_accuracy", 0.5 + 0.1 * step), ("epoch_loss", loss)):
                tf.summary.write(tag, tf.constant(number), step, metadata("scalars", 1))
        buckets = tf.random.stateless_normal([10, 3], seed=(1, 2))
        tf.summary.write("weights", buckets, 1, metadata("histograms", 2))
        tf.summary.write("note", tf.constant("no metric"), 1, metadata("text", 2))
    writer.close()


def metadata(plugin: str, data_class: int) -> Any:
    """What the tensorboard package writes beside a tensor."""
    made = summary_pb2.SummaryMetadata(data_class=data_class)
    made.plugin_data.plugin_name = plugin
    return made


def write_dtypes(folder: Path) -> None:
    """One scalar of each number type, once in its typed field and once as raw bytes."""
    with tf.io.TFRecordWriter(str(created(folder) / "events.out.tfevents.0")) as writer:
        writer.write(
            event_pb2.Event(wall_time=1.5, file_version="brain.Event:2").SerializeToString()
        )
        names = "float32 float64 int32 int64 uint8 int8 int16 uint16 uint32 uint64 float16 bfloat16 bool"
        for name in names.split():
            dtype = tf.dtypes.as_dtype(name)
            given = np.array(1 if name.startswith(("u", "bool")) else -3, dtype.as_numpy_dtype)
            for form, tensor in (
                ("typed", tf.make_tensor_proto(given, dtype)),
                ("shaped", tf.make_tensor_proto(given.reshape(1, 1), dtype)),
                ("raw", raw(given, dtype)),
            ):
                event = event_pb2.Event(wall_time=1700000000.25, step=-7)
                event.summary.value.add(tag=f"{name}_{form}").tensor.CopyFrom(tensor)
                writer.write(event.SerializeToString())
        event = event_pb2.Event(wall_time=1700000000.25)
        event.summary.value.add(tag="pair").tensor.CopyFrom(tf.make_tensor_proto([0.5, 0.6]))
        event.summary.value.add(tag="word").tensor.CopyFrom(tf.make_tensor_proto("text"))
        event.summary.value.add(tag="after", simple_value=2.5)
        writer.write(event.SerializeToString())


def write_slashes(folder: Path) -> None:
    """Tags with slashes, as torch's SummaryWriter writes them."""
    with tf.io.TFRecordWriter(str(created(folder) / "events.out.tfevents.0")) as writer:
        writer.write(
            event_pb2.Event(wall_time=1.5, file_version="brain.Event:2").SerializeToString()
        )
        for step in range(3):
            for tag in ("train/accuracy", "train/accuracy_top5", "정확도/검증"):
                event = event_pb2.Event(wall_time=1700000000 + step, step=step)
                event.summary.value.add(tag=tag, simple_value=step / 4)
                writer.write(event.SerializeToString())


def created(folder: Path) -> Path:
    """The folder, made."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def raw(given: np.ndarray[Any, Any], dtype: Any) -> Any:
    """A tensor whose value lies in tensor_content."""
    tensor = tf.make_tensor_proto(given, dtype)
    content = given.tobytes()
    for field in ("float_val", "double_val", "int_val", "int64_val", "half_val", "bool_val"):
        tensor.ClearField(field)
    for field in ("uint32_val", "uint64_val"):
        tensor.ClearField(field)
    tensor.tensor_content = content
    return tensor


def read_back(file: Path) -> list[list[Any]]:
    """Every single number in a file, by TensorFlow's reader; NaN and infinity as text."""
    rows: list[list[Any]] = []
    for event in tf.compat.v1.train.summary_iterator(str(file)):
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                number = value.simple_value
            elif value.WhichOneof("value") == "tensor":
                array = tf.make_ndarray(value.tensor)
                if array.size != 1 or array.dtype.kind in "OSU":
                    continue
                number = array.reshape(()).astype(np.float64).item()
            else:
                continue
            rows.append([value.tag, event.step, event.wall_time, repr(float(number))])
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
