"""Our algorithms and early stopping at a port."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
import grpc.aio
import pytest

from munshi.errors import NotFound, Retryable
from munshi.metrics.log import MetricLog
from munshi.rpc import db_manager, messages
from munshi.rpc.served import service
from munshi.rpc.services import objects
from munshi.testing.builders import a_trial, an_experiment, an_objective, running, succeeded
from rpc.served.asked import Client, a_question, client, points

MAKE = messages.classes(messages.KATIB)
SECOND = 1_000_000_000


def with_client(
    work: Callable[[Client], Awaitable[Any]], stopped: service.Stopped | None = None
) -> Any:
    """What some work with our service comes to."""

    async def story() -> Any:
        async with client(stopped) as ours:
            return await work(ours)

    return asyncio.run(story())


async def refused(work: Awaitable[Any]) -> tuple[grpc.StatusCode, str]:
    """The code and the details of a call that fails."""
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await work
    return failure.value.code(), failure.value.details() or ""


def test_points_travel() -> None:
    """As many as were wanted, by name and as text."""
    reply = with_client(lambda ours: ours.call("Suggestion/GetSuggestions", a_question(count=4)))
    assert len(points(reply)) == 4
    assert all(0.01 <= float(point["lr"]) <= 0.05 for point in points(reply))


def test_settings_are_judged() -> None:
    """A yes is empty; a no is INVALID_ARGUMENT, which Katib shows as the reason of the failure."""

    async def work(ours: Client) -> None:
        path = "Suggestion/ValidateAlgorithmSettings"
        good = MAKE["ValidateAlgorithmSettingsRequest"](experiment=a_question().experiment)
        assert (await ours.call(path, good)).ByteSize() == 0
        wrong = a_question(settings={"sigma": "1"}).experiment
        code, said = await refused(
            ours.call(path, MAKE["ValidateAlgorithmSettingsRequest"](experiment=wrong))
        )
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert "sigma" in said

    with_client(work)


def test_a_question_that_cannot_be_answered_is_refused() -> None:
    """INVALID_ARGUMENT too; the service goes on answering others."""

    async def work(ours: Client) -> None:
        asked = a_question(algorithm="nobodys")
        code, _ = await refused(ours.call("Suggestion/GetSuggestions", asked))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert points(await ours.call("Suggestion/GetSuggestions", a_question()))

    with_client(work)


PROBES = {
    "Katib's probe": ("manager.v1beta1.Suggestion", True),
    "of early stopping": ("manager.v1beta1.EarlyStopping", True),
    "of the whole": ("", True),
    "of something else": ("manager", False),
}


@pytest.mark.parametrize(("name", "serves"), PROBES.values(), ids=PROBES)
def test_health_checks(name: str, serves: bool) -> None:
    """SERVING for what is served, NOT_FOUND for anything else."""

    async def work(ours: Client) -> None:
        asked = messages.classes(messages.HEALTH)["HealthCheckRequest"](service=name)
        checked = ours.call("Health/Check", asked, messages.HEALTH)
        if serves:
            assert (await checked).status == 1
        else:
            assert (await refused(checked))[0] is grpc.StatusCode.NOT_FOUND

    with_client(work)


def test_a_port_that_is_taken_is_said() -> None:
    """With the address in the sentence."""

    async def story() -> None:
        async with service.serving("127.0.0.1", 0) as address:
            port = int(address.rpartition(":")[2])
            with pytest.raises(Retryable, match=address):
                await service.serving("127.0.0.1", port).__aenter__()

    asyncio.run(story())


# -- early stopping ----------------------------------------------------------------------------------

CURVES = {"a": (0.1, 0.2, 0.3, 0.4), "b": (0.2, 0.3, 0.4, 0.5), "c": (0.5, 0.6, 0.7, 0.8)}


class Values:
    """A DB manager with the curves of three trials; undated order is by time, newest written first."""

    def __init__(self) -> None:
        self.read_of: list[str] = []

    async def report(self, name: str, logs: Sequence[MetricLog]) -> None:
        """Nobody reports here."""
        raise NotFound(f"{name} reports {len(logs)}")

    async def read(
        self, name: str, metric: str | None, start: int | None, end: int | None
    ) -> Sequence[MetricLog]:
        """See `db_manager.Read`."""
        del start, end
        self.read_of.append(name)
        if name not in CURVES:
            raise NotFound(f"no trial {name}")
        dated = enumerate(CURVES[name])
        logs = [MetricLog(metric or "", str(value), at * SECOND) for at, value in dated]
        return logs[::-1]


def a_rules_question(address: str, names: str = "abc", **settings: str) -> Any:
    """A GetEarlyStoppingRulesRequest with these trials, which succeeded, and one that runs."""
    trials = [a_trial(name, succeeded(0.5), index=at) for at, name in enumerate(names)]
    sent = objects.experiment(an_experiment(), {})
    sent.spec.early_stopping.algorithm_name = "medianstop"
    for name, value in settings.items():
        sent.spec.early_stopping.algorithm_settings.add(name=name, value=value)
    return MAKE["GetEarlyStoppingRulesRequest"](
        experiment=sent,
        trials=objects.trials([*trials, a_trial("z", running())], (), an_objective()),
        db_manager_address=address,
    )


RULES = "EarlyStopping/GetEarlyStoppingRules"


def test_one_rule_is_made_of_the_values() -> None:
    """The median of the running averages at start_step: of 0.15, 0.25 and 0.55 the second."""
    values = Values()

    async def work(ours: Client) -> None:
        async with db_manager.serving(values.report, values.read) as address:
            reply = await ours.call(RULES, a_rules_question(address, start_step="2"))
            (rule,) = reply.early_stopping_rules
            assert float(rule.value) == pytest.approx(0.25)
            assert (rule.name, rule.start_step) == ("accuracy", 2)
            assert rule.comparison == messages.enum("ComparisonType")["LESS"]

    with_client(work)


def test_values_are_read_once() -> None:
    """What a trial that succeeded reported does not change; a trial that runs is not read at all."""
    values = Values()

    async def work(ours: Client) -> None:
        async with db_manager.serving(values.report, values.read) as address:
            for _ in range(3):
                await ours.call(RULES, a_rules_question(address, start_step="2"))

    with_client(work)
    assert sorted(values.read_of) == ["a", "b", "c"]


def test_too_few_trials_make_no_rule() -> None:
    """Two of three that are required."""
    values = Values()

    async def work(ours: Client) -> None:
        async with db_manager.serving(values.report, values.read) as address:
            reply = await ours.call(RULES, a_rules_question(address, "ab"))
            assert not reply.early_stopping_rules

    with_client(work)


def test_without_the_db_manager_there_is_no_answer() -> None:
    """UNAVAILABLE: it may be there the next time."""

    async def work(ours: Client) -> None:
        code, _ = await refused(ours.call(RULES, a_rules_question("127.0.0.1:1")))
        assert code is grpc.StatusCode.UNAVAILABLE

    with_client(work)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("medianstop", {"start_step": "0"}, "start_step"),
        ("medianstop", {"patience": "3"}, "patience"),
        ("medianstep", {}, "unknown algorithm name medianstep"),
    ],
)
def test_early_stopping_settings_are_judged(
    name: str, settings: dict[str, str], words: str
) -> None:
    """By the check, and by the question itself."""

    async def work(ours: Client) -> None:
        asked = a_rules_question("127.0.0.1:1", **settings)
        asked.experiment.spec.early_stopping.algorithm_name = name
        check = MAKE["ValidateEarlyStoppingSettingsRequest"](
            early_stopping=asked.experiment.spec.early_stopping
        )
        for path, request in (
            ("EarlyStopping/ValidateEarlyStoppingSettings", check),
            (RULES, asked),
        ):
            code, said = await refused(ours.call(path, request))
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert words in said

    with_client(work)


def test_right_early_stopping_settings_are_accepted() -> None:
    """The default ones."""
    wanted = a_rules_question("").experiment.spec.early_stopping
    asked = MAKE["ValidateEarlyStoppingSettingsRequest"](early_stopping=wanted)
    with_client(lambda ours: ours.call("EarlyStopping/ValidateEarlyStoppingSettings", asked))


def test_a_stopped_trial_is_marked() -> None:
    """By whoever can; of one that is not there the caller hears."""
    marked: list[str] = []

    async def stopped(name: str) -> None:
        if name == "gone":
            raise NotFound("no Trial gone")
        marked.append(name)

    async def work(ours: Client) -> None:
        path = "EarlyStopping/SetTrialStatus"
        await ours.call(path, MAKE["SetTrialStatusRequest"](trial_name="e-1"))
        code, said = await refused(
            ours.call(path, MAKE["SetTrialStatusRequest"](trial_name="gone"))
        )
        assert (code, said) == (grpc.StatusCode.NOT_FOUND, "no Trial gone")

    with_client(work, stopped)
    assert marked == ["e-1"]


def test_without_a_cluster_nothing_is_marked() -> None:
    """UNIMPLEMENTED says so."""

    async def work(ours: Client) -> None:
        asked = MAKE["SetTrialStatusRequest"](trial_name="e-1")
        code, _ = await refused(ours.call("EarlyStopping/SetTrialStatus", asked))
        assert code is grpc.StatusCode.UNIMPLEMENTED

    with_client(work)
