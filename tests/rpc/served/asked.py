"""Questions as Katib's controller puts them, and the answers of our service at a port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from munshi.api.trial import Trial
from munshi.rpc import messages
from munshi.rpc.served import service
from munshi.rpc.served.service import Stopped
from munshi.rpc.services import objects
from munshi.testing.builders import an_experiment, an_objective


def a_question(
    trials: Sequence[Trial] = (), count: int = 1, given: int | None = None, **said: Any
) -> Any:
    """A GetSuggestionsRequest of an Experiment that `an_experiment(**said)` makes."""
    total = len(trials) if given is None else given
    return messages.classes(messages.KATIB)["GetSuggestionsRequest"](
        experiment=objects.experiment(an_experiment(**said), {}),
        trials=objects.trials(trials, (), said.get("objective") or an_objective()),
        current_request_number=count,
        total_request_number=total + count,
    )


class Client:
    """Calls our service as any gRPC client does."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    async def call(self, path: str, request: Any, package: str = messages.KATIB) -> Any:
        """The reply of `SERVICE/METHOD`; raises grpc.aio.AioRpcError."""
        call = path.rpartition("/")[2]
        classes = messages.classes(package)
        names = (
            (f"{call}Request", f"{call}Reply")
            if package == messages.KATIB
            else ("HealthCheckRequest", "HealthCheckResponse")
        )
        sent = self._channel.unary_unary(
            f"/{package}.{path}",
            request_serializer=classes[names[0]].SerializeToString,
            response_deserializer=classes[names[1]].FromString,
        )
        return await sent(request, timeout=30)


@asynccontextmanager
async def client(stopped: Stopped | None = None) -> AsyncIterator[Client]:
    """Our service, and a client of it."""
    async with (
        service.serving("127.0.0.1", 0, stopped) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield Client(channel)


def points(reply: Any) -> list[dict[str, str]]:
    """The assignments of a GetSuggestionsReply."""
    return [
        {pair.name: pair.value for pair in one.assignments} for one in reply.parameter_assignments
    ]
