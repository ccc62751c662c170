"""What a kind implies when its author does not say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from munshi.api.wire import Json
from munshi.local import jobs
from munshi.template import condition, kinds

THEN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
POD: dict[str, Json] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "t"},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "command": ["true"]}]},
}
STAGES: dict[str, tuple[jobs.Stage, bool, bool]] = {
    "pending": (jobs.Pending(), False, False),
    "running": (jobs.Running(THEN), False, False),
    "succeeded": (jobs.Succeeded(THEN, THEN), True, False),
    "failed": (jobs.Failed(THEN, THEN), False, True),
}


@pytest.mark.parametrize(("stage", "success", "failure"), STAGES.values(), ids=STAGES)
def test_a_pod_is_judged_by_its_phase(stage: jobs.Stage, success: bool, failure: bool) -> None:
    """A Pod needs no conditions in the Experiment: its phase says how it ended."""
    implied = kinds.defaults("Pod")
    pod = {**POD, "status": jobs.status_of(POD, stage)}
    assert condition.evaluate(implied.success, pod).met is success
    assert condition.evaluate(implied.failure, pod).met is failure
