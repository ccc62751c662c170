"""An algorithm that waits for results, driven by the engine."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.stage import Stage
from munshi.api.trial import Trial
from munshi.engine.thrift import CLUSTER, LOCAL, Thrift
from munshi.testing.builders import a_double, an_experiment, an_int
from munshi.testing.clock import simulated
from munshi.testing.launcher import Script

SETTINGS = {"resource_name": "epochs", "r_l": "9"}


def by_rate(trial: Trial) -> Script:
    """Longer with more epochs; the value depends on the settings alone."""
    said = {one.name: one.value for one in trial.spec.parameter_assignments}
    return Script((said["lr"],), runs_s=0.3 * int(said["epochs"]) + float(said["lr"]))


@pytest.mark.parametrize("thrift", [LOCAL, CLUSTER], ids=["local", "cluster"])
@pytest.mark.parametrize("parallel", [1, 4, 9])
def test_hyperband_runs_through_its_rungs(parallel: int, thrift: Thrift) -> None:
    """22 trials in the right rungs; the algorithm is asked at most once for each trial that ended."""

    async def story() -> None:
        stage = Stage(by_rate, thrift=thrift)
        owner = await stage.play(
            an_experiment(
                algorithm="hyperband",
                settings=SETTINGS,
                parallel=parallel,
                max_trials=22,
                parameters=(a_double(), an_int("epochs", 1, 9)),
            )
        )
        assert owner.status.conditions[-1].reason == "ExperimentMaxTrialsReached"
        epochs = Counter(
            one.value
            for trial in await stage.trials()
            for one in trial.spec.parameter_assignments
            if one.name == "epochs"
        )
        assert epochs == {"1": 9, "3": 8, "9": 5}
        assert stage.launcher.most_at_once == parallel
        assert stage.suggester.asked <= 23
        told = [one for one in await stage.story.events(owner.uid) if "waits for" in one.message]
        assert bool(told) == (parallel > 1)
        await stage.launcher.close()

    simulated(story())
