"""From a Trial to the object in its cluster: what is added, and above all what is not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kube.trials.rendered import UID, a_job, a_trial, admitted, collecting, of_manifest
from munshi.api.common import CollectorKind, HttpGet, MetricsCollectorSpec, SourceSpec
from munshi.api.trial import Trial
from munshi.api.wire import Object
from munshi.errors import LaunchRefused
from munshi.kube.sidecar import plan
from munshi.kube.trials import pods, templates
from munshi.kube.trials.companion import Image

IMAGE = Image("munshi:1")
ELSEWHERE = ("argo", "kubeflow-trainer")


def rendered(trial: Trial) -> Object:
    """The job that would be created."""
    return pods.render(trial, IMAGE)


def pod_of(trial: Trial) -> Object:
    """The spec of its first pod template."""
    return dict(templates.find(rendered(trial))[0]["spec"])


def sidecar_of(pod: Object) -> Object:
    """The container that we add to a pod."""
    (found,) = [one for one in pod["initContainers"] if plan.MODULE in (one.get("command") or [])]
    return dict(found)


def told(pod: Object) -> plan.Plan:
    """What the sidecar is told, as Kubernetes hands it over."""
    return plan.read([word.replace("$$", "$") for word in sidecar_of(pod)["args"]])


def programs(node: object) -> list[Any]:
    """Every command and args anywhere in a job, in order."""
    if isinstance(node, list):
        return [found for each in node for found in programs(each)]
    if not isinstance(node, dict) or plan.MODULE in (node.get("command") or []):
        return []
    own = [node[key] for key in ("command", "args", "source") if key in node]
    return own + [found for each in node.values() for found in programs(each)]


@pytest.mark.parametrize("name", admitted())
def test_every_example_becomes_a_job_of_its_trial(name: str) -> None:
    """Named, labelled and owned by the trial, at its attempt; every program's words as they were written."""
    trial = of_manifest(name)
    job = rendered(trial)
    metadata = job["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("trial-1", "team")
    assert metadata["labels"]["katib.kubeflow.org/trial"] == "trial-1"
    assert metadata["annotations"]["munshi/attempt"] == "1"
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Trial", UID, True)
    custom = (
        trial.spec.metrics_collector and trial.spec.metrics_collector.collector.custom_collector
    )
    theirs = programs(custom) if custom else []
    assert [one for one in programs(job) if one not in theirs] == programs(trial.spec.run_spec)


@pytest.mark.parametrize(
    "name", [name for name in admitted() if name.split("/")[1] not in ELSEWHERE]
)
def test_pods_of_every_example_are_found_by_the_trials_name(name: str) -> None:
    """All its templates carry the label, and the primary container alone knows the trial's name."""
    trial = of_manifest(name)
    found = templates.find(rendered(trial))
    assert found
    for template in found:
        assert template["metadata"]["labels"]["katib.kubeflow.org/trial"] == "trial-1"
        for container in templates.containers(template):
            names = [one["name"] for one in container.get("env") or []]
            is_primary = container["name"] == trial.spec.primary_container_name
            if is_primary:
                assert names[0] == "KATIB_TRIAL_NAME"
            elif "custom" not in container["name"]:
                assert "KATIB_TRIAL_NAME" not in names


@pytest.mark.parametrize("name", admitted())
def test_what_is_read_is_in_the_pod(name: str) -> None:
    """The container whose log is followed exists, wherever templates tell."""
    trial = of_manifest(name)
    reading, found = pods.reading(trial), templates.find(rendered(trial))
    names = {
        one["name"]
        for template in found
        for key in ("containers", "initContainers")
        for one in template["spec"].get(key) or []
    }
    assert not found or reading.container in names


def test_the_run_spec_of_the_trial_stays_as_it_is() -> None:
    """Rendering makes a new object each time, the same one."""
    trial = a_trial(collector=collecting(CollectorKind.FILE, "/train/m.log"))
    before = copy.deepcopy(trial.spec.run_spec)
    assert rendered(trial) == rendered(trial)
    assert trial.spec.run_spec == before


def test_printed_metrics_need_nothing_in_the_pod() -> None:
    """With StdOut the pod gets its labels and the trial's name, and that is all."""
    pod = pod_of(a_trial())
    assert set(pod) == {"restartPolicy", "containers"}
    assert pod["containers"] == [
        {
            "name": "main",
            "image": "train",
            "command": ["train", "--lr=0.1"],
            "env": [{"name": "KATIB_TRIAL_NAME", "value": "e-1"}],
        }
    ]


def test_labels_of_the_author_stay() -> None:
    """The trial's labels are added to pods; one that the author has set keeps its value."""
    job = a_job()
    job["spec"]["template"]["metadata"] = {"labels": {"team": "theirs", "app": "x"}}
    (template,) = templates.find(rendered(a_trial(job)))
    assert template["metadata"]["labels"] == {
        "team": "theirs",
        "app": "x",
        "katib.kubeflow.org/experiment": "e",
        "katib.kubeflow.org/trial": "e-1",
    }


def test_a_name_that_the_author_gives_the_trial_stays() -> None:
    """KATIB_TRIAL_NAME is not set twice."""
    env = [{"name": "KATIB_TRIAL_NAME", "value": "mine"}]
    assert pod_of(a_trial(a_job(env=env)))["containers"][0]["env"] == env


def test_pods_without_the_primary_container_stay_as_they_are() -> None:
    """Workers of another name get labels, so that they are found, and nothing else (trap T14)."""
    worker: Object = {"spec": {"containers": [{"name": "worker", "image": "w"}]}}
    launcher: Object = {"spec": {"containers": [{"name": "main", "image": "m"}]}}
    specs = {"Launcher": {"template": launcher}, "Worker": {"template": worker}}
    job: Object = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "MPIJob",
        "spec": {"mpiReplicaSpecs": specs},
    }
    trial = a_trial(job, collecting(CollectorKind.FILE, "/train/m.log"))
    first, second = templates.find(rendered(trial))
    assert sidecar_of(first["spec"])["name"] == "metrics-collector"
    assert second["spec"] == worker["spec"]


