"""Jobs of several replicas: what each program finds in its environment, who leads, who decides.

The variables are those of the Kubeflow training operator v1.9 and the MPI operator; only addresses
and ports are this machine's.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from local.jobs.builders import (
    Object,
    a_container,
    a_pytorch_job,
    a_replica,
    a_replica_job,
    a_tf_job,
    an_mpi_job,
    envs,
    faults,
    replicas_of,
)
from munshi.api.wire import Json
from munshi.errors import Invalid
from munshi.local import jobs
from munshi.local.jobs import DownwardFiles, File, Mount, Surroundings

HERE = Surroundings(port=lambda need: 40000 + need)
FIRST = "40000"
TF_TYPES = ("Chief", "Master", "Worker", "PS", "Evaluator")


def a_torch_env(rank: int, world: int, total: int, per_node: str = "auto") -> list[tuple[str, str]]:
    """What the operator appends to a replica of a PyTorchJob with a master, in its order."""
    return [
        ("PYTHONUNBUFFERED", "1"),
        ("MASTER_PORT", FIRST),
        ("PET_MASTER_PORT", FIRST),
        ("MASTER_ADDR", "localhost"),
        ("PET_MASTER_ADDR", "localhost"),
        ("WORLD_SIZE", str(world)),
        ("RANK", str(rank)),
        ("PET_NPROC_PER_NODE", per_node),
        ("PET_NODE_RANK", str(rank)),
        ("PET_NNODES", str(total)),
    ]


def a_distributed_torch_job(workers: Json, **spec: Json) -> Object:
    """A master and workers."""
    return a_pytorch_job(
        {"Master": replicas_of("pytorch"), "Worker": replicas_of("pytorch", workers)}, **spec
    )


def an_elastic_job(**policy: Json) -> Object:
    """Three workers that find each other."""
    return a_pytorch_job({"Worker": replicas_of("pytorch", 3)}, elasticPolicy=policy)


def test_a_pytorch_job_in_the_operators_order() -> None:
    """Master first, workers ranked behind it; the same port for all."""
    run = jobs.read(a_distributed_torch_job(2), "pytorch", HERE)
    assert {replica.name: list(replica.container.env) for replica in run.replicas} == {
        "master-0": a_torch_env(0, 3, 3),
        "worker-0": a_torch_env(1, 3, 3),
        "worker-1": a_torch_env(2, 3, 3),
    }


def test_processes_of_a_node_count_into_the_world() -> None:
    """A number multiplies WORLD_SIZE and `auto` does not; ranks are those of the nodes."""
    run = jobs.read(a_distributed_torch_job(1, nprocPerNode="4"), "pytorch", HERE)
    assert list(run.replicas[1].container.env) == a_torch_env(1, 8, 2, "4")


ALONE = {"PYTHONUNBUFFERED": "1", "PET_NNODES": "2"}
ELASTIC = {
    "PYTHONUNBUFFERED": "1",
    "PET_RDZV_ENDPOINT": f"localhost:{FIRST}",
    "PET_RDZV_BACKEND": "c10d",
}
TORCH: dict[str, tuple[Object, dict[str, str]]] = {
    "workers alone, without a policy": (
        a_pytorch_job({"Worker": replicas_of("pytorch", 2)}), ALONE,
    ),
    "an elastic policy of defaults": (an_elastic_job(), {**ELASTIC, "PET_NNODES": "3:3"}),
    "only the least is said": (an_elastic_job(minReplicas=2), {**ELASTIC, "PET_NNODES": "2:2"}),
    "only the most is said": (an_elastic_job(maxReplicas=5), {**ELASTIC, "PET_NNODES": "5:5"}),
    "everything is said": (
        an_elastic_job(
            minReplicas=1, maxReplicas=3, rdzvBackend="c10d", rdzvPort=1234, rdzvHost="elsewhere",
            rdzvId="id", nProcPerNode=1, maxRestarts=3, standalone=True,
            rdzvConf=[{"key": "timeout", "value": "9"}, {"key": "a", "value": "b"}],
        ),
        {
            **ELASTIC, "PET_NNODES": "1:3", "PET_NPROC_PER_NODE": "1", "PET_MAX_RESTARTS": "3",
            "PET_RDZV_ID": "id", "PET_RDZV_CONF": "timeout=9,a=b", "PET_STANDALONE": "",
        },
    ),
    "an etcd of one's own stays where it is": (
        an_elastic_job(rdzvBackend="etcd-v2", rdzvHost="etcd.lab", rdzvPort=2379),
        {
            **ELASTIC, "PET_NNODES": "3:3", "PET_RDZV_BACKEND": "etcd-v2",
            "PET_RDZV_ENDPOINT": "etcd.lab:2379",
        },
    ),
    "the newer place of the processes": (
        a_pytorch_job(
            {"Worker": replicas_of("pytorch", 3)}, elasticPolicy={"minReplicas": 1},
            nprocPerNode="gpu",
        ),
        {**ELASTIC, "PET_NNODES": "1:1", "PET_NPROC_PER_NODE": "gpu"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TORCH)
def test_pytorch_workers_without_a_master(case: str) -> None:
    """Every worker finds the same: torchrun settles the ranks at the rendezvous."""
    job, wanted = TORCH[case]
    run = jobs.read(job, "pytorch", HERE)
    assert all(env == wanted for env in envs(run).values())
    assert all(replica.decides for replica in run.replicas)
    assert run.primary == 0


def a_tf_cluster(**counts: int) -> Object:
    """A TFJob with so many replicas of each type."""
    return a_tf_job({type_: a_replica(count) for type_, count in counts.items()})


def tf_config(job: Object, name: str) -> str:
    """The variable of one replica."""
    return envs(jobs.read(job, "tensorflow", HERE))[name]["TF_CONFIG"]


def test_tf_config_byte_for_byte() -> None:
    """Types in small letters and in order of the alphabet, evaluators outside the cluster."""
    job = a_tf_cluster(Worker=2, PS=1, Chief=1, Evaluator=1)
    cluster = (
        '"chief":["localhost:40000"],"ps":["localhost:40003"],'
        '"worker":["localhost:40001","localhost:40002"]'
    )
    for name, task in {
        "chief-0": '"type":"chief","index":0',
        "worker-1": '"type":"worker","index":1',
        "ps-0": '"type":"ps","index":0',
        "evaluator-0": '"type":"evaluator","index":0',
    }.items():
        wanted = f'{{"cluster":{{{cluster}}},"task":{{{task}}},"environment":"cloud"}}'
        assert tf_config(job, name) == wanted


def test_types_of_no_replicas_stay_in_the_cluster_as_the_operator_leaves_them() -> None:
    """An empty list; and an evaluator alone beside a worker makes the job distributed."""
    job = a_tf_cluster(Worker=1, PS=0, Evaluator=1)
    assert json.loads(tf_config(job, "worker-0"))["cluster"] == {
        "worker": ["localhost:40000"], "ps": [],
    }  # fmt: skip


def test_dynamic_workers_know_only_themselves_and_the_servers() -> None:
    """The sparse form of `enableDynamicWorker`."""
    job = a_tf_cluster(Worker=2, PS=1, Chief=1)
    assert isinstance(job["spec"], dict)
    job["spec"]["enableDynamicWorker"] = True
    assert tf_config(job, "worker-1") == (
        '{"sparseCluster":{"worker":{"1":"localhost:40002"},"ps":["localhost:40003"]},'
        '"task":{"type":"worker","index":1}}'
    )
    sparse = {
        name: json.loads(tf_config(job, name))["sparseCluster"] for name in ("ps-0", "chief-0")
    }
    assert sparse == {
        "ps-0": {"worker": {}, "ps": ["localhost:40003"]}, "chief-0": {"worker": {}, "ps": []},
    }  # fmt: skip


def test_a_single_replica_finds_no_tf_config() -> None:
    """TensorFlow then trains without a cluster."""
    run = jobs.read(a_tf_cluster(Worker=1, PS=0), "tensorflow", HERE)
    assert envs(run) == {"": {}}


XGBOOST = {
    "MASTER_PORT": FIRST,
    "MASTER_ADDR": "localhost",
    "WORLD_SIZE": "3",
    "RANK": "0",
    "PYTHONUNBUFFERED": "1",
    "WORKER_PORT": "40001",
    "WORKER_ADDRS": "localhost,localhost",
}
PADDLE = {"PYTHONUNBUFFERED": "1", "PADDLE_JOB_ID": "trial-1", "PADDLE_NNODES": "2"}
OTHERS: dict[str, tuple[Object, dict[str, dict[str, str]]]] = {
    "XGBoost": (
        a_replica_job(
            "XGBoostJob", "xgbReplicaSpecs",
            {"Master": replicas_of("xgboost"), "Worker": replicas_of("xgboost", 2)},
        ),
        {
            "master-0": XGBOOST,
            "worker-0": {**XGBOOST, "RANK": "1"},
            "worker-1": {**XGBOOST, "RANK": "2"},
        },
    ),
    "XGBoost's master alone": (
        a_replica_job("XGBoostJob", "xgbReplicaSpecs", {"Master": replicas_of("xgboost")}),
        {
            "": {
                "MASTER_PORT": FIRST, "MASTER_ADDR": "localhost", "WORLD_SIZE": "1", "RANK": "0",
                "PYTHONUNBUFFERED": "1",
            }
        },
    ),
    "JAX": (
        a_replica_job("JAXJob", "jaxReplicaSpecs", {"Worker": replicas_of("jax", 2)}),
        {
            f"worker-{n}": {
                "PYTHONUNBUFFERED": "1", "COORDINATOR_PORT": FIRST,
                "COORDINATOR_ADDRESS": "localhost", "NUM_PROCESSES": "2", "PROCESS_ID": str(n),
            }
            for n in range(2)
        },
    ),
    "Paddle, collective": (
        a_replica_job("PaddleJob", "paddleReplicaSpecs", {"Worker": replicas_of("paddle", 2)}),
        {
            "worker-0": {
                **PADDLE, "POD_IP_DUMMY": "127.0.0.1", "PADDLE_MASTER": f"127.0.0.1:{FIRST}",
            },
            "worker-1": {**PADDLE, "PADDLE_MASTER": f"localhost:{FIRST}"},
        },
    ),
    "Paddle with a server": (
        a_replica_job(
            "PaddleJob", "paddleReplicaSpecs",
            {"Master": replicas_of("paddle"), "Worker": replicas_of("paddle")},
        ),
        {
            "master-0": {
                **PADDLE, "POD_IP_DUMMY": "127.0.0.1", "PADDLE_MASTER": f"127.0.0.1:{FIRST}",
                "PADDLE_SERVER_NUM": "1",
            },
            "worker-0": {
                **PADDLE, "PADDLE_MASTER": f"localhost:{FIRST}", "PADDLE_TRAINER_NUM": "1",
            },
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_the_other_kinds_find_what_their_operator_writes(case: str) -> None:
    """Each replica its own."""
    job, wanted = OTHERS[case]
    assert envs(jobs.read(job, "", HERE)) == wanted


def test_several_workers_of_xgboost_are_told_that_they_share_a_port() -> None:
    """Only LightGBM minds; one worker needs no word."""
    job, _ = OTHERS["XGBoost"]
    assert any("WORKER_PORT" in note for note in jobs.read(job, "", HERE).notes)
    replicas: Object = {"Master": replicas_of("xgboost"), "Worker": replicas_of("xgboost")}
    assert jobs.read(a_replica_job("XGBoostJob", "xgbReplicaSpecs", replicas), "").notes == ()


DECIDES: dict[str, tuple[Object, str, set[str]]] = {
    "a PyTorchJob ends with its master": (a_distributed_torch_job(2), "master-0", {"master-0"}),
    "an XGBoostJob too": (OTHERS["XGBoost"][0], "master-0", {"master-0"}),
    "a PaddleJob too": (OTHERS["Paddle with a server"][0], "master-0", {"master-0"}),
    "JAX waits for all": (OTHERS["JAX"][0], "worker-0", {"worker-0", "worker-1"}),
    "a chief decides": (
        a_tf_cluster(Worker=2, PS=1, Chief=1, Evaluator=1), "chief-0", {"chief-0"},
    ),
    "a master is a chief": (a_tf_cluster(Worker=1, Master=1), "master-0", {"master-0"}),
    "else worker 0": (a_tf_cluster(Worker=2, PS=1), "worker-0", {"worker-0"}),
    "or all workers, when the job says so": (
        a_tf_job({"Worker": a_replica(2), "PS": a_replica()}, successPolicy="AllWorkers"),
        "worker-0", {"worker-0", "worker-1"},
    ),
    "but never against a chief": (
        a_tf_job({"Worker": a_replica(2), "Chief": a_replica()}, successPolicy="AllWorkers"),
        "chief-0", {"chief-0"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DECIDES)
def test_who_reports_and_whose_success_is_the_jobs(case: str) -> None:
    """The operator's rules."""
    job, primary, decide = DECIDES[case]
    run = jobs.read(job, "", HERE)
    assert run.replicas[run.primary].name == primary
    assert {replica.name for replica in run.replicas if replica.decides} == decide


