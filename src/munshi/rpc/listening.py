"""What every service of ours needs: a port that is really free, and an answer to health checks."""

from __future__ import annotations

import socket
from collections.abc import Container
from types import ModuleType
from typing import Any

from munshi.rpc import messages


def probe(host: str, port: int) -> None:
    """Bind and let go; gRPC, when it fails to, neither says why nor keeps quiet on standard error.

    Raises:
        OSError: Somebody listens there, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((host, port))


def health(grpc: ModuleType, services: Container[str]) -> Any:  # noqa: ANN401  gRPC ships no types
    """A handler of `grpc.health.v1.Health/Check` that says SERVING for these services, else NOT_FOUND."""
    classes = messages.classes(messages.HEALTH)
    serving = messages.enum("HealthCheckResponse.ServingStatus", messages.HEALTH)["SERVING"]

    async def check(request: Any, context: Any) -> Any:  # noqa: ANN401
        if request.service not in services:
            said = f'"{request.service}" is not served here'
            await context.abort(grpc.StatusCode.NOT_FOUND, said)
        return classes["HealthCheckResponse"](status=serving)

    handler = grpc.unary_unary_rpc_method_handler(
        check,
        request_deserializer=classes["HealthCheckRequest"].FromString,
        response_serializer=classes["HealthCheckResponse"].SerializeToString,
    )
    return grpc.method_handlers_generic_handler(f"{messages.HEALTH}.Health", {"Check": handler})