LABELLED: dict[str, tuple[str, str, bool]] = {
    "the launcher of an MPI job": (
        "v1beta1/kubeflow-training-operator/mpijob-horovod.yaml",
        "",
        True,
    ),
    "the only worker of a TF job": ("v1alpha3/tfjob-example.yaml", "", True),
    "one of two workers": (
        "v1beta1/kubeflow-training-operator/tfjob-mnist-with-summaries.yaml",
        "training.kubeflow.org/replica-type",
        False,
    ),
    "a master with its worker": (
        "v1beta1/kubeflow-training-operator/pytorchjob-mnist.yaml",
        "training.kubeflow.org/job-role",
        False,
    ),
    "a node of a train job": (
        "v1beta1/kubeflow-trainer/trainjob-pytorch.yaml",
        "batch.kubernetes.io/job-completion-index",
        False,
    ),
}


@pytest.mark.parametrize("case", LABELLED)
def test_labels_choose_only_where_there_is_a_choice(case: str) -> None:
    """The one pod with the primary container reports, whatever labels the manifest hopes for."""
    name, label, alone = LABELLED[case]
    trial = of_manifest(name)
    assert trial.spec.primary_pod_labels
    found = pods.reading(trial).pod_labels
    assert (found == {}) is alone
    assert alone or label in found


def test_of_paddle_workers_the_first_one_reports() -> None:
    """The training operator calls none of them master, as Katib's default would have it; a Master it does."""
    container: Object = {"name": "main", "image": "m"}
    workers: Object = {"replicas": 2, "template": {"spec": {"containers": [container]}}}
    role = {"training.kubeflow.org/job-role": "master"}
    for types, labels in (
        ({"Worker": workers}, {"training.kubeflow.org/replica-index": "0"}),
        ({"Worker": workers, "Master": {**workers, "replicas": 1}}, role),
    ):
        spec = {"paddleReplicaSpecs": types}
        job: Object = {"apiVersion": "kubeflow.org/v1", "kind": "PaddleJob", "spec": spec}
        assert templates.reporter(job, "main", role) == labels