MPI = {"OMPI_MCA_orte_default_hostfile": "/etc/mpi/hostfile"}
PATIENCE = "-o ConnectionAttempts=10"
NEWER: dict[str, tuple[str, dict[str, str], str]] = {
    "OpenMPI": (
        "OpenMPI",
        {
            "K_MPI_JOB_ROLE": "launcher", **MPI, "OMPI_MCA_orte_keep_fqdn_hostnames": "true",
            "OMPI_MCA_plm_rsh_args": PATIENCE, "OMPI_MCA_orte_set_default_slots": "4",
        },
        "localhost slots=4\n",
    ),
    "Intel MPI": (
        "Intel",
        {
            "K_MPI_JOB_ROLE": "launcher", "I_MPI_HYDRA_HOST_FILE": "/etc/mpi/hostfile",
            "I_MPI_HYDRA_BOOTSTRAP_EXEC_EXTRA_ARGS": PATIENCE, "I_MPI_PERHOST": "4",
        },
        "localhost:4\n",
    ),
    "MPICH": (
        "MPICH",
        {
            "K_MPI_JOB_ROLE": "launcher", "HYDRA_HOST_FILE": "/etc/mpi/hostfile",
            "HYDRA_LAUNCH_EXTRA_ARGS": PATIENCE,
        },
        "localhost:4\n",
    ),
}  # fmt: skip


