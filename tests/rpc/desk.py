"""Who answers for the trials in these tests: real files, as in a trial's folder, and their reader."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from munshi import collectors
from munshi.collectors import push_file
from munshi.errors import NotFound
from munshi.metrics.log import MetricLog


class Desk:
    """Keeps reports of the trials it knows, each in a file."""

    def __init__(self, folder: Path, *trials: str) -> None:
        self._files = {trial: folder / f"{trial}.jsonl" for trial in trials}
        self.asked: list[tuple[str | None, int | None, int | None]] = []

    async def report(self, trial: str, logs: Sequence[MetricLog]) -> None:
        """See `db_manager.Report`."""
        if trial not in self._files:
            raise NotFound(f'no trial "{trial}" may report now')
        await asyncio.to_thread(push_file.append_logs, self._files[trial], logs)

    async def read(
        self, trial: str, metric: str | None, start_ns: int | None, end_ns: int | None
    ) -> Sequence[MetricLog]:
        """See `db_manager.Read`."""
        if trial not in self._files:
            raise NotFound(f'there is no trial "{trial}"')
        self.asked.append((metric, start_ns, end_ns))
        return self.kept(trial, *([metric] if metric else ["accuracy", "loss", "정확도"]))

    def kept(self, trial: str, *metrics: str) -> list[MetricLog]:
        """What the collector of a trial finds."""
        collector = collectors.open_collector("Push", self._files[trial], metrics)
        return [log for batch in collectors.drain(collector) for log in batch]