def test_a_kind_nobody_knows_is_read_by_its_structure() -> None:
    """A pod template is an object whose spec has containers, however deep it lies."""
    template: Object = {"spec": {"containers": [{"name": "main", "image": "m"}]}}
    job: Object = {
        "apiVersion": "new.io/v1",
        "kind": "Novelty",
        "spec": {"groups": [{"parts": [{"podTemplate": template}]}]},
    }
    (found,) = templates.find(rendered(a_trial(job, collecting(CollectorKind.PUSH))))
    assert sidecar_of(found["spec"])["restartPolicy"] == "Always"


def test_a_bare_pod_is_its_own_template() -> None:
    """A Pod gets the collector like any template, and keeps its one metadata."""
    job: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "m"}]},
    }
    made = rendered(a_trial(job, collecting(CollectorKind.TF_EVENT, "/train/events")))
    assert made["metadata"]["labels"]["katib.kubeflow.org/trial"] == "e-1"
    assert told(made["spec"]).path == "/train/events"


def test_the_sidecar_is_told_what_to_read() -> None:
    """Kind, path, format and metrics; it sees the folder of the file, read-only, and the program too."""
    pod = pod_of(a_trial(collector=collecting(CollectorKind.FILE, "/train/m.json", json=True)))
    said = told(pod)
    assert (said.kind, said.path, said.root) == ("File", "/train/m.json", "/train")
    assert (said.file_format, said.metrics, said.answers) == ("JSON", ("accuracy",), False)
    assert pod["volumes"] == [{"name": "munshi-metrics", "emptyDir": {}}]
    mount = {"name": "munshi-metrics", "mountPath": "/train"}
    assert pod["containers"][0]["volumeMounts"] == [mount]
    assert sidecar_of(pod)["volumeMounts"] == [{**mount, "readOnly": True}]


def test_the_sidecar_is_fit_for_the_restricted_level() -> None:
    """All that Pod Security asks of a container at its strictest."""
    context = sidecar_of(pod_of(a_trial(collector=collecting(CollectorKind.FILE, "/a/b"))))[
        "securityContext"
    ]
    assert context == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


@pytest.mark.parametrize(("user", "own"), [(1000, None), (0, 65532), (None, 65532)])
def test_the_sidecar_runs_as_the_pods_user_unless_that_is_root(
    user: int | None, own: int | None
) -> None:
    """So it can read what only that user may, and is never root."""
    pod = {"securityContext": {} if user is None else {"runAsUser": user}}
    made = pod_of(a_trial(a_job(pod), collecting(CollectorKind.FILE, "/a/b")))
    assert sidecar_of(made)["securityContext"].get("runAsUser") == own


def test_init_containers_of_the_author_run_first_and_as_written() -> None:
    """The sidecar is the last of them."""
    first = {"name": "download", "image": "d"}
    pod = pod_of(
        a_trial(a_job({"initContainers": [first]}), collecting(CollectorKind.FILE, "/a/b"))
    )
    assert pod["initContainers"][0] == first
    assert pod["initContainers"][1]["name"] == "metrics-collector"


@pytest.mark.parametrize("where", ["initContainers", "custom"])
def test_a_container_of_the_sidecars_name_keeps_it(where: str) -> None:
    """Then ours is called otherwise, and is followed by that name."""
    theirs = {"name": "metrics-collector", "image": "x"}
    if where == "custom":
        trial = a_trial(collector=collecting(CollectorKind.CUSTOM, custom=theirs))
    else:
        pod = {"initContainers": [theirs]}
        trial = a_trial(a_job(pod), collecting(CollectorKind.FILE, "/a/b"))
    assert sidecar_of(pod_of(trial))["name"] == "munshi-metrics-collector"
    assert pods.reading(trial).container == "munshi-metrics-collector"


