"""Dates into nanoseconds since 1970 UTC, exactly.

Three writers: log lines begin with RFC 3339 text, JSON lines carry text or decimal seconds, event
files a double of seconds. Nothing passes through a float that was not one already: 1638422847.28721
ends in 287210000 ns. A date that is malformed, impossible, the zero time of Go (year 1, "undated"),
or outside what 64 bits of nanoseconds can hold (1677 to 2262) is None: the value it dates is kept,
undated.
"""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import Decimal, InvalidOperation

_SECOND = 1_000_000_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,30}))?(?:Z|([+-])(\d\d):(\d\d))",
    re.ASCII,
)


def read_rfc3339(text: str) -> int | None:
    """Nanoseconds of `2026-11-24T08:00:00.5+01:00`; None when it is not such a date."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_h, zone_m = found.groups()
    clock_s = int(hour) * 3600 + int(minute) * 60 + int(second)
    if hour > "23" or minute > "59" or second > "59":
        return None
    if sign:
        if zone_h > "24" or zone_m > "59":
            return None
        east_s = int(zone_h) * 3600 + int(zone_m) * 60
        clock_s -= east_s if sign == "+" else -east_s
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    nanoseconds = int(fraction[:9].ljust(9, "0")) if fraction else 0
    return _within_64_bits((days * 86_400 + clock_s) * _SECOND + nanoseconds)


def read_epoch_s(text: str) -> int | None:
    """Nanoseconds of decimal seconds since 1970, digit by digit; what is finer than 1 ns is cut off."""
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        return None
    # The exponent is bounded before the number is multiplied out: 1e999999999 is a short text.
    if not seconds.is_finite() or seconds.adjusted() > 11:
        return None
    if seconds.adjusted() < -9:
        return 0
    return _within_64_bits(int(seconds.scaleb(9)))


def from_seconds(seconds: float) -> int | None:
    """Nanoseconds of a double of seconds, to the nearest; None for zero (not dated), NaN and infinity."""
    if not math.isfinite(seconds) or seconds == 0 or abs(seconds) > 1e11:
        return None
    whole = math.floor(seconds)
    return _within_64_bits(whole * _SECOND + round((seconds - whole) * _SECOND))


def _within_64_bits(nanoseconds: int) -> int | None:
    return nanoseconds if -(2**63) <= nanoseconds < 2**63 else None