def hosts(hostfile: str, slots: int) -> Mount:
    """The folder the operator would mount into the launcher."""
    discover = f"#!/bin/sh\necho localhost:{slots}\n".encode()
    files = (File("hostfile", hostfile.encode(), 0o444), File("discover_hosts.sh", discover, 0o555))
    return Mount("/etc/mpi", DownwardFiles(files), read_only=True)


def test_an_mpi_job_runs_its_launcher_with_all_slots_on_this_machine() -> None:
    """No worker is started, and the user is told where the ranks are."""
    run = jobs.read(an_mpi_job(2, slotsPerWorker=3), "mpi", HERE)
    assert envs(run) == {"": MPI}
    assert run.primary_container.mounts == (hosts("localhost slots=6\n", 6),)
    (note,) = run.notes
    assert "2 Workers are not started" in note
    assert "6 slots" in note


@pytest.mark.parametrize("case", NEWER)
def test_the_mpi_operator_tells_each_implementation_in_its_own_way(case: str) -> None:
    """`v2beta1`, and how each writes a host."""
    implementation, wanted, hostfile = NEWER[case]
    job = an_mpi_job(2, slotsPerWorker=2, mpiImplementation=implementation)
    job["apiVersion"] = "kubeflow.org/v2beta1"
    run = jobs.read(job, "mpi", HERE)
    assert envs(run) == {"": wanted}
    assert run.primary_container.mounts == (hosts(hostfile, 4),)


