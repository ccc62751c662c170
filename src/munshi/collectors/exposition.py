"""What a page of Prometheus metrics says about the requested ones.

Two dialects: the text format 0.0.4 and OpenMetrics 1.0, told apart by the answer's content type. The
grammar of a line is `prometheus_client`'s; here the few lines that can matter are found first, so that
a page of a hundred thousand series costs little, and a line that is broken harms none but itself.

A requested metric is the name of a sample, `accuracy` or `loss_sum`, and may choose by labels,
`accuracy{split="val"}`: the sample must carry all of them and may carry more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from prometheus_client import Metric, parser
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.samples import Sample, Timestamp

from munshi.metrics import lines, number, timestamp

_NAME = r"[a-zA-Z_:][\w:]*"
_LABEL = re.compile(rf'\s*({_NAME})\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)', re.ASCII | re.DOTALL)
_ESCAPES = {r"\n": "\n", r"\"": '"', r"\\": "\\"}
_ESCAPE = re.compile(r"\\[n\"\\]")
_LABELS = rb'\{(?:[^"}\n]|"(?:[^"\\\n]|\\.)*+")*+\}'
_SERIES = re.compile(
    rb"^[ \t]*+([^#\s{][^\s{]*+(?:%b)?|%b)[ \t]++\S" % (_LABELS, _LABELS), re.MULTILINE
)
_BEFORE_EXEMPLAR = re.compile(rb'(?:[^"#]|"(?:[^"\\]|\\.)*+")*+')
_LONGEST = 64 << 10  # bytes of a line that may matter
_MOST = 5_000  # lines looked into for one metric
_SAMPLE = 1 << 20  # bytes of a page that are searched for other names


@dataclass(frozen=True, slots=True)
class Selector:
    """A requested metric, understood.

    Attributes:
        metric: As it was requested.
        name: The sample's name.
        labels: What the sample must carry.
    """

    metric: str
    name: str
    labels: tuple[tuple[str, str], ...] = ()


class Reading(NamedTuple):
    """One value on a page.

    Attributes:
        value: The number's text.
        time_ns: When the page says it was so; None when it does not say.
        others: Whether further series of the page are the same metric.
    """

    value: str
    time_ns: int | None
    others: bool


def selector(metric: str) -> Selector:
    """Understand a requested name; one that is no selector stands for the sample of just that name."""
    name, brace, rest = metric.strip().partition("{")
    if not brace or not name.strip() or not rest.endswith("}"):
        return Selector(metric, metric.strip())
    labels, at, inner = list[tuple[str, str]](), 0, rest[:-1]
    while inner[at:].strip():
        found = _LABEL.match(inner, at)
        if found is None:
            return Selector(metric, metric.strip())
        labels.append((found[1], _ESCAPE.sub(lambda each: _ESCAPES[each[0]], found[2])))
        at = found.end()
    return Selector(metric, name.strip(), tuple(labels))


def read(page: bytes, content_type: str, selectors: Iterable[Selector]) -> dict[Selector, Reading]:
    """The first sample on the page that each selector means; those without any are left out.

    Args:
        page: What was served. A last line without an end is not read: it may be half a number.
        content_type: As it was declared.
        selectors: The requested metrics.
    """
    samples = _openmetrics if "openmetrics-text" in content_type.lower() else _text
    page = page[: page.rfind(b"\n") + 1]
    found: dict[Selector, Reading] = {}
    for each in selectors:
        matching = _matching(each, page, samples)
        first = next(matching, None)
        if first is not None:
            others = next(matching, None) is not None
            found[each] = Reading(number.write(float(first.value)), _time(first), others)
    return found


def names(page: bytes, limit: int = 20) -> tuple[str, ...]:
    """The first few series on a page, with their labels, as they could be requested."""
    page = page[:_SAMPLE]
    found: dict[str, None] = {}
    for each in _SERIES.finditer(page[: page.rfind(b"\n") + 1]):
        found[lines.shown(each[1], 100)] = None
        if len(found) >= limit:
            break
    return tuple(found)


def _matching(
    wanted: Selector, page: bytes, samples: Callable[[str], Iterable[Sample]]
) -> Iterator[Sample]:
    mentioned = [_escaped(value) for _, value in wanted.labels]
    likely = (
        line for line in _candidates(wanted.name, page) if all(value in line for value in mentioned)
    )
    for line in islice(likely, _MOST):
        try:
            (sample,) = samples(line.decode("utf-8", "replace").strip())
        except (ValueError, LookupError, TypeError, AttributeError):  # what its parsers raise
            continue
        labels = sample.labels
        if sample.name == wanted.name and all(labels.get(k) == v for k, v in wanted.labels):
            yield sample


def _candidates(name: str, page: bytes) -> Iterator[bytes]:
    """Lines that may be a sample of that name: it stands first, or quoted within the braces."""
    written = name.encode("utf-8", "replace")
    if not written:
        return
    quoted = _escaped(name)
    at = 0
    while (place := page.find(written, at)) >= 0:
        start, end = page.rfind(b"\n", 0, place) + 1, page.find(b"\n", place)
        at = end
        head = page[start : min(end, start + _LONGEST)].lstrip(b" \t")
        bare = head.startswith(written) and head[len(written) : len(written) + 1] in b"{ \t"
        if end - start <= _LONGEST and (bare or (head.startswith(b"{") and quoted in head)):
            yield _BEFORE_EXEMPLAR.match(head)[0]  # type: ignore[index]  # it matches anything


def _escaped(text: str) -> bytes:
    r"""A text in quotes, as both formats write it; only `\`, `"` and the end of a line are escaped."""
    inner = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{inner}"'.encode("utf-8", "replace")


def _text(line: str) -> list[Sample]:
    families = parser.text_string_to_metric_families(f"{line}\n")
    return [sample for family in families for sample in family.samples]


def _openmetrics(line: str) -> list[Sample]:
    read_families: Callable[[str], Iterable[Metric]] = (
        openmetrics.text_string_to_metric_families
    )  # untyped
    families = read_families(f"{line}\n# EOF\n")
    return [sample for family in families for sample in family.samples]


def _time(sample: Sample) -> int | None:
    """When, in nanoseconds: the text format tells it in milliseconds, OpenMetrics in decimal seconds."""
    if sample.timestamp is None:
        return None
    if isinstance(sample.timestamp, Timestamp):
        return timestamp.read_epoch_s(f"{sample.timestamp.sec}.{sample.timestamp.nsec:09d}")
    time_ns = timestamp.from_seconds(sample.timestamp)
    return None if time_ns is None else round(time_ns, -6)
