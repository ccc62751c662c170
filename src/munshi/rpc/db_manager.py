"""Katib's DB manager, as far as a trial's program needs one.

The kubeflow-katib SDK's `report_metrics` and `get_trial_metrics` speak to `api.v1.beta1.DBManager`
(metrics collection contract §5; SDK contract §1). Katib's own listens to all of a cluster without asking
who calls, takes messages of 2 GiB, and deletes on request. This one listens on a loopback address,
takes 64 MiB, reads and appends only, and offers no reflection. Which trials may report is for the owner
to say, who hands in `report` and `read`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, NoReturn

from munshi.errors import Invalid, LaunchRefused, NotFound, Retryable
from munshi.metrics import timestamp
from munshi.metrics.log import MetricLog
from munshi.rpc import library, listening, messages

Report = Callable[[str, Sequence[MetricLog]], Awaitable[None]]
"""Keeps what a trial, given by its name, reports; returns when it is safe.

Raises NotFound when no trial of that name may report now, Retryable when it may try again, and
ValueError or Invalid for what can never be kept.
"""
Read = Callable[[str, str | None, int | None, int | None], Awaitable[Sequence[MetricLog]]]
"""The values of a trial: of one metric or of all, from a time to a time in nanoseconds, both included.

Raises NotFound when there is no trial of that name.
"""

MAX_CALLS = 1_000
"""Calls at once; more are turned away. Some hundreds of trials may report in the same moment."""

_MANY = 2_000  # values of one message, above which they are read away from the event loop
_SERVICES = ("", f"{messages.KATIB}.DBManager", "manager")
"""What a health check may ask about; Katib's own probe says "manager"."""


@asynccontextmanager
async def serving(
    report: Report, read: Read, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """Answer as Katib's DB manager within this context.

    Args:
        report: Keeps what is reported.
        read: Looks up what was.
        host: A loopback address of this machine.
        port: Where to listen; 0 takes any that is free.

    Yields:
        `HOST:PORT`, as the SDK's `db_manager_address` wants it.

    Raises:
        MissingExtra: grpcio or protobuf is not installed.
        LaunchRefused: `host` is no loopback address.
        Retryable: Somebody listens there already.
    """
    grpc = library.load()
    if not _is_loopback(host):
        raise LaunchRefused(
            f'"{host}" is not a loopback address; who can reach it could report for any trial'
        )
    handlers = (_manager(grpc, report, read), listening.health(grpc, _SERVICES))
    refused = "Katib's DB manager cannot listen"
    async with listening.answering(grpc, handlers, host, port, MAX_CALLS, refused) as address:
        yield address


class _Manager:
    """The three calls. Requests, replies and contexts are gRPC's, whose types are known at run time only."""

    def __init__(self, grpc: ModuleType, report: Report, read: Read) -> None:
        self._codes = grpc.StatusCode
        self._report, self._read = report, read
        self._classes = messages.classes(messages.KATIB)

    async def report_observation_log(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        """Hand a report to its keeper, and answer when it is safe."""
        name = await self._trial_name(request, context)
        reported = request.observation_log.metric_logs
        many = len(reported) > _MANY
        try:
            logs = await asyncio.to_thread(_logs, reported) if many else _logs(reported)
            await self._report(name, logs)
        except (NotFound, Retryable, Invalid, ValueError, OSError) as fault:
            await self._refuse(fault, context)
        return self._classes["ReportObservationLogReply"]()

    async def get_observation_log(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        """Look up what a trial has reported."""
        name = await self._trial_name(request, context)
        try:
            start = _time(request.start_time, "start_time")
            end = _time(request.end_time, "end_time")
            logs = await self._read(name, request.metric_name or None, start, end)
        except (NotFound, Retryable, Invalid, ValueError, OSError) as fault:
            await self._refuse(fault, context)
        metric, log = self._classes["Metric"], self._classes["MetricLog"]
        observed = self._classes["ObservationLog"](
            metric_logs=[
                log(
                    time_stamp=_rfc3339(each.time_ns),
                    metric=metric(name=each.metric, value=each.value),
                )
                for each in logs
            ]
        )
        return self._classes["GetObservationLogReply"](observation_log=observed)

    async def delete_observation_log(self, request: Any, context: Any) -> NoReturn:  # noqa: ANN401
        """Refuse: what was reported stays as long as its Experiment."""
        said = "munshi deletes what a trial reported together with its Experiment: munshi delete"
        await context.abort(self._codes.PERMISSION_DENIED, said)
        raise AssertionError("abort raises")

    async def _trial_name(self, request: Any, context: Any) -> str:  # noqa: ANN401
        if not request.trial_name:
            said = "trial_name is missing; the SDK takes it from KATIB_TRIAL_NAME"
            await context.abort(self._codes.INVALID_ARGUMENT, said)
        return str(request.trial_name)

    async def _refuse(self, fault: Exception, context: Any) -> NoReturn:  # noqa: ANN401
        code = self._codes.INVALID_ARGUMENT
        if isinstance(fault, NotFound):
            code = self._codes.NOT_FOUND
        elif isinstance(fault, Retryable | OSError):
            code = self._codes.UNAVAILABLE
        await context.abort(code, str(fault))
        raise AssertionError("abort raises")


def _manager(grpc: ModuleType, report: Report, read: Read) -> Any:  # noqa: ANN401  gRPC ships no types
    calls, classes = _Manager(grpc, report, read), messages.classes(messages.KATIB)
    behaviours = {
        "ReportObservationLog": calls.report_observation_log,
        "GetObservationLog": calls.get_observation_log,
        "DeleteObservationLog": calls.delete_observation_log,
    }
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            behaviour,
            request_deserializer=classes[f"{name}Request"].FromString,
            response_serializer=classes[f"{name}Reply"].SerializeToString,
        )
        for name, behaviour in behaviours.items()
    }
    return grpc.method_handlers_generic_handler(f"{messages.KATIB}.DBManager", handlers)


def _logs(reported: Any) -> list[MetricLog]:  # noqa: ANN401  a repeated field of messages
    """The reported values in their order, which settles what was reported in the same second."""
    logs = [
        MetricLog(each.metric.name, each.metric.value, timestamp.read_rfc3339(each.time_stamp))
        for each in reported
    ]
    for index, log in enumerate(logs):
        if not log.metric.strip():
            raise ValueError(f"observation_log.metric_logs[{index}].metric.name is missing")
    return logs


def _time(text: str, field: str) -> int | None:
    if not text:
        return None
    time_ns = timestamp.read_rfc3339(text)
    if time_ns is None:
        example = "2026-11-24T08:00:00Z"
        raise ValueError(f'{field}: "{text}" is no RFC 3339 time; write it as {example}')
    return time_ns


def _rfc3339(time_ns: int | None) -> str:
    """As Katib writes times: UTC, and of the fraction what is not zero."""
    if time_ns is None:
        return ""
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    shown = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{shown}Z"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