@pytest.mark.parametrize(("job", "slots"), [
    (an_mpi_job(0), 1), (an_mpi_job(2, runLauncherAsWorker=True), 3), (an_mpi_job(1), 1),
])  # fmt: skip
def test_there_is_a_slot_for_every_host(job: Object, slots: int) -> None:
    """The launcher counts when it works too, or when nobody else does."""
    run = jobs.read(job, "mpi", HERE)
    assert run.primary_container.mounts == (hosts(f"localhost slots={slots}\n", slots),)


def test_an_own_folder_of_hosts_wins() -> None:
    """By `--mount` or by a volume of the job."""
    own = Surroundings(stand_ins=("/etc/mpi/",))
    assert jobs.read(an_mpi_job(), "mpi", own).primary_container.mounts == ()


def test_an_mpi_launcher_may_be_called_as_one_likes() -> None:
    """Katib's own example calls it `mpi-launcher`; without a name the first container runs."""
    launcher: Object = {"Launcher": replicas_of("mpi-launcher")}
    job = a_replica_job("MPIJob", "mpiReplicaSpecs", launcher)
    assert jobs.read(job, "mpi-launcher").primary_container.name == "mpi-launcher"
    assert jobs.read(job, "").primary_container.name == "mpi-launcher"
    assert "no container is named" in str(faults(job, "main"))


