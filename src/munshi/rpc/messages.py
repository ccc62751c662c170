"""Katib's gRPC messages as classes, made at run time.

Generated code is tied to the protobuf runtime that it was generated for; a description is not. So the
few messages of `api.v1.beta1` (Katib's api.proto) that are spoken here are written down as a table of
names and field numbers, together with those of gRPC's health check, and turned into classes in a pool
of their own: a program that has loaded Katib's own modules does not meet them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from munshi.errors import MissingExtra

KATIB = "api.v1.beta1"
HEALTH = "grpc.health.v1"
INSTALL = "pip install 'munshi[grpc]'"

_TEXT, _MESSAGE, _INTEGER = 9, 11, 5  # FieldDescriptorProto.Type
_ONE, _MANY = 1, 3  # FieldDescriptorProto.Label

_MESSAGES: dict[str, dict[str, list[tuple[str, str, int]]]] = {
    KATIB: {
        "Metric": [("name", "", _ONE), ("value", "", _ONE)],
        "MetricLog": [("time_stamp", "", _ONE), ("metric", "Metric", _ONE)],
        "ObservationLog": [("metric_logs", "MetricLog", _MANY)],
        "ReportObservationLogRequest": [
            ("trial_name", "", _ONE),
            ("observation_log", "ObservationLog", _ONE),
        ],
        "ReportObservationLogReply": [],
        "GetObservationLogRequest": [
            ("trial_name", "", _ONE),
            ("metric_name", "", _ONE),
            ("start_time", "", _ONE),
            ("end_time", "", _ONE),
        ],
        "GetObservationLogReply": [("observation_log", "ObservationLog", _ONE)],
        "DeleteObservationLogRequest": [("trial_name", "", _ONE)],
        "DeleteObservationLogReply": [],
    },
    HEALTH: {
        "HealthCheckRequest": [("service", "", _ONE)],
        # On the wire the status is an enum, which is an integer: 1 is SERVING.
        "HealthCheckResponse": [("status", "integer", _ONE)],
    },
}
"""Package, message, and its fields (name, message type or "" for text, label), numbered from 1."""


class MessageClass(Protocol):
    """A message class of protobuf. Its fields are known at run time only, hence Any."""

    FromString: Callable[[bytes], Any]
    SerializeToString: Callable[[Any], bytes]

    def __call__(self, **fields: Any) -> Any:  # noqa: ANN401  see above
        """A message with these fields."""
        ...


@cache
def classes(package: str) -> dict[str, MessageClass]:
    """The message classes of a package, by name.

    Raises:
        MissingExtra: protobuf is not installed.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtra("Katib's gRPC", INSTALL) from missing
    file = descriptor_pb2.FileDescriptorProto(
        name=f"munshi/{package}.proto", package=package, syntax="proto3"
    )
    for name, fields in _MESSAGES[package].items():
        message = file.message_type.add(name=name)
        for number, (field, kind, label) in enumerate(fields, start=1):
            nested = kind not in ("", "integer")
            message.field.add(
                name=field,
                number=number,
                label=label,
                type=_MESSAGE if nested else _INTEGER if kind else _TEXT,
                type_name=f".{package}.{kind}" if nested else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in _MESSAGES[package]
    }
