"""The contract of `engine.ports.ObservationLog` as tests: inherit `ObservationLogContract`."""

# ruff: noqa: S101 - a suite of tests asserts
from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from munshi.api.meta import ObjectMeta
from munshi.api.trial import Trial
from munshi.engine.ports import ObservationLog
from munshi.metrics.log import MetricLog
from munshi.metrics.observation import MetricSummary, Observation, observe

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

    def test_the_summary_is_the_fold_of_all_values(self, tmp_path: Path) -> None:
        """Smallest, largest, latest as reported, by time, then arrival; NaN, text and nothing included."""
        logs = [
            a_value("0.50", 5, at="stdout:0:0"),
            a_value("1e-1", 9, at="stdout:10:0"),
            a_value("nan", 7, at="stdout:20:0"),
            a_value("0.5", 5, at="stdout:30:0"),
            a_value(".1", 9, at="stdout:40:0"),
            a_value("unavailable", 99, at="stdout:50:0"),
            a_value("-inf", 1, at="stdout:60:0"),
            a_value("정확", 2, "genotype", at="stdout:70:0"),
        ]
        asked = ["never", "loss", "genotype", "loss"]

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                assert await log.summarise("uid-1", asked) == observe([], asked)
                await log.append(a_trial(), logs[:3], NOON)
                await log.append(a_trial(), logs, NOON)
                assert await log.summarise("uid-1", asked) == Observation(
                    (
                        MetricSummary("never"),
                        MetricSummary("loss", "1e-1", "0.50", ".1", count=6, non_finite=2),
                        MetricSummary("genotype", latest="정확", count=1),
                    )
                )
                assert await log.summarise("uid-2", ["loss"]) == observe([], ["loss"])
                await log.forget("uid-1")
                assert await log.summarise("uid-1", asked) == observe([], asked)

        asyncio.run(story())

    def test_reports_are_numbered_as_they_came(self, tmp_path: Path) -> None:
        """Counted from 1 for each metric, whatever their dates; a second reading counts nothing again."""
        logs = [
            a_value("0.3", 9, at="out:0:0"),
            a_value("7", 1, "steps", at="out:0:1"),
            a_value("nan", 2, at="out:9:0"),
            a_value("0.1", 5, at="out:18:0"),
        ]

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                await log.append(a_trial(), logs[:2], NOON)
                await log.append(a_trial(), logs, NOON)
                found = await log.reports("uid-1", "loss")
                assert [(one.number, one.log.value) for one in found] == [
                    (1, "0.3"),
                    (2, "nan"),
                    (3, "0.1"),
                ]
                assert found[1].log == logs[2]
                assert [one.number for one in await log.reports("uid-1", "steps")] == [1]
                assert list(await log.reports("uid-1", "los")) == []
                assert list(await log.reports("uid-2", "loss")) == []

        asyncio.run(story())

    def test_a_flood_may_be_thinned_and_is_summed_up_exactly(self, tmp_path: Path) -> None:
        """What is read is an even choice with both ends and extremes; a second reading changes nothing.

        The second reading begins at the start and comes in other pieces, much later: values that were
        thinned away neither count again nor become the latest.
        """
        count, top, bottom = 100_003, 77_777, 33_331
        values = {top: "1e9", bottom: "-1e9"}
        flood = [
            a_value(
                values.get(i, f"0.{i}"), NOON_NS + i if i < 50_000 else None, at=f"out:{i * 8}:0"
            )
            for i in range(count)
        ]

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                for i in range(0, count, 5_000):
                    piece = flood[i : i + 5_000]
                    assert await log.append(a_trial(), piece, NOON + timedelta(seconds=1)) == len(
                        piece
                    )
                kept = list(await log.read("uid-1", "loss"))
                summary = await log.summarise("uid-1", ["loss"])
                assert summary.metrics == (
                    MetricSummary("loss", "-1e9", "1e9", flood[-1].value, count),
                )
                places = [int(each.origin.split(":")[1]) // 8 for each in kept]
                assert places == sorted(places)
                assert {0, top, bottom, count - 1} <= set(places)
                assert max(after - at for at, after in pairwise(places)) * 1_000 < count
                numbers = [one.number for one in await log.reports("uid-1", "loss")]
                assert numbers == [place + 1 for place in places]
                later = NOON + timedelta(hours=1)
                assert await log.append(a_trial(), flood[:70_000], later) == 0
                assert await log.append(a_trial(), flood, later) == 0
                assert list(await log.read("uid-1", "loss")) == kept
                assert await log.summarise("uid-1", ["loss"]) == summary
                assert await log.append(a_trial(), [a_value("2e9", at="out:800024:0")], later) == 1
                found = (await log.summarise("uid-1", ["loss"])).metrics[0]
                assert (found.max, found.latest, found.count) == ("2e9", "2e9", count + 1)

        asyncio.run(story())

    def test_each_metric_is_known_on_its_own_account(self, tmp_path: Path) -> None:
        """A second pass over the same bytes for another metric is news, as is another file."""
        first = [a_value("1", 1, "a", "run:0:0"), a_value("2", 2, "a", "run:90:0")]
        second = [a_value("3", 1, "b", "run:0:1"), a_value("4", 2, "b", "run:90:1")]
        anew = [a_value("5", 3, "a", "run@1:0:0")]

        async def story() -> None:
            async with self.opened(tmp_path) as log:
                for logs in (first, second, anew):
                    assert await log.append(a_trial(), logs, NOON) == len(logs)
                    assert await log.append(a_trial(), logs, NOON) == 0
                kept = [each.value for each in await log.read("uid-1")]
                assert kept == ["1", "3", "2", "4", "5"]

        asyncio.run(story())