@given(masters=st.integers(0, 1), workers=st.integers(0, 6))
def test_the_ranks_of_a_pytorch_job_are_whole(masters: int, workers: int) -> None:
    """With a master, ranks are 0 to world - 1, each once; who reports always decides."""
    assume(masters + workers)
    replicas: Object = {"Worker": replicas_of("pytorch", workers)}
    if masters:
        replicas["Master"] = replicas_of("pytorch")
    run = jobs.read(a_pytorch_job(replicas), "pytorch", HERE)
    assert len(run.replicas) == masters + workers
    assert run.replicas[run.primary].decides
    if masters:
        ranks = sorted(int(env["RANK"]) for env in envs(run).values())
        assert ranks == list(range(masters + workers))
        assert {env["WORLD_SIZE"] for env in envs(run).values()} == {str(len(ranks))}


@given(counts=st.fixed_dictionaries({type_: st.integers(0, 4) for type_ in TF_TYPES}))
def test_every_address_of_a_tf_cluster_is_somebodys_alone(counts: dict[str, int]) -> None:
    """As many as there are tasks, no port twice, and each task is told the same cluster."""
    assume(counts["Worker"] + counts["Chief"] + counts["Master"] and sum(counts.values()) > 1)
    run = jobs.read(a_tf_cluster(**counts), "tensorflow", HERE)
    configs = [json.loads(env["TF_CONFIG"]) for env in envs(run).values()]
    (cluster,) = {json.dumps(config["cluster"]) for config in configs}
    addresses = [one for listed in json.loads(cluster).values() for one in listed]
    assert len(addresses) == len(set(addresses)) == sum(counts.values()) - counts["Evaluator"]
    tasks = {(config["task"]["type"], config["task"]["index"]) for config in configs}
    assert len(tasks) == len(run.replicas) == sum(counts.values())
    assert run.replicas[run.primary].decides


