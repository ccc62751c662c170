"""An Experiment for the tests' cluster, as short as can be."""

from __future__ import annotations

from typing import Any

TRIAL = "munshi/trial:test"


def an_experiment(*words: str, name: str = "random", **spec: Any) -> dict[str, Any]:
    """Random search with a Job; `words` are more arguments of the program."""
    command = ["python", "/opt/trial/train.py", "--lr=${trialParameters.learningRate}", *words]
    main = {"name": "main", "image": TRIAL, "command": command}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "terminationGracePeriodSeconds": 1,
                    "containers": [main],
                }
            },
        },
    }
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
            "algorithm": {"algorithmName": "random"},
            "parallelTrialCount": 2,
            "maxTrialCount": 4,
            "parameters": [
                {
                    "name": "lr",
                    "parameterType": "double",
                    "feasibleSpace": {"min": "0.01", "max": "0.05"},
                }
            ],
            "trialTemplate": {
                "primaryContainerName": "main",
                "trialParameters": [{"name": "learningRate", "reference": "lr"}],
                "trialSpec": job,
            },
            **spec,
        },
    }
