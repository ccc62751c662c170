"""gRPC itself, an extra: loaded at the moment of use."""

from __future__ import annotations

from types import ModuleType

from munshi.errors import MissingExtra
from munshi.rpc import messages


def load() -> ModuleType:
    """The module `grpc`, with `grpc.aio`.

    Raises:
        MissingExtra: grpcio is not installed.
    """
    try:
        import grpc.aio  # noqa: PLC0415  only who opens this door needs it
    except ImportError as missing:
        raise MissingExtra("Katib's gRPC", messages.INSTALL) from missing
    module: ModuleType = grpc
    return module
