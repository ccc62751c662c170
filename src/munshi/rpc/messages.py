"""Katib's gRPC messages as classes, made at run time.

The interface stands in `katib.proto` and `health.proto`; here it becomes classes in a pool of its own, so
that a program that has loaded Katib's own modules does not meet them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any, Protocol

from munshi.errors import MissingExtra
from munshi.rpc import proto

KATIB = "api.v1.beta1"
HEALTH = "grpc.health.v1"
INSTALL = "pip install 'munshi[grpc]'"

_FILES = {KATIB: "katib.proto", HEALTH: "health.proto"}
_ENUM, _MESSAGE = 14, 11  # FieldDescriptorProto.Type
_SCALARS = {"string": 9, "int32": 5, "double": 1}
_ONE, _MANY = 1, 3  # FieldDescriptorProto.Label


class MessageClass(Protocol):
    """A message class of protobuf. Its fields are known at run time only, hence Any."""

    FromString: Callable[[bytes], Any]
    SerializeToString: Callable[[Any], bytes]

    def __call__(self, **fields: Any) -> Any:  # noqa: ANN401  see above
        """A message with these fields."""
        ...


@cache
def text(package: str) -> str:
    """The `.proto` file of a package."""
    return resources.files(__package__).joinpath(_FILES[package]).read_text("utf-8")


@cache
def declared(package: str) -> proto.File:
    """What the `.proto` file of a package declares."""
    return proto.read(text(package))


@cache
def enum(name: str, package: str = KATIB) -> dict[str, int]:
    """The values of an enum by their names; one within a message is called `Outer.Inner`."""
    file = declared(package)
    found = {one.name: one.values for one in file.enums}
    for message in file.messages:
        found |= {f"{message.name}.{one.name}": one.values for one in message.enums}
    return found[name]


@cache
def classes(package: str) -> dict[str, MessageClass]:
    """The message classes of a package, by name; one within another is called `Outer.Inner`.

    Raises:
        MissingExtra: protobuf is not installed.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtra("Katib's gRPC", INSTALL) from missing
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_described(package, descriptor_pb2).SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in _names(declared(package).messages)
    }


def _names(messages: list[proto.Message], outer: str = "") -> list[str]:
    found = []
    for message in messages:
        found += [outer + message.name, *_names(message.messages, f"{outer}{message.name}.")]
    return found


def _described(package: str, pb: Any) -> Any:  # noqa: ANN401  protobuf's own messages
    """The file as protobuf describes files: a FileDescriptorProto."""
    file = declared(package)
    described = pb.FileDescriptorProto(
        name=f"munshi/{package}.proto", package=package, syntax="proto3"
    )
    enums = {one.name for one in file.enums}
    for one in file.enums:
        _describe_enum(described.enum_type.add(), one)
    for message in file.messages:
        _describe(described.message_type.add(), message, (f".{package}.",) * 2, enums)
    for name, calls in file.services.items():
        service = described.service.add(name=name)
        for call, (request, reply) in calls.items():
            service.method.add(
                name=call, input_type=f".{package}.{request}", output_type=f".{package}.{reply}"
            )
    return described


def _describe(
    into: Any,  # noqa: ANN401  a DescriptorProto
    message: proto.Message,
    scopes: tuple[str, str],
    enums: set[str],
) -> None:
    """Describe a message; `scopes` are the file's and that which the message is declared in."""
    into.name = message.name
    root, own = scopes[0], f"{scopes[1]}{message.name}."
    inner_enums = {one.name for one in message.enums}
    inner = {one.name for one in message.messages} | inner_enums
    for each in message.enums:
        _describe_enum(into.enum_type.add(), each)
    for nested in message.messages:
        _describe(into.nested_type.add(), nested, (root, own), enums)
    for one in message.fields:
        label = _MANY if one.repeated else _ONE
        field = into.field.add(name=one.name, number=one.number, label=label)
        if one.is_scalar:
            field.type = _SCALARS[one.kind]
            continue
        field.type = _ENUM if one.kind in enums | inner_enums else _MESSAGE
        field.type_name = f"{own if one.kind in inner else root}{one.kind}"
        if one.kind == "map":
            entry = into.nested_type.add(name=f"{one.name.title().replace('_', '')}Entry")
            entry.options.map_entry = True
            for at, part in enumerate(("key", "value"), start=1):
                entry.field.add(name=part, number=at, label=_ONE, type=_SCALARS["string"])
            field.type_name = own + entry.name


def _describe_enum(into: Any, enum: proto.Enum) -> None:  # noqa: ANN401
    into.name = enum.name
    for name, value in enum.values.items():
        into.value.add(name=name, number=value)
