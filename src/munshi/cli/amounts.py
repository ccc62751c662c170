"""Times and sizes as people write them on a command line: 90s, 15m, 2h, 30d; 64Mi, 2Gi, 500k."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES: dict[str, int] = {
    "": 1,
    **{letter: 1000**power for power, letter in enumerate("kMGT", start=1)},
    **{f"{letter}i": 1024**power for power, letter in enumerate("KMGT", start=1)},
}


def span(option: str, text: str) -> timedelta:
    """A length of time above zero; a bare number is seconds.

    Raises:
        click.UsageError: It is none; names the option.
    """
    read = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", text.strip(), re.ASCII)
    if read is None or float(read[1]) <= 0:
        raise click.UsageError(f'{option} "{text}": write a time like 90s, 15m or 2h')
    return timedelta(seconds=float(read[1]) * _SECONDS[read[2]])


def size(option: str, text: str) -> int:
    """A number of bytes above zero; a bare number is bytes.

    Raises:
        click.UsageError: It is none; names the option.
    """
    read = re.fullmatch(r"(\d{1,15})([kMGT]|[KMGT]i|)", text.strip(), re.ASCII)
    if read is None or int(read[1]) <= 0:
        raise click.UsageError(f'{option} "{text}": write a size like 64Mi, 2Gi or 500k')
    return int(read[1]) * _BYTES[read[2]]
