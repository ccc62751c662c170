"""Experiments for journeys: a shell script as the program, and only what a test is about said aloud."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

X = {"name": "x", "parameterType": "double", "feasibleSpace": {"min": "0", "max": "1"}}
REPORT = 'echo "score=$X"'
"""The parameter is the score."""
ONCE = 'echo "$KATIB_TRIAL_NAME" >> started'
"""Leaves a line for every start."""
UNTIL_OPEN = "until [ -e gate ]; do sleep 0.02; done"
"""Runs until the test opens the gate."""
ONE_TRIAL: dict[str, Any] = {
    "maxTrialCount": 1,
    "parallelTrialCount": 1,
    "maxFailedTrialCount": 1,
}
"""Fields of the spec: just one trial."""
FOR_EVER = "while :; do sleep 0.05; done"


def choice(name: str, *values: str) -> dict[str, Any]:
    """A categorical parameter."""
    space = {"list": list(values)}
    return {"name": name, "parameterType": "categorical", "feasibleSpace": space}


def whole(name: str, low: int, high: int) -> dict[str, Any]:
    """An int parameter."""
    space = {"min": str(low), "max": str(high)}
    return {"name": name, "parameterType": "int", "feasibleSpace": space}


def experiment(
    *script: str,
    parameters: Sequence[Mapping[str, Any]] = (X,),
    command: Sequence[str] | None = None,
    container: Mapping[str, Any] | None = None,
    pod: Mapping[str, Any] | None = None,
    seed: str = "7",
    algorithm: str = "random",
    **spec: Any,
) -> dict[str, Any]:
    """An Experiment `story` whose trials run a shell script, with each parameter in a variable.

    Args:
        script: Lines of the script; a parameter `x` is `$X` in it.
        parameters: The space.
        command: Instead of the script.
        container: Further fields of the primary container.
        pod: Further fields of the pod.
        seed: For the algorithm.
        algorithm: Its name; grid takes no seed.
        spec: Further fields of the spec.
    """
    names = [str(parameter["name"]) for parameter in parameters]
    main = {
        "name": "main",
        "image": "none",
        "command": list(command or ("sh", "-c", "\n".join(script))),
        "env": [{"name": n.upper(), "value": f"${{trialParameters.{n}}}"} for n in names],
        **(container or {}),
    }
    settings = [] if algorithm == "grid" else [{"name": "random_state", "value": seed}]
    template = {"spec": {"restartPolicy": "Never", "containers": [main], **(pod or {})}}
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": "story"},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "score"},
            "algorithm": {"algorithmName": algorithm, "algorithmSettings": settings},
            "parallelTrialCount": 2,
            "maxTrialCount": 4,
            "maxFailedTrialCount": 2,
            "parameters": list(parameters),
            "trialTemplate": {
                "primaryContainerName": "main",
                "trialParameters": [{"name": n, "reference": n} for n in names],
                "trialSpec": {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "spec": {"template": template},
                },
            },
            **spec,
        },
    }


def written(folder: Path, *documents: Mapping[str, Any], name: str = "story.yaml") -> str:
    """Write documents into a file (JSON is YAML); its name, as the command line wants it."""
    texts = (json.dumps(one, ensure_ascii=False, indent=2) for one in documents)
    (folder / name).write_text("\n---\n".join(texts) + "\n", "utf-8")
    return name
