"""Katib's own examples, rendered as trials, run here or are refused for a true reason.

Also the founding user's TFJob of 2019, shortened from Katib's examples (Apache-2.0, The Kubeflow Authors).
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from munshi import admission
from munshi.api import source
from munshi.api.common import ParameterAssignment
from munshi.api.suggestion import TrialAssignment
from munshi.api.trial import Trial
from munshi.errors import Invalid, LaunchRefused
from munshi.local import jobs
from munshi.local.jobs import Run
from munshi.template import trial

FOLDER = Path(__file__).parent.parent.parent / "manifests"
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


def made(name: str) -> Trial:
    """A trial of a manifest, with the first value of each parameter."""
    (document,) = source.read((FOLDER / name).read_bytes(), name)
    experiment = admission.admit(document).experiment
    values = tuple(
        ParameterAssignment(name=p.name, value=p.feasible_space.min or p.feasible_space.list_[0])
        for p in experiment.spec.parameters
    )
    return trial(experiment, TrialAssignment(name="trial-1", parameter_assignments=values), None)


def run_of(name: str) -> Run:
    """What this machine makes of it."""
    found = made(name)
    assert found.spec.run_spec is not None
    return jobs.read(found.spec.run_spec, found.spec.primary_container_name)


def admitted() -> list[str]:
    """The manifests that give a trial at all."""
    found = []
    for path in sorted(FOLDER.rglob("*.yaml")):
        name = path.relative_to(FOLDER).as_posix()
        try:
            made(name)
        except Invalid:
            continue
        found.append(name)
    return found


REFUSED = {"v1beta1/argo/argo-workflow.yaml": "its steps need the Argo controller"}


@pytest.mark.parametrize("name", admitted())
def test_an_admitted_example_runs_or_is_refused_for_a_true_reason(name: str) -> None:
    """Everything Katib ships but the Argo workflow; each has a program and a primary container."""
    if name in REFUSED:
        with pytest.raises(LaunchRefused, match=REFUSED[name]):
            run_of(name)
        return
    run = run_of(name)
    assert all(replica.container.argv for replica in run.replicas)
    assert run.primary_container.name == made(name).spec.primary_container_name


def test_most_examples_are_admitted() -> None:
    """So that the test above cannot pass by having nothing to do."""
    assert len(admitted()) > 20
    assert set(REFUSED) <= set(admitted())


def test_the_random_search_example() -> None:
    """A plain Job: its words, its limits, and only what Kubernetes itself would object to."""
    run = run_of("v1beta1/hp-tuning/random.yaml")
    container = run.primary_container
    assert container.argv[:2] == ("python3", "/opt/pytorch-mnist/mnist.py")
    assert (container.limits.memory_bytes, container.limits.cpu) == (2**30, 0.5)
    assert run.notes == ()


def test_the_fpga_example_asks_for_a_device_and_gets_a_note() -> None:
    """The program starts; whether the card is there it will find out itself."""
    (note,) = run_of("v1beta1/fpga/xgboost-example.yaml").notes
    assert "is not enforced on this machine" in note


PLAYERS = {
    "v1beta1/kubeflow-training-operator/pytorchjob-mnist.yaml": {
        "master-0": True, "worker-0": False,
    },
    "v1beta1/kubeflow-training-operator/tfjob-mnist-with-summaries.yaml": {
        "worker-0": True, "worker-1": False,
    },
    "v1beta1/kubeflow-training-operator/mpijob-horovod.yaml": {"": True},
    "v1beta1/kubeflow-trainer/trainjob-pytorch.yaml": {"node-0": True, "node-1": True},
    "v1alpha3/tfjob-example.yaml": {"": True},
}  # fmt: skip


@pytest.mark.parametrize("name", PLAYERS)
def test_the_examples_of_the_training_operators(name: str) -> None:
    """Who runs, and whose success counts."""
    run = run_of(name)
    assert {replica.name: replica.decides for replica in run.replicas} == PLAYERS[name]
    assert run.primary == 0


def test_the_horovod_example_finds_two_slots() -> None:
    """As many as its `mpirun -np 2` needs."""
    run = run_of("v1beta1/kubeflow-training-operator/mpijob-horovod.yaml")
    assert run.primary_container.argv[:3] == ("mpirun", "-np", "2")
    assert "2 slots" in run.notes[0]


def test_the_tutorial_of_2019() -> None:
    """The founding user's TFJob: one worker, restarted on failure, container `tensorflow`."""
    job = yaml.safe_load(TUTORIAL)
    run = jobs.read(job, "tensorflow")
    assert run.kind == "TFJob"
    assert run.primary_container.argv[2:] == (
        "--log_dir=/train/metrics", "--learning_rate=0.0234", "--batch_size=150",
    )  # fmt: skip
    assert run == jobs.read(job, "")
