"""Reads our `.proto` files: what of the language (proto3) they are written in, and no more.

A compiler would leave generated code, which is tied to the protobuf runtime that it was generated for; a
description is not. So the interface is kept in the form that people and other languages use, and read
when it is needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r'//[^\n]*|"[^"]*"|[\w.]+|[{}()<>,;=]')
_SCALARS = frozenset({"string", "int32", "double"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    Attributes:
        name: As written.
        kind: `string`, `int32`, `double`, `map` (of string to string), or the name of a message or enum.
        number: What stands on the wire.
        repeated: There may be many.
    """

    name: str
    kind: str
    number: int
    repeated: bool = False

    @property
    def is_scalar(self) -> bool:
        """Neither a message, nor an enum, nor a map."""
        return self.kind in _SCALARS


@dataclass(slots=True)
class Message:
    """A message, with what is declared inside it."""

    name: str
    fields: list[Field] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    enums: list[Enum] = field(default_factory=list)


@dataclass(slots=True)
class Enum:
    """An enumeration: its values by name, in their order."""

    name: str
    values: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class File:
    """A file: its package, messages, enums, and for each service its calls with request and reply."""

    package: str = ""
    messages: list[Message] = field(default_factory=list)
    enums: list[Enum] = field(default_factory=list)
    services: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)


def read(text: str) -> File:
    """The declarations of a file.

    Raises:
        ValueError: It is written in more of the language than is understood here.
    """
    words = _Words([word for word in _TOKEN.findall(text) if not word.startswith("//")])
    file = File()
    while words.left:
        match words.take():
            case "syntax":
                words.expect("=", '"proto3"', ";")
            case "package":
                file.package = words.take()
                words.expect(";")
            case "message":
                file.messages.append(_message(words))
            case "enum":
                file.enums.append(_enum(words))
            case "service":
                name = words.take()
                file.services[name] = _service(words)
            case other:
                raise ValueError(f'"{other}" is not understood')
    return file


class _Words:
    """The words of a file, taken from the front."""

    def __init__(self, words: list[str]) -> None:
        self.left = words[::-1]

    def take(self) -> str:
        """The next word."""
        if not self.left:
            raise ValueError("the file ends in the middle")
        return self.left.pop()

    def expect(self, *words: str) -> None:
        """Pass over exactly these."""
        for word in words:
            if (found := self.take()) != word:
                raise ValueError(f'"{word}" is expected, not "{found}"')


def _message(words: _Words) -> Message:
    message = Message(words.take())
    words.expect("{")
    while (word := words.take()) != "}":
        match word:
            case "message":
                message.messages.append(_message(words))
            case "enum":
                message.enums.append(_enum(words))
            case "map":
                words.expect("<", "string", ",", "string", ">")
                message.fields.append(_field(words, "map", repeated=True))
            case "repeated":
                message.fields.append(_field(words, words.take(), repeated=True))
            case _:
                message.fields.append(_field(words, word, repeated=False))
    return message


def _field(words: _Words, kind: str, *, repeated: bool) -> Field:
    name = words.take()
    words.expect("=")
    number = int(words.take())
    words.expect(";")
    return Field(name, kind, number, repeated)


def _enum(words: _Words) -> Enum:
    enum = Enum(words.take())
    words.expect("{")
    while (name := words.take()) != "}":
        words.expect("=")
        enum.values[name] = int(words.take())
        words.expect(";")
    return enum


def _service(words: _Words) -> dict[str, tuple[str, str]]:
    calls: dict[str, tuple[str, str]] = {}
    words.expect("{")
    while (word := words.take()) != "}":
        if word != "rpc":
            raise ValueError(f'"rpc" is expected, not "{word}"')
        name = words.take()
        words.expect("(")
        request = words.take()
        words.expect(")", "returns", "(")
        calls[name] = (request, words.take())
        words.expect(")", ";")
    return calls
