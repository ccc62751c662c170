"""The verbs that tell an object what is wanted of it: suspend, resume, stop, retry."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import pytest

from munshi.api.experiment import Experiment, ResumePolicy
from munshi.api.trial import Trial
from munshi.cli import completing, wishes
from munshi.cli.laptop import Books
from munshi.errors import Conflict
from munshi.testing.builders import (
    Fate,
    a_trial,
    an_experiment,
    failed,
    killed,
    running,
    succeeded,
    without_metrics,
)
from support.cli_world import condition
from support.real_home import RealHome

from .conftest import Munshi


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealHome:
    """An empty home at $MUNSHI_HOME."""
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    return RealHome(tmp_path / "home")


def ended(owner: Experiment, kind: str, reason: str) -> Experiment:
    """The experiment, completed."""
    said = (condition(kind, reason=reason, message="so it was"),)
    status = owner.status.model_copy(update={"conditions": said})
    return owner.model_copy(update={"status": status})


def trials(real: RealHome, owner: Experiment, *fates: Fate) -> list[Trial]:
    """Stored trials e-0, e-1, … of these fates."""
    return [real.owned(a_trial(f"e-{at}", fate, index=at), owner) for at, fate in enumerate(fates)]


def test_suspend_writes_its_annotation_once(munshi: Munshi, real: RealHome) -> None:
    """The second time says so and changes nothing; several experiments have a line each."""
    owner = real.holds(an_experiment())
    other = real.holds(an_experiment("f", uid="uid-f"))
    result = munshi("suspend", "e", "experiment/f")
    assert result.exit_code == 0
    assert result.stdout == (
        "experiment.kubeflow.org/e suspended\nexperiment.kubeflow.org/f suspended\n"
    )
    assert real.notes(owner) == real.notes(other) == {"suspend": ""}
    version = real.get(owner).metadata.resource_version
    assert munshi("suspend", "e").stdout == "experiment.kubeflow.org/e already suspended\n"
    assert real.get(owner).metadata.resource_version == version


def test_resume_takes_both_annotations_away(munshi: Munshi, real: RealHome) -> None:
    """And says how to go on when nothing drives the experiment, and nothing more when something does."""
    owner = real.holds(an_experiment())
    munshi("suspend", "e")
    with real.home.driving("default", "e"):
        driven = munshi("resume", "e")
    assert (driven.stdout, driven.stderr) == ("experiment.kubeflow.org/e resumed\n", "")
    assert real.notes(owner) == {}
    munshi("suspend", "e")
    assert "munshi get experiment e -o yaml | munshi run -" in munshi("resume", "e").stderr
    assert "neither suspended nor stopped" in munshi("resume", "e").stdout


REFUSED: dict[str, tuple[str, Experiment, str]] = {
    "suspend after the end": (
        "suspend",
        ended(an_experiment(), "Succeeded", "ExperimentGoalReached"),
        "has ended (Succeeded, ExperimentGoalReached: so it was)",
    ),
    "resume after another end": (
        "resume",
        ended(an_experiment(resume=ResumePolicy.LONG_RUNNING), "Failed", "ExperimentFailed"),
        "munshi retry",
    ),
    "resume with Never": (
        "resume",
        ended(an_experiment(), "Succeeded", "ExperimentStopped"),
        "resumePolicy is Never",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(munshi: Munshi, real: RealHome, case: str) -> None:
    """Exit code 1, a sentence with what to do, and nothing written."""
    verb, owner, said = REFUSED[case]
    held = real.holds(owner)
    result = munshi(verb, "e")
    assert result.exit_code == 1
    assert said in result.stderr
    assert real.notes(held) == {}


@pytest.mark.parametrize("verb", ["suspend", "resume", "stop", "retry", "explain", "export"])
def test_nobody_of_that_name(munshi: Munshi, real: RealHome, verb: str) -> None:
    """Exit code 4 and the nearest name; what is there is done all the same."""
    owner = real.holds(an_experiment("digits", uid="uid-d"))
    real.owned(a_trial("digits-0", failed()), owner)
    name = "digits-1" if verb == "retry" else "digitz"
    result = munshi(verb, name)
    said = result.stderr or str(result.exception)
    assert "digits" in said
    assert "did you mean" in said
    if verb == "suspend":
        assert result.exit_code == 4
        both = munshi(verb, name, "digits")
        assert (both.exit_code, both.stdout) == (4, "experiment.kubeflow.org/digits suspended\n")


def test_stop_tells_the_one_who_drives(munshi: Munshi, real: RealHome) -> None:
    """The annotation has the reason; nothing else is done here."""
    owner = real.holds(an_experiment())
    [trial] = trials(real, owner, running())
    with real.home.driving("default", "e"):
        result = munshi("stop", "e", "trial/e-0", "--reason", "too slow")
        assert result.exit_code == 0
        assert munshi("stop", "e").stdout == "experiment.kubeflow.org/e already stopped\n"
    assert result.stdout == "experiment.kubeflow.org/e stopped\ntrial.kubeflow.org/e-0 stopped\n"
    assert real.notes(owner) == {"stop": "too slow"}
    assert real.notes(trial)["stop"] == "too slow"
    assert not real.get(trial).is_completed


def test_stop_does_it_itself_when_nobody_drives(munshi: Munshi, real: RealHome) -> None:
    """A trial is Killed at once, an experiment completed; both tell their story."""
    owner = real.holds(an_experiment())
    trial, other = trials(real, owner, running(), succeeded(0.5))
    assert munshi("stop", "trial/e-0").exit_code == 0
    assert real.get(trial).status.conditions[-1].reason == "TrialStopped"
    assert not real.get(owner).is_completed
    assert "TrialStopped" in munshi("explain", "trial/e-0").stdout
    assert "has ended already (Succeeded)" in munshi("stop", "trial/e-1").stdout
    assert real.notes(other).get("stop") is None
    assert munshi("stop", "e", "--reason", "enough").exit_code == 0
    said = real.get(owner).status.conditions[-1]
    assert said.message == "stopped by the user after 1 of 12 trials: enough"
    assert "has ended already (Succeeded, ExperimentStopped" in munshi("stop", "e").stdout


def test_a_trial_is_known_by_its_name_alone(munshi: Munshi, real: RealHome) -> None:
    """`stop` and `explain` take a trial's bare name, and KIND NAME as get does; an experiment goes first."""
    owner = real.holds(an_experiment())
    first, second = trials(real, owner, running(), running())
    twin = real.owned(a_trial("e", running(), index=2), owner)
    assert "Trial e-0 of experiment e" in munshi("explain", "e-0").stdout
    assert "Trial e-1 of experiment e" in munshi("explain", "tr", "e-1").stdout
    assert "Experiment e:" in munshi("explain", "e").stdout
    assert "Experiment e:" in munshi("explain", "experiment", "e").stdout
    assert munshi("stop", "e-0").stdout == "trial.kubeflow.org/e-0 stopped\n"
    assert munshi("stop", "trial", "e-1").stdout == "trial.kubeflow.org/e-1 stopped\n"
    assert [real.notes(one).get("stop") for one in (first, second, twin)] == ["", "", None]
    assert munshi("suspend", "experiment", "e").stdout == "experiment.kubeflow.org/e suspended\n"
    assert munshi("resume", "exp", "e").stdout == "experiment.kubeflow.org/e resumed\n"
    assert munshi("retry", "trial", "e-0").stdout == "trial.kubeflow.org/e-0 retried\n"


