"""Calls to one service: each with a deadline, its failures in munshi's words.

What the service says is shown to the author, so it is made printable and short. Which failures may pass and
which may not follows gRPC's own advice on its codes; an exception in a Python service arrives as UNKNOWN.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import ModuleType
from typing import Any

from munshi.errors import AlgorithmRefused, MunshiError, Retryable, ServiceBroke, printable
from munshi.rpc import library, messages

CALL = timedelta(seconds=60)
"""For points, unless something else is said; Katib's own limit."""
CHECK_S = 60.0
"""For the judgement of settings, likewise."""
RULES_S = 10.0
"""For early-stopping rules: meanwhile the experiment waits."""
TRIES, PAUSE_S = 5, 0.25
"""How often a check is tried while nobody answers, and the pause after the first, which doubles."""
MAX_MESSAGE = 64 << 20
_LONGEST = 2_000

_PASSING = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "CANCELLED")
_FINAL = ("INVALID_ARGUMENT", "UNIMPLEMENTED", "FAILED_PRECONDITION", "OUT_OF_RANGE")
_OPTIONS = (
    ("grpc.enable_http_proxy", 0),  # services are neighbours
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),  # one that came back is soon found
    ("grpc.max_receive_message_length", MAX_MESSAGE),
)


class Unimplemented(AlgorithmRefused):
    """The service knows no such call; for a check that is as good as a yes (Katib's manner)."""


class Caller:
    """A service at an address. Belongs to the event loop that made it; `close` it at the end.

    Args:
        name: The algorithm's name, for sentences.
        address: `HOST:PORT`.

    Raises:
        MissingExtra: grpcio or protobuf is not installed.
    """

    def __init__(self, name: str, address: str) -> None:
        self._grpc: ModuleType = library.load()
        self._classes = messages.classes(messages.KATIB)
        self._name, self._address = name, address
        self._channel = self._grpc.aio.insecure_channel(address, options=_OPTIONS)

    async def call(self, service: str, method: str, request: Any, within_s: float) -> Any:  # noqa: ANN401
        """The reply of `api.v1.beta1.SERVICE/METHOD`.

        Raises:
            AlgorithmRefused: The service will not, with its own words.
            Retryable: It did not answer.
            ServiceBroke: It failed.
        """
        sent = self._channel.unary_unary(
            f"/{messages.KATIB}.{service}/{method}",
            request_serializer=self._classes[f"{method}Request"].SerializeToString,
            response_deserializer=self._classes[f"{method}Reply"].FromString,
        )
        try:
            return await sent(request, timeout=within_s)
        except self._grpc.aio.AioRpcError as failure:
            raise self._said(failure, f"{service}.{method}") from None

    async def check(
        self,
        service: str,
        method: str,
        request: Any,  # noqa: ANN401  a message
        *,
        tries: int = TRIES,
        within_s: float = CHECK_S,
    ) -> None:
        """The same for a check of settings: tried a few times; no such call means that all is well.

        Raises as `call`.
        """
        pause_s = PAUSE_S
        for left in reversed(range(tries)):
            try:
                await self.call(service, method, request, within_s)
            except Unimplemented:
                return
            except Retryable:
                if not left:
                    raise
                await asyncio.sleep(pause_s)
                pause_s *= 2
            else:
                return

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close(None)

    def _said(self, failure: Any, method: str) -> MunshiError:  # noqa: ANN401  an AioRpcError
        code = failure.code().name
        words = printable(failure.details() or "it gives no reason")[:_LONGEST]
        who = f'the service of "{self._name}" at {self._address}'
        match code:
            case "DEADLINE_EXCEEDED":
                return Retryable(f"{who} did not answer {method} in time")
            case "UNIMPLEMENTED":
                return Unimplemented(f"{who} has no {method} of Katib's {messages.KATIB}: {words}")
            case _ if code in _PASSING:
                return Retryable(f"{who} does not answer: {words}")
            case _ if code in _FINAL:
                return AlgorithmRefused(words)
            case _:
                return ServiceBroke(f"{who} failed at {method} ({code}): {words}")
