"""The one number inside a protobuf `TensorProto`, if it holds one number.

For `tfevent` alone. TF2's `tf.summary.scalar` and Keras wrap every scalar in a tensor: dtype (1),
shape (2), and the value either as raw bytes (tensor_content, 4) or in a typed field. A shape of
ones, such as [1], still is one number. A tensor without any value is zero: TensorFlow leaves out
what is zero.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from munshi.metrics.tfrecord import BYTES, FIXED32, FIXED64, VARINT, fields, signed, varint

FLOAT = struct.Struct("<f")
DOUBLE = struct.Struct("<d")

_DTYPE, _SHAPE, _CONTENT = 1, 2, 4
_HALF, _BFLOAT16, _BOOL = 19, 14, 10
_RAW = {
    1: FLOAT,
    2: DOUBLE,
    3: struct.Struct("<i"),
    4: struct.Struct("<B"),
    5: struct.Struct("<h"),
    6: struct.Struct("<b"),
    9: struct.Struct("<q"),
    10: struct.Struct("<?"),
    14: struct.Struct("<H"),  # bfloat16 as its bits; widened below
    17: struct.Struct("<H"),
    19: struct.Struct("<e"),
    22: struct.Struct("<I"),
    23: struct.Struct("<Q"),
}
"""How one value of each dtype lies in tensor_content."""

_TYPED = {
    13: VARINT,
    5: FIXED32,
    6: FIXED64,
    7: VARINT,
    10: VARINT,
    11: VARINT,
    16: VARINT,
    17: VARINT,
}
"""half_val, float_val, double_val, int_val, int64_val, bool_val, uint32_val, uint64_val."""


class Single(NamedTuple):
    """One number, and where it lies when it is a plain float or double in the bytes."""

    value: float | int
    begin: int = 0
    layout: struct.Struct | None = None


def single(data: bytes, at: int, end: int) -> Single | None:
    """The number of the tensor between `at` and `end`; None when it holds none, several, or text.

    Raises:
        Malformed: The bytes are no protobuf message.
    """
    dtype = 0
    held: list[tuple[int, int, int, int]] = []
    for field, wire, begin, stop in fields(data, at, end):
        if field == _DTYPE and wire == VARINT:
            dtype = varint(data, begin, stop)[0]
        elif field == _SHAPE and wire == BYTES:
            if not _is_one(data, begin, stop):
                return None
        elif (field == _CONTENT or field in _TYPED) and stop > begin:
            held.append((field, wire, begin, stop))
    if dtype not in _RAW or len(held) > 1:
        return None
    if not held:
        return Single(0 if dtype not in (1, 2, _HALF, _BFLOAT16) else 0.0)
    field, wire, begin, stop = held[0]
    layout = _RAW[dtype] if field == _CONTENT else {5: FLOAT, 6: DOUBLE}.get(field)
    if layout is not None:
        return _plain(data, begin, stop, dtype, layout)
    value, after = varint(data, begin, stop)
    return Single(_typed(value, dtype)) if after == stop and wire in (VARINT, BYTES) else None


def _plain(data: bytes, begin: int, stop: int, dtype: int, layout: struct.Struct) -> Single | None:
    if stop - begin != layout.size:
        return None
    value = layout.unpack_from(data, begin)[0]
    if dtype == _BFLOAT16:
        return Single(_bfloat16(value))
    if layout in (FLOAT, DOUBLE):
        return Single(value, begin, layout)
    return Single(int(value) if dtype == _BOOL else value)


def _typed(value: int, dtype: int) -> float | int:
    if dtype == _HALF:
        return float(struct.unpack("<e", struct.pack("<H", value & 0xFFFF))[0])
    if dtype == _BFLOAT16:
        return _bfloat16(value & 0xFFFF)
    return value if dtype in (22, 23) else signed(value)


def _bfloat16(bits: int) -> float:
    """Bfloat16 is the upper half of a float32."""
    return float(FLOAT.unpack(struct.pack("<I", bits << 16))[0])


def _is_one(data: bytes, at: int, end: int) -> bool:
    """Whether a TensorShapeProto has one element: no dimension, or ones only."""
    for field, wire, begin, stop in fields(data, at, end):
        if field == 2 and wire == BYTES:
            size = 0
            for inner, kind, first, last in fields(data, begin, stop):
                if inner == 1 and kind == VARINT:
                    size = varint(data, first, last)[0]
            if size != 1:
                return False
        elif field == 3 and wire == VARINT and varint(data, begin, stop)[0]:
            return False  # unknown rank
    return True
