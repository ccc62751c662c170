"""PrometheusMetric: real pages, over real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.contract import everything
from collectors.pages import Pages, raw
from munshi import collectors
from munshi.collectors import Endpoint, listeners, scrape
from munshi.collectors.prometheus import PrometheusCollector
from munshi.errors import LaunchRefused
from munshi.metrics.log import MetricLog

FAST_S = 0.01
BOUND_S = 30.0
"""How long a test waits for what must come."""


@pytest.fixture
def pages() -> Iterator[Pages]:
    """A program that serves a page."""
    with Pages().serving() as served:
        yield served


@pytest.fixture
def follow() -> Iterator[Callable[..., PrometheusCollector]]:
    """Opens a quick collector of `loss`; afterwards none of their threads is left."""
    opened = list[PrometheusCollector]()

    def begin(
        endpoint: Endpoint | str, metrics: tuple[str, ...] = ("loss",)
    ) -> PrometheusCollector:
        page = Endpoint(endpoint) if isinstance(endpoint, str) else endpoint
        opened.append(PrometheusCollector(page, metrics, poll_s=FAST_S))
        assert opened[-1].poll() == []
        return opened[-1]

    yield begin
    for each in opened:
        each.close()
        assert each._thread is not None
        assert not each._thread.is_alive()


Follow = Callable[..., PrometheusCollector]


def until(reached: Callable[[], object]) -> None:
    """Wait for something that must come, within a bound."""
    end = time.monotonic() + BOUND_S
    while not reached():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.002)


def polled(collector: PrometheusCollector, value: str) -> list[MetricLog]:
    """Poll until a value comes; what came, that included."""
    logs = list[MetricLog]()

    def came() -> bool:
        logs.extend(collector.poll())
        return any(log.value == value for log in logs)

    until(came)
    return logs


def scraped(pages: Pages, more: int) -> None:
    """Wait until the page was asked for some more times."""
    target = len(pages.asked) + more
    until(lambda: len(pages.asked) >= target)


def test_a_value_is_read_while_the_program_runs(pages: Pages, follow: Follow) -> None:
    """What the page shows is polled, dated by the scrape, without an origin."""
    pages.show("loss 0.5\n")
    before = time.time_ns()
    (log,) = polled(follow(pages.url), "0.5")
    assert (log.metric, log.value, log.step, log.origin) == ("loss", "0.5", None, "")
    assert log.time_ns is not None
    assert before <= log.time_ns <= time.time_ns()


def test_a_value_that_stands_still_costs_two_rows(pages: Pages, follow: Follow) -> None:
    """The first and the last scrape of an unchanged value are kept, so the curve keeps its shape."""
    pages.show("loss 3\n")
    collector = follow(pages.url)
    logs = polled(collector, "3.0")
    scraped(pages, 5)
    assert collector.poll() == []
    pages.show("loss 2\n")
    logs += polled(collector, "2.0")
    scraped(pages, 5)
    logs += everything(collector)
    assert [log.value for log in logs] == ["3.0", "3.0", "2.0", "2.0"]
    times = [log.time_ns or 0 for log in logs]
    assert times == sorted(set(times))


def test_every_change_is_kept(pages: Pages, follow: Follow) -> None:
    """Smallest, largest and latest of what was scraped are all there, NaN as well."""
    collector, logs = follow(pages.url), list[MetricLog]()
    for value in ("1.0", "9.0", "nan", "-3.0", "4.0"):
        pages.show(f"loss {value}\n")
        logs += polled(collector, value)
    kept = [log.value for log in logs + everything(collector)]
    assert list(dict.fromkeys(kept)) == ["1.0", "9.0", "nan", "-3.0", "4.0"]
    assert kept[-1] == "4.0"


def test_the_pages_own_time_counts(pages: Pages, follow: Follow) -> None:
    """A sample's timestamp dates it; while that stands still too, there is nothing more to keep."""
    pages.show("loss 3 1700000000123\n")
    collector = follow(pages.url)
    logs = polled(collector, "3.0")
    scraped(pages, 3)
    logs += everything(collector)
    assert [log.time_ns for log in logs] == [1700000000123000000]


