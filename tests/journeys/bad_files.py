"""How the files of `bad_input` are made: an ordinary Experiment in each dialect, and ways to spoil it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from journeys.stories import REPORT, experiment

HUGE = 10 << 20
"""Bytes of a file, a text, a number that are far too large."""
Make = Callable[[Path], None]


def raw(data: bytes | str) -> Make:
    """A file of these bytes."""
    return lambda path: nothing(
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    )


def story(*script: str, **changes: Any) -> Make:
    """An ordinary Experiment with a change."""
    return raw(
        json.dumps(experiment(*(script or (REPORT,)), **changes), ensure_ascii=False, indent=2)
    )


def edited(change: Callable[[dict[str, Any]], object]) -> Make:
    """An ordinary Experiment, changed by a function."""

    def make(path: Path) -> None:
        document = experiment(REPORT)
        change(document)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2), "utf-8")

    return make


def go(template: str) -> Make:
    """An Experiment of v1alpha3 whose template is this text."""
    indented = "\n".join(f"        {line}" for line in template.splitlines())
    return raw(f"{OLD}{indented}\n")


def nothing(_: object) -> None:
    """Make no file at all."""
    return


def folder(path: Path) -> None:
    """A folder of that name."""
    path.mkdir()


def link(target: str) -> Make:
    """A link to something that no author meant."""
    return lambda path: path.symlink_to(target)


GOOD = """\
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata:
  name: story
spec:
  objective: {type: maximize, objectiveMetricName: score}
  algorithm: {algorithmName: random}
  maxTrialCount: 4
  parameters:
    - {name: x, parameterType: double, feasibleSpace: {min: "0", max: "1"}}
  trialTemplate:
    primaryContainerName: main
    trialParameters:
      - {name: x, reference: x}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: main
                image: none
                command: [echo, "score=${trialParameters.x}"]
"""
OLD = """\
apiVersion: kubeflow.org/v1alpha3
kind: Experiment
metadata:
  name: story
spec:
  objective: {type: maximize, objectiveMetricName: score}
  algorithm: {algorithmName: random}
  parameters:
    - {name: --x, parameterType: double, feasibleSpace: {min: "0", max: "1"}}
    - {name: --y, parameterType: double, feasibleSpace: {min: "0", max: "1"}}
  trialTemplate:
    goTemplate:
      rawTemplate: |-
"""
GOOD_OLD = f"""{OLD}\
        apiVersion: batch/v1
        kind: Job
        metadata: {{name: "{{{{.Trial}}}}", namespace: "{{{{.NameSpace}}}}"}}
        spec: {{template: {{spec: {{containers: [{{name: main, image: none}}]}}}}}}
"""
JOB = """\
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
        command:
        - echo
"""
LAUGHS = "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9 if n else ['lol'] * 9)}]\n" for n in range(9)
)


def collector(path: str) -> Make:
    """An Experiment that reads its metrics from a file."""
    where = {"path": path, "kind": "File"}
    return story(
        metricsCollectorSpec={"collector": {"kind": "File"}, "source": {"fileSystemPath": where}}
    )


def metric_filter(pattern: str) -> Make:
    """An Experiment with its own pattern for metrics."""
    return story(metricsCollectorSpec={"source": {"filter": {"metricsFormat": [pattern]}}})


def many_parameters(document: dict[str, Any]) -> None:
    """Ten thousand of them."""
    names = [f"p{number}" for number in range(10_000)]
    space = {"min": "0", "max": "1"}
    document["spec"]["parameters"] = [
        {"name": n, "parameterType": "double", "feasibleSpace": space} for n in names
    ]


def _at(document: dict[str, Any], *path: str | int, value: Any) -> None:
    here: Any = document
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value


def change(*path: str | int, value: Any) -> Make:
    """An ordinary Experiment with another value at a path."""
    return edited(lambda document: _at(document, *path, value=value))


DOUBLINGS = "".join(
    f'{{{{define "t{n}"}}}}' + (f'{{{{template "t{n - 1}"}}}}' * 2 if n else "x") + "{{end}}"
    for n in range(31)
)
"""Templates of which each calls the one before twice."""
SLOW_FILTER = r"(\w+)=(" + "|".join(f".{{0,{n}}}x{n}" for n in range(300)) + ")"
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(9) + bytes(range(256))
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 16


def wrote(old: str, new: str) -> Make:
    """The ordinary file with a piece of its text replaced."""
    assert old in GOOD
    return raw(GOOD.replace(old, new))
