"""An ordinary Experiment, and what admission says of changes to it."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import pytest
import yaml

from munshi import admission
from munshi.api import decode
from munshi.api.experiment import Experiment
from munshi.api.source import Source
from munshi.api.wire import Json, Object
from munshi.errors import FieldFault, Invalid, Path

ORDINARY = """
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: tune-lr, namespace: lab}
spec:
  objective: {type: maximize, goal: 0.99, objectiveMetricName: accuracy}
  algorithm: {algorithmName: random}
  parallelTrialCount: 2
  maxTrialCount: 6
  maxFailedTrialCount: 3
  parameters:
    - {name: lr, parameterType: double, feasibleSpace: {min: "0.01", max: "0.05"}}
    - {name: layers, parameterType: int, feasibleSpace: {min: "1", max: "4"}}
  trialTemplate:
    primaryContainerName: main
    trialParameters:
      - {name: rate, reference: lr}
      - {name: depth, reference: layers}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: main
                image: train
                command: [train, "--lr=${trialParameters.rate}", "--layers=${trialParameters.depth}"]
"""
JOB_TEXT = """
apiVersion: batch/v1
kind: Job
spec:
  parallelism: ${trialParameters.depth}
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: main, image: train, command: [train, "--lr=${trialParameters.rate}"]}
"""
GO_TEXT = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{.Trial}}
  namespace: {{.NameSpace}}
spec:
  template:
    spec:
      containers:
      - name: {{.Trial}}
        image: train
        command:
        - train
        {{- with .HyperParameters}}
        {{- range .}}
        - "{{.Name}}={{.Value}}"
        {{- end}}
        {{- end}}
"""
GONE = object()
"""In `changed`: remove the field."""

STORED = {
    ("lab", "templates"): {
        "job.yaml": JOB_TEXT,
        "trial.go": GO_TEXT,
        "broken.yaml": "kind: [",
        "list.yaml": "- ${trialParameters.rate}\n- ${trialParameters.depth}\n",
        "misspelt.yaml": JOB_TEXT.replace("restartPolicy", "restartPolcy"),
    }
}


def config_maps(namespace: str, name: str) -> Mapping[str, str] | None:
    """The ConfigMaps of these tests."""
    return STORED.get((namespace, name))


def ordinary() -> Object:
    """A fresh document that is admitted."""
    document: Object = yaml.safe_load(ORDINARY)
    return document


def changed(changes: Mapping[str, object]) -> Object:
    """The ordinary document with dotted paths replaced, added or (`GONE`) removed."""
    document = ordinary()
    for path, value in changes.items():
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        here: Json = document
        for step in steps:
            here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]  # type: ignore[index,arg-type]
        if value is GONE:
            del here[last]  # type: ignore[arg-type,union-attr]
        elif isinstance(here, list) and last == len(here):
            here.append(copy.deepcopy(value))  # type: ignore[arg-type]
        else:
            here[last] = copy.deepcopy(value)  # type: ignore[index,call-overload,assignment]
    return document


def experiment(changes: Mapping[str, object] | None = None) -> Experiment:
    """A changed document, decoded without defaults."""
    return decode.read(changed(changes or {}), Experiment)


def faults(document: Source | Json, old: Experiment | None = None) -> list[FieldFault]:
    """What admission says of a document; nothing when it is admitted."""
    try:
        admission.admit(document, config_maps=config_maps, old=old)
    except Invalid as invalid:
        return list(invalid.faults)
    return []


def refused_at(document: Json) -> set[Path]:
    """The paths of all faults; a document that is admitted fails the test."""
    with pytest.raises(Invalid) as refused:
        admission.admit(document, config_maps=config_maps)
    return {fault.path for fault in refused.value.faults}