def test_labels_choose_and_the_metric_keeps_its_name(pages: Pages, follow: Follow) -> None:
    """A metric with labels is reported under the name it was requested by."""
    pages.show('accuracy{split="train"} 0.9\naccuracy{split="val"} 0.8\n')
    metrics = ('accuracy{split="val"}', "accuracy")
    collector = follow(pages.url, metrics)
    logs = polled(collector, "0.8")
    assert {(log.metric, log.value) for log in logs} == {(metrics[0], "0.8"), ("accuracy", "0.9")}
    (note,) = collector.seen().notes
    assert note == (
        "accuracy means several series, and the first on the page was read; choose one by its labels"
    )


def test_says_which_series_there_were(pages: Pages, follow: Follow) -> None:
    """Without the metric on the page, the series that are there are listed with their labels."""
    pages.show('val_loss{fold="1"} 3\nup 1\n')
    collector = follow(pages.url)
    scraped(pages, 2)
    assert everything(collector) == []
    assert collector.seen().names == ('val_loss{fold="1"}', "up")


def test_path_query_and_headers_are_sent(pages: Pages, follow: Follow) -> None:
    """The page is asked for as the Experiment says, in the formats that are understood."""
    pages.show("loss 1\n")
    url = f"http://localhost:{pages.port}/모델/metrics?name[]=loss&x=a b"
    collector = follow(Endpoint(url, (("X-Token", "secret"), ("Accept-Encoding", "gzip"))))
    polled(collector, "1.0")
    path, headers = pages.asked[0]
    assert path == "/%EB%AA%A8%EB%8D%B8/metrics?name[]=loss&x=a%20b"
    assert headers["X-Token"] == "secret"
    assert headers["Accept-Encoding"] == "identity"
    assert headers["Accept"].startswith("text/plain;version=0.0.4")


