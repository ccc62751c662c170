"""Logs as the API server hands them out: the same values however often, and from wherever, they are read."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.kube.sidecar import records
from munshi.kube.sidecar.records import End, Summary
from munshi.kube.trials.logs import LogReader, Output, Records
from munshi.metrics.log import MetricLog
from munshi.store.marks import place_of

START = 1_796_000_000 * 10**9


def stamped(*lines: bytes, every: int = 1_000) -> bytes:
    """Lines as a node writes them down, so many nanoseconds apart."""
    return b"".join(
        _stamp(START + at * every) + b" " + line + b"\n" for at, line in enumerate(lines)
    )


def _stamp(time_ns: int) -> bytes:
    from datetime import UTC, datetime  # noqa: PLC0415

    seconds, rest = divmod(time_ns, 10**9)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}".rstrip("0").rstrip(".").encode() + b"Z"


def output() -> LogReader:
    """A reader of a program's own output."""
    return LogReader(Output("stdout/p", ["accuracy", "loss"]))


def test_a_line_gives_its_values_with_its_time_and_place() -> None:
    """Undated values get the time of the line; several in one line follow each other."""
    found = output().feed(stamped(b"hello", b"loss=2 accuracy=0.5"))
    assert [(log.metric, log.value, log.time_ns) for log in found] == [
        ("loss", "2", START + 1_000),
        ("accuracy", "0.5", START + 1_000),
    ]
    sources = {place_of(log.origin)[0] for log in found}
    places = [place_of(log.origin)[1] for log in found]
    assert sources == {"stdout/p"}
    assert places[0] < places[1]


def test_a_date_that_the_program_wrote_counts() -> None:
    """More than that of the line."""
    (log,) = output().feed(stamped(b"2026-11-24T08:00:00Z loss=1"))
    assert log.time_ns == 1_795_507_200 * 10**9


CUTS = st.lists(st.integers(0, 2_000), max_size=8)
LINES = st.lists(
    st.sampled_from([b"loss=1", b"loss=2", b"nothing", b"", b"accuracy=3 loss=4", b"\xff\xfe=1"]),
    max_size=30,
)
GAPS = st.sampled_from([0, 1, 1_000, 300_000_000])


@given(LINES, CUTS, GAPS)
def test_pieces_do_not_matter(lines: list[bytes], cuts: list[int], every: int) -> None:
    """However the network cuts the log, the values and their places are the same."""
    whole = stamped(*lines, every=every)
    reader = output()
    found = []
    for begin, end in pairwise(sorted({0, *cuts, len(whole)} & set(range(len(whole) + 1)))):
        found += reader.feed(whole[begin:end])
    found += reader.end()
    assert found == output().feed(whole)


@given(LINES, st.integers(0, 2_000), GAPS)
def test_a_reading_that_breaks_off_goes_on(lines: list[bytes], cut: int, every: int) -> None:
    """From the second it had come to; nothing is missing, nothing is twice."""
    whole = stamped(*lines, every=every)
    reader = output()
    found = reader.feed(whole[:cut])
    since = reader.again()
    rest = b"".join(
        line
        for line in whole.splitlines(keepends=True)
        if since is None or line[:19] >= since[:19].encode()
    )
    found += reader.feed(rest)
    assert found == output().feed(whole)


def test_places_rise_even_where_times_do_not() -> None:
    """Two streams meet in one log: a line may carry an earlier time than the one before."""
    late, early = stamped(b"loss=1", b"loss=2").splitlines(keepends=True)
    found = output().feed(early + late + late)
    places = [place_of(log.origin)[1] for log in found]
    assert places == sorted(set(places))
    assert len(places) == 3


def test_places_fit_the_ledger() -> None:
    """A time is a number of 18 digits at most, which the store takes for a place."""
    (log,) = output().feed(stamped(b"loss=1"))
    assert place_of(log.origin)[1] != (0, 0)


def test_an_endless_line_is_read_at_its_beginning() -> None:
    """A hundred megabytes without an end cost one, and the next line counts again."""
    reader = output()
    found = reader.feed(stamped(b"loss=1 " + b"x" * 2**21)[:-1])
    for _ in range(20):
        found += reader.feed(b"y" * 2**20)
    found += reader.feed(b" loss=9\n" + stamped(b"a", b"loss=2"))
    assert [log.value for log in found] == ["1", "2"]


def test_what_was_found_instead_is_told_as_long_as_the_objective_is_missing() -> None:
    """Names with numbers at either end of the log."""
    lines = Output("s", ["accuracy"])
    LogReader(lines).feed(stamped(b"acc=1", *[b"." * 100] * 1_000, b"los=2"))
    assert set(lines.end().seen) == {"acc", "los"}


def test_the_nodes_own_words_are_no_output() -> None:
    """A line without a time says why there is no log."""
    reader = output()
    assert reader.feed(b"unable to retrieve container logs for containerd://abc loss=1\n") == []
    assert reader.unstamped.startswith(b"unable to retrieve")


def printed(*said: MetricLog | Summary | End) -> bytes:
    """What a sidecar printed, as a node writes it down."""
    return stamped(*[records.write(each).rstrip(b"\n") for each in said])


def test_a_sidecars_values_keep_their_places_and_are_their_pods() -> None:
    """Its own places survive its restart; another pod's file begins at 0 again."""
    lines = Records("pod", ["loss"])
    log = MetricLog("loss", "1", None, 3, "file:40:1")
    (found,) = LogReader(lines).feed(printed(log, MetricLog("other", "2", None)))
    assert (found.origin, found.step, found.time_ns) == ("file/pod:40:1", 3, START)


@pytest.mark.parametrize(("count", "extra"), [(2, 0), (5, 3)], ids=["all printed", "thinned"])
def test_what_was_not_printed_comes_with_the_summary(count: int, extra: int) -> None:
    """Smallest, largest and latest of all values, where some have no line of their own."""
    three = tuple(MetricLog("loss", value, at) for at, value in enumerate("195"))
    found = LogReader(Records("pod", ["loss"])).feed(printed(Summary("loss", count, 2, three)))
    assert [log.value for log in found] == ["1", "9", "5"][:extra]
    assert len({log.origin for log in found}) == extra


def test_the_last_word_is_kept() -> None:
    """For the message of a trial whose objective is missing."""
    lines = Records("pod", ["loss"])
    LogReader(lines).feed(printed(End(("los",), ("m.log is empty",))))
    assert lines.end() == End(("los",), ("m.log is empty",))
