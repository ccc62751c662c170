"""TrainJobs with an inline trainer: nodes, variables by runtime, overrides, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from local.jobs.builders import Object, a_train_job, envs, faults
from munshi.api.wire import Json
from munshi.errors import Invalid, LaunchRefused
from munshi.local import jobs
from munshi.local.jobs import EmptyDir, Mount, Surroundings

HERE = Surroundings(port=lambda need: 40000 + need)


def torch_env(rank: int, nodes: int, processes: str = "auto") -> dict[str, str]:
    """What a node of a torch runtime finds."""
    return {
        "JOB_COMPLETION_INDEX": str(rank),
        "PET_NNODES": str(nodes),
        "PET_NPROC_PER_NODE": processes,
        "PET_NODE_RANK": str(rank),
        "PET_MASTER_ADDR": "localhost",
        "PET_MASTER_PORT": "40000",
    }


RUNTIMES: dict[str, tuple[Object, dict[str, dict[str, str]]]] = {
    "one node": (a_train_job(), {"": torch_env(0, 1)}),
    "two nodes": (
        a_train_job({"numNodes": 2}), {"node-0": torch_env(0, 2), "node-1": torch_env(1, 2)},
    ),
    "JAX": (
        a_train_job({"numNodes": 2}, "jax-distributed"),
        {
            f"node-{n}": {
                "JOB_COMPLETION_INDEX": str(n), "JAX_NUM_PROCESSES": "2",
                "JAX_PROCESS_ID": str(n), "JAX_COORDINATOR_ADDRESS": "localhost:40000",
                "JAX_COORDINATOR_PORT": "40000",
            }
            for n in range(2)
        },
    ),
    "XGBoost": (
        a_train_job(None, "xgboost-distributed"),
        {
            "": {
                "JOB_COMPLETION_INDEX": "0", "DMLC_TRACKER_URI": "localhost",
                "DMLC_TRACKER_PORT": "40000", "DMLC_TASK_ID": "0", "DMLC_NUM_WORKER": "1",
            }
        },
    ),
    "MPI is one launcher": (
        a_train_job({"numNodes": 2, "numProcPerNode": 4}, "deepspeed-distributed"),
        {
            "": {
                "JOB_COMPLETION_INDEX": "0", "OMPI_MCA_orte_keep_fqdn_hostnames": "true",
                "OMPI_MCA_orte_default_hostfile": "/etc/mpi/hostfile",
                "OMPI_MCA_plm_rsh_args": "-o ConnectionAttempts=10",
                "OMPI_MCA_orte_set_default_slots": "8",
            }
        },
    ),
    "a runtime of one's own": (
        a_train_job({"numNodes": 2}, "our-lab"),
        {"node-0": {"JOB_COMPLETION_INDEX": "0"}, "node-1": {"JOB_COMPLETION_INDEX": "1"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RUNTIMES)
def test_what_a_node_finds(case: str) -> None:
    """As the runtime's plugin writes it; all nodes must succeed and node 0 reports."""
    job, wanted = RUNTIMES[case]
    run = jobs.read(job, "node", HERE)
    assert envs(run) == wanted
    assert run.primary == 0
    assert all(replica.decides for replica in run.replicas)
    assert run.primary_container.name == "node"
    assert run == jobs.read(job, "", HERE)


