"""Text of any language and shape, from a file through a program to the screen; output for programs."""

from __future__ import annotations

import json

import pytest

from journeys.stories import REPORT, choice, experiment, written
from journeys.world import World

pytestmark = pytest.mark.journey
HOSTILE = (
    '"; rm -rf / #',
    '","privileged":true,"x":"',
    "${trialParameters.b}",
    "$(touch pwned)`touch pwned`",
    "two\nlines",
    "{{.Trial}} %s \\ '",
    "한글 값 🙂",
    " spaces ",
)
KEEP = (
    "import os, pathlib, sys; "
    "pathlib.Path(os.environ['KATIB_TRIAL_NAME'] + '.arg').write_bytes(os.fsencode(sys.argv[1])); "
    "print('score=1')"
)


def test_hostile_values_arrive_unchanged(world: World) -> None:
    """Every value of a list is one argument of the program, byte for byte, and nothing else happens."""
    story = experiment(
        parameters=[choice("a", *HOSTILE)],
        command=["python", "-c", KEEP, "${trialParameters.a}"],
        container={"env": []},
        algorithm="grid",
        parallelTrialCount=4,
        maxTrialCount=len(HOSTILE),
    )
    done = world.munshi("run", written(world.path, story))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": len(HOSTILE)}
    arrived = {path.read_text("utf-8") for path in world.path.glob("*.arg")}
    assert arrived == set(HOSTILE)
    assert not list(world.path.rglob("pwned"))
    given = {t["spec"]["parameterAssignments"][0]["value"] for t in world.trials()}
    assert given == set(HOSTILE)


def test_korean_everywhere(world: World) -> None:
    """Comments, values, arguments, output, labels, metric and file names hold Korean, end to end."""
    story = experiment(
        'echo "안녕 $A"; echo "정확도=0.$N"; echo "$A" > "결과-$A.txt"',
        parameters=[choice("a", "빨강", "파랑"), choice("n", "1", "2")],
        algorithm="grid",
        objective={"type": "maximize", "objectiveMetricName": "정확도"},
    )
    story["metadata"]["annotations"] = {"설명": "한글 주석"}
    text = "# 한글 주석\n" + json.dumps(story, ensure_ascii=False)
    (world.path / "실험.yaml").write_text(text, "utf-8")
    done = world.munshi("run", "실험.yaml")
    assert done.code == 0, done.err
    assert "정확도=0.2" in done.out
    assert {path.name for path in world.path.glob("결과-*")} == {"결과-빨강.txt", "결과-파랑.txt"}
    best = json.loads(world.munshi("best", "story", "-o", "json").out)
    assert best["objective"] == {"name": "정확도", "value": "0.2"}
    log = world.munshi("logs", best["trial"])
    assert "안녕" in log.out
    assert "빨강" in world.munshi("get", "trials", "-o", "wide").out
    described = world.get("experiment", "story")
    assert described["metadata"]["annotations"]["설명"] == "한글 주석"


def test_output_for_programs(world: World) -> None:
    """`run -o json` from stdin prints exactly one Experiment; `get trials` speaks every form."""
    name = written(world.path, experiment(REPORT))
    done = world.munshi("run", "-", "-o", "json", stdin=(world.path / name).read_text())
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert said["kind"] == "Experiment"
    assert said["status"]["trialsSucceeded"] == 4
    assert said == world.get("experiment", "story")
    trials = world.get("trials")
    assert (trials["kind"], len(trials["items"])) == ("List", 4)
    names = world.munshi("get", "trials", "-o", "name").out.split()
    assert names == [f"trial.kubeflow.org/{t['metadata']['name']}" for t in trials["items"]]
    wide = world.munshi("get", "trials", "-o", "wide").out.splitlines()
    assert wide[0].split()[:4] == ["NAME", "TYPE", "STATUS", "AGE"]
    assert {"OBJECTIVE", "PARAMETERS"} <= set(wide[0].split())
    assert len(wide) == 5


def test_output_that_is_not_utf8(world: World) -> None:
    """Bytes of another encoding in the output, and no newline at its end, hide no metric."""
    script = "printf 'caf\\351 \\377\\376\\n\\033[32mscore=0.5\\033[0m'"
    done = world.munshi(
        "run",
        written(
            world.path,
            experiment(script, maxTrialCount=1, parallelTrialCount=1, maxFailedTrialCount=1),
        ),
    )
    assert done.code == 0, done.err
    (trial,) = world.trials()
    assert trial["status"]["observation"]["metrics"][0]["latest"] == "0.5"
    log = world.munshi("logs", trial["metadata"]["name"])
    assert (log.code, log.out) == (0, "caf\\xe9 \\xff\\xfe\n\x1b[32mscore=0.5\x1b[0m")