@pytest.mark.parametrize(
    "mounted",
    [{"mountPath": "/train"}, {"mountPath": "/", "subPath": "x"}, {"mountPath": "/train/logs"}],
)
def test_a_volume_of_the_author_is_shared_rather_than_hidden(mounted: Object) -> None:
    """Where the author mounts something at or above the path, the sidecar sees the same (trap T15)."""
    mount = {"name": "data", **mounted}
    job = a_job({"volumes": [{"name": "data", "emptyDir": {}}]}, volumeMounts=[mount])
    pod = pod_of(a_trial(job, collecting(CollectorKind.FILE, "/train/logs/m.log")))
    assert pod["volumes"] == [{"name": "data", "emptyDir": {}}]
    assert pod["containers"][0]["volumeMounts"] == [mount]
    assert sidecar_of(pod)["volumeMounts"] == [{**mount, "readOnly": True}]
    assert told(pod).root == mounted["mountPath"]


def test_an_event_folder_is_shared_as_a_whole() -> None:
    """Not the folder above it."""
    pod = pod_of(a_trial(collector=collecting(CollectorKind.TF_EVENT, "/train/events/")))
    assert sidecar_of(pod)["volumeMounts"][0]["mountPath"] == "/train/events"


def test_filters_arrive_as_they_were_written() -> None:
    """Kubernetes expands $(NAME) in arguments; a pattern that ends in $ is none of its business."""
    said = plan.Plan("t", "File", ("loss",), "/a", "/", (r"^(loss)=(.*)$", "$(HOME)|$$"))
    (argument,) = said.arguments()
    assert "$(HOME)" not in argument.replace("$$", "")
    assert plan.read([argument.replace("$$", "$")]) == said


def test_a_program_that_calls_finds_a_file_and_a_host() -> None:
    """Push: a shared folder, two variables, Katib's host in the pod; and no start before it answers."""
    pod = pod_of(a_trial(collector=collecting(CollectorKind.PUSH)))
    main = pod["containers"][0]
    assert {one["name"]: one["value"] for one in main["env"]} == {
        "KATIB_TRIAL_NAME": "e-1",
        "MUNSHI_METRICS_FILE": "/var/run/munshi/pushed.jsonl",
        "MUNSHI_DB_MANAGER_ADDRESS": "127.0.0.1:6789",
    }
    (alias,) = pod["hostAliases"]
    assert alias["ip"] == "127.0.0.1"
    assert "katib-db-manager.kubeflow" in alias["hostnames"]
    assert "readOnly" not in sidecar_of(pod)["volumeMounts"][0]
    assert sidecar_of(pod)["startupProbe"]["exec"]["command"][-1] == "/var/run/munshi/ready"
    assert told(pod).answers


def test_host_names_of_the_author_stay_theirs() -> None:
    """Their aliases are kept, and a name that they give to somebody is not given again."""
    theirs = [{"ip": "10.0.0.9", "hostnames": ["katib-db-manager.kubeflow", "db"]}]
    pod = pod_of(a_trial(a_job({"hostAliases": theirs}), collecting(CollectorKind.PUSH)))
    assert pod["hostAliases"][0] == theirs[0]
    assert "katib-db-manager.kubeflow" not in pod["hostAliases"][1]["hostnames"]


def test_on_the_nodes_network_nobody_answers_for_katib() -> None:
    """There the port would be the node's, and aliases do not apply; munshi.report_metrics works as ever."""
    pod = pod_of(a_trial(a_job({"hostNetwork": True}), collecting(CollectorKind.PUSH)))
    assert "hostAliases" not in pod
    assert not told(pod).answers
    assert "MUNSHI_METRICS_FILE" in [one["name"] for one in pod["containers"][0]["env"]]


def test_a_custom_collector_runs_beside_the_program_as_written() -> None:
    """Its ports and variables stay; it sees the path, may report as Push does, and ends by itself."""
    custom: Object = {"name": "mine", "image": "c", "args": ["-m"], "ports": [{"containerPort": 1}]}
    pod = pod_of(a_trial(collector=collecting(CollectorKind.CUSTOM, "/k/m.log", custom=custom)))
    made = pod["containers"][1]
    assert {key: made[key] for key in custom} == custom
    assert [one["mountPath"] for one in made["volumeMounts"]] == ["/k", "/var/run/munshi"]
    files = [one["value"] for one in made["env"] if one["name"] == "MUNSHI_METRICS_FILE"]
    assert files == ["/var/run/munshi/collected.jsonl"]
    assert pod["shareProcessNamespace"] is True
    assert custom.keys() == {"name", "image", "args", "ports"}


