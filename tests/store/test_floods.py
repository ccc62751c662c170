"""Thinned floods: whatever the calls, and wherever a reader begins again, what is kept is the same."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine

from munshi.api.trial import Trial
from munshi.metrics.log import MetricLog
from munshi.metrics.observation import observe
from munshi.store import logs
from munshi.store.tables import METADATA
from munshi.testing.logs import NOON, NOON_NS, a_trial, a_value

METRICS = ("loss", "정확도")
MOST = 4
"""So few values are kept that a handful is a flood."""


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """A database in memory with today's tables."""
    engine = create_engine("sqlite://", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        METADATA.create_all(connection)
        yield connection
    engine.dispose()


def values() -> st.SearchStrategy[str]:
    """Numbers in several spellings, so that there are ties, and what is no finite number."""
    numbers = st.integers(-3, 3).map(str) | st.sampled_from(["0.50", ".5", "5e-1", "-0", "1e400"])
    return numbers | st.sampled_from(["nan", "-inf", "genotype", "unavailable", " 2 "])


@st.composite
def outputs(draw: st.DrawFn) -> list[list[MetricLog]]:
    """What each source of a trial says, from its first byte to its last; the last source has no origins."""
    sources = []
    for source in ("out", "run:1/events@1", ""):
        said: list[MetricLog] = []
        for place in range(draw(st.integers(0, 30))):
            time_ns = draw(st.none() | st.integers(0, 3).map(lambda late: NOON_NS - late))
            origin = f"{source}:{place // 2 * 7}:{place % 2}" if source else ""
            metric = draw(st.sampled_from(METRICS))
            said.append(MetricLog(metric, draw(values()), time_ns, draw(st.none()), origin))
        sources.append(said)
    return sources


@st.composite
def readings(draw: st.DrawFn) -> list[list[MetricLog]]:
    """Calls of `append`: the sources in any mixture and pieces, begun again from the start any time.

    A value without an origin is handed over once, as nobody can begin again there.
    """
    sources = draw(outputs())
    told, calls = 0, list[list[MetricLog]]()
    for last in [*[False] * draw(st.integers(0, 3)), True]:
        left = [iter(sources[0]), iter(sources[1]), iter(sources[2][told:])]
        sizes = [len(sources[0]), len(sources[1]), len(sources[2]) - told]
        turns = draw(st.permutations([0] * sizes[0] + [1] * sizes[1] + [2] * sizes[2]))
        if not last:
            turns = turns[: draw(st.integers(0, len(turns)))]
        while turns:
            size = draw(st.integers(1, 8))
            calls.append([next(left[turn]) for turn in turns[:size]])
            told += turns[:size].count(2)
            turns = turns[size:]
    return calls


def distinct(calls: Sequence[Sequence[MetricLog]]) -> list[MetricLog]:
    """Every value once, as it first came, dated: the model of what the log knows."""
    seen, known = set[str](), list[MetricLog]()
    for number, call in enumerate(calls):
        for log in call:
            if log.origin not in seen:
                seen |= {log.origin} - {""}
                arrived = logs.nanoseconds(NOON + timedelta(seconds=number))
                dated = log if log.time_ns is not None else replace(log, time_ns=arrived)
                known.append(dated)
    return known


def chosen(known: Sequence[MetricLog]) -> list[MetricLog]:
    """Which values of one metric are kept, said once more: every n-th, and the four."""
    stride = 1
    while len(range(0, len(known), stride)) > MOST:
        stride *= 2
    said = [place for place, log in enumerate(known) if log.value != "unavailable"]
    keep = set(range(0, len(known), stride))
    if said:
        dates = {place: known[place].time_ns or 0 for place in said}
        keep |= {min(said, key=lambda place: dates[place])}
        keep |= {max(said, key=lambda place: (dates[place], place))}
        (summary,) = observe(known, [known[0].metric]).metrics
        for extreme in (summary.min, summary.max):
            keep |= (
                {next(i for i in said if known[i].value.strip() == extreme)} if extreme else set()
            )
    return [known[place] for place in sorted(keep)]


@settings(max_examples=60, deadline=None)
@given(calls=readings())
def test_any_calls_any_crashes_the_same_summary_and_the_same_rows(
    connection: Connection, calls: list[list[MetricLog]]
) -> None:
    """The law: one fold over the distinct values, and an even choice of them, whatever the readings were."""
    trial = a_trial()
    logs.forget(connection, trial.uid)
    counts = [
        logs.append(connection, trial, call, NOON + timedelta(seconds=number), MOST)
        for number, call in enumerate(calls)
    ]
    known = distinct(calls)
    assert sum(counts) == len(known)
    assert logs.summarise(connection, trial.uid, METRICS) == observe(known, METRICS)
    for metric in METRICS:
        mine = [log for log in known if log.metric == metric]
        kept = logs.read(connection, trial.uid, metric, None)
        assert kept == sorted(chosen(mine), key=lambda log: log.time_ns or 0)
        assert len(kept) <= MOST + 4
    everything = logs.read(connection, trial.uid, None, None)
    places = {id(log): arrival for arrival, log in enumerate(known)}
    kept_logs = [
        log for metric in METRICS for log in chosen([m for m in known if m.metric == metric])
    ]
    assert everything == sorted(kept_logs, key=lambda log: (log.time_ns or 0, places[id(log)]))


def test_a_trickle_is_thinned_like_a_flood(connection: Connection) -> None:
    """One value a call leaves the rows that one call of all leaves."""
    flood = [a_value(f"{i * 37 % 101}", NOON_NS + i, at=f"out:{i}:0") for i in range(1_000)]
    slowly, at_once = a_trial("slowly"), a_trial("at once")
    for each in flood:
        logs.append(connection, slowly, [each], NOON, 100)
    logs.append(connection, at_once, flood, NOON, 100)
    kept = logs.read(connection, "slowly", None, None)
    assert kept == logs.read(connection, "at once", None, None)
    assert 50 <= len(kept) <= 104


def test_forgetting_leaves_no_row_behind(connection: Connection) -> None:
    """Values, summaries and marks go together, and those of other trials stay."""
    flood = [a_value("1", i, at=f"out:{i}:0") for i in range(50)]
    tables = ("series", "observation_logs", "marks")

    def counts() -> list[int]:
        rows = [connection.exec_driver_sql(f"SELECT count(*) FROM {each}") for each in tables]  # noqa: S608
        return [count for each in rows for count in each.scalars()]

    before = counts()
    logs.append(connection, a_trial("gone"), flood, NOON, MOST)
    assert counts() != before
    logs.forget(connection, "gone")
    assert counts() == before


def test_dates_and_steps_beyond_the_column_are_bounded(connection: Connection) -> None:
    """A program may date its values in the year 9999."""
    trial: Trial = a_trial("odd")
    odd = [MetricLog("loss", "1", 2**70, -(2**70)), MetricLog("loss", "2", -(2**70), 2**70)]
    assert logs.append(connection, trial, odd, NOON) == 2
    kept = logs.read(connection, "odd", None, None)
    assert [(log.time_ns, log.step) for log in kept] == [
        (1 - 2**63, 2**63 - 1),
        (2**63 - 1, 1 - 2**63),
    ]
