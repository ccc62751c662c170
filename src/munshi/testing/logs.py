"""The contract of `engine.ports.ObservationLog` as tests: inherit `ObservationLogContract`."""

# ruff: noqa: S101 - a suite of tests asserts
from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from munshi.api.meta import ObjectMeta
from munshi.api.trial import Trial
from munshi.engine.ports import ObservationLog
from munshi.metrics.log import MetricLog

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_NS = 1_769_860_800_000_000_000


def a_trial(uid: str = "uid-1") -> Trial:
    """A trial that only has a name and a uid."""
    return Trial(metadata=ObjectMeta(namespace="default", name=f"trial-{uid}", uid=uid))


def a_value(
    value: str, time_ns: int | None = None, metric: str = "loss", at: str = ""
) -> MetricLog:
    """A reported value; its origin is `at`."""
    return MetricLog(metric, value, time_ns, None, at)


class ObservationLogContract:
    """What every observation log keeps; say in `opened` how to get an empty one."""

    def opened(self, folder: Path) -> AbstractAsyncContextManager[ObservationLog]:
        """An empty log, for the length of a block; `folder` is its own."""
        raise NotImplementedError

    def test_values_come_back_whole(self, tmp_path: Path) -> None:
        """Name, text, date, step and origin are what was reported, Korean and NaN included."""
        logs = [
            MetricLog("정확도", "0.93", NOON_NS + 1, 7, "stdout:0:0"),
            MetricLog("loss", "nan", NOON_NS + 2, None, "stdout:9:0"),
        ]

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                assert await log.append(a_trial(), logs, NOON) == 2
                assert list(await log.read("uid-1")) == logs
                assert list(await log.read("uid-2")) == []
                assert await log.append(a_trial(), [], NOON) == 0

        asyncio.run(story())

    def test_an_origin_is_kept_once(self, tmp_path: Path) -> None:
        """Reading an output again from its start adds only what is new; other trials are not meant."""
        first = [a_value("1", 1, at="stdout:0:0"), a_value("2", 2, at="stdout:8:0")]
        again = [*first, a_value("3", 3, at="stdout:16:0")]

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                assert await log.append(a_trial(), first, NOON) == 2
                assert await log.append(a_trial(), again, NOON) == 1
                assert await log.append(a_trial("uid-2"), first, NOON) == 2
                assert [kept.value for kept in await log.read("uid-1")] == ["1", "2", "3"]

        asyncio.run(story())

    def test_a_value_without_origin_is_always_new(self, tmp_path: Path) -> None:
        """No origin means that nobody knows whether it was seen."""

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                assert await log.append(a_trial(), [a_value("1", 1), a_value("1", 1)], NOON) == 2
                assert await log.append(a_trial(), [a_value("1", 1)], NOON) == 1

        asyncio.run(story())

    def test_order_is_time_then_arrival(self, tmp_path: Path) -> None:
        """Values of one moment stay in the order they came, whatever their origins."""

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                late = [a_value("c", 5, at="z"), a_value("d", 5, at="a")]
                await log.append(a_trial(), late, NOON)
                await log.append(a_trial(), [a_value("e", 5, at="b"), a_value("a", 1)], NOON)
                assert [kept.value for kept in await log.read("uid-1")] == ["a", "c", "d", "e"]
                assert [kept.value for kept in await log.read("uid-1", limit=2)] == ["a", "c"]

        asyncio.run(story())

    def test_an_undated_value_is_dated_by_its_arrival(self, tmp_path: Path) -> None:
        """The date is exact to the microsecond."""

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                moment = NOON + timedelta(microseconds=1)
                await log.append(a_trial(), [a_value("1")], moment)
                assert [kept.time_ns for kept in await log.read("uid-1")] == [NOON_NS + 1_000]

        asyncio.run(story())

    def test_one_metric_can_be_read_alone(self, tmp_path: Path) -> None:
        """The name is compared exactly."""

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                mixed = [a_value("1", 1, "loss"), a_value("2", 2, "Loss"), a_value("3", 3, "loss")]
                await log.append(a_trial(), mixed, NOON)
                assert [kept.value for kept in await log.read("uid-1", "loss")] == ["1", "3"]
                assert [kept.value for kept in await log.read("uid-1", "loss", 1)] == ["1"]
                assert list(await log.read("uid-1", "los")) == []

        asyncio.run(story())

    def test_what_is_forgotten_can_be_told_again(self, tmp_path: Path) -> None:
        """Forgetting drops values and origins of that trial only, and may be repeated."""

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                said = [a_value("1", 1, at="stdout:0:0")]
                await log.append(a_trial(), said, NOON)
                await log.append(a_trial("uid-2"), said, NOON)
                await log.forget("uid-1")
                await log.forget("uid-1")
                assert list(await log.read("uid-1")) == []
                assert list(await log.read("uid-2")) == said
                assert await log.append(a_trial(), said, NOON) == 1

        asyncio.run(story())

    def test_a_flood_is_kept(self, tmp_path: Path) -> None:
        """A hundred thousand values of one call all come back, in order."""
        flood = [a_value(str(i), NOON_NS + i, at=f"stdout:{i * 8}:0") for i in range(100_000)]

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                assert await log.append(a_trial(), flood, NOON) == 100_000
                assert list(await log.read("uid-1", "loss")) == flood

        asyncio.run(story())
