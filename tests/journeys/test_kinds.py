"""Kinds of jobs on this machine: several programs a trial, and what must come before them."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from journeys.stories import ONE_TRIAL, experiment, written
from journeys.world import World

pytestmark = pytest.mark.journey

RENDEZVOUS = """
import os, socket
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
where = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    with socket.create_server(where) as door:
        told = 0
        for _ in range(size - 1):
            with door.accept()[0] as line:
                told += int(line.recv(16))
    print(f"score={told}", flush=True)
else:
    import time
    for _ in range(1000):
        try:
            with socket.create_connection(where) as line:
                line.sendall(str(rank).encode())
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
"""
"""Rank 0 hears the rank of every other: its score is their sum."""


def replicas(kind: str, field: str, specs: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """An Experiment whose trials are jobs of a Kubeflow kind, with replicas by type."""
    made = experiment("true", **spec)
    made["spec"]["trialTemplate"]["trialSpec"] = {
        "apiVersion": "kubeflow.org/v1",
        "kind": kind,
        "spec": {field: specs},
    }
    return made


def replica(count: int, container: str, *command: str, **pod: Any) -> dict[str, Any]:
    """So many pods that run a command."""
    env = [{"name": "X", "value": "${trialParameters.x}"}]
    said = {"name": container, "image": "none", "command": list(command), "env": env}
    template = {"spec": {"containers": [said], **pod}}
    return {"replicas": count, "restartPolicy": "Never", "template": template}


def first_log(world: World, *args: str) -> str:
    """What a program of the first trial wrote."""
    return world.munshi("logs", world.trials()[0]["metadata"]["name"], *args).out


def test_pytorch_workers_find_their_master(world: World) -> None:
    """Master and three workers of four trials, two at a time, meet at ports of their own."""
    python = (sys.executable, "-c", RENDEZVOUS)
    specs = {"Master": replica(1, "pytorch", *python), "Worker": replica(3, "pytorch", *python)}
    made = replicas("PyTorchJob", "pytorchReplicaSpecs", specs)
    made["spec"]["trialTemplate"]["primaryContainerName"] = "pytorch"
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}
    values = {trial["status"]["observation"]["metrics"][0]["latest"] for trial in world.trials()}
    assert values == {"6"}


def test_a_tf_job_s_parameter_server_ends_with_its_chief(world: World) -> None:
    """TF_CONFIG names every replica; the PS that serves for ever is stopped when the chief has ended."""
    waits = 'until [ -e up ]; do sleep 0.05; done; echo "$TF_CONFIG"; echo "score=$X"'
    serves = 'echo "$TF_CONFIG"; touch up; while :; do sleep 0.1; done'
    chief = replica(1, "tensorflow", "sh", "-c", waits)
    serving = replica(1, "tensorflow", "sh", "-c", serves)
    made = replicas("TFJob", "tfReplicaSpecs", {"Chief": chief, "PS": serving}, maxTrialCount=2)
    made["spec"]["trialTemplate"]["primaryContainerName"] = "tensorflow"
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 2}
    assert '"task": {"type": "chief", "index": 0}' in first_log(world).replace('":', '": ').replace(
        "  ", " "
    ).replace(',"', ', "')
    assert '"ps"' in first_log(world, "-c", "ps-0")


def test_a_worker_that_fails_fails_the_trial_by_name(world: World) -> None:
    """The message says which program it was; the others are ended."""
    specs = {
        "Master": replica(1, "pytorch", "sh", "-c", "while :; do sleep 0.1; done"),
        "Worker": replica(1, "pytorch", "sh", "-c", "echo no data >&2; exit 3"),
    }
    made = replicas("PyTorchJob", "pytorchReplicaSpecs", specs, **ONE_TRIAL)
    made["spec"]["trialTemplate"]["primaryContainerName"] = "pytorch"
    done = world.munshi("run", written(world.path, made))
    assert done.code == 1
    (trial,) = world.trials()
    message = trial["status"]["conditions"][-1]["message"]
    assert 'program "worker-0" ended with exit code 3' in message
    assert "no data" in message


def test_init_containers_run_first_and_share_volumes(world: World) -> None:
    """What an init container leaves in an emptyDir is there when the program starts."""
    mount = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    init = {"name": "fetch", "image": "none", "command": ["sh", "-c", "echo 0.5 > /data/score"]}
    made = experiment(
        'echo "score=$(cat /data/score)"',
        container=mount,
        pod={"initContainers": [{**init, **mount}], "volumes": [{"name": "data", "emptyDir": {}}]},
    )
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}


def test_a_failing_init_container_fails_the_trial(world: World) -> None:
    """Its name, its exit code and its last words; the program itself never starts."""
    init = {"name": "fetch", "image": "none", "command": ["sh", "-c", "echo no network; exit 7"]}
    made = experiment(
        "touch started",
        pod={"initContainers": [init]},
        maxTrialCount=1,
        parallelTrialCount=1,
        maxFailedTrialCount=1,
    )
    done = world.munshi("run", written(world.path, made))
    assert done.code == 1
    message = world.trials()[0]["status"]["conditions"][-1]["message"]
    assert 'Program "init-fetch" ended with exit code 7' in message
    assert "no network" in message
    assert not (world.path / "started").exists()


def test_a_train_job_runs_its_inline_trainer(world: World) -> None:
    """TrainJob of Kubeflow Trainer: two nodes with torchrun's variables, the first one reports."""
    made = experiment("true", maxTrialCount=2)
    said = 'echo "node $PET_NODE_RANK of $PET_NNODES"; echo "score=$X"'
    trainer = {
        "numNodes": 2,
        "image": "none",
        "command": ["sh", "-c", said],
        "env": [{"name": "X", "value": "${trialParameters.x}"}],
    }
    made["spec"]["trialTemplate"]["primaryContainerName"] = "node"
    made["spec"]["trialTemplate"]["trialSpec"] = {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "spec": {"runtimeRef": {"name": "torch-distributed"}, "trainer": trainer},
    }
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 2}
    assert "node 0 of 2" in first_log(world)


def test_an_mpi_job_runs_its_launcher(world: World) -> None:
    """The launcher's program runs here; mpirun would start its ranks on this machine."""
    launcher = replica(1, "mpi", "sh", "-c", 'echo "score=$X"')
    specs = {"Launcher": launcher, "Worker": replica(2, "mpi", "sh", "-c", "exit 9")}
    made = replicas("MPIJob", "mpiReplicaSpecs", specs, maxTrialCount=2)
    made["spec"]["trialTemplate"]["primaryContainerName"] = "mpi"
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 2}


def test_a_kind_that_needs_a_cluster_is_refused_with_what_to_do(world: World) -> None:
    """Exit code 2 before anything runs; the sentence names the kind and the ways out."""
    made = experiment("true")
    template = made["spec"]["trialTemplate"]
    template["trialSpec"] = {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "spec": {"entrypoint": "python train.py ${trialParameters.x}"},
    }
    template["successCondition"] = 'status.[@this].#(jobStatus=="SUCCEEDED")#'
    template["failureCondition"] = 'status.[@this].#(jobStatus=="FAILED")#'
    done = world.munshi("run", written(world.path, made))
    assert done.code == 2
    for word in ("RayJob", "batch/v1 Job", "Kubernetes"):
        assert word in done.err
    assert not world.trials()
