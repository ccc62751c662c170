"""Our algorithms and early stopping at a port, in Katib's protocol.

Nothing but questions is answered, and each from what it carries; so whoever can reach the port learns nothing
about others' experiments. It costs time to answer, though: the port belongs to a cluster, or to a laptop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any, NoReturn

from munshi.errors import AlgorithmRefused, MunshiError, NotFound, Retryable
from munshi.rpc import library, listening, messages
from munshi.rpc.served import questions
from munshi.rpc.served.stopping import Stopping, faults

Stopped = Callable[[str], Awaitable[None]]
"""Marks the Trial of this name as EarlyStopped. Raises MunshiError when it cannot."""

MAX_CALLS = 64
_SERVICES = (
    "",
    "manager.v1beta1.Suggestion",
    "manager.v1beta1.EarlyStopping",
    f"{messages.KATIB}.Suggestion",
    f"{messages.KATIB}.EarlyStopping",
)
"""What a health check may ask about; Katib's own probes say `manager.v1beta1.Suggestion`."""


@asynccontextmanager
async def serving(host: str, port: int, stopped: Stopped | None = None) -> AsyncIterator[str]:
    """Answer as Katib's Suggestion and EarlyStopping services within this context.

    Args:
        host: An address of this machine.
        port: Where to listen; 0 takes any that is free.
        stopped: Marks a trial that was stopped; None: there are no Trials to mark here.

    Yields:
        `HOST:PORT`.

    Raises:
        MissingExtra: grpcio or protobuf is not installed.
        Retryable: Somebody listens there already, or the address is not this machine's.
    """
    grpc = library.load()
    calls = _Calls(grpc, stopped)
    handlers = [_handler(grpc, name, calls) for name in ("Suggestion", "EarlyStopping")]
    handlers.append(listening.health(grpc, _SERVICES))
    refused = "munshi's algorithms cannot be served"
    async with listening.answering(grpc, handlers, host, port, MAX_CALLS, refused) as address:
        yield address


class _Calls:
    """The five calls. Messages and contexts are gRPC's, whose types are known at run time only."""

    def __init__(self, grpc: ModuleType, stopped: Stopped | None) -> None:
        self._codes = grpc.StatusCode
        self._stopped = stopped
        self._stopping = Stopping()
        self._classes = messages.classes(messages.KATIB)

    async def get_suggestions(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        """Points for the trials to come."""
        try:
            points = await asyncio.to_thread(questions.answer, request)
        except MunshiError as fault:
            await self._refuse(fault, context)
        reply = self._classes["GetSuggestionsReply"]()
        for point in points:
            sent = reply.parameter_assignments.add()
            for name, value in point.items():
                sent.assignments.add(name=name, value=value)
        return reply

    async def validate_algorithm_settings(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        """Refuse what could never be answered."""
        if said := await asyncio.to_thread(questions.faults, request.experiment):
            await context.abort(self._codes.INVALID_ARGUMENT, "; ".join(said))
        return self._classes["ValidateAlgorithmSettingsReply"]()

    async def get_early_stopping_rules(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        """Rules for the trials to come."""
        try:
            rules = await self._stopping.rules(request)
        except MunshiError as fault:
            await self._refuse(fault, context)
        return self._classes["GetEarlyStoppingRulesReply"](early_stopping_rules=rules)

    async def validate_early_stopping_settings(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        """Refuse settings that are at fault."""
        if said := faults(request.early_stopping):
            await context.abort(self._codes.INVALID_ARGUMENT, "; ".join(said))
        return self._classes["ValidateEarlyStoppingSettingsReply"]()

    async def set_trial_status(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        """Mark a trial that its rules stopped."""
        if self._stopped is None:
            said = "there is no cluster here whose Trial could be marked as EarlyStopped"
            await context.abort(self._codes.UNIMPLEMENTED, said)
            raise AssertionError("abort raises")
        try:
            await self._stopped(request.trial_name)
        except MunshiError as fault:
            await self._refuse(fault, context)
        return self._classes["SetTrialStatusReply"]()

    async def _refuse(self, fault: MunshiError, context: Any) -> NoReturn:  # noqa: ANN401
        code = self._codes.INTERNAL
        if isinstance(fault, AlgorithmRefused):
            code = self._codes.INVALID_ARGUMENT
        elif isinstance(fault, NotFound):
            code = self._codes.NOT_FOUND
        elif isinstance(fault, Retryable):
            code = self._codes.UNAVAILABLE
        await context.abort(code, str(fault))
        raise AssertionError("abort raises")


def _handler(grpc: ModuleType, service: str, calls: _Calls) -> Any:  # noqa: ANN401  gRPC ships no types
    behaviours = {
        "GetSuggestions": calls.get_suggestions,
        "ValidateAlgorithmSettings": calls.validate_algorithm_settings,
        "GetEarlyStoppingRules": calls.get_early_stopping_rules,
        "ValidateEarlyStoppingSettings": calls.validate_early_stopping_settings,
        "SetTrialStatus": calls.set_trial_status,
    }
    classes = messages.classes(messages.KATIB)
    declared = messages.declared(messages.KATIB).services[service]
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            behaviours[name],
            request_deserializer=classes[request].FromString,
            response_serializer=classes[reply].SerializeToString,
        )
        for name, (request, reply) in declared.items()
    }
    return grpc.method_handlers_generic_handler(f"{messages.KATIB}.{service}", handlers)
