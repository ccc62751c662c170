r"""Metrics in plain lines of output: `epoch=3 loss=0.31, accuracy=0.93`.

`collectors` hand in blocks of whole lines; MetricLogs come out. By Katib's contract (metrics
collection contract §2) a metric is `name = value` with optional blanks, found any number of times
in a line, and a line may begin with an RFC 3339 date. Katib finds names by one fixed pattern and
filters afterwards; here the pattern is built from the requested names, which mends three things and
keeps the rest:

- a name with `/`, `.`, `:`, blanks or non-ASCII letters is found when it is requested literally;
- a look-alike does not count: in `train/accuracy=1`, `val.loss=1`, `train-loss=1` and `μloss=1` the
  plain `accuracy` or `loss` is only the end of another name. A name ends to the left at anything
  but a letter, a digit, `_`, `-`, `|`, or a `/` or `.` that follows one of these. A colon does not
  join, as Python's logging writes `INFO:root:loss=1`;
- a value is a number, `nan` or `inf`, never empty; `None`, `tensor(0.5)`, `-` and `.` are counted
  and not kept.

As in Katib a value ends where the number ends: `0.5%` is 0.5, `1.` and `1e` are 1. So `1,000` is 1
and `0x10` is 0 as well; these cannot be told from a list of numbers, and `notes` mentions them.

With the user's own filters (RE2 patterns; group 1 the name, group 2 the value) text values are kept
too. RE2 runs in linear time whatever the pattern; Python's `re` does not, and is used for our own
patterns only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Protocol

from munshi.errors import FieldFault, Invalid, MissingExtra, Path
from munshi.metrics import lines, timestamp
from munshi.metrics.log import MetricLog, storable

_BLANKS = rb"[ \t\f\v]*+"
_VALUE = (
    rb"((?>[+-]?(?:"
    rb"(?:[0-9]+(?:\.[0-9]+|\.(?=[eE][+-]?[0-9]))?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    rb"|(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)(?!\w)"
    rb"))(?!_[0-9]))"
)
_MORE = rb"(?:(?=([,.xX][0-9])))?"  # what follows looks like the rest of the same number
_WORD = re.compile(rb"\S*")
_LARGEST_FILTER = 1 << 20
"""Bytes that RE2 may use for a filter. Its own 8 MiB hold patterns so large that a line takes seconds."""

_SEEN = re.compile(
    r"(?<![\w./|-])([^\W\d](?:[\w./|-]*+))(?:[ \t]*+=[ \t]*+|[\"'][ \t]*+:[ \t]*+|:[ \t]++)[\"']?"
    r"[+-]?(?:\d|\.\d|nan\b|inf)",
    re.IGNORECASE,
)


class TextScanner:
    """Reads lines of text.

    Args:
        metrics: The requested names, the objective first.
        filters: RE2 patterns that replace the default grammar. Each is applied to every line that
            mentions a requested name; a place in the line that several of them match is kept once,
            for the first of them.

    Raises:
        Invalid: Filters that cannot be used, all of them; `check_filter` says so beforehand.
        MissingExtra: There are filters, and the google-re2 package is not installed.
    """

    def __init__(self, metrics: Sequence[str], filters: Sequence[str] = ()) -> None:
        names = [name for name in dict.fromkeys(each.strip() for each in metrics) if name]
        self._names = {name.encode("utf-8", "replace"): name for name in names}
        longest_first = sorted(self._names, key=len, reverse=True)
        self._mention = re.compile(b"|".join(map(re.escape, longest_first)) or rb"(?!)")
        self._pattern = re.compile(_default_pattern(longest_first))
        self._filters = _compiled(filters)
        self.unreadable = 0
        self._first_unreadable = ""
        self._first_clipped = ""

    def scan(self, block: bytes, offset: int, source: str) -> list[MetricLog]:
        """The metrics in a block of whole lines; see `Scanner`. Linear in the block's length."""
        if not any(name in block for name in self._names):
            return []
        logs: list[MetricLog] = []
        find = self._by_filters if self._filters else self._by_default
        for start, raw in lines.holding(block, self._mention):
            line = lines.plain(raw)
            time_ns = _leading_date(line)
            place = f"{source}:{offset + start}:"
            logs += [
                MetricLog(name, value, time_ns, None, f"{place}{index}")
                for index, (name, value) in enumerate(find(line))
            ]
        return logs

    def notes(self) -> tuple[str, ...]:
        """What was met and could not be used."""
        said = []
        if self.unreadable:
            said.append(
                f"{self.unreadable} reported value(s) were not numbers, the first: {self._first_unreadable}"
            )
        if self._first_clipped:
            said.append(f"{self._first_clipped}; print plain decimal numbers")
        return tuple(said)

    def _by_default(self, line: bytes) -> Iterator[tuple[str, str]]:
        for found in self._pattern.finditer(line):
            name, value, more = found.groups()
            if (
                found.start()
                and line[found.start() - 1] >= 0x80
                and _ends_in_letter(line, found.start())
            ):
                continue
            if value is None:
                self._count_unreadable(line, found)
                continue
            if more is not None and not self._first_clipped:
                rest = lines.shown(_word_from(line, found.start(2)))
                self._first_clipped = f'"{self._names[name]}={rest}" was read as {value.decode()}'
            yield self._names[name], value.decode()

    def _count_unreadable(self, line: bytes, found: re.Match[bytes]) -> None:
        self.unreadable += 1
        if not self._first_unreadable:
            rest = lines.shown(_word_from(line, found.end()))
            self._first_unreadable = f'"{self._names[found[1]]}={rest}"'

    def _by_filters(self, line: bytes) -> Iterator[tuple[str, str]]:
        # RE2 steps over bytes that are not UTF-8, Go reads each as U+FFFD; so that both find the same:
        line = line if line.isascii() else line.decode("utf-8", "replace").encode()
        kept: set[tuple[str, int]] = set()
        empty: dict[tuple[str, int], bytes] = {}
        for each in self._filters:
            for found in each.finditer(line):
                if found[1] is None or found[2] is None:
                    continue
                name = found[1].decode("utf-8", "replace").strip()
                place = (name, found.start(2))
                if name.encode() not in self._names or place in kept:
                    continue
                value = storable(found[2].decode("utf-8", "replace"))
                if value is None:
                    empty[place] = found[0]
                    continue
                kept.add(place)
                yield name, value
        for place, piece in empty.items():
            if place not in kept:
                self.unreadable += 1
                self._first_unreadable = self._first_unreadable or f'"{lines.shown(piece)}"'


