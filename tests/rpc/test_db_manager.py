"""Katib's DB manager on the wire: a real client, a real socket, any client library of gRPC."""

from __future__ import annotations

import asyncio
import resource
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from munshi.errors import LaunchRefused, Retryable
from munshi.metrics.log import MetricLog
from munshi.rpc import db_manager, listening, messages
from rpc.desk import Desk

KATIB = messages.classes(messages.KATIB)
Reported = list[tuple[str, str, str]]


def report_of(trial: str, *logs: tuple[str, str, str]) -> Any:
    """A report of (time, name, value)."""
    observed = KATIB["ObservationLog"](
        metric_logs=[
            KATIB["MetricLog"](time_stamp=time, metric=KATIB["Metric"](name=name, value=value))
            for time, name, value in logs
        ]
    )
    return KATIB["ReportObservationLogRequest"](trial_name=trial, observation_log=observed)


async def call(address: str, method: str, request: Any) -> Any:
    """One call of the DB manager, with Katib's default limits of a client lifted."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub = channel.unary_unary(
            f"/api.v1.beta1.DBManager/{method}",
            request_serializer=KATIB[f"{method}Request"].SerializeToString,
            response_deserializer=KATIB[f"{method}Reply"].FromString,
        )
        return await asyncio.wait_for(stub(request), timeout=30)


def served(desk: Desk, story: Callable[[str], Awaitable[None]]) -> None:
    """Play a story against a server."""

    async def play() -> None:
        async with db_manager.serving(desk.report, desk.read) as address:
            await story(address)

    asyncio.run(play())


async def refused(address: str, method: str, request: Any) -> tuple[str, str]:
    """Code and sentence of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as fault:
        await call(address, method, request)
    return fault.value.code().name, str(fault.value.details())


def test_what_is_reported_is_kept_in_order(tmp_path: Path) -> None:
    """Values of the same whole second keep the order they came in, over calls and within one."""
    desk = Desk(tmp_path, "trial")
    second = "2026-11-24T08:00:00Z"

    async def story(address: str) -> None:
        for at in range(3):
            logs = [(second, "accuracy", f"0.{at}"), (second, "accuracy", f"0.{at}5")]
            await call(address, "ReportObservationLog", report_of("trial", *logs))

    served(desk, story)
    kept = desk.kept("trial", "accuracy")
    assert [log.value for log in kept] == ["0.0", "0.05", "0.1", "0.15", "0.2", "0.25"]
    assert {log.time_ns for log in kept} == {1795507200 * 10**9}


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    """All metrics or one, with times as Katib writes them; times asked for reach the owner in ns."""
    desk = Desk(tmp_path, "trial")

    async def story(address: str) -> None:
        logs: Reported = [
            ("2026-11-24T08:00:00.5Z", "loss", "nan"),
            ("2026-11-24T09:00:01+01:00", "정확도", "0.93"),
            ("", "accuracy", "Genotype(a=[1])"),
        ]
        await call(address, "ReportObservationLog", report_of("trial", *logs))
        everything = KATIB["GetObservationLogRequest"](trial_name="trial")
        reply = await call(address, "GetObservationLog", everything)
        assert [
            (log.time_stamp, log.metric.name, log.metric.value)
            for log in reply.observation_log.metric_logs
        ] == [
            ("2026-11-24T08:00:00.5Z", "loss", "nan"),
            ("2026-11-24T08:00:01Z", "정확도", "0.93"),
            ("", "accuracy", "Genotype(a=[1])"),
        ]
        one = KATIB["GetObservationLogRequest"](
            trial_name="trial", metric_name="loss", start_time="1970-01-01T00:00:01Z"
        )
        reply = await call(address, "GetObservationLog", one)
        assert [log.metric.name for log in reply.observation_log.metric_logs] == ["loss"]

    served(desk, story)
    assert desk.asked == [(None, None, None), ("loss", 10**9, None)]


