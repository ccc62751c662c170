"""What may change once an Experiment exists."""

from __future__ import annotations

import pytest

from admission.builders import GONE, changed, experiment, faults
from munshi.api.conditions import Condition
from munshi.api.experiment import Experiment, ExperimentStatus


def ended(
    kind: str = "Succeeded", reason: str = "ExperimentMaxTrialsReached"
) -> tuple[Condition, ...]:
    """The conditions of a completed Experiment."""
    return (Condition(type=kind, status="True", reason=reason),)


def stored(
    changes: dict[str, object] | None = None,
    trials: int = 6,
    conditions: tuple[Condition, ...] = (),
) -> Experiment:
    """What the store holds."""
    status = ExperimentStatus(trials=trials, conditions=conditions)
    return experiment(changes or {}).model_copy(update={"status": status})


LONG: dict[str, object] = {"spec.resumePolicy": "LongRunning"}
VOLUME: dict[str, object] = {"spec.resumePolicy": "FromVolume"}
REFUSED: dict[str, tuple[Experiment, dict[str, object], str]] = {
    "another objective": (stored(), {"spec.objective.goal": 0.5}, "spec.objective"),
    "another template": (
        stored(),
        {"spec.trialTemplate.trialSpec.kind": "Pod"},
        "spec.trialTemplate",
    ),
    "another resume policy": (stored(), LONG, "spec.resumePolicy"),
    "fewer trials than there are": (
        stored(trials=5),
        {"spec.maxTrialCount": 4},
        "spec.maxTrialCount",
    ),
    "a count that is wrong in itself": (
        stored(),
        {"spec.parallelTrialCount": 0},
        "spec.parallelTrialCount",
    ),
    "more trials after the end, with Never": (
        stored(conditions=ended()),
        {"spec.maxTrialCount": 9},
        "spec",
    ),
    "more trials after the goal was reached": (
        stored(LONG, conditions=ended(reason="ExperimentGoalReached")),
        {**LONG, "spec.maxTrialCount": 9},
        "spec",
    ),
    "more trials after a failure": (
        stored(LONG, conditions=ended("Failed", "ExperimentFailed")),
        {**LONG, "spec.maxTrialCount": 9},
        "spec",
    ),
    "more trials after a stop, with Never": (
        stored(conditions=ended(reason="ExperimentStopped")),
        {"spec.maxTrialCount": 9},
        "spec",
    ),
    "fewer trials than there are, after a stop": (
        stored(LONG, trials=5, conditions=ended("Failed", "ExperimentStopped")),
        {**LONG, "spec.maxTrialCount": 4},
        "spec.maxTrialCount",
    ),
    "more failures after a failure": (
        stored(LONG, conditions=ended("Failed", "ExperimentFailed")),
        {**LONG, "spec.maxFailedTrialCount": 5},
        "spec",
    ),
    "more at once, but no more trials, after the end": (
        stored(LONG, conditions=ended()),
        {**LONG, "spec.parallelTrialCount": 3},
        "spec.maxTrialCount",
    ),
}
ADMITTED: dict[str, tuple[Experiment, dict[str, object]]] = {
    "the same again": (stored(), {}),
    "another label on a completed Experiment": (
        stored(conditions=ended()),
        {"metadata.labels": {"a": "b"}},
    ),
    "a default written out": (stored(), {"spec.resumePolicy": "Never"}),
    "more at once, while all trials exist already": (stored(), {"spec.parallelTrialCount": 4}),
    "fewer trials, but not fewer than there are": (
        stored(trials=4),
        {"spec.maxTrialCount": 4},
    ),
    "more trials while it runs": (stored(), {"spec.maxTrialCount": 20}),
    "fewer at once while it runs": (stored(), {"spec.parallelTrialCount": 1}),
    "more failures while it runs": (stored(), {"spec.maxFailedTrialCount": 4}),
    "more at once after a stop, with LongRunning": (
        stored(LONG, conditions=ended(reason="ExperimentStopped")),
        {**LONG, "spec.parallelTrialCount": 3},
    ),
    "fewer trials after a stop without a result, with FromVolume": (
        stored(VOLUME, trials=2, conditions=ended("Failed", "ExperimentStopped")),
        {**VOLUME, "spec.maxTrialCount": 3},
    ),
    "no bound any more": (stored(), {"spec.maxTrialCount": GONE}),
    "more trials after the end, with LongRunning": (
        stored(LONG, conditions=ended()),
        {**LONG, "spec.maxTrialCount": 9},
    ),
    "more trials after the end, with FromVolume": (
        stored(VOLUME, conditions=ended()),
        {"spec.resumePolicy": "FromVolume", "spec.maxTrialCount": 9},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_change_is_refused(case: str) -> None:
    """The fault stands at the field that may not change so, and says what to do instead."""
    old, changes, path = REFUSED[case]
    (fault,) = faults(changed(changes), old)
    assert fault.field == path
    assert fault.mend


@pytest.mark.parametrize("case", ADMITTED)
def test_change_is_admitted(case: str) -> None:
    """Counts may change within reason, metadata always."""
    old, changes = ADMITTED[case]
    assert faults(changed(changes), old) == []


def test_the_refusal_names_what_may_change() -> None:
    """The three counts by name; for a failed Experiment, the verb that runs its trials once more."""
    (fault,) = faults(changed({"spec.objective.goal": 0.5}), stored())
    for count in ("parallelTrialCount", "maxTrialCount", "maxFailedTrialCount"):
        assert count in fault.mend
    over = stored(conditions=ended("Failed", "ExperimentFailed"))
    (fault,) = faults(changed({"spec.maxTrialCount": 9}), over)
    assert f"munshi retry --failed {over.name}" in fault.mend


def test_metadata_may_change_although_the_config_map_is_gone() -> None:
    """An update without change of spec is never judged again, so it can always be deleted."""
    gone = {
        "spec.trialTemplate.trialSpec": GONE,
        "spec.trialTemplate.configMap": {
            "configMapName": "gone",
            "configMapNamespace": "lab",
            "templatePath": "job.yaml",
        },
    }
    assert faults(changed({**gone, "metadata.finalizers": ["a/b"]}), stored(gone)) == []