def check_filter(pattern: str) -> str | None:
    """What is wrong with a user's filter, as a sentence without a subject; None when it can be used.

    Args:
        pattern: RE2 syntax, as in `source.filter.metricsFormat`.

    Raises:
        MissingExtra: The google-re2 package is not installed.
    """
    try:
        groups = _re2_compile(pattern).groups
    except ValueError as fault:
        return str(fault)
    if groups < 2:
        return (
            f"has {groups} capturing group(s) and needs two: the first finds the metric's name, "
            r"the second its value, as in ([\w-]+)=([0-9.]+)"
        )
    return None


def names_seen(block: bytes, limit: int = 20) -> list[str]:
    """Names that a piece of output gives numbers to, as `name=number`, `name: number` or `"name": number`.

    For the message of a trial whose objective is missing: the name it printed instead is usually
    among them.

    Args:
        block: Any output, cut anywhere.
        limit: How many names at most; first come, first served.
    """
    text = lines.plain(block).decode("utf-8", "replace")
    names: dict[str, None] = {}
    for found in _SEEN.finditer(text):
        names[found[1][:100].rstrip(".")] = None
        if len(names) >= limit:
            break
    return list(names)


def _default_pattern(names: Sequence[bytes]) -> bytes:
    """`name = value` for these names. The name stands first, so that the search skips to it."""
    whole = b"|".join(
        rb"%b(?<![\w|-]%b)(?<![\w|\x80-\xff-][/.]%b)" % ((re.escape(name),) * 3) for name in names
    )
    return rb"(%b)%b=%b(?:%b%b)?" % (whole or rb"(?!)", _BLANKS, _BLANKS, _VALUE, _MORE)


def _ends_in_letter(line: bytes, at: int) -> bool:
    """Whether the character before `at` is a letter, digit or mark of any script."""
    before = line[max(0, at - 4) : at].decode("utf-8", "replace")[-1]
    return unicodedata.category(before)[0] in "LNM"


def _word_from(line: bytes, at: int) -> bytes:
    found = _WORD.match(line, at, at + 200)
    return found[0] if found else b""


def _leading_date(line: bytes) -> int | None:
    if line[4:5] != b"-":
        return None
    first, space, _ = line[:80].partition(b" ")
    return timestamp.read_rfc3339(first.decode("ascii", "replace")) if space else None


class _Filter(Protocol):
    """What is used of an RE2 pattern; the package ships no types."""

    groups: int

    def finditer(self, text: bytes) -> Iterator[re.Match[bytes]]: ...


def _compiled(filters: Sequence[str]) -> list[_Filter]:
    problems = [check_filter(each) for each in filters]
    if any(problems):
        place: Path = ("spec", "metricsCollectorSpec", "source", "filter", "metricsFormat")
        raise Invalid(
            FieldFault((*place, index), f'"{filters[index]}" {problem}')
            for index, problem in enumerate(problems)
            if problem
        )
    return [_re2_compile(each) for each in filters]


def _re2_compile(pattern: str) -> _Filter:
    """A bytes pattern of RE2, quiet about its faults.

    Raises:
        ValueError: RE2 refuses it; the text is a sentence without a subject.
    """
    re2 = _re2()
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _LARGEST_FILTER
    try:
        compiled: _Filter = re2.compile(pattern.encode(), options)
    except UnicodeEncodeError as fault:
        raise ValueError("holds half a character (a surrogate); write the character") from fault
    except re2.error as fault:
        reason = fault.args[0]
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        mend = (
            "; RE2 has no look-around and no back-references"
            if "operator" in said or "escape" in said
            else "; repeat less, or write two filters"
            if "too large" in said
            else ""
        )
        raise ValueError(f"is not a valid RE2 pattern: {said}{mend}") from fault
    return compiled


def _re2() -> ModuleType:
    try:
        import re2  # noqa: PLC0415  only filters need it
    except ImportError as missing:
        install = "pip install 'google-re2>=1.1'"
        raise MissingExtra("a metrics filter", install) from missing
    return re2  # type: ignore[no-any-return]