INSTEAD = {
    "an experiment's best, of a trial": (["best", "e-0"], "munshi best e"),
    "an export of a trial": (["export", "e-0"], "munshi export e"),
    "a trial suspended": (["suspend", "e-0"], "munshi suspend e"),
    "an experiment's log": (["logs", "e"], "munshi get trials -e e"),
    "an experiment's values": (["metrics", "e"], "munshi get trials -e e"),
    "an experiment run again": (["retry", "e"], "munshi retry --failed e"),
    "a trial described as an experiment": (["describe", "exp", "e-0"], "munshi describe trial e-0"),
    "an experiment got as a trial": (["get", "tr", "e"], "munshi get experiment e"),
}


@pytest.mark.parametrize(("words", "instead"), INSTEAD.values(), ids=INSTEAD)
def test_a_name_of_the_other_kind(
    munshi: Munshi, real: RealHome, words: list[str], instead: str
) -> None:
    """What is there under that name is told, with what to type."""
    trials(real, real.holds(an_experiment()), failed())
    result = munshi(*words)
    said = result.stderr or str(result.exception)
    assert result.exit_code != 0
    assert said.rstrip().endswith(instead)


def test_a_name_without_its_kind(munshi: Munshi, real: RealHome) -> None:
    """`describe e` says where the kind goes."""
    real.holds(an_experiment())
    result = munshi("describe", "digits")
    assert result.exit_code == 2
    assert "munshi describe experiment digits" in result.stderr


@pytest.mark.parametrize("words", [["stop", "suggestion/e"], ["suspend", "trial/e-0"], ["retry"]])
def test_wrong_words(munshi: Munshi, real: RealHome, words: list[str]) -> None:
    """What a verb is not for is refused before anything is done."""
    del real
    assert munshi(*words).exit_code == 2


@pytest.mark.parametrize("fate", [failed(), killed(), without_metrics()])
def test_retry_writes_the_number_of_starts(munshi: Munshi, real: RealHome, fate: Fate) -> None:
    """So that it is done once; a stop is taken back with it. Twice says so."""
    owner = real.holds(an_experiment())
    [trial] = trials(real, owner, fate)
    result = munshi("retry", "e-0")
    assert (result.exit_code, result.stdout) == (0, "trial.kubeflow.org/e-0 retried\n")
    assert "munshi run -" in result.stderr
    assert real.notes(trial)["retry"] == "1"
    assert munshi("retry", "trial/e-0").stdout == "trial.kubeflow.org/e-0 already retried\n"


