"""A suggestion and early-stopping service that says what a test wants, at a port of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio

from munshi.rpc import messages

CALLS = {
    "Suggestion": ("GetSuggestions", "ValidateAlgorithmSettings"),
    "EarlyStopping": ("GetEarlyStoppingRules", "ValidateEarlyStoppingSettings"),
}


def points(request: Any) -> Any:
    """As many points as are asked for, every parameter being the number of the trial to be."""
    reply = messages.classes(messages.KATIB)["GetSuggestionsReply"]()
    for at in range(request.current_request_number):
        point = reply.parameter_assignments.add()
        for parameter in request.experiment.spec.parameter_specs.parameters:
            point.assignments.add(name=parameter.name, value=f"0.0{1 + at}")
    return reply


def rules(_: Any) -> Any:
    """One rule: less than 0.5 from the fourth report on."""
    reply = messages.classes(messages.KATIB)["GetEarlyStoppingRulesReply"]()
    reply.early_stopping_rules.add(name="accuracy", value="0.5", comparison=2, start_step=4)
    return reply


@dataclass(slots=True)
class Scripted:
    """What the service answers, and what it was asked.

    Attributes:
        answers: By the call's name: makes a reply of a request. A call without one is not implemented.
        failures: By the call's name: these codes and details come first, one for each call.
        asked: Every request, with the call's name.
    """

    answers: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    failures: Mapping[str, Iterator[tuple[grpc.StatusCode, str]]] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def requests(self, call: str) -> list[Any]:
        """The requests of one call, in order."""
        return [request for name, request in self.asked if name == call]


@asynccontextmanager
async def serving(script: Scripted, port: int = 0) -> AsyncIterator[str]:
    """Serve; yields the address."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(tuple(_handler(script, name) for name in CALLS))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield f"127.0.0.1:{bound}"
    finally:
        await server.stop(None)


def _handler(script: Scripted, service: str) -> Any:
    classes = messages.classes(messages.KATIB)

    def behaviour(call: str) -> Callable[[Any, Any], Any]:
        async def answer(request: Any, context: Any) -> Any:
            script.asked.append((call, request))
            if (failure := next(script.failures.get(call, iter(())), None)) is not None:
                await context.abort(*failure)
            if call not in script.answers:
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, "no such call")
            return script.answers[call](request)

        return answer

    handlers = {
        call: grpc.unary_unary_rpc_method_handler(
            behaviour(call),
            request_deserializer=classes[f"{call}Request"].FromString,
            response_serializer=classes[f"{call}Reply"].SerializeToString,
        )
        for call in CALLS[service]
    }
    return grpc.method_handlers_generic_handler(f"{messages.KATIB}.{service}", handlers)
