"""What every collector promises, as a suite each of them inherits.

A subclass says how a trial writes a number of values, and how its output is opened.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from munshi import collectors
from munshi.collectors import Collector
from munshi.collectors.contract import BATCH_LOGS
from munshi.metrics.log import MetricLog


def everything(collector: Collector) -> list[MetricLog]:
    """All that a finished trial reported."""
    return [log for batch in collectors.drain(collector) for log in batch]


class CollectorContract:
    """The promises of `munshi.collectors.contract.Collector`, for the metric `loss`."""

    def open(self, root: Path) -> Collector:
        """A new collector on the trial's output below `root`."""
        raise NotImplementedError

    def write(self, root: Path, values: range) -> None:
        """Append one report of `loss` for each value, as the trial would."""
        raise NotImplementedError

    def where(self, root: Path) -> Path:
        """The path that is read."""
        raise NotImplementedError

    def test_nothing_is_there_yet(self, tmp_path: Path) -> None:
        """Before the trial writes, a poll is empty; what it writes later is found."""
        collector = self.open(tmp_path)
        assert collector.poll() == []
        assert not collector.more
        self.write(tmp_path, range(3))
        assert [float(log.value) for log in collector.poll()] == [0, 1, 2]

    def test_nothing_was_ever_written(self, tmp_path: Path) -> None:
        """A trial without output finishes empty, and the reader is told why."""
        collector = self.open(tmp_path)
        assert everything(collector) == []
        (note,) = collector.seen().notes
        assert "was not written" in note

    def test_each_report_comes_once(self, tmp_path: Path) -> None:
        """Polling between and after writes gives each report once, in order."""
        collector, logs = self.open(tmp_path), list[MetricLog]()
        for start in range(0, 30, 10):
            self.write(tmp_path, range(start, start + 10))
            logs += collector.poll()
            assert collector.poll() == []
        logs += everything(collector)
        assert [float(log.value) for log in logs] == list(range(30))

    def test_batches_are_bounded(self, tmp_path: Path) -> None:
        """No call hands out more than BATCH_LOGS; `more` is true until the last is out."""
        count = 2 * BATCH_LOGS + 5
        self.write(tmp_path, range(count))
        collector = self.open(tmp_path)
        sizes = list[int]()
        while not sizes or collector.more:
            sizes.append(len(collector.poll()))
        assert max(sizes) <= BATCH_LOGS
        assert sum(sizes) == count

    def test_finishing_alone_gives_everything(self, tmp_path: Path) -> None:
        """Draining a collector that was never polled gives what polling would have given."""
        self.write(tmp_path, range(2 * BATCH_LOGS))
        assert [float(log.value) for log in everything(self.open(tmp_path))] == list(
            range(2 * BATCH_LOGS)
        )

    def test_reading_again_gives_the_same(self, tmp_path: Path) -> None:
        """After a crash a new collector reports the same logs, with the same origins."""
        collector = self.open(tmp_path)
        self.write(tmp_path, range(7))
        logs = collector.poll()
        self.write(tmp_path, range(7, 20))
        logs += everything(collector)
        again = everything(self.open(tmp_path))
        assert again == logs
        assert len({log.origin for log in again}) == 20

    def test_a_link_is_not_followed(self, tmp_path: Path) -> None:
        """A link in place of the output is refused, with a sentence; a real one later is read."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        self.write(elsewhere, range(3))
        path = self.where(tmp_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(self.where(elsewhere))
        collector = self.open(tmp_path)
        assert everything(collector) == []
        assert "symbolic link" in collector.seen().notes[0]
        path.unlink()
        self.write(tmp_path, range(2))
        assert len(everything(collector)) == 2

    def test_a_linked_folder_above_is_not_followed(self, tmp_path: Path) -> None:
        """A link anywhere below the root is refused."""
        outside = tmp_path / "outside"
        self.write(outside, range(3))
        root = tmp_path / "root"
        root.mkdir()
        path = self.where(root)
        first = path.relative_to(root).parts[0]
        (root / first).symlink_to(outside / first)
        collector = self.open(root)
        assert everything(collector) == []
        assert "symbolic link" in collector.seen().notes[0]

    def test_says_what_was_seen_instead(self, tmp_path: Path) -> None:
        """Names that did get numbers are listed."""
        self.write(tmp_path, range(3))
        collector = self.open(tmp_path)
        collector.poll()
        assert collector.seen().names == ("loss",)

    @pytest.mark.parametrize("polls", [1, 3])
    def test_idle_polls_find_nothing(self, tmp_path: Path, polls: int) -> None:
        """When nothing is new, nothing comes, however often one asks."""
        self.write(tmp_path, range(3))
        collector = self.open(tmp_path)
        collector.poll()
        assert [collector.poll() for _ in range(polls)] == [[]] * polls

    def test_closing_may_be_repeated(self, tmp_path: Path) -> None:
        """A collector is closed at any time, more than once, and leaves the trial's output alone."""
        self.write(tmp_path, range(3))
        collector = self.open(tmp_path)
        collector.poll()
        for _ in range(2):
            collector.close()
        assert len(everything(self.open(tmp_path))) == 3

    def test_the_position_only_grows(self, tmp_path: Path) -> None:
        """Bytes that need not be read again are counted from nothing, and never fewer than before."""
        collector = self.open(tmp_path)
        places = [collector.position]
        for start in range(0, 30, 10):
            self.write(tmp_path, range(start, start + 10))
            collector.poll()
            places.append(collector.position)
        assert places[0] == 0
        assert places == sorted(places)
