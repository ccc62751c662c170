"""Trials of Katib's that were stopped early, marked in the cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from munshi.errors import NotFound
from munshi.kube.visit import stopped
from munshi.kube.wire.kinds import TRIALS
from support.fake_api import FakeApi

AT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
PATH = TRIALS.path("team", "e-1")
RUNNING = {"type": "Running", "status": "True", "reason": "TrialRunning"}


def a_trial(*conditions: dict[str, str]) -> dict[str, Any]:
    """A Trial as Katib wrote it, with a field that munshi does not know."""
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Trial",
        "metadata": {"name": "e-1", "namespace": "team"},
        "spec": {"ofKatib": 1},
        "status": {"conditions": list(conditions), "startTime": "2026-01-31T11:00:00Z"},
    }


def marked(*before: dict[str, str]) -> dict[str, Any]:
    """The Trial after it was marked."""

    async def story() -> dict[str, Any]:
        async with FakeApi() as server, server.api() as api:
            made = await api.create(TRIALS.path("team"), a_trial())
            status = {**dict(made), "status": a_trial(*before)["status"]}
            await api.replace(f"{PATH}/status", status)
            await stopped.mark(api, "team", "e-1", AT)
            return dict(await api.get(PATH))

    return asyncio.run(story())


def types(trial: dict[str, Any]) -> Sequence[str]:
    """The types of its conditions, in order."""
    return [one["type"] for one in trial["status"]["conditions"]]


def test_the_last_condition_says_early_stopped() -> None:
    """Katib's controller goes by the last one; everything else stays as it was."""
    trial = marked(RUNNING)
    assert types(trial) == ["Running", "EarlyStopped"]
    assert trial["status"]["conditions"][-1]["lastTransitionTime"] == "2026-01-31T12:00:00Z"
    assert trial["status"]["startTime"] == "2026-01-31T11:00:00Z"
    assert trial["spec"] == {"ofKatib": 1}


@pytest.mark.parametrize("end", ["Succeeded", "Failed", "Killed", "EarlyStopped"])
def test_a_trial_that_has_ended_stays_as_it_is(end: str) -> None:
    """A call that comes twice, or too late, changes nothing."""
    assert types(marked({"type": end, "status": "True"})) == [end]


def test_a_trial_without_any_condition_is_marked() -> None:
    """It has hardly begun."""
    assert types(marked()) == ["EarlyStopped"]


def test_a_trial_that_is_not_there_is_not_found() -> None:
    """It was deleted meanwhile."""

    async def story() -> None:
        async with FakeApi() as server, server.api() as api:
            with pytest.raises(NotFound):
                await stopped.mark(api, "team", "e-1", AT)

    asyncio.run(story())