def test_a_custom_collector_that_never_ends_may_be_a_sidecar() -> None:
    """With `restartPolicy: Always` it comes after ours, which so answers until it has ended."""
    custom: Object = {"name": "mine", "image": "c", "restartPolicy": "Always"}
    pod = pod_of(a_trial(collector=collecting(CollectorKind.CUSTOM, custom=custom)))
    assert [one["name"] for one in pod["initContainers"]] == ["metrics-collector", "mine"]
    assert len(pod["containers"]) == 1
    assert "shareProcessNamespace" not in pod


def test_limits_follow_those_of_the_program() -> None:
    """A pod whose requests are its limits keeps its class of service; elsewhere little is asked for."""
    both = {"cpu": "2", "memory": "4Gi"}
    file = collecting(CollectorKind.FILE, "/a/b")
    sure = a_job(resources={"requests": both, "limits": both})
    resources = sidecar_of(pod_of(a_trial(sure, file)))["resources"]
    assert resources["requests"] == resources["limits"]
    loose = sidecar_of(pod_of(a_trial(collector=file)))["resources"]
    assert loose["requests"] == {"cpu": "10m", "memory": "64Mi"}
    assert "cpu" not in loose["limits"]


HTTP = SourceSpec(http_get=HttpGet(host="10.0.0.1", port="80"))
REFUSALS: dict[str, tuple[Trial, str]] = {
    "the path lies in the root folder": (
        a_trial(collector=collecting(CollectorKind.FILE, "/m.log")),
        "a folder of its own",
    ),
    "no container has the primary one's name": (a_trial(primary="other"), "one of main"),
    "the pods are made elsewhere": (
        a_trial(
            {"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob", "spec": {}},
            collecting(CollectorKind.FILE, "/a/b"),
        ),
        "use the collector StdOut",
    ),
    "the nodes run Windows": (
        a_trial(
            a_job({"nodeSelector": {"kubernetes.io/os": "windows"}}),
            collecting(CollectorKind.FILE, "/a/b"),
        ),
        "runs on Linux only",
    ),
    "the volume's place is made of variables": (
        a_trial(
            a_job(volumeMounts=[{"name": "v", "mountPath": "/a", "subPathExpr": "$(POD)"}]),
            collecting(CollectorKind.FILE, "/a/b"),
        ),
        "write subPath",
    ),
    "somebody else's page is meant": (
        a_trial(
            collector=MetricsCollectorSpec(
                source=HTTP, collector=collecting(CollectorKind.PROMETHEUS).collector
            )
        ),
        "remove it",
    ),
    "there is no kind": (a_trial({"apiVersion": "batch/v1", "spec": {}}), "has no kind"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_collected_is_refused_with_a_mend(case: str) -> None:
    """Before anything is created, in a sentence that says what to do."""
    trial, mend = REFUSALS[case]
    with pytest.raises(LaunchRefused) as refusal:
        rendered(trial)
    assert mend in str(refusal.value)


def test_a_train_job_is_found_by_its_job_set() -> None:
    """Its pods are its runtime's; they carry the JobSet's name, which is the trial's."""
    trial = of_manifest("v1beta1/kubeflow-trainer/trainjob-pytorch.yaml")
    reading = pods.reading(trial)
    assert (reading.label, reading.container) == ("jobset.sigs.k8s.io/jobset-name", "node")
    env = rendered(trial)["spec"]["trainer"]["env"]
    assert {"name": "KATIB_TRIAL_NAME", "value": "trial-1"} in env


def test_a_workflows_pods_get_the_label_from_it() -> None:
    """And the template with the primary pod's labels gets the trial's name; the others stay."""
    job = rendered(of_manifest("v1beta1/argo/argo-workflow.yaml"))
    labels = job["spec"]["podMetadata"]["labels"]
    assert labels["katib.kubeflow.org/trial"] == "trial-1"
    by_name = {one["name"]: one for one in job["spec"]["templates"]}
    assert by_name["model-training"]["container"]["env"][0]["name"] == "KATIB_TRIAL_NAME"
    assert "env" not in by_name["gen-epochs"]["script"]
