"""Push and Custom: what a trial reports by a call, read from the file it is kept in.

Who writes the file, and how, is told in `push_file`. A container of kind Custom collects in its own way
and then reports in the same one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from munshi.collectors import push_file
from munshi.collectors.tail import TailCollector
from munshi.metrics.json_lines import JsonScanner
from munshi.metrics.log import storable

_NAMES = 20
_OBJECT = re.compile(rb"^\{[^\n]*\}$", re.MULTILINE)
_KNOWN_AS = f"what report_metrics writes ({push_file.VARIABLE})"


class PushCollector(TailCollector):
    """Follows the file of reports; see `Collector`."""

    def _names_in(self, block: bytes) -> list[str]:
        return _reported(block)


def open_push(
    path: Path,
    metrics: Sequence[str],
    *,
    filters: Sequence[str] = (),
    file_format: str = "JSON",
    root: Path | None = None,
    known_as: str = "",
) -> PushCollector:
    """The collector of kinds Push and Custom; filters and formats do not apply to reports."""
    return PushCollector(
        path,
        JsonScanner(metrics),
        source="push",
        root=root,
        known_as=known_as or _KNOWN_AS,
    )


def _reported(block: bytes) -> list[str]:
    """The metrics in some reports, requested or not; of a block that is cut anywhere."""
    names: dict[str, None] = {}
    for each in _OBJECT.findall(block):
        try:
            record = json.loads(each)
        except (ValueError, RecursionError):
            continue
        for name, value in record.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            text = isinstance(value, str) and storable(value) is not None
            if name not in (push_file.TIMESTAMP, push_file.STEP) and (number or text):
                names[name[:100]] = None
        if len(names) >= _NAMES:
            break
    return list(names)[:_NAMES]
