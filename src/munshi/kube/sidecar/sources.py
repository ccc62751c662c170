"""The collectors that a sidecar opens, and what they have to say when it is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from munshi import collectors
from munshi.collectors import Collector
from munshi.collectors.push import PushCollector
from munshi.kube.sidecar.plan import ANSWERED, COLLECTED, PUSHED, Plan
from munshi.kube.sidecar.records import End
from munshi.metrics.json_lines import JsonScanner
from munshi.metrics.log import MetricLog

PUSHING = ("Push", "Custom")
_NAMES, _NOTES, _LONG = 20, 10, 500
_WRITERS = {
    PUSHED: ("push", "munshi.report_metrics"),
    COLLECTED: ("custom", "the Custom collector"),
    ANSWERED: ("katib", "Katib's report_metrics"),
}
"""File of reports to the source in origins, and who writes it."""


class Sources:
    """Everything that one sidecar reads.

    Raises:
        MunshiError: It cannot be read; the sentence says why.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._collectors: Sequence[Collector]
        if plan.kind in PUSHING:
            self._collectors = reports(Path(plan.path), plan.metrics)
        else:
            self._collectors = [
                collectors.open_collector(
                    plan.kind,
                    Path(plan.path),
                    plan.metrics,
                    filters=plan.filters,
                    file_format=plan.file_format,
                    root=Path(plan.root),
                    known_as=plan.path,
                )
            ]

    def poll(self) -> Iterator[list[MetricLog]]:
        """What is new, in bounded batches."""
        for each in self._collectors:
            while batch := each.poll():
                yield batch
                if not each.more:
                    break

    def finish(self) -> Iterator[list[MetricLog]]:
        """All the rest, now that nobody writes any more."""
        for each in self._collectors:
            yield from collectors.drain(each)

    def end(self) -> End:
        """What was found instead of metrics, and what could not be read."""
        found = [each.seen() for each in self._collectors]
        names = dict.fromkeys(name for each in found for name in each.names)
        notes = [note for each in found for note in each.notes]
        if self._plan.kind in PUSHING:
            # A file that nobody wrote is no fault as long as somebody wrote another.
            notes = [note for note in notes if not note.endswith("was not written")]
            if not names and not notes:
                notes = ["nothing was reported, neither by munshi.report_metrics nor by Katib's"]
        short = tuple(note[:_LONG] for note in notes[:_NOTES])
        return End(tuple(name[:_LONG] for name in names)[:_NAMES], short)


def reports(folder: Path, metrics: Sequence[str]) -> list[PushCollector]:
    """Collectors of everything that is reported by a call, whoever called."""
    return [
        PushCollector(
            folder / name,
            JsonScanner(metrics),
            source=source,
            root=folder,
            known_as=f"what {who} writes",
        )
        for name, (source, who) in _WRITERS.items()
    ]
