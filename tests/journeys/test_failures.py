"""When programs, settings or files are wrong: what is said, and with which exit code."""

from __future__ import annotations

import re

import pytest

from journeys.stories import FOR_EVER, ONCE, REPORT, choice, experiment, whole, written
from journeys.world import World

pytestmark = pytest.mark.journey


def message(trial: dict[str, object]) -> str:
    """Of the last condition."""
    status = trial["status"]
    assert isinstance(status, dict)
    return str(status["conditions"][-1]["message"])


def a_failed(world: World) -> dict[str, object]:
    """The first trial that failed."""
    return next(
        trial for trial in world.trials() if trial["status"]["conditions"][-1]["type"] == "Failed"
    )


def test_a_failing_program_fails_its_trials_and_the_experiment(world: World) -> None:
    """Exit 1; each trial is Failed, with the exit code and the program's last words."""
    script = ("echo loading the 데이터", "echo no such folder: /données >&2", "exit 3")
    done = world.munshi("run", written(world.path, experiment(*script)))
    assert done.code == 1
    # A third may have begun between the two, and is stopped.
    assert world.outcomes()["Failed"] == 2
    said = message(a_failed(world))
    assert "exit code 3" in said
    assert "no such folder: /données" in said
    assert "maxFailedTrialCount" in done.out


def test_a_program_that_is_not_there(world: World) -> None:
    """Exit 1, and the trial's message names the program that was not found."""
    name = written(world.path, experiment(command=["no-such-program", "--fast"]))
    assert world.munshi("run", name).code == 1
    said = message(a_failed(world))
    assert "no-such-program" in said
    assert "not" in said


def test_a_job_too_large_to_be_kept_fails_its_trial(world: World) -> None:
    """A value of 100 KB that the template repeats: Failed with the sizes, not tried for ever."""
    large = "x" * 100_000
    env = [{"name": f"COPY{number}", "value": "${trialParameters.p}"} for number in range(20)]
    story = experiment("true", parameters=[choice("p", large, large + "y")], container={"env": env})
    assert world.munshi("run", "--timeout", "50s", written(world.path, story)).code == 1
    assert "at most 1,572,864 can be kept" in message(a_failed(world))


def test_a_metric_that_is_never_printed(world: World) -> None:
    """The trial is MetricsUnavailable, and says which name was seen and which was meant."""
    story = experiment(
        'echo "scores=$X"', maxTrialCount=1, parallelTrialCount=1, maxFailedTrialCount=1
    )
    assert world.munshi("run", written(world.path, story)).code == 1
    (trial,) = world.trials()
    assert trial["status"]["conditions"][-1]["type"] == "MetricsUnavailable"
    assert "score" in message(trial)
    assert "scores" in message(trial)


def test_the_goal_ends_what_still_runs(world: World) -> None:
    """One trial reaches the goal: the others are Killed, their processes gone, exit 0."""
    objective = {"type": "maximize", "objectiveMetricName": "score", "goal": 2}
    script = (
        ONCE,
        'if [ "$KIND" = fast ]; then',
        "until [ $(wc -l < started) -ge 2 ]; do",
        "sleep 0.02; done",
        "echo score=3; exit 0; fi",
        FOR_EVER,
    )
    story = experiment(
        *script,
        parameters=[choice("kind", "fast", "slow")],
        algorithm="grid",
        objective=objective,
    )
    done = world.munshi("run", written(world.path, story))
    assert done.code == 0, done.err
    assert "ExperimentGoalReached" in done.out
    assert world.outcomes() == {"Succeeded": 1, "Killed": 1}
    assert not world.survivors()


def test_too_many_failures_end_what_still_runs(world: World) -> None:
    """At maxFailedTrialCount the experiment fails; what runs on is Killed, no more is started."""
    script = (ONCE, '[ "$N" = 1 ] || exit 1', FOR_EVER)
    story = experiment(
        *script,
        parameters=[whole("n", 1, 9)],
        algorithm="grid",
        maxTrialCount=9,
        maxFailedTrialCount=3,
    )
    done = world.munshi("run", written(world.path, story))
    assert done.code == 1
    assert world.outcomes() == {"Failed": 3, "Killed": 1}
    assert not world.survivors()


@pytest.mark.parametrize("kind", ["maximize", "minimize"])
def test_nan_and_infinity_are_never_best(world: World, kind: str) -> None:
    """Of NaN, infinities and 0.5 the best is 0.5, whichever way is better."""
    story = experiment(
        'echo "score=$V"',
        parameters=[choice("v", "NaN", "0.5", "inf", "-inf")],
        algorithm="grid",
        objective={"type": kind, "objectiveMetricName": "score"},
        maxFailedTrialCount=4,
    )
    done = world.munshi("run", written(world.path, story))
    assert done.code == 0, done.err
    best = world.munshi("best", "story", "-o", "args")
    assert "0.5" in best.out, best


def test_a_yaml_that_is_broken(world: World) -> None:
    """Exit 2, with file and line, and the line where the bracket was opened."""
    (world.path / "bad.yaml").write_text("apiVersion: v1\nkind: [\nmetadata: {}\n")
    done = world.munshi("run", "bad.yaml")
    assert done.code == 2
    assert done.err.startswith("bad.yaml:")
    assert "line 2" in done.err
    assert not world.home.exists() or not list(world.home.glob("trials/*"))


def test_an_unknown_field(world: World) -> None:
    """Exit 2, with file, line and column, and the field that was meant."""
    name = written(world.path, experiment(REPORT, maxTrialCuont=3))
    text = (world.path / name).read_text()
    line = next(at for at, said in enumerate(text.splitlines(), 1) if "maxTrialCuont" in said)
    done = world.munshi("run", name)
    assert done.code == 2
    assert re.search(rf"^story.yaml:{line}:\d+: spec.maxTrialCuont: ", done.err), done.err
    assert "maxTrialCount" in done.err.split("spec.maxTrialCuont", 1)[1]


def test_a_namespace_that_would_leave_the_home(world: World) -> None:
    """`-n ../..` exits 2: a folder bears the namespace's name."""
    name = written(world.path, experiment(REPORT))
    done = world.munshi("run", name, "-n", "../..")
    assert done.code == 2
    assert done.err.startswith("--namespace: ")
    assert "../.." in done.err


def test_a_file_that_is_not_there(world: World) -> None:
    """Exit 2 with its name."""
    done = world.munshi("run", "nowhere.yaml")
    assert done.code == 2
    assert "nowhere.yaml" in done.err


def test_objects_that_are_not_there(world: World) -> None:
    """`get`, `describe`, `best`, `logs` and `delete` exit 4."""
    for words in (
        ("get", "trial", "nobody"),
        ("describe", "experiment", "nobody"),
        ("best", "nobody"),
        ("logs", "nobody"),
        ("delete", "experiment", "nobody"),
    ):
        done = world.munshi(*words)
        assert done.code == 4, (words, done)
        assert "nobody" in done.err


def test_a_home_that_cannot_be_written(world: World) -> None:
    """A clean sentence that names the folder; no traceback, no hanging."""
    world.home.write_text("a file, not a folder")
    done = world.munshi("run", written(world.path, experiment(REPORT)))
    assert done.code in (1, 2), done
    assert str(world.home) in done.err