ANSWERS: dict[str, tuple[int, dict[str, str], bytes, str]] = {
    "an error": (503, {}, b"loss 1\n", "answers with status 503 Service Unavailable"),
    "a redirect": (
        302,
        {"Location": "http://169.254.169.254/"},
        b"loss 1\n",
        "answers with status 302; redirects are not followed",
    ),
    "a page beyond the bound": (
        200,
        {},
        b"loss 1\n" * (scrape.MAX_PAGE // 7 + 2),
        "is longer than 16 MiB, and is not read",
    ),
    "a page that ends too early": (
        200,
        {"Transfer-Encoding": "chunked"},
        b"ff\r\nloss 1\n",
        "Read",
    ),
    "no HTTP": (200, {"X": "y" * 70_000}, b"loss 1\n", "does not answer: "),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_bad_answer_is_told(
    pages: Pages, follow: Follow, answer: tuple[int, dict[str, str], bytes, str]
) -> None:
    """What is no page is not read, and who misses the metric is told why; a good page later counts."""
    *_, said = answer
    pages.answer = answer[:3]
    collector = follow(pages.url)
    scraped(pages, 2)
    until(lambda: said in collector.seen().notes[0])
    assert collector.poll() == []
    assert collector.seen().notes[0].startswith(f"{pages.url} ")
    pages.show("loss 1\n")
    polled(collector, "1.0")
    assert collector.seen().notes == ()


def test_a_cut_page_is_read_to_its_last_whole_line(pages: Pages, follow: Follow) -> None:
    """A program that dies amid its page leaves half a number, which is none."""
    pages.answer = (200, {}, b"loss 1\nloss2 0.12")
    collector = follow(pages.url, ("loss2", "loss"))
    assert [log.metric for log in polled(collector, "1.0")] == ["loss"]


def test_nobody_listens_at_first(follow: Follow) -> None:
    """A program that is slow to begin is asked until it answers."""
    pages = Pages()
    pages.show("loss 1\n")
    collector = follow(pages.url)
    with pages.serving():
        polled(collector, "1.0")


def test_nobody_ever_listens(follow: Follow) -> None:
    """A port without a listener is told as such."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    collector = follow(f"http://localhost:{port}/metrics")
    until(lambda: "nobody listens there" in collector.seen().notes[0])
    assert everything(collector) == []


def _silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait()


def _dripping(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.wait(0.005):
        connection.sendall(b"#")


def _dripping_headers(connection: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.005):
        connection.sendall(b"H")


SLOW = {"silent": _silent, "an endless page": _dripping, "an endless head": _dripping_headers}


@pytest.mark.parametrize("speak", SLOW.values(), ids=SLOW)
def test_a_slow_program_holds_nobody_up(
    follow: Follow, speak: Callable[[socket.socket, threading.Event], None]
) -> None:
    """Polls return at once, and at the end a scrape under way is given up, not waited for."""
    with raw(speak) as url:
        collector = follow(url)
        until(lambda: collector._scraper._socket is not None)
        began = time.monotonic()
        assert [collector.poll() for _ in range(100)] == [[]] * 100
        assert everything(collector) == []
        collector.close()
        assert time.monotonic() - began < scrape.TIMEOUT_S
        assert collector.poll() == []


def test_an_end_before_the_first_poll(pages: Pages) -> None:
    """A trial that was over before anybody looked has nothing to show, and is told so."""
    collector = PrometheusCollector(Endpoint(pages.url), ["loss"])
    assert everything(collector) == []
    assert collector.seen().notes == (f"{pages.url} was not asked; the trial was over at once",)
    collector.close()
    collector.close()
    assert pages.asked == []


ELSEWHERE = {
    "another machine": "http://10.0.0.1:8080/metrics",
    "a name": "http://metrics.example:8080/metrics",
    "every address": "http://0.0.0.0:8080/metrics",
    "another scheme": "file:///etc/passwd",
    "a port beyond": "http://127.0.0.1:99999/metrics",
    "half an address": "http://[::1/metrics",
}


@pytest.mark.parametrize("url", ELSEWHERE.values(), ids=ELSEWHERE)
def test_only_this_machine_is_asked(url: str) -> None:
    """An address elsewhere is refused before anything is sent."""
    with pytest.raises(LaunchRefused, match=r"(scrape|this machine)"):
        collectors.open_collector("PrometheusMetric", Endpoint(url), ["loss"])


HEADERS = {
    "a line within a value": ("X-Token", "a\r\nHost: elsewhere"),
    "a blank within a name": ("X Token", "a"),
    "no name": ("", "a"),
    "a value that no header can carry": ("X-Token", "비밀"),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_headers_that_cannot_be_sent_are_refused(header: tuple[str, str]) -> None:
    """A header that would break the request is refused beforehand, by its name."""
    page = Endpoint("http://127.0.0.1:1/metrics", (header,))
    with pytest.raises(LaunchRefused, match=f'header "{header[0]}" cannot be sent'):
        collectors.open_collector("PrometheusMetric", page, ["loss"])


PROGRAM = """
import sys, time
from prometheus_client import Gauge, start_http_server
server, _ = start_http_server(0, addr="127.0.0.1")
loss = Gauge("loss", "how bad", ["split"])
loss.labels("val").set(0.75)
print(server.server_port, flush=True)
sys.stdin.readline()
loss.labels("val").set(0.25)
sys.stdin.readline()
"""


def test_a_real_program_with_a_real_client(follow: Follow) -> None:
    """A program that uses `prometheus_client` is followed from its start to its end."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin
        assert program.stdout
        port = int(program.stdout.readline())
        page = Endpoint(f"http://localhost:{port}/metrics", processes=lambda: [program.pid])
        collector = follow(page, ('loss{split="val"}',))
        logs = polled(collector, "0.75")
        print(file=program.stdin, flush=True)
        logs += polled(collector, "0.25")
        program.kill()
    logs += everything(collector)
    assert list(dict.fromkeys(log.value for log in logs)) == ["0.75", "0.25"]


def test_another_programs_page_is_not_read(follow: Follow, pages: Pages) -> None:
    """When the port belongs to a program outside of the trial, its numbers are not this trial's."""
    pages.show("loss 1\n")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as trial:
        collector = follow(Endpoint(pages.url, processes=lambda: [trial.pid]))
        said = "is served by a program that is not part of this trial"
        until(lambda: collector.seen().notes == (f"{pages.url} {said}",))
        assert everything(collector) == []
        assert pages.asked == []
        mine = Endpoint(pages.url, processes=lambda: [trial.pid, os.getpid()])
        polled(follow(mine), "1.0")


def test_who_listens() -> None:
    """The owner of a listening socket is known; a port without one, and processes that ended, are not."""
    me = [os.getpid()]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert listeners.holds(me, port) is True
        assert listeners.holds([2**22 + 1], port) is False
        assert listeners.holds([], port) is False
    assert listeners.holds(me, port) is None
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        assert listeners.holds(me, listening.getsockname()[1]) is True


def test_https_is_spoken(tmp_path: Path, follow: Follow) -> None:
    """Scheme HTTPS works with the program's own certificate, as for a kubelet."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-nodes", "-subj", "/CN=trial", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    pages = Pages(certificate, key)
    pages.show("loss 1\n")
    with pages.serving():
        polled(follow(pages.url), "1.0")
