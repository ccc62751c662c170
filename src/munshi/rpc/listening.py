"""What every service of ours needs: a port that is really free, a beginning and an end, health checks."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Container, Sequence
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

from munshi.errors import Retryable
from munshi.rpc import messages

MAX_MESSAGE = 64 << 20
"""Bytes of one request."""
GRACE_S = 1.0
"""How long calls under way are given at the end."""


@asynccontextmanager
async def answering(
    grpc: ModuleType, handlers: Sequence[Any], host: str, port: int, max_calls: int, refused: str
) -> AsyncIterator[str]:
    """Answer calls within this context.

    Args:
        grpc: The library.
        handlers: Of the services.
        host: An address of this machine.
        port: Where to listen; 0 takes any that is free.
        max_calls: Calls at once; more are turned away.
        refused: What cannot be done when the port cannot be had: the beginning of that sentence.

    Yields:
        `HOST:PORT`.

    Raises:
        Retryable: Somebody listens there already, or the address is not this machine's.
    """
    options = (
        ("grpc.max_receive_message_length", MAX_MESSAGE),
        ("grpc.so_reuseport", 0),  # or another program could listen at the same port, and take half
    )
    server = grpc.aio.server(options=options, maximum_concurrent_rpcs=max_calls)
    server.add_generic_rpc_handlers(tuple(handlers))
    shown = f"[{host}]" if ":" in host else host
    try:
        probe(host, port)
        bound = server.add_insecure_port(f"{shown}:{port}")
    except (OSError, RuntimeError) as fault:
        raise Retryable(f"{refused} at {shown}:{port}: {fault}") from fault
    await server.start()
    try:
        yield f"{shown}:{bound}"
    finally:
        await server.stop(GRACE_S)


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
