"""`munshi.report_metrics`: a trial's program says what it has reached.

For metrics collectors of kind Push and Custom (metrics collection contract §5). A program under munshi
finds in its environment where reports go: MUNSHI_METRICS_FILE names a file on this machine
(`collectors.push_file`). A program that was started by hand finds nothing there; it is told so once
and runs on, since the same program must work at a desk.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Mapping
from operator import index
from typing import SupportsFloat, SupportsIndex

from munshi.collectors import push_file

_MAX_STEP = 10**18
_LARGEST_SHOWN = 60
_said = False


def report_metrics(
    metrics: Mapping[str, SupportsFloat | str], step: SupportsIndex | None = None
) -> None:
    """Report the values that some metrics have now.

    Kept by munshi at once and in order, from any process or thread of the trial. Metrics that the
    Experiment does not ask for are no fault; only those it names are read. Outside of a trial nothing
    is kept.

    Args:
        metrics: Values by metric name, e.g. `{"accuracy": 0.93, "loss": 0.1}`: whatever `float()`
            takes, a NumPy or Torch scalar too. NaN and infinity are kept as such.
        step: The program's own step or epoch, a whole number of at least 0.

    Raises:
        ValueError: Values that are no numbers, all of them named; nothing is kept then.
        OSError: The file of reports cannot be written.
    """
    faults, texts = list[str](), dict[str, str]()
    for name, value in metrics.items():
        text = _number(value)
        if not _is_name(name):
            faults.append(f"{_shown(name)} is no name of a metric; use text")
        elif text is None:
            faults.append(f'"{name}" is {_shown(value)}, which is no number')
        else:
            texts[name] = text
    whole = _whole(step, faults)
    if faults:
        raise ValueError(f"these metrics cannot be reported: {'; '.join(faults)}")
    line = push_file.line(texts, time.time_ns(), whole)
    path = os.environ.get(push_file.VARIABLE)
    if not path:
        _say_once()
    elif texts:
        push_file.append(path, line)


def _is_name(given: object) -> bool:
    return isinstance(given, str) and bool(given.strip())


def _number(value: SupportsFloat | str) -> str | None:
    """The text of a number, as `float()` understands it; integers keep their digits. None: it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, ArithmeticError, RuntimeError):  # each library has its own
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__repr__(value)
    return repr(number)


def _whole(step: SupportsIndex | None, faults: list[str]) -> int | None:
    if step is None:
        return None
    try:
        whole = index(step)
    except TypeError:
        whole = -1
    if not 0 <= whole < _MAX_STEP:
        faults.append(f"step is {_shown(step)}; give a whole number from 0 to {_MAX_STEP - 1}")
        return None
    return whole


def _shown(value: object) -> str:
    """A value, short and on one line, inside a sentence."""
    said = " ".join(repr(value).split())
    return said if len(said) <= _LARGEST_SHOWN else said[: _LARGEST_SHOWN - 1] + "…"


def _say_once() -> None:
    """Tell a program that runs alone that nobody listens."""
    global _said  # noqa: PLW0603  once in a process, whoever calls
    if _said or sys.stderr is None:
        return
    _said = True
    with contextlib.suppress(OSError, ValueError):  # nobody reads it, or it was closed
        sys.stderr.write(
            f"munshi: report_metrics keeps nothing, as {push_file.VARIABLE} is not set: "
            "this program is not a trial with a Push collector\n"
        )
