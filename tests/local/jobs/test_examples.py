"""Jobs rendered from the manifests that Katib ships run here, or are refused for a true reason.

The texts below are shortened from Katib's examples (Apache-2.0, The Kubeflow Authors).
"""

from __future__ import annotations

import pytest
import yaml

from munshi.errors import LaunchRefused
from munshi.local import jobs

RANDOM = """
apiVersion: batch/v1
kind: Job
metadata: {name: random-x7k2m, namespace: kubeflow}
spec:
  template:
    spec:
      containers:
        - name: training-container
          image: ghcr.io/kubeflow/katib/pytorch-mnist-cpu:latest
          command:
            - "python3"
            - "/opt/pytorch-mnist/mnist.py"
            - "--epochs=1"
            - "--lr=0.0234"
          resources:
            limits: {memory: "1Gi", cpu: "0.5"}
      restartPolicy: Never
"""
TUTORIAL = """
apiVersion: "kubeflow.org/v1"
kind: TFJob
metadata: {name: tfjob-example-x7k2m, namespace: kubeflow}
spec:
 tfReplicaSpecs:
  Worker:
    replicas: 1
    restartPolicy: OnFailure
    template:
      spec:
        containers:
          - name: tensorflow
            image: gcr.io/kubeflow-ci/tf-mnist-with-summaries:1.0
            imagePullPolicy: Always
            command:
              - "python"
              - "/var/tf_mnist/mnist_with_summaries.py"
              - "--log_dir=/train/metrics"
              - "--learning_rate=0.0234"
              - "--batch_size=150"
"""
FPGA = """
apiVersion: batch/v1
kind: Job
metadata: {name: xgb-x7k2m, namespace: kubeflow}
spec:
  template:
    metadata:
      labels: {inaccel/fpga: enabled}
    spec:
      containers:
        - name: training-container
          image: "docker.io/inaccel/jupyter:lab"
          command: [python3, XGBoost/parameter-tuning.py]
          args: ["--name=SVHN", "--alpha=0.01"]
          resources:
            limits: {xilinx/aws-vu9p-f1: 1}
      restartPolicy: Never
"""


def test_the_random_search_example() -> None:
    """A plain Job: its words, its limits, nothing to say about it."""
    run = jobs.read(yaml.safe_load(RANDOM), "training-container")
    container = run.primary_container
    assert container.argv == ("python3", "/opt/pytorch-mnist/mnist.py", "--epochs=1", "--lr=0.0234")
    assert (container.limits.memory_bytes, container.limits.cpu) == (2**30, 0.5)
    assert run.notes == ()


def test_the_tutorial_of_2019() -> None:
    """The founding user's TFJob: one worker, restarted on failure, container `tensorflow`."""
    job = yaml.safe_load(TUTORIAL)
    run = jobs.read(job, "tensorflow")
    assert run.kind == "TFJob"
    assert run.primary_container.argv[2:] == (
        "--log_dir=/train/metrics", "--learning_rate=0.0234", "--batch_size=150",
    )  # fmt: skip
    assert jobs.retries(job) is None
    assert run == jobs.read(job, "")


def test_an_fpga_is_asked_for_and_only_noted() -> None:
    """The program starts; whether the card is there it will find out itself."""
    run = jobs.read(yaml.safe_load(FPGA), "training-container")
    (note,) = run.notes
    assert note.startswith("xilinx/aws-vu9p-f1: 1 is not enforced")


def test_the_summaries_example_has_two_workers() -> None:
    """It is refused with the one change that lets it run."""
    job = yaml.safe_load(TUTORIAL.replace("replicas: 1", "replicas: 2"))
    with pytest.raises(LaunchRefused, match=r"set spec\.tfReplicaSpecs\.Worker\.replicas to 1"):
        jobs.read(job, "tensorflow")
