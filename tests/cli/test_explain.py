"""`munshi explain`: the story from the events, for a person and for programs."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from munshi.api.meta import AFTER_ANNOTATION
from munshi.cli import explain
from munshi.engine.ports import Event
from munshi.testing.builders import NOW, a_trial, an_experiment, failed, killed, running, succeeded
from support.real_home import RealHome

from .conftest import Munshi


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealHome:
    """An empty home at $MUNSHI_HOME."""
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    return RealHome(tmp_path / "home")


def event(at_s: float, reason: str, message: str, **said: object) -> Event:
    """An event of trial e-0, so long after the beginning."""
    fields: dict[str, object] = {
        "time": NOW + timedelta(seconds=at_s),
        "kind": "Trial",
        "namespace": "default",
        "name": "e-0",
        "uid": "u",
        "experiment_uid": "x",
        "reason": reason,
        "message": message,
    }
    return Event(**{**fields, **said})  # type: ignore[arg-type] # named above


def test_a_line_an_event() -> None:
    """How long after the first, of what, what and why; one line of a message, warnings marked."""
    events = [
        event(0, "CreateTrial", "1 of 2 parallel trials"),
        event(0.25, "TrialLost", "The job vanished: \x1b[31mswitched off", warning=True),
        event(130, "TrialFailed", "Trial has failed. Last output:\nboom", warning=True),
    ]
    assert explain.timeline(events, of_one=False) == (
        "AFTER    OBJECT        WHAT          BECAUSE\n"
        "+0.0s    trial/e-0     CreateTrial   1 of 2 parallel trials\n"
        "+0.2s    trial/e-0   ! TrialLost     The job vanished: \\x1b[31mswitched off\n"
        "+2m10s   trial/e-0   ! TrialFailed   Trial has failed.\n"
    )
    assert "trial/e-0" not in explain.timeline(events, of_one=True)
    assert explain.timeline([], of_one=True) == ""


def test_repeats_are_one_line() -> None:
    """With how often; a killing is told once, by its effect; another object between them parts them."""
    events = [
        *[event(at, "LaunchTrial", "no job yet") for at in range(3)],
        event(3, "TrialKilled", "stopped because it is over"),
        event(3, "KillTrial", "stopped because it is over"),
        event(4, "LaunchTrial", "no job yet", name="e-1"),
        event(5, "LaunchTrial", "no job yet"),
    ]
    lines = explain.timeline(events, of_one=False).splitlines()[1:]
    assert [line.split()[2] for line in lines] == [
        "LaunchTrial",
        "TrialKilled",
        "LaunchTrial",
        "LaunchTrial",
    ]
    assert lines[0].endswith("no job yet (x3)")


def test_an_experiments_story(munshi: Munshi, real: RealHome) -> None:
    """What goes without saying is left out and counted; -A shows it, -o json has everything."""
    owner = real.holds(an_experiment())
    real.happened(
        [
            event(
                0,
                "ExperimentCreated",
                "made",
                kind="Experiment",
                name="e",
                experiment_uid=owner.uid,
            ),
            event(1, "LaunchTrial", "no job yet", experiment_uid=owner.uid),
            event(2, "TrialSucceeded", "well", experiment_uid=owner.uid),
        ]
    )
    said = munshi("explain", "e").stdout
    assert "Experiment e: " in said
    assert "LaunchTrial" not in said
    assert "1 events that go without saying: add -A" in said
    assert "LaunchTrial" in munshi("explain", "e", "-A").stdout
    first, second, third = json.loads(munshi("explain", "e", "-o", "json").stdout)
    assert second["reason"] == "LaunchTrial"
    assert first == {
        "time": "2026-01-31T12:00:00Z",
        "kind": "Experiment",
        "name": "e",
        "reason": "ExperimentCreated",
        "message": "made",
        "warning": False,
    }
    assert third["kind"] == "Trial"


def test_a_trials_story(munshi: Munshi, real: RealHome) -> None:
    """Its own events, what the algorithm knew when it gave these settings, its end, its log."""
    owner = real.holds(an_experiment())
    real.owned(a_trial("e-0", succeeded(0.5), index=0), owner)
    real.owned(a_trial("e-1", running(), index=1), owner)
    real.owned(a_trial("e-2", killed(), index=2), owner)
    notes = {AFTER_ANNOTATION: "e-0"}
    trial = real.owned(a_trial("e-3", failed(), index=3, notes=notes, value="0.03"), owner)
    real.owned(a_trial("e-4", running(), index=4, notes={AFTER_ANNOTATION: "e-2,e-3"}), owner)
    about = {"name": "e-3", "experiment_uid": owner.uid}
    real.happened(
        [
            event(0, "CreateTrial", "a place", uid="", **about),
            event(1, "TrialFailed", "an older one of that name", uid="other", **about),
            event(2, "TrialFailed", "it broke", uid=trial.uid, warning=True, **about),
        ]
    )
    said = munshi("explain", "trial/e-3").stdout
    why = "suggestion number 3, given when 1 result was known and 1 earlier trial was still without one"
    assert f"{why}; new to the algorithm: e-0\n" in said
    assert "Settings: lr=0.03" in said
    assert f"{trial.uid[:8]}-1/log" in said
    assert "it broke" in said
    assert "an older one" not in said
    assert "munshi retry e-3" in said
    assert "given when no result was known\n" in munshi("explain", "trial/e-0").stdout


def test_a_story_that_nobody_wrote(munshi: Munshi, real: RealHome) -> None:
    """Objects of an earlier munshi have no events: the page says so and what else there is."""
    owner = real.holds(an_experiment())
    real.owned(a_trial("e-0", failed()), owner)
    for name in ("e", "trial/e-0"):
        assert "munshi describe" in munshi("explain", name).stdout
    both = json.loads(munshi("explain", "e", "trial/e-0", "-o", "json").stdout)
    assert both == [[], []]