REFUSED: dict[str, tuple[str, Any, str, str]] = {
    "a trial that may not report": (
        "ReportObservationLog",
        report_of("another", ("", "loss", "1")),
        "NOT_FOUND",
        'no trial "another" may report now',
    ),
    "no trial": (
        "ReportObservationLog",
        report_of("", ("", "loss", "1")),
        "INVALID_ARGUMENT",
        "trial_name is missing; the SDK takes it from KATIB_TRIAL_NAME",
    ),
    "a value without a name": (
        "ReportObservationLog",
        report_of("trial", ("", "loss", "1"), ("", " ", "1")),
        "INVALID_ARGUMENT",
        "observation_log.metric_logs[1].metric.name is missing",
    ),
    "a metric that is the format's own word": (
        "ReportObservationLog",
        report_of("trial", ("", "timestamp", "1")),
        "INVALID_ARGUMENT",
        '"timestamp" is the time of a report; give the metric another name',
    ),
    "reading an unknown trial": (
        "GetObservationLog",
        KATIB["GetObservationLogRequest"](trial_name="another"),
        "NOT_FOUND",
        'there is no trial "another"',
    ),
    "a time that is none": (
        "GetObservationLog",
        KATIB["GetObservationLogRequest"](trial_name="trial", end_time="yesterday"),
        "INVALID_ARGUMENT",
        'end_time: "yesterday" is no RFC 3339 time; write it as 2026-11-24T08:00:00Z',
    ),
    "deleting": (
        "DeleteObservationLog",
        KATIB["DeleteObservationLogRequest"](trial_name="trial"),
        "PERMISSION_DENIED",
        "munshi deletes what a trial reported together with its Experiment: munshi delete",
    ),
}


@pytest.mark.parametrize(("method", "request_", "code", "said"), REFUSED.values(), ids=REFUSED)
def test_refuses_with_a_reason(
    tmp_path: Path, method: str, request_: Any, code: str, said: str
) -> None:
    """What cannot be done is refused with gRPC's code and a sentence; nothing of it is kept."""
    desk = Desk(tmp_path, "trial")

    async def story(address: str) -> None:
        assert await refused(address, method, request_) == (code, said)

    served(desk, story)
    assert list(tmp_path.iterdir()) == []


def test_a_keeper_that_fails_is_told_to_the_caller(tmp_path: Path) -> None:
    """A full disk and a busy store are UNAVAILABLE: the caller knows that nothing was kept."""
    faults = [OSError(28, "No space left on device"), Retryable("the database is busy")]

    async def report(_: str, __: object) -> None:
        raise faults.pop()

    async def play() -> None:
        async with db_manager.serving(report, Desk(tmp_path).read) as address:
            for said in ("the database is busy", "[Errno 28] No space left on device"):
                answer = await refused(address, "ReportObservationLog", report_of("trial"))
                assert answer == ("UNAVAILABLE", said)

    asyncio.run(play())


def test_large_reports_are_taken_and_larger_ones_refused(tmp_path: Path) -> None:
    """A report of 200,000 values arrives whole; beyond 64 MiB it is refused, and the server lives on."""
    desk = Desk(tmp_path, "trial")
    many: Reported = [("2026-11-24T08:00:00Z", "loss", str(at)) for at in range(200_000)]
    large = report_of("trial", ("", "loss", "x" * (listening.MAX_MESSAGE + 1)))

    async def story(address: str) -> None:
        code, _ = await refused(address, "ReportObservationLog", large)
        assert code == "RESOURCE_EXHAUSTED"
        await call(address, "ReportObservationLog", report_of("trial", *many))

    served(desk, story)
    assert [log.value for log in desk.kept("trial", "loss")] == [value for *_, value in many]


def test_many_trials_report_at_once(tmp_path: Path) -> None:
    """Three hundred callers at once lose nothing."""
    names = [f"trial-{at}" for at in range(300)]
    desk = Desk(tmp_path, *names)

    async def story(address: str) -> None:
        calls = [
            call(address, "ReportObservationLog", report_of(name, ("", "loss", name)))
            for name in names
        ]
        await asyncio.gather(*calls)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))  # both ends are here
    try:
        served(desk, story)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [desk.kept(name, "loss")[0].value for name in names] == names


