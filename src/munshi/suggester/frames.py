"""What travels between a worker and its parent: a length, then a pickled question or answer.

Both ends are this program on this machine, and the socket between them has no name, so pickle is safe here;
nothing else ever writes to it.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import TypeAlias

from munshi.algorithms import Reply, Request

_LENGTH = struct.Struct("!Q")
HEAD = _LENGTH.size
"""Bytes of a frame before its body."""


@dataclass(frozen=True, slots=True)
class Question:
    """Ask this algorithm."""

    algorithm: str
    request: Request


@dataclass(frozen=True, slots=True)
class Ready:
    """The first thing a worker says."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The algorithm refused; the sentence is for a person."""

    message: str


@dataclass(frozen=True, slots=True)
class Broke:
    """The algorithm raised what it should not: the last line of its traceback."""

    line: str


Answer: TypeAlias = Reply | Refused | Broke
Message: TypeAlias = Question | Answer | Ready


def pack(message: Message) -> bytes:
    """A message as bytes."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def length(head: bytes) -> int:
    """How many bytes of body follow the HEAD bytes of a frame."""
    size: int = _LENGTH.unpack(head)[0]
    return size


def unpack(body: bytes) -> Message:
    """The message of a body that `pack` made."""
    message: Message = pickle.loads(body)  # noqa: S301 - see above
    return message
