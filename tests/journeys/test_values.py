"""Values are data: whatever stands in one reaches the program as one argument or variable, unchanged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from journeys.stories import choice, experiment, written
from journeys.world import World

pytestmark = pytest.mark.journey
VALUES = (
    "plain",
    "",
    '"; rm -rf / #',
    '","privileged":true,"x":"',
    "${trialParameters.b}",
    "two\nlines\r\nand\ttabs",
    "$(PATH)",
    "$(KEEP)",
    "$$(KEEP)",
    "$HOME",
    "$",
    "`touch pwned`",
    "$(touch pwned)",
    "%s%d%n",
    "{{.Trial}}",
    "--help",
    "-",
    "'single' \"double\" `back` \\ ´ „“",
    " blanks ",
    "a: b # c",
    "한글 값",
    "🙂👩‍👩‍👧",
    "\u202emirrored",
    "x" * 100_000,
)
KEEP = """\
import json, os, sys
seen = {"args": sys.argv[1:], "variable": os.environ["KEEP"], "longer": os.environ["LONGER"]}
with open(os.environ["KATIB_TRIAL_NAME"] + ".seen", "w", encoding="utf-8") as file:
    json.dump(seen, file)
print("score=1")
"""
SPACE = [choice("a", *VALUES)]
GO = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{.Trial}}
  namespace: {{.NameSpace}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: none
        command: [python, keep.py, {{range .HyperParameters}}"{{.Value}}", '--x={{.Value}}!'{{end}}]
        env:
        {{- with index .HyperParameters 0}}
        - name: KEEP
          value: "{{.Value}}"
        - name: LONGER
          value: '<{{.Value}}>'
        {{- end}}
"""


def container(value: str) -> dict[str, Any]:
    """The container that keeps what it gets, a whole field and within a longer text."""
    return {
        "name": "main",
        "image": "none",
        "command": ["python", "keep.py", value, f"--x={value}!"],
        "env": [{"name": "KEEP", "value": value}, {"name": "LONGER", "value": f"<{value}>"}],
    }


def story(template: Mapping[str, Any], version: str = "v1beta1") -> dict[str, Any]:
    """An Experiment that tries every value once."""
    document = experiment(
        parameters=SPACE, algorithm="grid", parallelTrialCount=4, maxTrialCount=len(VALUES)
    )
    document["apiVersion"] = f"kubeflow.org/{version}"
    document["spec"]["trialTemplate"] = dict(template)
    return document


def job(value: str) -> dict[str, Any]:
    """A Job around the container."""
    pod = {"restartPolicy": "Never", "containers": [container(value)]}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": pod}}}


PLACEHOLDER = {
    "primaryContainerName": "main",
    "trialParameters": [{"name": "a", "reference": "a"}],
}
PLACE = {"configMapName": "t", "configMapNamespace": "default", "templatePath": "job.yaml"}
TEXT = json.dumps(job("${trialParameters.a}"))
CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "t"},
    "data": {"job.yaml": TEXT},
}
FORMS: dict[str, list[dict[str, Any]]] = {
    "placeholders": [story({**PLACEHOLDER, "trialSpec": job("${trialParameters.a}")})],
    "a template in a ConfigMap": [CONFIG_MAP, story({**PLACEHOLDER, "configMap": PLACE})],
    "a Go template": [story({"goTemplate": {"rawTemplate": GO}}, "v1alpha3")],
}


def tried(world: World) -> None:
    """Each value was one trial's, and its program got exactly that."""
    assert world.outcomes() == {"Succeeded": len(VALUES)}
    given = {
        trial["metadata"]["name"]: trial["spec"]["parameterAssignments"][0].get("value", "")
        for trial in world.trials()
    }
    assert sorted(given.values()) == sorted(VALUES)
    for trial, value in given.items():
        seen = json.loads((world.path / f"{trial}.seen").read_text("utf-8"))
        assert seen["args"] == [value, f"--x={value}!"]
        assert (seen["variable"], seen["longer"]) == (value, f"<{value}>")
    assert not list(world.path.rglob("pwned"))


@pytest.mark.parametrize("form", FORMS)
def test_every_value_arrives_unchanged(world: World, form: str) -> None:
    """As an argument, within one, as a variable and within one: byte for byte, and nothing else happens."""
    (world.path / "keep.py").write_text(KEEP)
    done = world.munshi("run", written(world.path, *FORMS[form]))
    assert done.code == 0, done.err
    tried(world)


def test_a_converted_go_template_gives_the_same_arguments(world: World) -> None:
    """`convert | run -`: the same values reach the program through v1beta1."""
    (world.path / "keep.py").write_text(KEEP)
    converted = world.munshi("convert", written(world.path, *FORMS["a Go template"]))
    assert converted.code == 0, converted.err
    done = world.munshi("run", "-", stdin=converted.out)
    assert done.code == 0, done.err
    tried(world)


@pytest.mark.parametrize(
    ("value", "reason"),
    [("a\0b", "NUL"), ("x" * (1 << 20), "1,048,576 bytes")],
    ids=["NUL", "1 MB"],
)
def test_what_no_argument_can_hold_is_refused(world: World, value: str, reason: str) -> None:
    """A NUL, and more than the kernel passes as one argument: before the first trial, with the place."""
    name = written(world.path, experiment("true", parameters=[choice("a", "b", value)]))
    done = world.munshi("run", name)
    assert done.code == 2
    assert done.err.startswith(f"{name}:")
    assert f"list[1]: {'holds a ' if value[1] == chr(0) else 'is '}{reason}" in done.err
    assert not list(world.home.glob("trials/*"))


def test_a_text_that_values_make_too_long_fails_its_trial(world: World) -> None:
    """Two values that fit alone and not together: the trial fails with the reason, the next one runs."""
    half = "x" * 100_000
    document = experiment(
        parameters=[choice("a", half, "short")],
        command=["sh", "-c", "echo score=1", "${trialParameters.a}${trialParameters.a}"],
        container={"env": []},
        algorithm="grid",
        maxTrialCount=2,
        parallelTrialCount=1,
        maxFailedTrialCount=2,
    )
    done = world.munshi("run", written(world.path, document))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Failed": 1, "Succeeded": 1}
    (failed,) = (
        trial
        for trial in world.trials()
        if trial["spec"]["parameterAssignments"][0]["value"] == half
    )
    assert "128 KiB" in failed["status"]["conditions"][-1]["message"]
