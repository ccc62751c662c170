"""PrometheusMetric: a page that the program serves while it runs, scraped every second.

A thread of its own asks, so that a program that is slow to answer holds nobody up; `poll` takes what
has come since. Nothing is left to read once the program has ended: what it showed between the last
scrape and its end is lost, as with every scraper. Until the first answer the thread asks more often,
for programs that are short.

A page shows a state, not reports, and an hour of the same number is not worth 3,600 rows. So a value is
kept when it differs from the one before; and when it then stood still for a while, the last scrape that
still showed it is kept too. Smallest, largest and latest are exact by that, the curve is the same,
and a metric that stands still costs two rows.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from munshi.collectors import exposition
from munshi.collectors.contract import BATCH_LOGS, Endpoint, Seen
from munshi.collectors.exposition import Reading
from munshi.collectors.scrape import TIMEOUT_S, Page, Scraper
from munshi.metrics.log import MetricLog

POLL_S = 1.0
"""Between two scrapes."""
EAGER_S = 0.1
"""Between two scrapes before the first answer."""

_PATIENCE_S = 0.05  # what `finish` waits for a scrape that was just given up
_BACKLOG = 100_000  # logs that nobody takes, before the scraping pauses


def open_page(endpoint: Endpoint, metrics: Sequence[str]) -> PrometheusCollector:
    """The collector of kind PrometheusMetric."""
    return PrometheusCollector(endpoint, metrics)


class PrometheusCollector:
    """Scrapes one page; see `Collector`. Its logs have no origin: what is seen again is new again.

    Args:
        endpoint: The page.
        metrics: The requested names, the objective first, each perhaps with labels.
        poll_s: Seconds between two scrapes.

    Raises:
        LaunchRefused: The page is not on this machine.
    """

    def __init__(
        self, endpoint: Endpoint, metrics: Sequence[str], *, poll_s: float = POLL_S
    ) -> None:
        self._url = endpoint.url
        self._scraper = Scraper(endpoint)
        wanted = [name for name in dict.fromkeys(each.strip() for each in metrics) if name]
        self._series = {exposition.selector(name): _Series(name) for name in wanted}
        self._poll_s = poll_s
        self._queue: deque[MetricLog] = deque()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._answers = 0
        self._trouble = "was not asked; the trial was over at once"
        self._names: tuple[str, ...] = ()
        self.more = False

    @property
    def position(self) -> int:
        """A page has no place."""
        return 0

    @property
    def given_up(self) -> int:
        """Nothing is ever dropped here."""
        return 0

    def poll(self) -> list[MetricLog]:
        """What was scraped since the last call; the first call only begins the scraping."""
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._scrape_on, name=self._url, daemon=True)
            self._thread.start()
            return []
        return self._batch(busy=False)

    def finish(self) -> list[MetricLog]:
        """The last of what was scraped; nobody is asked any more."""
        self._end(_PATIENCE_S)
        busy = self._thread is not None and self._thread.is_alive()
        if not busy:
            for each in self._series.values():
                self._queue.extend(each.end())
        return self._batch(busy=busy)

    def seen(self) -> Seen:
        """The series on the last page that lacked a metric, and what kept pages from being read."""
        notes = [note for each in self._series.values() for note in each.notes]
        if not self._answers:
            notes.insert(0, f"{self._url} {self._trouble}")
        return Seen(self._names, tuple(notes))

    def close(self) -> None:
        """End the thread; it gives up at once, unless it waits for a connection."""
        self._end(TIMEOUT_S)

    def _end(self, patience_s: float) -> None:
        self._stop.set()
        self._scraper.abort()
        if self._thread is not None:
            self._thread.join(patience_s)

    def _batch(self, *, busy: bool) -> list[MetricLog]:
        count = min(len(self._queue), BATCH_LOGS)
        batch = [self._queue.popleft() for _ in range(count)]
        self.more = busy or bool(self._queue)
        return batch

    def _scrape_on(self) -> None:
        """The thread: ask, keep what is new, wait."""
        while not self._stop.is_set():
            began = time.monotonic()
            if len(self._queue) < _BACKLOG:
                self._scrape()
            took_s = time.monotonic() - began  # a page that is long to read is read less often
            usual_s = self._poll_s if self._answers else min(self._poll_s, EAGER_S)
            self._stop.wait(max(usual_s, took_s))

    def _scrape(self) -> None:
        page = self._scraper.fetch()
        if not isinstance(page, Page):
            self._trouble = page
            return
        now_ns = time.time_ns()
        found = exposition.read(page.content, page.content_type, self._series)
        for wanted, series in self._series.items():
            if wanted in found:
                self._queue.extend(series.add(found[wanted], now_ns))
        self._answers += 1
        if len(found) < len(self._series):
            self._names = exposition.names(page.content)


@dataclass(slots=True)
class _Series:
    """What one requested metric was, scrape by scrape."""

    metric: str
    kept: MetricLog | None = None
    standing: MetricLog | None = None
    crowded: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know."""
        said = f"{self.metric} means several series, and the first on the page was read"
        return (f"{said}; choose one by its labels",) if self.crowded else ()

    def add(self, reading: Reading, now_ns: int) -> list[MetricLog]:
        """One more scrape; what of it and of those before is to be kept."""
        self.crowded |= reading.others
        time_ns = now_ns if reading.time_ns is None else reading.time_ns
        log = MetricLog(self.metric, reading.value, time_ns)
        if self.kept is not None and log.value == self.kept.value:
            self.standing = log if time_ns != self.kept.time_ns else self.standing
            return []
        logs = [*self.end(), log]
        self.kept = log
        return logs

    def end(self) -> list[MetricLog]:
        """The last scrape that still showed the value that was kept."""
        logs = [] if self.standing is None else [self.standing]
        self.standing = None
        return logs