LABELS: dict[str, tuple[Object, str, dict[str, str]]] = {
    "a PyTorch worker": (
        a_distributed_torch_job(2), "worker-1",
        {
            "metadata.name": "trial-1-worker-1",
            "metadata.labels['training.kubeflow.org/job-name']": "trial-1",
            "metadata.labels['training.kubeflow.org/operator-name']": "pytorchjob-controller",
            "metadata.labels['training.kubeflow.org/replica-type']": "worker",
            "metadata.labels['training.kubeflow.org/replica-index']": "1",
            "metadata.labels['training.kubeflow.org/job-role']": "",
        },
    ),
    "a PyTorch master": (
        a_distributed_torch_job(1), "master-0",
        {
            "metadata.name": "trial-1-master-0",
            "metadata.labels['training.kubeflow.org/job-role']": "master",
        },
    ),
    "an MPI launcher": (
        an_mpi_job(), "",
        {
            "metadata.name": "trial-1-launcher",
            "metadata.labels['training.kubeflow.org/job-role']": "master",
            "metadata.labels['training.kubeflow.org/operator-name']": "mpijob-controller",
        },
    ),
    "a launcher of the MPI operator": (
        {**an_mpi_job(), "apiVersion": "kubeflow.org/v2beta1"}, "",
        {
            "metadata.labels['training.kubeflow.org/job-role']": "launcher",
            "metadata.labels['training.kubeflow.org/operator-name']": "mpi-operator",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LABELS)
def test_a_replica_can_ask_about_its_pod(case: str) -> None:
    """Named and labelled as the operator does."""
    job, name, wanted = LABELS[case]
    asked: Json = [
        {"name": f"V{at}", "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for at, path in enumerate(wanted)
    ]
    _set_env(job, asked)
    env = envs(jobs.read(job, "", HERE))[name]
    assert {path: env[f"V{at}"] for at, path in enumerate(wanted)} == wanted


def test_the_operators_variables_win_over_the_authors() -> None:
    """Of two variables with one name the later holds; arguments see it, the author's values don't."""
    env: Json = [{"name": "RANK", "value": "9"}, {"name": "OLD", "value": "$(RANK) $(WORLD_SIZE)"}]
    one = replicas_of("pytorch", env=env, args=["$(RANK)", "$(WORLD_SIZE)"])
    run = jobs.read(a_pytorch_job({"Master": one}), "pytorch", HERE)
    found = envs(run)[""]
    assert (found["RANK"], found["OLD"]) == ("0", "9 $(WORLD_SIZE)")
    assert run.primary_container.argv == ("train", "0", "1")


def test_init_containers_find_nothing_of_the_operators() -> None:
    """It only looks at containers."""
    one = replicas_of("pytorch")
    template: Json = {
        "spec": {
            "initContainers": [a_container(name="a")],
            "containers": [a_container(name="pytorch")],
        }
    }
    run = jobs.read(a_pytorch_job({"Master": {**one, "template": template}}), "pytorch", HERE)
    (init,) = run.replicas[0].inits
    assert init.env == ()


def test_replicas_that_do_not_report_need_no_container_of_the_primary_name() -> None:
    """Katib names the container of the reporting pod only."""
    replicas: Object = {"Master": replicas_of("main"), "Worker": replicas_of("pytorch")}
    run = jobs.read(a_pytorch_job(replicas), "main", HERE)
    assert [replica.container.name for replica in run.replicas] == ["main", "pytorch"]


def test_faults_of_all_replicas_are_told_at_once_and_each_once() -> None:
    """Master's and worker's, with their paths; three workers share one template and one fault."""
    replicas: Object = {
        "Master": replicas_of("pytorch", args=[1]),
        "Worker": {**replicas_of("pytorch", 3, command=None), "restartPolicy": "Always"},
    }
    found = faults(a_pytorch_job(replicas, nprocPerNode="x"), "pytorch")
    where = "spec.pytorchReplicaSpecs"
    assert set(found) == {
        "spec.nprocPerNode",
        f"{where}.Master.template.spec.containers[0].args[0]",
        f"{where}.Worker.template.spec.containers[0].command",
        f"{where}.Worker.restartPolicy",
    }
    assert all(said.count("\n") == 1 for said in found.values())


def test_a_runs_deadline_is_the_shortest_and_its_grace_the_longest() -> None:
    """Of the job and of all its pods."""
    slow: Json = {
        "spec": {
            "containers": [a_container(name="pytorch")],
            "activeDeadlineSeconds": 60,
            "terminationGracePeriodSeconds": 45,
        }
    }
    replicas: Object = {"Master": replicas_of("pytorch"), "Worker": {"template": slow}}
    run = jobs.read(a_pytorch_job(replicas, runPolicy={"activeDeadlineSeconds": 90}), "pytorch")
    assert (run.active_deadline, run.termination_grace) == (
        timedelta(seconds=60), timedelta(seconds=45),
    )  # fmt: skip


def test_a_note_that_all_replicas_would_say_is_said_once() -> None:
    """Three workers ask for the same device."""
    limits: Json = {"limits": {"nvidia.com/gpu": 1}}
    job = a_pytorch_job({"Worker": replicas_of("pytorch", 3, resources=limits)})
    assert len(jobs.read(job, "pytorch").notes) == 1


SHAPES: tuple[Json, ...] = ([1], "x", 7, True, [[[]]], {"name": 1}, [{"name": [], "key": 1}])
PLACES = (
    "elasticPolicy", "nprocPerNode", "runPolicy", "pytorchReplicaSpecs", "tfReplicaSpecs",
    "successPolicy", "enableDynamicWorker", "slotsPerWorker", "mpiImplementation",
    "mpiReplicaSpecs",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "job",
    [a_distributed_torch_job(1), an_elastic_job(), a_tf_cluster(Worker=2), an_mpi_job()],
    ids=["torch", "elastic", "tf", "mpi"],
)
def test_no_shape_of_value_breaks_the_reader(job: Object, place: str) -> None:
    """Odd values are faults or passed over; never another exception."""
    spec = job["spec"]
    assert isinstance(spec, dict)
    for shape in SHAPES:
        odd: Object = {**job, "spec": {**spec, place: shape}}
        try:
            told = list(jobs.read(odd, "", HERE).notes)
        except Invalid as refused:
            told = [str(one) for one in refused.faults]
        assert all(len(sentence) > 10 for sentence in told)


def _set_env(job: Object, env: Json) -> None:
    """Give every container that runs these variables."""
    spec = job["spec"]
    assert isinstance(spec, dict)
    for field, replicas in spec.items():
        if field.endswith("ReplicaSpecs") and isinstance(replicas, dict):
            for replica in replicas.values():
                replica["template"]["spec"]["containers"][0]["env"] = env  # type: ignore[call-overload,index]