def test_calls_beyond_the_bound_are_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is bounded: who comes too many is told at once, and those before are answered."""
    monkeypatch.setattr(db_manager, "MAX_CALLS", 2)
    waiting = list[str]()

    async def play() -> None:
        may_end = asyncio.Event()

        async def report(trial: str, _: object) -> None:
            waiting.append(trial)
            await may_end.wait()

        async with db_manager.serving(report, Desk(tmp_path).read) as address:
            early = [
                asyncio.create_task(call(address, "ReportObservationLog", report_of(trial)))
                for trial in ("one", "two")
            ]
            async with asyncio.timeout(30):
                while len(waiting) < 2:
                    await asyncio.sleep(0.005)
            code, _ = await refused(address, "ReportObservationLog", report_of("three"))
            assert code == "RESOURCE_EXHAUSTED"
            may_end.set()
            await asyncio.gather(*early)

    asyncio.run(play())
    assert sorted(waiting) == ["one", "two"]


def test_health_is_answered(tmp_path: Path) -> None:
    """As Katib's probe asks; a service that is not here is not found; and nothing describes the API."""
    health = messages.classes(messages.HEALTH)

    async def story(address: str) -> None:
        async with grpc.aio.insecure_channel(address) as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health["HealthCheckRequest"].SerializeToString,
                response_deserializer=health["HealthCheckResponse"].FromString,
            )
            for service in ("", "manager", "api.v1.beta1.DBManager"):
                reply = await check(health["HealthCheckRequest"](service=service))
                assert reply.SerializeToString() == b"\x08\x01"
            with pytest.raises(grpc.aio.AioRpcError, match="not served here"):
                await check(health["HealthCheckRequest"](service="api.v1.beta1.Suggestion"))
            for method in (
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                "/api.v1.beta1.Suggestion/GetSuggestions",
            ):
                with pytest.raises(grpc.aio.AioRpcError) as fault:
                    await channel.unary_unary(method)(b"")
                assert fault.value.code() is grpc.StatusCode.UNIMPLEMENTED

    served(Desk(tmp_path), story)


def test_listens_where_it_is_told_and_lets_go(tmp_path: Path) -> None:
    """A port of one's own choice, on any loopback address; free again afterwards."""
    desk = Desk(tmp_path)

    async def play() -> None:
        with socket.create_server(("127.5.6.7", 0)) as free:
            port = free.getsockname()[1]
        for _ in range(2):
            serving = db_manager.serving(desk.report, desk.read, host="127.5.6.7", port=port)
            async with serving as address:
                assert address == f"127.5.6.7:{port}"
        async with db_manager.serving(desk.report, desk.read, host="::1") as address:
            assert address.startswith("[::1]:")

    asyncio.run(play())


def test_a_port_that_is_taken_is_said(tmp_path: Path, capfd: Any) -> None:
    """A second server is told so by an error, and nothing is written to the terminal."""
    desk = Desk(tmp_path)

    async def play() -> None:
        async with db_manager.serving(desk.report, desk.read) as address:
            second = db_manager.serving(desk.report, desk.read, port=int(address.split(":")[1]))
            with pytest.raises(Retryable, match=f"cannot listen at {address}: .*in use"):
                await second.__aenter__()

    asyncio.run(play())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost", "example.org", ""])  # noqa: S104
def test_only_loopback_is_listened_on(tmp_path: Path, host: str) -> None:
    """Whoever can reach the port can report for any trial, so nobody from outside may."""
    desk = Desk(tmp_path)

    async def play() -> None:
        with pytest.raises(LaunchRefused, match="is not a loopback address"):
            await db_manager.serving(desk.report, desk.read, host=host).__aenter__()

    asyncio.run(play())


def test_without_grpc_the_install_line_is_said() -> None:
    """Where the extra is not installed, opening the door names the exact line."""
    code = (
        "import asyncio, sys\n"
        "sys.modules['grpc'] = None\n"
        "from munshi.errors import MissingExtra\n"
        "from munshi.rpc import db_manager\n"
        "async def play():\n"
        "    async with db_manager.serving(None, None): pass\n"
        "try: asyncio.run(play())\n"
        "except MissingExtra as missing: print(missing)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip().endswith("not installed: pip install 'munshi[grpc]'"), done


def test_calls_under_way_are_let_finish(tmp_path: Path) -> None:
    """A report that is being kept when the door closes is still acknowledged."""
    begun, may_end = asyncio.Event(), asyncio.Event()
    kept = list[MetricLog]()

    async def report(_: str, logs: Any) -> None:
        begun.set()
        await may_end.wait()
        kept.extend(logs)

    async def play() -> None:
        async with db_manager.serving(report, Desk(tmp_path).read) as address:
            request = report_of("trial", ("", "loss", "1"))
            under_way = asyncio.create_task(call(address, "ReportObservationLog", request))
            await begun.wait()
            asyncio.get_running_loop().call_later(0.05, may_end.set)
        await under_way

    asyncio.run(play())
    assert len(kept) == 1