def test_retry_all_failed_ones(munshi: Munshi, real: RealHome) -> None:
    """Failed and without metrics, in suggestion order; neither killed nor successful ones."""
    owner = real.holds(an_experiment())
    trials(real, owner, failed(), killed(), succeeded(), without_metrics(), running())
    result = munshi("retry", "--failed", "e")
    assert result.stdout == "trial.kubeflow.org/e-0 retried\ntrial.kubeflow.org/e-3 retried\n"
    assert result.stderr.count("munshi run -") == 1
    real.holds(an_experiment("calm", uid="uid-c"))
    assert munshi("retry", "--failed", "calm").stdout.endswith("has no failed trial\n")


def test_retry_what_a_failure_has_killed(munshi: Munshi, real: RealHome) -> None:
    """Of a failed experiment also the trials that ran at its end, but none that the user stopped."""
    owner = real.holds(ended(an_experiment(), "Failed", "ExperimentFailed"))
    _, _, stopped = trials(real, owner, failed(), killed(), killed())
    said = stopped.status.conditions
    by_user = (*said[:-1], said[-1].model_copy(update={"reason": "TrialStopped"}))
    status = stopped.status.model_copy(update={"conditions": by_user})
    real.ask(lambda store: store.replace_status(stopped.model_copy(update={"status": status})))
    result = munshi("retry", "--failed", "e")
    assert result.stdout == "trial.kubeflow.org/e-0 retried\ntrial.kubeflow.org/e-1 retried\n"


NO_RETRY: dict[str, tuple[Fate, str]] = {
    "it has a result": (succeeded(), "has a result (Succeeded)"),
    "it runs": (running(), "end it first: munshi stop trial/e-0"),
}


@pytest.mark.parametrize("case", NO_RETRY)
def test_no_retry(munshi: Munshi, real: RealHome, case: str) -> None:
    """Exit code 1, and why."""
    fate, said = NO_RETRY[case]
    trials(real, real.holds(an_experiment()), fate)
    result = munshi("retry", "e-0")
    assert result.exit_code == 1
    assert said in result.stderr


def test_no_retry_in_a_stopped_experiment(munshi: Munshi, real: RealHome) -> None:
    """It must be resumed first, and the sentence says how."""
    owner = real.holds(an_experiment(resume=ResumePolicy.LONG_RUNNING))
    trials(real, owner, failed())
    assert munshi("stop", "e").exit_code == 0
    result = munshi("retry", "e-0")
    assert result.exit_code == 1
    assert "first: munshi resume e" in result.stderr
    assert munshi("resume", "e").exit_code == 0
    assert munshi("retry", "e-0").exit_code == 0


def test_tab_completes_experiments_and_trials(real: RealHome) -> None:
    """A bare word is an experiment; behind `trial/` stand the trials."""
    trials(real, real.holds(an_experiment()), failed())
    ctx = click.Context(click.Command("stop"))
    assert [one.value for one in completing.targets(ctx, "")] == ["e", "trial/"]
    assert [one.value for one in completing.targets(ctx, "trial/")] == ["trial/e-0"]
    assert completing.targets(ctx, "nothing/") == []


def test_a_wish_is_written_though_the_object_changes(real: RealHome) -> None:
    """Ten writers at once: each wish is there in the end, none overwrites another."""
    owner = real.holds(an_experiment())

    async def all_at_once() -> None:
        async with real.home.store() as store:
            books = Books(real.home, store)

            async def write(at: int) -> None:
                await wishes.write(books, Experiment, "default", "e", lambda _: {f"w/{at}": ""})

            await asyncio.gather(*map(write, range(10)))

    asyncio.run(all_at_once())
    assert len(real.get(owner).metadata.annotations) == 10


def test_a_wish_is_given_up_when_the_object_never_holds_still(
    real: RealHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After many tries it is an error with a sentence, not a loop without end."""
    real.holds(an_experiment())

    async def write_against_another() -> None:
        async with real.home.store() as store:
            replace = store.replace

            async def late(one: Experiment) -> Experiment:
                held = await store.get(Experiment, "default", "e")
                number = int(held.metadata.annotations.get("n", "0")) + 1
                meta = held.metadata.model_copy(update={"annotations": {"n": str(number)}})
                await replace(held.model_copy(update={"metadata": meta}))
                return await replace(one)

            monkeypatch.setattr(store, "replace", late)
            books = Books(real.home, store)
            await wishes.write(books, Experiment, "default", "e", lambda _: {"munshi/stop": ""})

    with pytest.raises(Conflict, match="changes all the time"):
        asyncio.run(write_against_another())
