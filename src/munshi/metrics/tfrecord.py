"""TFRecord framing and protobuf fields: the two wrappings around an event, nothing of its meaning.

For `tfevent` and its helpers alone. CRC-32C is the Castagnoli polynomial of RFC 3720 §12.1, bits reflected;
TFRecord stores it rotated by 15 bits plus a constant, so that a checksum of checksums stays useful.
Four bytes a step from two tables of 65,536 entries, made on first use (some hundredths of a second):
the standard library has no CRC-32C.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache, lru_cache

HEADER = 12
"""Bytes before a record: its length and the checksum of that."""
FOOTER = 4
"""Bytes after a record: its checksum."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

_POLYNOMIAL = 0x82F63B78
_WIDTH = {FIXED64: 8, FIXED32: 4}
_LENGTH_CRC = struct.Struct("<QI")
_CRC = struct.Struct("<I")


class Malformed(ValueError):
    """Bytes that are no protobuf message; the record that holds them is counted as damaged."""


@lru_cache(maxsize=1024)
def length_of(header: bytes) -> int | None:
    """The length a record's 12-byte header gives; None when its checksum is wrong."""
    length, crc = _LENGTH_CRC.unpack(header)
    return int(length) if masked_crc(header[:8]) == crc else None


def next_header(block: bytes, at: int) -> int:
    """The first place from `at` on where a header's checksum agrees, or where too few bytes remain to say."""
    last = len(block) - HEADER
    # Half of a length is zero in every record below 4 GiB, which lets most places be passed over.
    while (zeros := block.find(b"\0\0\0\0", at + 4, last + 8)) >= 0:
        at = zeros - 4
        if length_of(block[at : at + HEADER]) is not None:
            return at
        at += 1
    return max(at, last + 1)


def is_whole(block: bytes, start: int, end: int) -> bool:
    """Whether the record between `start` and `end` agrees with the checksum that follows it."""
    return bool(masked_crc(block[start:end]) == _CRC.unpack_from(block, end)[0])


def masked_crc(data: bytes) -> int:
    """The checksum as TFRecord stores it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """CRC-32C; `crc32c(b"123456789") == 0xE3069283`."""
    single, near, far = tables()
    crc = 0xFFFFFFFF
    words = len(data) >> 2
    for word in struct.unpack(f"<{words}I", data[: words << 2]):
        crc ^= word
        crc = far[crc & 0xFFFF] ^ near[crc >> 16]
    for byte in data[words << 2 :]:
        crc = single[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


@cache
def tables() -> tuple[list[int], list[int], list[int]]:
    """What is left of a CRC behind one byte, behind two at the end of a word, and two at its beginning."""
    single = [_bytewise(byte) for byte in range(256)]
    near = [
        single[single[pair & 0xFF] & 0xFF ^ pair >> 8] ^ single[pair & 0xFF] >> 8
        for pair in range(65_536)
    ]
    return single, near, [near[crc & 0xFFFF] ^ crc >> 16 for crc in near]


def _bytewise(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a protobuf message between `at` and `end`: number, wire type, begin and end of content.

    Raises:
        Malformed: The bytes are no message, or a field reaches beyond `end`.
    """
    while at < end:
        key, at = varint(data, at, end)
        wire = key & 7
        if wire == VARINT:
            begin, (_, at) = at, varint(data, at, end)
        elif wire == BYTES:
            size, begin = varint(data, at, end)
            at = begin + size
        elif wire in _WIDTH:
            begin, at = at, at + _WIDTH[wire]
        else:
            raise Malformed(f"wire type {wire}")
        if at > end:
            raise Malformed("a field reaches beyond its message")
        yield key >> 3, wire, begin, at


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """An unsigned varint and the place after it.

    Raises:
        Malformed: It is longer than ten bytes or reaches beyond `end`.
    """
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Malformed("a varint without end")


def signed(value: int, bits: int = 64) -> int:
    """An unsigned number read as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value