PROCESSES: dict[str, tuple[Object, str]] = {
    "a number": ({"numProcPerNode": 4}, "4"),
    "a number counts whatever the resources": (
        {"numProcPerNode": 4, "resourcesPerNode": {"limits": {"cpu": 2}}}, "4",
    ),
    "a word": ({"numProcPerNode": "gpu"}, "gpu"),
    "auto follows the CPUs": ({"resourcesPerNode": {"limits": {"cpu": "2500m"}}}, "3"),
    "requests, where there are no limits": ({"resourcesPerNode": {"requests": {"cpu": 2}}}, "2"),
    "auto leaves GPUs to torchrun": (
        {"resourcesPerNode": {"limits": {"cpu": 2, "nvidia.com/gpu": 1}}}, "auto",
    ),
    "no wish for CPUs is one": ({"resourcesPerNode": {"limits": {"memory": "1Gi"}}}, "1"),
    "cpu is cpu, beside GPUs too": (
        {"numProcPerNode": "cpu", "resourcesPerNode": {"limits": {"cpu": 2, "amd.com/gpu": 1}}},
        "2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PROCESSES)
def test_processes_of_a_node(case: str) -> None:
    """`PET_NPROC_PER_NODE`, settled as the torch plugin means it."""
    trainer, wanted = PROCESSES[case]
    assert envs(jobs.read(a_train_job(trainer), "node", HERE))[""]["PET_NPROC_PER_NODE"] == wanted


def test_the_trainer_is_a_container() -> None:
    """Image, words, variables and limits; the plugin's variables win over the author's."""
    env: Json = [{"name": "LR", "value": "0.1"}, {"name": "PET_NNODES", "value": "9"}]
    trainer: Object = {
        "image": "train:1",
        "args": ["--lr=$(LR)", "$(PET_NODE_RANK)"],
        "env": env,
        "resourcesPerNode": {"limits": {"cpu": 2, "memory": "1Gi", "nvidia.com/gpu": 1}},
    }
    run = jobs.read(a_train_job(trainer, activeDeadlineSeconds=60), "node", HERE)
    node = run.primary_container
    assert (node.image, node.argv) == ("train:1", ("train", "--lr=0.1", "0"))
    assert dict(node.env)["PET_NNODES"] == "1"
    assert (node.limits.cpu, node.limits.memory_bytes) == (2.0, 2**30)
    assert run.active_deadline == timedelta(seconds=60)
    (note,) = run.notes
    assert "nvidia.com/gpu" in note


def test_where_images_run_a_trainer_names_its_own() -> None:
    """The runtime's image is in a cluster, like its command."""
    images = Surroundings(images=True)
    assert list(faults(a_train_job(), "node", images)) == ["spec.trainer.image"]
    run = jobs.read(a_train_job({"image": "train:1"}), "node", images)
    assert run.primary_container.image == "train:1"


def test_an_unknown_runtime_is_told_and_a_shipped_one_needs_no_word() -> None:
    """What it would bring is in a cluster."""
    assert jobs.read(a_train_job(), "node").notes == ()
    (note,) = jobs.read(a_train_job(runtime="our-lab"), "node").notes
    assert '"our-lab" is not read' in note


def test_an_mpi_runtime_finds_its_hosts() -> None:
    """As an MPIJob does."""
    run = jobs.read(a_train_job({"numNodes": 3}, "mlx-distributed"), "node", HERE)
    (mount,) = run.primary_container.mounts
    assert mount.at == "/etc/mpi"
    assert "3 slots" in run.notes[0]


OVERRIDE: Object = {
    "targetJobs": [{"name": "node"}],
    "metadata": {"labels": {"team": "vision"}},
    "spec": {
        "nodeSelector": {"a": "b"},
        "serviceAccountName": "trainer",
        "volumes": [{"name": "work", "emptyDir": {}}],
        "containers": [{"name": "node", "volumeMounts": [{"name": "work", "mountPath": "/work"}]}],
    },
}


def test_overrides_of_the_nodes_pod_are_read() -> None:
    """Volumes, mounts, labels and the account; those of other jobs are not."""
    other: Object = {**OVERRIDE, "targetJobs": [{"name": "dataset-initializer"}]}
    env: Json = [
        {"name": "TEAM", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['team']"}}},
        {"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "spec.serviceAccountName"}}},
    ]
    run = jobs.read(a_train_job({"env": env}, podTemplateOverrides=[other, OVERRIDE]), "node", HERE)
    found = envs(run)[""]
    assert (found["TEAM"], found["WHO"]) == ("vision", "trainer")
    assert run.primary_container.mounts == (Mount("/work", EmptyDir("work")),)
    assert run.notes == ()


def test_what_of_a_train_job_is_passed_over_is_told() -> None:
    """Each in a sentence."""
    inits: Object = {"targetJobs": [{"name": "node"}], "spec": {"initContainers": [{"name": "x"}]}}
    job = a_train_job(
        podTemplateOverrides=[inits],
        modelConfig={"input": {}},
        templateOverrides=[{"manager": "x"}],
    )
    notes = jobs.read(job, "node").notes
    assert len(notes) == 3
    for name in ("initContainers", "modelConfig", "templateOverrides"):
        assert any(name in note for note in notes)


def test_downloads_need_a_stand_in() -> None:
    """An initializer cannot run here; with the folder given by `--mount` it need not."""
    job = a_train_job(initializer={"dataset": {"storageUri": "hf://x"}, "model": {}})
    found = faults(job, "node")
    assert "--mount ./dataset:/workspace/dataset" in found["spec.initializer.dataset"]
    assert "--mount ./model:/workspace/model" in found["spec.initializer.model"]
    run = jobs.read(job, "node", Surroundings(stand_ins=("/workspace/",)))
    assert len(run.notes) == 2


FAULTS: dict[str, tuple[Object, str, str]] = {
    "a number among the args": (a_train_job({"args": [1]}), "spec.trainer.args[0]", "quote it"),
    "a command that is one string": (
        a_train_job({"command": "python train.py"}), "spec.trainer.command", "is not a list",
    ),
    "a number as a variable": (
        a_train_job({"env": [{"name": "A", "value": 1}]}), "spec.trainer.env[0].value", 'e.g. "1"',
    ),
    "a limit that is none": (
        a_train_job({"resourcesPerNode": {"limits": {"memory": "lots"}}}),
        "spec.trainer.resourcesPerNode.limits.memory", "is not an amount",
    ),
    "no nodes": (a_train_job({"numNodes": 0}), "spec.trainer.numNodes", "out of bounds"),
    "nodes in quotes": (a_train_job({"numNodes": "2"}), "spec.trainer.numNodes", "take away"),
    "processes nobody can count": (
        a_train_job({"numProcPerNode": "many"}), "spec.trainer.numProcPerNode", '"auto"',
    ),
    "a misspelt field": (
        a_train_job({"numNode": 2}), "spec.trainer.numNode", 'did you mean "numNodes"?',
    ),
    "no runtime": (a_train_job(runtime=""), "spec.runtimeRef.name", "is empty"),
    "a mount of a volume nobody has": (
        a_train_job(podTemplateOverrides=[
            {
                "targetJobs": [{"name": "node"}],
                "spec": {"containers": [
                    {"name": "node", "volumeMounts": [{"name": "x", "mountPath": "/x"}]},
                ]},
            },
        ]),
        "spec.podTemplateOverrides[0].spec.containers[0].volumeMounts[0].name", "no volume",
    ),
    "a volume this machine cannot offer": (
        a_train_job(podTemplateOverrides=[
            {"targetJobs": [{"name": "launcher"}], "spec": {}},
            {
                "targetJobs": [{"name": "node"}],
                "spec": {
                    "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "c"}}],
                    "containers": [
                        {"name": "node", "volumeMounts": [{"name": "d", "mountPath": "/data"}]},
                    ],
                },
            },
        ]),
        "spec.podTemplateOverrides[1].spec.volumes[0].persistentVolumeClaim", "./data:/data",
    ),
    "a variable at the wrong place": (
        a_train_job(podTemplateOverrides=[
            {
                "targetJobs": [{"name": "node"}],
                "spec": {"containers": [{"name": "node", "env": [{"name": "A"}]}]},
            },
        ]),
        "spec.podTemplateOverrides[0].spec.containers[0].env", "spec.trainer.env",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_faults_stand_where_the_author_wrote(case: str) -> None:
    """One each, at its own place in the TrainJob, with its mend."""
    job, path, said = FAULTS[case]
    found = faults(job, "node")
    assert list(found) == [path]
    assert said in found[path]


def test_another_primary_container_is_a_fault() -> None:
    """Only `node` trains."""
    assert "(there are: node)" in faults(a_train_job(), "main")["spec.trainer"]


SHAPES: tuple[Json, ...] = ([1], "x", 7, True, [[[]]], {"name": 1}, [{"name": [], "spec": 1}])
PLACES = ("trainer", "runtimeRef", "podTemplateOverrides", "initializer", "suspend")


@pytest.mark.parametrize("place", PLACES)
def test_no_shape_of_value_breaks_the_reader(place: str) -> None:
    """Odd values are faults, refusals or passed over; never another exception."""
    for shape in SHAPES:
        spec: Json = {
            "runtimeRef": {"name": "torch-distributed"},
            "trainer": {"command": ["train"]},
            place: shape,
        }
        try:
            told = list(jobs.read({**a_train_job(), "spec": spec}, "node").notes)
        except (Invalid, LaunchRefused) as refused:
            told = str(refused).splitlines()
        assert all(len(sentence) > 10 for sentence in told)
