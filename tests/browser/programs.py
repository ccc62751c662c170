"""Experiments for the browser tests: short programs of this machine, in Katib's YAML."""

from __future__ import annotations

import sys

_TRAIN = """\
import sys, time
lr = float(sys.argv[1])
for epoch in range(5):
    accuracy = 1 - (lr - 0.03) ** 2 * 900 - 0.1 / (epoch + 1)
    print(f"epoch={epoch} accuracy={accuracy:.6f} loss={lr:.6f}", flush=True)
    time.sleep(float(sys.argv[2]))
print("<script>alert(1)</script> \\u202e done")
sys.exit(int(sys.argv[3]))
"""


def experiment(name: str, *, trials: int = 4, pause_s: float = 0.05, code: int = 0) -> str:
    """An Experiment whose trials report five values each.

    Args:
        name: Of the Experiment.
        trials: How many, two at a time.
        pause_s: Between two values.
        code: With which each program ends.
    """
    program = "\n".join(f"                    {line}" for line in _TRAIN.splitlines())
    return f"""\
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata:
  name: {name}
  namespace: default
spec:
  objective:
    type: maximize
    objectiveMetricName: accuracy
    additionalMetricNames: [loss]
  algorithm:
    algorithmName: random
  parallelTrialCount: 2
  maxTrialCount: {trials}
  maxFailedTrialCount: {trials}
  parameters:
    - name: lr
      parameterType: double
      feasibleSpace: {{min: "0.01", max: "0.05"}}
  trialTemplate:
    primaryContainerName: main
    trialParameters:
      - name: lr
        reference: lr
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        backoffLimit: 0
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: main
                image: none
                command:
                  - {sys.executable}
                  - -c
                  - |
{program}
                  - "${{trialParameters.lr}}"
                  - "{pause_s}"
                  - "{code}"
"""
